"""Webhooks: what is sent, how it is signed, when it is sent again."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from urllib.parse import parse_qs

import pytest

from .conftest import Receiver, Zoho, wait_until

SECRET = "sandboxWebhookSecret2026"


def configured(zoho: Zoho, receiver: Receiver, **changes) -> None:
    zoho.tell("/zoho/webhooks", {"url": receiver.url, **changes})


def settled(zoho: Zoho) -> dict[str, int]:
    def idle() -> bool:
        counts = zoho.ask("/zoho/webhooks")["deliveries"]
        return counts["pending"] + counts["sending"] == 0

    wait_until(idle)
    return zoho.ask("/zoho/webhooks")["deliveries"]


def ids(zoho: Zoho, *numbers: str) -> list[str]:
    return [zoho.order(number)["salesorder_id"] for number in numbers]


def test_the_default_payload_is_the_detail_under_its_singular_key(zoho: Zoho, receiver: Receiver) -> None:
    configured(zoho, receiver)
    order = zoho.order("SO-10250")
    assert zoho.tell("/zoho/emit", {"salesorder_ids": [order["salesorder_id"]]})["queued"] == 1
    assert settled(zoho)["success"] == 1
    _, headers, body = receiver.taken[0]
    assert json.loads(body) == {"salesorder": order}
    assert headers["Content-Type"] == "application/json"


def test_the_signature_is_hex_hmac_sha256_over_the_raw_body(zoho: Zoho, receiver: Receiver) -> None:
    configured(zoho, receiver)
    zoho.tell("/zoho/emit", {"salesorder_ids": ids(zoho, "SO-10249")})  # has an umlaut
    settled(zoho)
    _, headers, body = receiver.taken[0]
    assert "Spezialitäten".encode() in body
    assert b'": ' not in body[:200]
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Zoho-Webhook-Signature"] == expected


def test_the_older_form_carries_jsonstring_and_is_signed_as_sent(zoho: Zoho, receiver: Receiver) -> None:
    configured(zoho, receiver, format="form", secret="another-secret-12")
    zoho.tell("/zoho/emit", {"salesorder_ids": ids(zoho, "SO-10249")})
    settled(zoho)
    _, headers, body = receiver.taken[0]
    assert headers["Content-Type"] == "application/x-www-form-urlencoded;charset=UTF-8"
    inner = json.loads(parse_qs(body.decode())["JSONString"][0])
    assert inner["salesorder"]["salesorder_number"] == "SO-10249"
    expected = hmac.new(b"another-secret-12", body, hashlib.sha256).hexdigest()
    assert headers["X-Zoho-Webhook-Signature"] == expected


def test_headers_and_query_parameters_are_added_and_no_secret_means_no_signature(
    zoho: Zoho, receiver: Receiver
) -> None:
    configured(zoho, receiver, headers={"X-Sync-Key": "k"}, query_parameters={"source": "zoho"}, secret="")
    zoho.tell("/zoho/emit", {"salesorder_ids": ids(zoho, "SO-10248")})
    settled(zoho)
    path, headers, _ = receiver.taken[0]
    assert path == "/hook?source=zoho"
    assert headers["X-Sync-Key"] == "k"
    assert "X-Zoho-Webhook-Signature" not in headers


def test_create_edit_and_status_announce_themselves(zoho: Zoho, receiver: Receiver) -> None:
    configured(zoho, receiver)
    customer = zoho.order()["customer_id"]
    made = zoho.post("/salesorders", {"customer_id": customer, "line_items": [{"name": "x", "rate": 1}]})
    path = f"/salesorders/{made.json()['salesorder']['salesorder_id']}"
    zoho.put(path, {"notes": "changed"})
    zoho.post(f"{path}/status/confirmed")
    zoho.post(f"{path}/status/confirmed")
    zoho.post(f"{path}/comments", {"description": "no edit"})
    zoho.call("DELETE", path)
    assert settled(zoho)["success"] == 3
    events = [row["event"] for row in zoho.ask("/zoho/webhooks/histories")["histories"]]
    assert events == ["status", "edited", "created"]


def test_a_rule_hears_only_what_it_asked_for(zoho: Zoho, receiver: Receiver) -> None:
    configured(zoho, receiver, events=["deleted"])
    configured(zoho, receiver, name="off", active=False)
    order = zoho.order("SO-10248")
    zoho.put(f"/salesorders/{order['salesorder_id']}", {"notes": "x"})
    zoho.call("DELETE", f"/salesorders/{order['salesorder_id']}")
    assert settled(zoho)["success"] == 1


def test_api_writes_can_be_kept_from_announcing(zoho: Zoho, receiver: Receiver) -> None:
    configured(zoho, receiver)
    zoho.tell("/zoho/settings", {"fire_on_api_writes": False})
    order = zoho.order("SO-10248")
    zoho.put(f"/salesorders/{order['salesorder_id']}", {"notes": "x"})
    assert settled(zoho)["success"] == 0


def test_a_refused_delivery_is_sent_again_with_the_same_bytes(zoho: Zoho, receiver: Receiver) -> None:
    configured(zoho, receiver)
    receiver.statuses = [503, 500]
    order_id = ids(zoho, "SO-10248")[0]
    zoho.tell("/zoho/emit", {"salesorder_ids": [order_id]})
    assert settled(zoho) == {"pending": 0, "sending": 0, "success": 1, "failed": 0}
    assert len({body for _, _, body in receiver.taken}) == 1
    assert len(receiver.taken) == 3
    history = zoho.get("/settings/webhooks/histories", entity_id=order_id)["webhook_histories"]
    assert [(row["status"], row["retry_count"], row["response_status"]) for row in history] == [
        ("success", 2, 200)
    ]


def test_after_the_last_retry_it_has_failed_and_a_person_can_resend(zoho: Zoho, receiver: Receiver) -> None:
    configured(zoho, receiver)
    receiver.statuses = [500, 500, 500]
    zoho.tell("/zoho/emit", {"salesorder_ids": ids(zoho, "SO-10248")})
    assert settled(zoho)["failed"] == 1
    failed = zoho.get("/settings/webhooks/histories", filter_by="Status.Failed")["webhook_histories"]
    zoho.post(f"/settings/webhooks/histories/{failed[0]['webhook_history_id']}/resend")
    assert settled(zoho)["success"] == 1


def test_nobody_listening_is_a_failure_too(zoho: Zoho, receiver: Receiver) -> None:
    configured(zoho, receiver)
    receiver.server.server_close()
    zoho.tell("/zoho/settings", {"webhook_retry_seconds": [], "webhook_timeout_seconds": 0.2})
    zoho.tell("/zoho/emit", {"salesorder_ids": ids(zoho, "SO-10248")})
    assert settled(zoho)["failed"] == 1


def test_a_burst_of_every_order_arrives_whole(full: Zoho, receiver: Receiver) -> None:
    configured(full, receiver)
    assert full.tell("/zoho/emit", {"shuffle": True, "seed": 1})["queued"] == 830
    wait_until(lambda: len(receiver.taken) >= 830, 30)
    seen = [json.loads(body)["salesorder"]["salesorder_number"] for _, _, body in receiver.taken]
    assert len(set(seen)) == 830
    assert seen != sorted(seen)


def test_drop_and_duplicate_are_chance_by_a_seed_and_are_counted(full: Zoho, receiver: Receiver) -> None:
    configured(full, receiver)
    asked = {"drop": 0.1, "duplicate": 0.1, "seed": 3}
    told = full.tell("/zoho/emit", asked)
    assert told == full.tell("/zoho/emit", asked)
    assert told["queued"] == 830 - told["dropped"] + told["duplicated"]
    assert 50 < told["dropped"] < 120
    wait_until(lambda: len(receiver.taken) >= 2 * told["queued"], 30)
    seen = Counter(json.loads(body)["salesorder"]["salesorder_id"] for _, _, body in receiver.taken)
    assert sum(1 for n in seen.values() if n == 4) == told["duplicated"]


def test_a_rate_spreads_deliveries_over_time(full: Zoho, receiver: Receiver) -> None:
    configured(full, receiver)
    full.tell("/zoho/emit", {"rate_per_second": 0.001})
    wait_until(lambda: len(receiver.taken) == 1)
    assert full.ask("/zoho/webhooks")["deliveries"]["pending"] == 829


def test_emitting_without_a_webhook_says_so(zoho: Zoho) -> None:
    assert zoho.http.post("/_sandbox/zoho/emit", json={}).status_code == 404


def test_a_rule_can_be_taken_away(zoho: Zoho, receiver: Receiver) -> None:
    configured(zoho, receiver)
    assert zoho.http.delete("/_sandbox/zoho/webhooks/orders").json() == {"removed": True}
    assert zoho.ask("/zoho/webhooks")["webhooks"] == []


@pytest.mark.parametrize("url", ["ftp://x", "", "example.test/hook"])
def test_a_url_that_is_none_is_refused(zoho: Zoho, url: str) -> None:
    assert zoho.http.post("/_sandbox/zoho/webhooks", json={"url": url}).status_code == 422
