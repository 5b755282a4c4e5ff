"""A tag of the body in a header: hex, base64, and the bare secret (promises 3.1: 3, 4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import ConfigurationError
from include.webhooks import SignatureError, shared, tags

SIGNATURE_HEADER = "X-Zoho-Webhook-Signature"
SHARED_SECRET_HEADER = "X-Tradebridge-Key"
SECRET = "kestrelSyncSecret2026"
BODY = (
    b'{"salesorder":{"salesorder_id":"5129873000000210001","salesorder_number":"SO-01057",'
    b'"last_modified_time":"2026-10-14T10:22:41-0400","total":2413.36}}'
)
verify = partial(tags.verify, header=SIGNATURE_HEADER, spelling="hex")
verify_shared = partial(shared.verify, header=SHARED_SECRET_HEADER)


def signed(body: bytes = BODY, secret: str = SECRET, spelling: str = "hex") -> str:
    digest = hmac.new(secret.encode(), body, hashlib.sha256)
    return digest.hexdigest() if spelling == "hex" else base64.b64encode(digest.digest()).decode()


def headers(tag: str) -> dict[str, str]:
    return {"Content-Type": "application/json", SIGNATURE_HEADER: tag}


def test_a_tag_known_from_elsewhere_is_accepted() -> None:
    """RFC 4231, test case 2: computed by nobody here."""
    tag = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    verify(b"what do ya want for nothing?", headers(tag), ["Jefe"])


@pytest.mark.parametrize("spelling", ["hex", "base64"])
def test_a_signed_body_is_accepted_in_either_spelling(spelling) -> None:
    verify(BODY, headers(signed(spelling=spelling)), [SECRET], spelling=spelling)


@pytest.mark.parametrize(("sent", "expected"), [("hex", "base64"), ("base64", "hex")])
def test_the_other_spelling_is_refused(sent: str, expected) -> None:
    with pytest.raises(SignatureError):
        verify(BODY, headers(signed(spelling=sent)), [SECRET], spelling=expected)


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
    "tag", [signed(spelling="base64")[:-1], signed(spelling="base64") + "=", "-_" * 22, "A" * 44]
)
def test_odd_base64_is_refused(tag: str) -> None:
    with pytest.raises(SignatureError):
        verify(BODY, headers(tag), [SECRET], spelling="base64")


def test_base64_with_stray_bits_at_its_end_is_another_tag() -> None:
    tag = signed(spelling="base64")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = tag[:-2] + alphabet[alphabet.index(tag[-2]) + 1] + "="
    assert base64.b64decode(twin) == base64.b64decode(tag)
    with pytest.raises(SignatureError):
        verify(BODY, headers(twin), [SECRET], spelling="base64")


bodies = st.binary(max_size=200)
keys = st.text(min_size=1, max_size=80).filter(lambda key: key.strip() and key.isprintable())


@given(body=bodies, key=keys, length=st.integers(0, 31))
def test_truncated_tags_are_refused_as_in_wycheproof(body: bytes, key: str, length: int) -> None:
    """Wycheproof's truncated cases: a right beginning is not a right tag."""
    digest = hmac.digest(key.encode(), body, "sha256")[:length]
    for spelling, tag in (("hex", digest.hex()), ("base64", base64.b64encode(digest).decode())):
        with pytest.raises(SignatureError):
            verify(body, headers(tag), [key], spelling=spelling)


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


@given(tag=st.text(max_size=100), spelling=st.sampled_from(["hex", "base64"]))
def test_no_header_can_make_the_check_fail_in_another_way(tag: str, spelling) -> None:
    with pytest.raises(SignatureError):
        verify(BODY, headers(tag), [SECRET], spelling=spelling)


def test_every_secret_is_compared_whichever_matches(monkeypatch) -> None:
    compared = []
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(1) or compare(a, b))
    verify(BODY, headers(signed()), [SECRET, "second", "third"])
    assert len(compared) == 3


def test_the_shared_secret_is_the_baseline() -> None:
    verify_shared({SHARED_SECRET_HEADER: "s3cret-ü"}, ["old", "s3cret-ü"])
    for sent in (
        {},
        {SHARED_SECRET_HEADER: ""},
        {SHARED_SECRET_HEADER: "S3cret-ü"},
        {SHARED_SECRET_HEADER: "\ud800"},
    ):
        with pytest.raises(SignatureError):
            verify_shared(sent, ["old", "s3cret-ü"])
    with pytest.raises(ConfigurationError):
        verify_shared({SHARED_SECRET_HEADER: "x"}, [""])
