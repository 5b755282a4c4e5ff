"""Limits: a minute, a day, in process; documented and measured (A47)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from .conftest import Zoho


def codes(zoho: Zoho, times: int) -> list[int]:
    return [zoho.call("GET", "/items", per_page=1).json()["code"] for _ in range(times)]


def test_documented_the_request_after_the_hundredth_is_code_44_until_the_minute_clears(zoho: Zoho) -> None:
    zoho.tell("/zoho/settings", {"per_minute": 100})
    assert codes(zoho, 102) == [0] * 100 + [44, 44]
    refused = zoho.call("GET", "/items")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    zoho.tell("/clock", {"jump_seconds": 61})
    assert codes(zoho, 1) == [0]


def test_measured_a_breach_is_code_43_and_closes_the_organisation_for_an_hour(zoho: Zoho) -> None:
    zoho.tell("/zoho/settings", {"per_minute": 5, "breach": 43})
    assert codes(zoho, 6) == [0] * 5 + [43]
    refused = zoho.call("GET", "/items")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")
    zoho.tell("/clock", {"jump_seconds": 600})
    assert int(zoho.call("GET", "/items").headers["retry-after"]) <= 3001
    zoho.tell("/clock", {"jump_seconds": 3001})
    zoho.refresh()
    assert codes(zoho, 1) == [0]


def test_code_44_can_come_without_advice(zoho: Zoho) -> None:
    zoho.tell("/zoho/settings", {"per_minute": 1, "minute_retry_after": None})
    assert codes(zoho, 2) == [0, 44]
    assert "retry-after" not in zoho.call("GET", "/items").headers


def test_the_day_ends_at_the_organisations_midnight(zoho: Zoho) -> None:
    zoho.tell("/clock", {"freeze": "2026-11-20T12:00:00-05:00"})
    zoho.tell("/zoho/settings", {"per_day": 3})
    answers = [zoho.call("GET", "/items") for _ in range(4)]
    assert [answer.json()["code"] for answer in answers] == [0, 0, 0, 45]
    assert answers[3].json()["message"].endswith("maximum call rate limit of 3.")
    assert [answer.headers["x-rate-limit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert answers[0].headers["x-rate-limit-reset"] == str(12 * 3600)
    zoho.tell("/clock", {"jump_seconds": 12 * 3600})
    zoho.refresh()
    assert codes(zoho, 1) == [0]


def test_too_many_at_once_is_code_1070(zoho: Zoho) -> None:
    zoho.refresh()
    zoho.tell("/zoho/settings", {"concurrent": 2, "latency_seconds": 0.3})
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: zoho.call("GET", "/items").json()["code"], range(5)))
    assert sorted(answers) == [0, 0, 1070, 1070, 1070]
    zoho.tell("/zoho/settings", {"latency_seconds": 0})
    assert codes(zoho, 1) == [0]


def test_refused_tokens_are_not_counted_against_the_day(zoho: Zoho) -> None:
    zoho.token = "1000.not.a.token"
    codes(zoho, 3)
    assert zoho.ask("/zoho/counts")["calls_today"] == 0


def test_quota_headers_can_be_switched_off(zoho: Zoho) -> None:
    assert "x-rate-limit-limit" in zoho.call("GET", "/items").headers
    zoho.tell("/zoho/settings", {"rate_headers": False})
    assert not [name for name in zoho.call("GET", "/items").headers if name.startswith("x-rate")]


def test_an_unknown_switch_is_refused_with_its_name(zoho: Zoho) -> None:
    answer = zoho.http.post("/_sandbox/zoho/settings", json={"per_minit": 3})
    assert answer.status_code == 422
    assert "per_minit" in answer.text
