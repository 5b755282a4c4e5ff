"""The webhook's signature and identity (promises 3.1: 3, 4, 5)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.canonical.reasons import Reason
from include.connectors import zoho_inventory
from include.connectors.zoho_inventory.signature import (
    SHARED_SECRET_HEADER,
    SIGNATURE_HEADER,
    SignatureError,
    identify,
    payload,
    verify,
    verify_shared_secret,
)
from include.errors import ConfigurationError, RecordError

SECRET = "kestrelSyncSecret2026"
BODY = (
    b'{"salesorder":{"salesorder_id":"5129873000000210001","salesorder_number":"SO-01057",'
    b'"last_modified_time":"2026-10-14T10:22:41-0400","total":2413.36}}'
)
FORM = "application/x-www-form-urlencoded;charset=UTF-8"


def signed(body: bytes = BODY, secret: str = SECRET, scheme: str = "hex") -> str:
    digest = hmac.new(secret.encode(), body, hashlib.sha256)
    return digest.hexdigest() if scheme == "hex" else base64.b64encode(digest.digest()).decode()


def headers(tag: str) -> dict[str, str]:
    return {"Content-Type": "application/json", SIGNATURE_HEADER: tag}


def test_a_tag_known_from_elsewhere_is_accepted() -> None:
    """RFC 4231, test case 2: computed by nobody here."""
    tag = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    verify(b"what do ya want for nothing?", headers(tag), ["Jefe"])


@pytest.mark.parametrize("scheme", ["hex", "base64"])
def test_a_signed_body_is_accepted_in_either_spelling(scheme) -> None:
    verify(BODY, headers(signed(scheme=scheme)), [SECRET], scheme=scheme)


@pytest.mark.parametrize(("sent", "expected"), [("hex", "base64"), ("base64", "hex")])
def test_the_other_spelling_is_refused(sent: str, expected) -> None:
    with pytest.raises(SignatureError):
        verify(BODY, headers(signed(scheme=sent)), [SECRET], scheme=expected)


def test_header_names_come_in_any_case_and_as_pairs() -> None:
    verify(BODY, [("x-zoho-webhook-signature", signed())], [SECRET])
    verify(BODY, {"X-ZOHO-WEBHOOK-SIGNATURE": signed()}, [SECRET])


def test_another_header_can_be_named() -> None:
    verify(BODY, {"X-Signature": signed()}, [SECRET], header="x-signature")


@pytest.mark.parametrize("secrets", [["new", SECRET], [SECRET, "new"], ["", SECRET], [SECRET, " "]])
def test_two_secrets_are_good_while_one_is_rotated_out(secrets) -> None:
    verify(BODY, headers(signed()), secrets)


@pytest.mark.parametrize("secrets", [[], [""], [" ", "\t"]])
def test_without_a_secret_nothing_is_accepted_not_even_a_tag_of_the_empty_key(secrets) -> None:
    with pytest.raises(ConfigurationError):
        verify(BODY, headers(signed(secret="")), secrets)


def test_a_retired_secret_is_refused() -> None:
    with pytest.raises(SignatureError):
        verify(BODY, headers(signed(secret="old")), [SECRET, "new"])


def test_json_that_was_written_again_is_another_body() -> None:
    with pytest.raises(SignatureError):
        verify(json.dumps(json.loads(BODY)).encode(), headers(signed()), [SECRET])


WRONG_TAGS = {
    "empty": "",
    "blank": " ",
    "short": signed()[:-2],
    "one digit short": signed()[:-1],
    "half": signed()[:32],
    "long": signed() + "00",
    "twice": signed() * 2,
    "with a prefix": "sha256=" + signed(),
    "in capitals": signed().upper(),
    "with spaces": " ".join(signed()[i : i + 2] for i in range(0, 64, 2)),
    "with a leading space": " " + signed(),
    "with a newline": signed() + "\n",
    "no hex": "g" * 64,
    "foreign digits": "٣" * 64,
    "a lone surrogate": "\ud800" * 64,
    "a list": f"{signed()},{signed()}",
    "Zoho Payments'": f"t=1,v={signed()}",
    "zeros": "0" * 64,
}


@pytest.mark.parametrize("tag", WRONG_TAGS.values(), ids=WRONG_TAGS)
def test_an_odd_tag_is_refused_with_the_one_answer(tag: str) -> None:
    with pytest.raises(SignatureError, match=r"^the webhook's signature is missing or wrong$"):
        verify(BODY, headers(tag), [SECRET])


@pytest.mark.parametrize(
    "sent",
    [
        {},
        [(SIGNATURE_HEADER, signed()), (SIGNATURE_HEADER, signed())],
        [(SIGNATURE_HEADER, "0" * 64), (SIGNATURE_HEADER.lower(), signed())],
        {SIGNATURE_HEADER: signed(), SIGNATURE_HEADER.lower(): signed()},
    ],
)
def test_no_tag_or_two_tags_are_refused(sent) -> None:
    with pytest.raises(SignatureError):
        verify(BODY, sent, [SECRET])


@pytest.mark.parametrize(
    "tag", [signed(scheme="base64")[:-1], signed(scheme="base64") + "=", "-_" * 22, "A" * 44]
)
def test_odd_base64_is_refused(tag: str) -> None:
    with pytest.raises(SignatureError):
        verify(BODY, headers(tag), [SECRET], scheme="base64")


def test_base64_with_stray_bits_at_its_end_is_another_tag() -> None:
    tag = signed(scheme="base64")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = tag[:-2] + alphabet[alphabet.index(tag[-2]) + 1] + "="
    assert base64.b64decode(twin) == base64.b64decode(tag)
    with pytest.raises(SignatureError):
        verify(BODY, headers(twin), [SECRET], scheme="base64")


bodies = st.binary(max_size=200)
keys = st.text(min_size=1, max_size=80).filter(lambda key: key.strip() and key.isprintable())


@given(body=bodies, key=keys, length=st.integers(0, 31))
def test_truncated_tags_are_refused_as_in_wycheproof(body: bytes, key: str, length: int) -> None:
    """Wycheproof's truncated cases: a right beginning is not a right tag."""
    digest = hmac.digest(key.encode(), body, "sha256")[:length]
    for scheme, tag in (("hex", digest.hex()), ("base64", base64.b64encode(digest).decode())):
        with pytest.raises(SignatureError):
            verify(body, headers(tag), [key], scheme=scheme)


