"""Clarity's webhooks: proved by the reference's own signature, identified by event, record and version."""

from __future__ import annotations

import hmac
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.connectors.clarity_ecommerce.webhook import SIGNATURE_HEADERS, SIGNATURE_SCHEME, Event, identify
from include.errors import RecordError
from include.webhooks import Doorkeeper, SignatureError

EVENT_ID = "evt_0b6f4f5e-8f2c-4b0e-9c0f-6d7c1a2b3c4d"
AT = 1772467472
SECRET = "whsec_sandbox_only"


def event(kind: str = "order.created", data: Any = None, **more: Any) -> bytes:
    record = {"order": {"id": 100457, "orderNumber": "WEB-100457", "rowVersion": 1}}
    whole = {
        "id": EVENT_ID,
        "type": kind,
        "apiVersion": "v1",
        "storeId": "main",
        "occurredAt": "2026-03-02T16:04:31.412Z",
        "attempt": 1,
        "data": record if data is None else data,
    }
    return json.dumps(whole | more).encode()


def signed(body: bytes, *secrets: str, at: int = AT) -> dict[str, str]:
    tags = [hmac.digest(key.encode(), f"{at}.".encode() + body, "sha256").hex() for key in secrets]
    return {
        "X-Clarity-Event-Id": EVENT_ID,
        "X-Clarity-Timestamp": str(at),
        "X-Clarity-Signature": ",".join(f"v1={tag}" for tag in tags),
    }


def door(*secrets: str) -> Doorkeeper:
    return Doorkeeper.of(secrets, scheme=SIGNATURE_SCHEME, header=SIGNATURE_HEADERS)


def test_a_delivery_signed_as_proposed_is_let_in() -> None:
    door(SECRET).check(event(), signed(event(), SECRET), now=AT + 299)


def test_the_references_sample_bears_the_references_signature() -> None:
    """Body and signature were made by whoever wrote the proposal, not by this code."""
    body = (Path(__file__).parent / "samples" / "order.created.json").read_bytes()
    proof = {
        "X-Clarity-Timestamp": "1772467472",
        "X-Clarity-Signature": "v1=43a83a0b6acc3cfa6c0884fed4926415b34ab335ac4e8f554ea1c189cf345951",
    }
    door(SECRET).check(body, proof, now=AT)
    changed = "2026-03-02T16:04:31.398Z"
    assert identify(body) == Event(EVENT_ID, "order.created", "order", "100457", "1", "main", changed)


def test_during_a_rotation_either_secret_and_either_signature_will_do() -> None:
    both = signed(event(), "old", "new")
    door("new").check(event(), both, now=AT)
    door("old").check(event(), both, now=AT)
    door("older", "new").check(event(), signed(event(), "new"), now=AT)


@pytest.mark.parametrize(
    "change",
    [
        {"X-Clarity-Timestamp": str(AT + 1)},
        {"X-Clarity-Timestamp": ""},
        {"X-Clarity-Timestamp": "soon"},
        {"X-Clarity-Timestamp": f"{AT},v1=00"},
        {"X-Clarity-Signature": ""},
        {"X-Clarity-Signature": "v1=" + "0" * 64},
        {"X-Clarity-Signature": "v0=" + "0" * 64},
    ],
)
def test_a_delivery_that_proves_nothing_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(SignatureError):
        door(SECRET).check(event(), signed(event(), SECRET) | change, now=AT)


@pytest.mark.parametrize("now", [AT + 301, AT - 301])
def test_a_recorded_delivery_cannot_be_sent_again_for_ever(now: int) -> None:
    with pytest.raises(SignatureError):
        door(SECRET).check(event(), signed(event(), SECRET), now=now)


def test_an_altered_body_is_refused() -> None:
    with pytest.raises(SignatureError):
        door(SECRET).check(event() + b" ", signed(event(), SECRET), now=AT)


CASES = [
    (event(), Event(EVENT_ID, "order.created", "order", "100457", "1", "main")),
    (event(attempt=5), Event(EVENT_ID, "order.created", "order", "100457", "1", "main")),
    (
        event(
            "product.updated", {"product": {"id": 20431, "sku": "A", "rowVersion": 17}, "changedFields": []}
        ),
        Event(EVENT_ID, "product.updated", "product", "20431", "17", "main"),
    ),
    (
        event("inventory.updated", {"inventory": {"sku": "A/B", "warehouseCode": "001", "rowVersion": 4}}),
        Event(EVENT_ID, "inventory.updated", "inventory", "A/B|001", "4", "main"),
    ),
    (
        event(data={"order": {"id": 7, "rowVersion": 2, "updatedDate": "2026-03-02T16:04:31.412Z"}}),
        Event(EVENT_ID, "order.created", "order", "7", "2", "main", updated="2026-03-02T16:04:31.412Z"),
    ),
    (event(data={"order": {"id": 7}}), Event(EVENT_ID, "order.created", "order", "7", "", "main")),
    (event(data={"id": 7}), Event(EVENT_ID, "order.created", "order", "7", "", "main")),
    (event(data={"orderId": 7}), Event(EVENT_ID, "order.created", "order", "7", "", "main")),
    (event("webhook.test", {}), Event(EVENT_ID, "webhook.test", "webhook", "", "", "main")),
    (
        event("quote.changed", {"quote": []}, storeId=None),
        Event(EVENT_ID, "quote.changed", "quote", "", "", ""),
    ),
    (event(data="x"), Event(EVENT_ID, "order.created", "order", "", "", "main")),
    (b"\xef\xbb\xbf" + event(), Event(EVENT_ID, "order.created", "order", "100457", "1", "main")),
]


@pytest.mark.parametrize(("body", "expected"), CASES)
def test_a_delivery_says_which_event_record_and_version(body: bytes, expected: Event) -> None:
    assert identify(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"<html>",
        event(id=""),
        event(id=None),
        event(id="a b"),
        event("orders"),
        event(type=3),
        event().replace(b'"attempt": 1', b'"id": "evt_2"'),
        event().replace(b"100457,", b"NaN,"),
        event()[:-5],
        b'{"id":' + b"[" * 100_000,
    ],
)
def test_what_is_no_event_is_unreadable(body: bytes) -> None:
    with pytest.raises(RecordError) as caught:
        identify(body)
    assert caught.value.code == "record.unreadable"


@given(st.binary())
def test_no_bytes_at_all_break_it(body: bytes) -> None:
    with pytest.raises(RecordError):
        identify(body)


def test_the_receiver_pays_for_no_http_client() -> None:
    program = (
        "import sys; import include.connectors.clarity_ecommerce.webhook;"
        "print(*sorted({'requests', 'pyarrow', 'pandas', 'msgspec', 'tenacity'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == ""
