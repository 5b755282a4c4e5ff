"""The hand on the sandbox: clock, request log, reset, stories."""

from __future__ import annotations

from .conftest import GRANT, Zoho


def test_the_clock_freezes_jumps_and_runs_again(zoho: Zoho) -> None:
    zoho.tell("/clock", {"freeze": "2026-01-05T09:00:00+00:00"})
    zoho.tell("/clock", {"jump_seconds": 90})
    assert zoho.ask("/clock")["now"] == "2026-01-05T09:01:30+00:00"
    customer = zoho.get("/contacts", per_page=1)["contacts"][0]["contact_id"]
    made = zoho.post("/salesorders", {"customer_id": customer, "line_items": [{"name": "x", "rate": 1}]})
    assert made.json()["salesorder"]["created_time"] == "2026-01-05T04:01:30-0500"
    state = zoho.tell("/clock", {"run": True})
    assert state["frozen"] is False
    assert state["now"].startswith("2026-01-05T09:01:3")
    assert zoho.tell("/clock", {"offset_seconds": 0})["offset_seconds"] == 0


def test_the_log_keeps_no_secret(zoho: Zoho) -> None:
    zoho.refresh()
    zoho.call("GET", "/items", per_page=1)
    seen = zoho.ask("/requests")
    text = str(seen)
    assert not [
        secret for secret in (GRANT["client_secret"], GRANT["refresh_token"], zoho.token) if secret in text
    ]
    assert [(row["method"], row["path"], row["status"]) for row in seen["requests"]] == [
        ("POST", "/oauth/v2/token", 200),
        ("GET", "/inventory/v1/items", 200),
    ]
    assert seen["requests"][1]["query"] == "organization_id=5129873&per_page=1"


def test_the_log_counts_by_shape_and_filters(zoho: Zoho) -> None:
    order = zoho.order("SO-10248")
    zoho.http.delete("/_sandbox/requests")
    for _ in range(3):
        zoho.get(f"/salesorders/{order['salesorder_id']}")
    zoho.call("GET", "/salesorders/1")
    seen = zoho.ask("/requests", status=200, path="*/salesorders/*")
    assert len(seen["requests"]) == 3
    assert seen["total"] == 4
    counts = {(row["shape"], row["status"]): row["n"] for row in seen["counts"]}
    assert counts[("/inventory/v1/salesorders/{id}", 200)] == 3
    last = seen["requests"][-1]["id"]
    assert zoho.ask("/requests", since_id=last, path="*/items")["requests"] == []


def test_the_control_api_itself_is_not_in_the_log(zoho: Zoho) -> None:
    zoho.ask("/health")
    assert zoho.ask("/requests")["total"] == 0


def test_reset_empties_everything_and_a_story_fills_it_again(zoho: Zoho) -> None:
    zoho.refresh()
    zoho.tell("/faults", {"kind": "status", "path": "/nowhere"})
    zoho.tell("/clock", {"jump_seconds": 86_400})
    zoho.tell("/reset")
    assert zoho.ask("/zoho/counts")["salesorders"] == 0
    assert zoho.ask("/faults")["faults"] == []
    assert zoho.ask("/clock")["offset_seconds"] == 0
    assert zoho.call("GET", "/items").json()["code"] == 57
    zoho.refresh()
    loaded = zoho.tell("/load", {"story": "northwind", "limit": 3})["loaded"]["zoho"]
    assert loaded == {"items": 77, "contacts": 91, "salesorders": 3}
    again = zoho.tell("/load", {"story": "northwind", "limit": 3})
    assert again["loaded"]["zoho"]["salesorders"] == zoho.ask("/zoho/counts")["salesorders"] == 3


def test_an_unknown_story_is_named_with_those_there_are(zoho: Zoho) -> None:
    answer = zoho.http.post("/_sandbox/load", json={"story": "dracula"})
    assert answer.status_code == 404
    assert "northwind" in answer.json()["detail"]


def test_health_says_which_systems_there_are(zoho: Zoho) -> None:
    assert zoho.ask("/health")["systems"] == ["clarity", "salesforce", "zoho"]


def test_credentials_are_published(zoho: Zoho) -> None:
    assert zoho.ask("/zoho/credentials")["refresh_token"] == GRANT["refresh_token"]