@given(body=bodies, key=keys, at=st.integers(0, 31), bit=st.integers(0, 7))
def test_a_tag_with_one_bit_changed_is_refused(body: bytes, key: str, at: int, bit: int) -> None:
    digest = bytearray(hmac.digest(key.encode(), body, "sha256"))
    verify(body, headers(digest.hex()), [key])
    digest[at] ^= 1 << bit
    with pytest.raises(SignatureError):
        verify(body, headers(digest.hex()), [key])


@given(at=st.integers(0, len(BODY) - 1), byte=st.integers(0, 255))
def test_a_body_with_one_byte_changed_is_refused(at: int, byte: int) -> None:
    changed = BODY[:at] + bytes([byte]) + BODY[at + 1 :]
    if changed != BODY:
        with pytest.raises(SignatureError):
            verify(changed, headers(signed()), [SECRET])


@given(at=st.integers(0, 63), character=st.characters())
def test_a_header_with_one_character_changed_is_refused(at: int, character: str) -> None:
    changed = signed()[:at] + character + signed()[at + 1 :]
    if changed != signed():
        with pytest.raises(SignatureError):
            verify(BODY, headers(changed), [SECRET])


@given(tag=st.text(max_size=100), scheme=st.sampled_from(["hex", "base64"]))
def test_no_header_can_make_the_check_fail_in_another_way(tag: str, scheme) -> None:
    with pytest.raises(SignatureError):
        verify(BODY, headers(tag), [SECRET], scheme=scheme)


def test_every_secret_is_compared_whichever_matches(monkeypatch) -> None:
    compared = []
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(1) or compare(a, b))
    verify(BODY, headers(signed()), [SECRET, "second", "third"])
    assert len(compared) == 3


def test_the_shared_secret_is_the_baseline() -> None:
    verify_shared_secret({SHARED_SECRET_HEADER: "s3cret-ü"}, ["old", "s3cret-ü"])
    for sent in (
        {},
        {SHARED_SECRET_HEADER: ""},
        {SHARED_SECRET_HEADER: "S3cret-ü"},
        {SHARED_SECRET_HEADER: "\ud800"},
    ):
        with pytest.raises(SignatureError):
            verify_shared_secret(sent, ["old", "s3cret-ü"])
    with pytest.raises(ConfigurationError):
        verify_shared_secret({SHARED_SECRET_HEADER: "x"}, [""])


def test_json_is_taken_as_it_is() -> None:
    assert payload(BODY, "application/json") == BODY
    assert payload(b"\xef\xbb\xbf \n" + BODY, "") == BODY


def test_json_that_is_labelled_as_a_form_is_json() -> None:
    assert payload(BODY, FORM) == BODY


