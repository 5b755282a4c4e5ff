"""Webhooks: what is sent, how it is signed, when it is sent again, and everything rough on the way."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from include.sandbox.clarity.webhooks import signature

from .conftest import Clarity, Receiver, wait_until

SAMPLES = Path(__file__).parent / "samples"


def subscribed(clarity: Clarity, receiver: Receiver, **asked: Any) -> dict[str, Any]:
    body = {"url": receiver.url, "events": ["*"], **asked}
    answer = clarity.call("POST", "/webhooks/subscriptions", body=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def settled(clarity: Clarity) -> dict[str, int]:
    def idle() -> bool:
        counts = clarity.ask("/clarity/webhooks")["deliveries"]
        return counts["pending"] + counts["sending"] == 0

    wait_until(idle)
    return clarity.ask("/clarity/webhooks")["deliveries"]


def emit(clarity: Clarity, *numbers: str, **asked: Any) -> dict[str, int]:
    body = {"numbers": list(numbers) or "all", **asked}
    return clarity.tell("/clarity/emit", body)


def signed(headers: dict[str, str], body: bytes, secret: str) -> bool:
    text = headers["x-clarity-timestamp"].encode() + b"." + body
    wanted = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    return f"v1={wanted}" in headers["x-clarity-signature"].split(",")


def test_the_signature_is_the_published_one() -> None:
    told = json.loads((SAMPLES / "webhook-delivery-headers.json").read_text())
    event = json.loads((SAMPLES / "order.created.webhook.json").read_text())
    body = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
    headers = told["headers"]
    assert hashlib.sha256(body).hexdigest() == told["body_sha256"]
    moment = int(headers["X-Clarity-Timestamp"])
    assert signature(moment, body, [told["sandbox_secret"]]) == headers["X-Clarity-Signature"]


def test_a_placed_order_announces_itself_whole(clarity: Clarity, receiver: Receiver) -> None:
    made = subscribed(clarity, receiver, events=["order.created"])
    placed = clarity.tell("/clarity/orders", {})["orders"][0]
    settled(clarity)
    headers, body = receiver.taken[0]
    event = json.loads(body)
    wanted = json.loads((SAMPLES / "order.created.webhook.json").read_text())
    assert set(event) == set(wanted)
    assert not set(wanted["data"]["order"]) - set(event["data"]["order"])
    assert (event["data"]["order"]["orderNumber"], event["attempt"]) == (placed["orderNumber"], 1)
    told = json.loads((SAMPLES / "webhook-delivery-headers.json").read_text())["headers"]
    assert {name.lower() for name in told} <= set(headers)
    assert headers["x-clarity-event-id"] == event["id"]
    assert signed(headers, body, made["secret"])


def test_a_change_says_what_it_changed(clarity: Clarity, receiver: Receiver) -> None:
    subscribed(clarity, receiver, events=["product.updated"])
    clarity.tell("/clarity/documents/products/NW-0001", {"changes": {"name": "Chai tea"}}, "PUT")
    settled(clarity)
    data = json.loads(receiver.taken[0][1])["data"]
    assert (data["changedFields"], data["previous"]) == (["name"], {"name": "Chai"})


def test_every_kind_of_event_is_raised_by_its_deed(clarity: Clarity, receiver: Receiver) -> None:
    made = subscribed(clarity, receiver)
    number = clarity.tell("/clarity/orders", {"like": "WEB-110250"})["orders"][0]["orderNumber"]
    clarity.tell(f"/clarity/orders/{number}", {"status": "Cancelled"}, "PUT")
    clarity.tell(f"/clarity/orders/{number}/refund", {})
    clarity.tell(f"/clarity/orders/{number}/return", {"quantities": {"1": 1}})
    clarity.tell("/clarity/customers/C-10001/merge", {"into": "C-10002"})
    clarity.call("PUT", "/products/by-sku/NEW-1", body={"name": "New"})
    clarity.call("PUT", "/products/by-sku/NEW-1", body={"name": "Newer"})
    clarity.call("PUT", "/products/by-sku/NEW-1", body={"status": "archived"})
    clarity.call("PATCH", "/customers/10003", body={"phone": "1"})
    clarity.call("POST", "/customers", body={"email": "x@y.example"})
    order = clarity.order()
    line = {"orderLineNumber": 1, "sku": order["lines"][0]["sku"], "quantity": 1}
    body = {"shipmentNumber": "S", "orderNumber": "WEB-110248", "trackingNumbers": ["1"], "lines": [line]}
    clarity.call("POST", "/shipments", body=body)
    clarity.call("POST", f"/webhooks/subscriptions/{made['id']}/test")
    settled(clarity)
    assert {headers["x-clarity-event"] for headers, _ in receiver.taken} == {
        "order.created", "order.updated", "order.cancelled", "product.created", "product.updated",
        "product.deleted", "customer.created", "customer.updated", "customer.merged", "payment.captured",
        "refund.created", "return.created", "inventory.updated", "shipment.updated", "webhook.test",
    }  # fmt: skip


def test_a_thin_subscription_gets_ids_only(clarity: Clarity, receiver: Receiver) -> None:
    subscribed(clarity, receiver, format="thin")
    emit(clarity, "WEB-110248")
    settled(clarity)
    assert json.loads(receiver.taken[0][1])["data"] == {"order": {"id": 110248, "orderNumber": "WEB-110248"}}


def test_api_writes_can_be_kept_from_announcing(clarity: Clarity, receiver: Receiver) -> None:
    subscribed(clarity, receiver)
    clarity.tell("/clarity/settings", {"fire_on_api_writes": False})
    clarity.call("PATCH", "/orders/110248", body={"attributes": {"x": 1}})
    assert sum(settled(clarity).values()) == 0


def test_retries_keep_the_event_id_and_change_attempt_and_signature(
    clarity: Clarity, receiver: Receiver
) -> None:
    made = subscribed(clarity, receiver)
    receiver.statuses = [503, 500]
    emit(clarity, "WEB-110248")
    assert settled(clarity)["success"] == 1
    events = [json.loads(body) for _, body in receiver.taken]
    assert [event["attempt"] for event in events] == [1, 2, 3]
    assert len({event["id"] for event in events}) == 1
    assert len({headers["x-clarity-signature"] for headers, _ in receiver.taken}) == 3
    assert all(signed(headers, body, made["secret"]) for headers, body in receiver.taken)


def test_the_schedule_is_the_published_one_and_ends_in_failure(clarity: Clarity, receiver: Receiver) -> None:
    settings = clarity.ask("/clarity/settings")
    assert settings["webhook_retry_seconds"] == [60, 300, 1800, 7200, 21_600, 86_400]
    clarity.tell("/clarity/settings", {"webhook_time_scale": 0.000_001})
    subscribed(clarity, receiver)
    receiver.statuses = [500] * 7
    emit(clarity, "WEB-110248")
    assert settled(clarity)["failed"] == 1
    assert len(receiver.taken) == 7
    failed = clarity.get("/webhooks/deliveries", status="failed")["data"]
    assert (failed[0]["attempt"], failed[0]["responseStatus"]) == (7, 500)
    again = clarity.call("POST", f"/webhooks/deliveries/{failed[0]['id']}/redeliver")
    assert again.status_code == 202
    assert settled(clarity)["success"] == 1


def test_both_secrets_sign_during_a_rotation_and_one_after(clarity: Clarity, receiver: Receiver) -> None:
    old = subscribed(clarity, receiver)
    new = clarity.call("POST", f"/webhooks/subscriptions/{old['id']}/rotate-secret").json()["data"]
    emit(clarity, "WEB-110248")
    settled(clarity)
    headers, body = receiver.taken[0]
    assert headers["x-clarity-signature"].count("v1=") == 2
    assert signed(headers, body, old["secret"])
    assert signed(headers, body, new["secret"])
    clarity.tell("/clarity/settings", {"secret_overlap_seconds": 0})
    last = clarity.call("POST", f"/webhooks/subscriptions/{old['id']}/rotate-secret").json()["data"]
    emit(clarity, "WEB-110248")
    settled(clarity)
    headers, body = receiver.taken[1]
    assert not signed(headers, body, new["secret"])
    assert signed(headers, body, last["secret"])


def test_410_unsubscribes(clarity: Clarity, receiver: Receiver) -> None:
    subscribed(clarity, receiver)
    receiver.statuses = [410]
    emit(clarity, "WEB-110248")
    assert settled(clarity)["failed"] == 1
    shown = clarity.get("/webhooks/subscriptions")["data"][0]
    assert (shown["status"], shown["disabledReason"]) == ("disabled", "gone")


def test_fifty_failures_in_a_row_disable_the_subscription(clarity: Clarity, receiver: Receiver) -> None:
    assert clarity.ask("/clarity/settings")["webhook_disable_after"] == 50
    clarity.tell("/clarity/settings", {"webhook_disable_after": 3, "webhook_retry_seconds": []})
    made = subscribed(clarity, receiver)
    receiver.statuses = [500] * 3
    emit(clarity)
    settled(clarity)
    shown = clarity.get("/webhooks/subscriptions")["data"][0]
    assert (shown["status"], shown["disabledReason"]) == ("disabled", "too_many_failures")
    assert shown["consecutiveFailures"] == 3
    assert emit(clarity)["queued"] == 0
    clarity.tell(f"/clarity/webhooks/{made['id']}/enable")
    assert emit(clarity)["queued"] == 3


def test_nobody_listening_is_a_failure_too(clarity: Clarity, receiver: Receiver) -> None:
    subscribed(clarity, receiver)
    receiver.server.server_close()
    clarity.tell("/clarity/settings", {"webhook_retry_seconds": [], "webhook_timeout_seconds": 0.2})
    emit(clarity, "WEB-110248")
    assert settled(clarity)["failed"] == 1


def test_duplicates_arrive_with_one_event_id(clarity: Clarity, receiver: Receiver) -> None:
    subscribed(clarity, receiver)
    emit(clarity, mischief={"duplicate": 3})
    assert settled(clarity)["success"] == 9
    seen = Counter(headers["x-clarity-event-id"] for headers, _ in receiver.taken)
    assert set(seen.values()) == {3}
    assert len({headers["x-clarity-delivery"] for headers, _ in receiver.taken}) == 9


def test_events_arrive_out_of_order(clarity: Clarity, receiver: Receiver) -> None:
    clarity.tell("/clarity/settings", {"webhook_workers": 1})
    subscribed(clarity, receiver, events=["order.updated"])
    clarity.tell("/clarity/settings", {"mischief": {"scatter_seconds": 0.6, "seed": 1}})
    for turn in range(8):
        clarity.call("PATCH", "/orders/110248", body={"attributes": {"turn": turn}})
    assert settled(clarity)["success"] == 8
    versions = [json.loads(body)["data"]["order"]["rowVersion"] for _, body in receiver.taken]
    assert sorted(versions) == list(range(2, 10))
    assert versions != sorted(versions)


def test_an_event_comes_after_the_poll(clarity: Clarity, receiver: Receiver) -> None:
    subscribed(clarity, receiver, events=["order.created"])
    clarity.tell("/clarity/settings", {"mischief": {"delay_seconds": 2}})
    number = clarity.tell("/clarity/orders", {})["orders"][0]["orderNumber"]
    assert clarity.get("/orders", orderNumber=number)["totalCount"] == 1
    assert receiver.taken == []
    assert settled(clarity)["success"] == 1


def test_some_events_never_come(clarity: Clarity, receiver: Receiver) -> None:
    subscribed(clarity, receiver)
    assert emit(clarity, mischief={"drop": 1.0}) == {"records": 3, "queued": 0}


def test_a_wrong_signature(clarity: Clarity, receiver: Receiver) -> None:
    made = subscribed(clarity, receiver)
    emit(clarity, "WEB-110248", mischief={"wrong_signature": 1.0})
    settled(clarity)
    assert not signed(*receiver.taken[0], made["secret"])


def test_a_stale_timestamp_is_signed_all_the_same(clarity: Clarity, receiver: Receiver) -> None:
    made = subscribed(clarity, receiver)
    emit(clarity, "WEB-110248", mischief={"stale_timestamp": 1.0})
    settled(clarity)
    headers, body = receiver.taken[0]
    assert int(headers["x-clarity-timestamp"]) < time.time() - 300
    assert signed(headers, body, made["secret"])


def test_a_replay_is_the_same_to_the_byte(clarity: Clarity, receiver: Receiver) -> None:
    subscribed(clarity, receiver)
    emit(clarity, "WEB-110248")
    settled(clarity)
    delivery = receiver.taken[0][0]["x-clarity-delivery"]
    assert clarity.tell(f"/clarity/webhooks/deliveries/{delivery}/replay") == {"replayed": True}
    settled(clarity)
    assert receiver.taken[1] == receiver.taken[0]


def test_subscriptions_are_managed_and_keep_their_secret(clarity: Clarity, receiver: Receiver) -> None:
    made = subscribed(clarity, receiver)
    assert made["secret"].startswith("whsec_")
    assert "secret" not in clarity.get("/webhooks/subscriptions")["data"][0]
    gone = clarity.call("DELETE", f"/webhooks/subscriptions/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert clarity.get("/webhooks/subscriptions")["data"] == []


@pytest.mark.parametrize("asked", [{"url": "ftp://x"}, {"url": "http://x", "events": ["order.exploded"]}, {}])
def test_a_senseless_subscription_is_refused(clarity: Clarity, asked: dict) -> None:
    answer: httpx.Response = clarity.call("POST", "/webhooks/subscriptions", body=asked)
    assert answer.status_code == 422
