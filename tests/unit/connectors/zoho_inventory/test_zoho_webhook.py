"""What a webhook carries and which record it is about (promises 3.1: 5)."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.canonical.reasons import Reason
from include.connectors import zoho_inventory
from include.connectors.zoho_inventory.webhook import identify, payload
from include.errors import RecordError

BODY = (
    b'{"salesorder":{"salesorder_id":"5129873000000210001","salesorder_number":"SO-01057",'
    b'"last_modified_time":"2026-10-14T10:22:41-0400","total":2413.36}}'
)
FORM = "application/x-www-form-urlencoded;charset=UTF-8"


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
        "import sys, include.webhooks, include.connectors.zoho_inventory.webhook\n"
        "heavy = {'requests', 'tenacity', 'pyarrow', 'pandas', 'numpy', 'cryptography'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", zoho_inventory.__all__)
def test_every_public_name_is_there_when_asked_for(name: str) -> None:
    assert getattr(zoho_inventory, name).__class__ is not None
    with pytest.raises(AttributeError):
        zoho_inventory.no_such_name  # noqa: B018 - asking is the test