def test_the_json_is_taken_out_of_its_form() -> None:
    body = b"JSONString=%7B%22salesorder_id%22%3A%2242%22%2C%22n%22%3A%22a+%2B+%C3%BC%22%7D"
    expected = '{"salesorder_id":"42","n":"a + ü"}'.encode()
    assert payload(body, FORM) == payload(body, "") == payload(b"x=1&" + body, FORM) == expected


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"", FORM),
        (b"hello", "text/plain"),
        (b"[1]", "application/json"),
        ('{"a":1}'.encode("utf-16"), "application/json"),
        (b"JSONString=%7B%7D&JSONString=%7B%7D", FORM),
        (b"JSONString=%ff%fe", FORM),
        (b"JSONString=\xff", FORM),
        (b"other=1", FORM),
        (b"&".join(b"a%d=1" % n for n in range(1000)), FORM),
        (b"\x1f\x8b\x08\x00", "application/json"),
    ],
)
def test_a_body_that_is_neither_is_one_bad_record(body: bytes, kind: str) -> None:
    with pytest.raises(RecordError) as caught:
        payload(body, kind)
    assert caught.value.code == Reason.UNREADABLE


def test_a_delivery_is_the_record_and_its_version() -> None:
    assert identify(BODY) == ("5129873000000210001", "2026-10-14T10:22:41-0400")


def test_a_record_without_its_wrapper_is_understood() -> None:
    assert identify(b'{"salesorder_id":"42","last_modified_time":"2026-10-14T10:22:41+0000"}')[0] == "42"


def test_a_number_keeps_all_its_digits() -> None:
    assert identify(b'{"salesorder":{"salesorder_id":5129873000000210001}}')[0] == "5129873000000210001"


@pytest.mark.parametrize(
    "time", ['""', "null", "5", '{"a":1}', '"yesterday"', '"' + "2" * 60 + '"', '"\\ud800"']
)
def test_without_a_version_the_body_is_the_version(time: str) -> None:
    body = b'{"salesorder":{"salesorder_id":"42","last_modified_time":' + time.encode() + b"}}"
    assert identify(body) == ("42", f"sha256:{hashlib.sha256(body).hexdigest()}")


def test_another_entity_has_another_id() -> None:
    assert identify(b'{"item":{"item_id":"7"}}', entity="item")[0] == "7"


NOT_STRICT = {
    "empty": b"",
    "NaN": b'{"salesorder":{"salesorder_id":"42","total":NaN}}',
    "infinity": b'{"salesorder":{"salesorder_id":"42","total":-Infinity}}',
    "a key twice": b'{"salesorder":{"salesorder_id":"42","salesorder_id":"43"}}',
    "a key twice, deep inside": b'{"salesorder":{"salesorder_id":"42","a":[{"b":1,"b":2}]}}',
    "100,000 brackets": b"[" * 100_000,
    "100,000 closed brackets": b'{"salesorder":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100,000 objects": b'{"a":' * 100_000,
    "a cut": BODY[:-1],
    "more behind": BODY + b"{}",
    "UTF-16": BODY.decode().encode("utf-16"),
    "no UTF-8": BODY.replace(b"SO-", b"\xff"),
    "a lone continuation": b'{"a":"\x80"}',
    "single quotes": b"{'a':1}",
    "a comment": b"{}//",
    "a list": b'["salesorder"]',
    "a string": b'"salesorder"',
    "null": b"null",
    "no record": b"{}",
    "a record that is a list": b'{"salesorder":[{"salesorder_id":"42"}]}',
    "no id": b'{"salesorder":{}}',
    "an empty id": b'{"salesorder":{"salesorder_id":""}}',
    "an id that is a path": b'{"salesorder":{"salesorder_id":"../1"}}',
    "a fraction as id": b'{"salesorder":{"salesorder_id":1.5}}',
    "a negative id": b'{"salesorder":{"salesorder_id":-5}}',
    "a true id": b'{"salesorder":{"salesorder_id":true}}',
    "a list as id": b'{"salesorder":{"salesorder_id":["42"]}}',
    "an endless id": b'{"salesorder":{"salesorder_id":' + b"1" * 5000 + b"}}",
}


@pytest.mark.parametrize("body", NOT_STRICT.values(), ids=NOT_STRICT)
def test_what_is_not_strict_json_with_an_id_is_one_bad_record(body: bytes) -> None:
    with pytest.raises(RecordError) as caught:
        identify(body)
    assert caught.value.code == Reason.UNREADABLE


@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_body_can_make_it_fail_in_another_way(body: bytes) -> None:
    try:
        record_id, version = identify(body)
    except RecordError:
        return
    assert record_id.isdecimal()
    assert version


def test_the_receiver_pays_neither_for_an_http_client_nor_for_arrow() -> None:
    """Rule 9: plugins are loaded by every Airflow process."""
    program = (
        "import sys, include.connectors.zoho_inventory.signature\n"
        "print(sorted({'requests', 'tenacity', 'pyarrow', 'pandas', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", zoho_inventory.__all__)
def test_every_public_name_is_there_when_asked_for(name: str) -> None:
    assert getattr(zoho_inventory, name).__class__ is not None
    with pytest.raises(AttributeError):
        zoho_inventory.no_such_name  # noqa: B018 - asking is the test
