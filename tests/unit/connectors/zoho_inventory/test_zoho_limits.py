"""Zoho's limits and our own (A47): one budget for all, nobody calls while the organisation is paused."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from include.connectors.zoho_inventory.limits import next_midnight
from include.errors import RateLimitedError

FINE = (200, {}, {"code": 0, "message": "success"})
NAME = "zoho_inventory:5129873"


def test_43_pauses_the_whole_organisation_for_as_long_as_zoho_says(bench, refused) -> None:
    bench.zoho.replies(refused(429, 43, Retry_After="3600"), FINE)
    with pytest.raises(RateLimitedError) as caught:
        bench.client().get("/items")
    assert caught.value.retry_after == 3600
    assert bench.budget.blocked[NAME] == bench.clock() + timedelta(seconds=3600)
    assert bench.clock.slept == []
    with pytest.raises(RateLimitedError):
        bench.client().get("/items")
    assert len(bench.zoho.asked) == 1


@pytest.mark.parametrize("status", [200, 400, 429])
def test_43_without_advice_is_taken_for_an_hour(bench, refused, status: int) -> None:
    bench.zoho.replies(refused(status, 43))
    with pytest.raises(RateLimitedError) as caught:
        bench.client().get("/items")
    assert caught.value.retry_after == 3600


def test_44_is_waited_out_in_place_with_jitter(bench, refused) -> None:
    bench.zoho.replies(refused(429, 44), FINE)
    assert bench.client().get("/items").code == 0
    assert bench.clock.slept == [65.0]


def test_44_twice_is_handed_to_the_scheduler(bench, refused) -> None:
    bench.zoho.replies(refused(429, 44))
    with pytest.raises(RateLimitedError) as caught:
        bench.client().get("/items")
    assert caught.value.retry_after == 65
    assert len(bench.zoho.asked) == 2


@pytest.mark.parametrize("status", [429, 400])
def test_45_waits_for_the_organisations_midnight(bench, refused, status: int) -> None:
    bench.zoho.replies(refused(status, 45))
    with pytest.raises(RateLimitedError) as caught:
        bench.client().get("/items")
    midnight = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
    assert bench.budget.blocked[NAME] == midnight
    assert caught.value.retry_after == (midnight - bench.clock()).total_seconds()


@pytest.mark.parametrize("status", [429, 200, 400])
def test_1070_backs_off_three_times(bench, refused, status: int) -> None:
    bench.zoho.replies(refused(status, 1070), refused(status, 1070), refused(status, 1070), FINE)
    assert bench.client().get("/items").code == 0
    assert bench.clock.slept == [1.5, 3.0, 6.0]
    assert NAME not in bench.budget.blocked


def test_1070_that_stays_is_a_rate_limit_and_never_an_empty_answer(bench, refused) -> None:
    bench.zoho.replies(refused(200, 1070))
    with pytest.raises(RateLimitedError):
        bench.client().get("/items")
    assert len(bench.zoho.asked) == 4


def test_a_429_of_a_proxy_without_a_body_waits_a_minute(bench) -> None:
    bench.zoho.replies((429, {}, b""), FINE)
    assert bench.client().get("/items").code == 0
    assert bench.clock.slept == [65.0]


def test_the_budget_is_asked_before_every_call(bench) -> None:
    client = bench.client(calls_per_minute=2)
    for _ in range(5):
        client.get("/items")
    per_minute = Counter(
        at.replace(second=0, microsecond=0) for name, at in bench.budget.taken if name == NAME
    )
    assert sorted(per_minute.values()) == [1, 2, 2]
    assert len(bench.zoho.asked) == 5


def test_repeated_calls_are_counted_too(bench) -> None:
    bench.zoho.replies((503, {}, b""), (503, {}, b""), FINE)
    bench.client().get("/items")
    assert [name for name, _ in bench.budget.taken] == [NAME] * 3


def test_a_spent_day_is_raised_at_once_and_calls_nobody(bench) -> None:
    client = bench.client(calls_per_day=1)
    client.get("/items")
    with pytest.raises(RateLimitedError, match="5129873") as caught:
        client.get("/items")
    assert caught.value.retry_after == 14 * 3600
    assert len(bench.zoho.asked) == 1
    assert bench.clock.slept == []


def test_without_patience_even_a_short_wait_is_raised(bench) -> None:
    client = bench.client(calls_per_minute=1, patience=2.0)
    client.get("/items")
    with pytest.raises(RateLimitedError) as caught:
        client.get("/items")
    assert caught.value.retry_after == 60


def test_patience_is_for_the_whole_wait_of_a_call(bench) -> None:
    client = bench.client(calls_per_minute=1)
    client.get("/items")
    take, starved = bench.budget.take, []

    def unlucky(name: str, **limits) -> float:
        wait = take(name, **limits)
        starved.append(wait)
        return wait or 60.0

    bench.budget.take = unlucky
    with pytest.raises(RateLimitedError):
        client.get("/items")
    assert len(starved) == 2


def test_no_more_calls_are_under_way_than_places(bench) -> None:
    client = bench.client(calls_per_minute=1000)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: client.get("/items"), range(40)))
    assert 1 <= bench.budget.peak <= 4
    assert bench.budget.held == 0


def test_a_place_is_given_back_when_the_call_fails(bench, refused) -> None:
    bench.zoho.replies(refused(400, 4))
    with pytest.raises(Exception, match="code 4"):
        bench.client().get("/items")
    assert bench.budget.held == 0


def test_a_storm_of_refusals_meets_no_call_while_paused(bench, refused) -> None:
    """A47: ten workers, each told to wait, and Zoho sees nobody before the pause ends."""
    paused_until = bench.clock() + timedelta(seconds=300)
    seen: list[datetime] = []

    def api(_request):
        seen.append(bench.clock())
        return FINE if bench.clock() >= paused_until else refused(429, 44, Retry_After="300")

    bench.zoho.api = api
    for _ in range(10):
        with pytest.raises(RateLimitedError):
            bench.client().get("/items")
        bench.clock.now += timedelta(seconds=20)
    assert len(seen) == 1
    bench.clock.now = paused_until
    assert bench.client().get("/items").code == 0


@pytest.mark.parametrize(
    ("now", "zone", "midnight"),
    [
        ("2026-11-21T15:00", "America/New_York", "2026-11-22T05:00"),
        ("2026-11-22T04:59", "America/New_York", "2026-11-22T05:00"),
        ("2026-03-08T12:00", "America/New_York", "2026-03-09T04:00"),
        ("2026-11-21T15:00", "Asia/Kolkata", "2026-11-21T18:30"),
    ],
)
def test_the_day_ends_at_the_organisations_midnight(now: str, zone: str, midnight: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert next_midnight(at, ZoneInfo(zone)) == datetime.fromisoformat(midnight).replace(tzinfo=UTC)
