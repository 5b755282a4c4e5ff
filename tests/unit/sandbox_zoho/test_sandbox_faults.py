"""Faults on order, on real connections."""

from __future__ import annotations

import time

import httpx
import pytest

from .conftest import Zoho


def struck(zoho: Zoho, **rule) -> None:
    zoho.tell("/faults", {"path": "*/salesorders*", "times": 1, **rule})


def order_body(zoho: Zoho) -> dict:
    customer = zoho.get("/contacts", per_page=1)["contacts"][0]["contact_id"]
    return {"customer_id": customer, "salesorder_number": "F-1", "line_items": [{"name": "x", "rate": 1}]}


def exists(zoho: Zoho) -> bool:
    return len(zoho.get("/salesorders", salesorder_number="F-1")["salesorders"]) == 1


def create(zoho: Zoho, body: dict) -> httpx.Response:
    return zoho.post("/salesorders", body, ignore_auto_number_generation="true")


def test_a_status_with_a_body_of_choice(zoho: Zoho) -> None:
    struck(
        zoho, kind="status", status=503, body={"code": 1000, "message": "busy"}, headers={"Retry-After": "2"}
    )
    answer = zoho.call("GET", "/salesorders")
    assert (answer.status_code, answer.json()["message"], answer.headers["retry-after"]) == (503, "busy", "2")
    assert zoho.call("GET", "/salesorders").status_code == 200


def test_an_html_page_where_json_should_be(zoho: Zoho) -> None:
    struck(zoho, kind="html", status=502)
    answer = zoho.call("GET", "/salesorders")
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert answer.text.startswith("<html>")


@pytest.mark.parametrize("kind", ["close_after", "hang_after"])
def test_a_write_takes_effect_and_its_answer_is_lost(zoho: Zoho, kind: str) -> None:
    body = order_body(zoho)
    struck(zoho, kind=kind, method="POST", seconds=0.05)
    with pytest.raises(httpx.TransportError):
        create(zoho, body)
    assert exists(zoho)
    assert create(zoho, body).json()["code"] == 36004


def test_a_connection_closed_before_handling_changes_nothing(zoho: Zoho) -> None:
    body = order_body(zoho)
    struck(zoho, kind="close_before", method="POST")
    with pytest.raises(httpx.TransportError):
        create(zoho, body)
    assert not exists(zoho)


def test_a_client_that_gives_up_waiting_has_still_written(zoho: Zoho) -> None:
    body = order_body(zoho)
    struck(zoho, kind="delay_after", method="POST", seconds=0.4)
    patience = zoho.http.timeout
    zoho.http.timeout = httpx.Timeout(0.2)
    try:
        with pytest.raises(httpx.ReadTimeout):
            create(zoho, body)
    finally:
        zoho.http.timeout = patience
    assert exists(zoho)


def test_a_truncated_body_breaks_off(zoho: Zoho) -> None:
    struck(zoho, kind="truncate")
    with pytest.raises(httpx.RemoteProtocolError):
        zoho.call("GET", "/salesorders")


def test_an_outage_may_follow_the_effect(zoho: Zoho) -> None:
    struck(zoho, kind="status_after", status=502, method="POST")
    lost = zoho.post("/salesorders", order_body(zoho), ignore_auto_number_generation="true")
    assert lost.status_code == 502
    assert [
        row["salesorder_number"] for row in zoho.get("/salesorders", salesorder_number="F-1")["salesorders"]
    ] == ["F-1"]


def test_malformed_json_arrives_whole(zoho: Zoho) -> None:
    struck(zoho, kind="malformed")
    answer = zoho.call("GET", "/salesorders")
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
        answer.json()


def test_a_delay_comes_before_handling(zoho: Zoho) -> None:
    zoho.refresh()
    struck(zoho, kind="delay", seconds=0.2)
    started = time.monotonic()
    zoho.call("GET", "/salesorders")
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("code", [43, 44, 45, 1070])
def test_a_storm_of_any_limit(zoho: Zoho, code: int) -> None:
    struck(zoho, kind="limit", code=code, times=2)
    seen = [zoho.call("GET", "/salesorders") for _ in range(3)]
    assert [answer.json()["code"] for answer in seen] == [code, code, 0]
    assert seen[0].status_code == 429


def test_a_token_expires_in_the_middle_and_a_refresh_helps(zoho: Zoho) -> None:
    struck(zoho, kind="expired_token")
    assert zoho.call("GET", "/salesorders").json()["code"] == 57
    assert zoho.call("GET", "/items").json()["code"] == 57
    zoho.refresh()
    assert zoho.call("GET", "/salesorders").json()["code"] == 0


def test_a_revoked_token_cannot_be_refreshed_until_consent_is_given_again(zoho: Zoho) -> None:
    struck(zoho, kind="revoked_token")
    assert zoho.call("GET", "/salesorders").json()["code"] == 57
    assert zoho.refresh().json() == {"error": "invalid_code"}
    zoho.tell("/zoho/tokens/restore")
    assert "access_token" in zoho.refresh().json()


def test_oauth_has_faults_too(zoho: Zoho) -> None:
    zoho.tell("/faults", {"path": "/oauth/*", "kind": "status", "status": 500, "times": 1})
    assert zoho.http.post("/oauth/v2/token").status_code == 500


def test_skip_times_and_method_aim_a_fault(zoho: Zoho) -> None:
    zoho.tell("/faults", {"path": "*/items", "method": "GET", "kind": "status", "skip": 1, "times": 2})
    statuses = [zoho.call("GET", "/items").status_code for _ in range(5)]
    assert statuses == [200, 500, 500, 200, 200]
    shown = zoho.ask("/faults")["faults"][0]
    assert (shown["seen"], shown["struck"]) == (5, 2)


def test_chance_is_repeatable_by_its_seed(zoho: Zoho) -> None:
    def run() -> list[int]:
        zoho.http.delete("/_sandbox/faults")
        zoho.tell("/faults", {"kind": "status", "path": "*/items", "probability": 0.3, "seed": 7})
        return [zoho.call("GET", "/items").status_code for _ in range(40)]

    first = run()
    assert 0 < first.count(500) < 40
    assert run() == first


def test_faults_are_taken_down_one_by_one_or_all(zoho: Zoho) -> None:
    number = zoho.tell("/faults", {"kind": "status"})["id"]
    zoho.tell("/faults", {"kind": "html"})
    assert zoho.http.delete(f"/_sandbox/faults/{number}").json() == {"removed": 1}
    assert [fault["kind"] for fault in zoho.ask("/faults")["faults"]] == ["html"]
    zoho.http.delete("/_sandbox/faults")
    assert zoho.call("GET", "/items").status_code == 200


def test_an_unknown_kind_is_refused(zoho: Zoho) -> None:
    assert zoho.http.post("/_sandbox/faults", json={"kind": "earthquake"}).status_code == 422
