"""A47: calls are counted across all workers, and never too many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.errors import ConfigurationError, RateLimitedError
from include.ledger import Ledger

NAME = "zoho:5129873"


def take(ledger: Ledger, n: int = 1, **limits) -> float:
    return ledger.budgets.take(NAME, n=n, **{"per_minute": 3, "per_day": 100, **limits})


def test_calls_are_granted_up_to_the_limit_of_a_minute(ledger: Ledger, clock) -> None:
    assert [take(ledger) for _ in range(3)] == [0.0, 0.0, 0.0]
    wait = take(ledger)
    assert 60 <= wait <= 61
    clock.pass_(seconds=wait)
    assert take(ledger, 3) == 0.0


def test_what_is_not_granted_is_not_counted(ledger: Ledger) -> None:
    take(ledger, 2)
    assert take(ledger, 2) > 0
    assert ledger.budgets.state(NAME).last_minute == 2
    assert take(ledger, 1) == 0.0


def test_the_wait_is_until_there_is_room_for_all_that_is_asked(ledger: Ledger, clock) -> None:
    take(ledger)
    clock.pass_(seconds=20)
    take(ledger, 2)
    assert take(ledger, 1) == 41
    assert take(ledger, 2) == 61


def test_a_day_ends_where_the_remote_lives(ledger: Ledger, clock) -> None:
    clock.now = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    limits = {"per_minute": None, "per_day": 2, "zone": "America/New_York"}
    assert take(ledger, 2, **limits) == 0.0
    assert take(ledger, **limits) == 6 * 3600
    clock.pass_(hours=6)
    assert take(ledger, **limits) == 0.0


def test_a_clock_that_is_ahead_at_midnight_starts_no_second_day(ledger: Ledger, clock) -> None:
    noon = clock()
    before_midnight = noon.replace(hour=23, minute=59)
    limits = {"per_minute": None, "per_day": 2}
    assert take(ledger, 2, now=before_midnight + timedelta(minutes=2), **limits) == 0.0
    assert take(ledger, now=before_midnight, **limits) > 0
    assert take(ledger, now=before_midnight + timedelta(minutes=3), **limits) > 0


def test_a_block_holds_everyone_and_the_later_one_wins(ledger: Ledger, clock) -> None:
    ledger.budgets.block(NAME, clock() + timedelta(seconds=90), reason="Retry-After")
    ledger.budgets.block(NAME, clock() + timedelta(seconds=30), reason="older news")
    assert take(ledger) == 90
    state = ledger.budgets.state(NAME)
    assert (state.reason, state.last_minute) == ("Retry-After", 0)
    clock.pass_(seconds=90)
    assert take(ledger) == 0.0
    assert ledger.budgets.state(NAME).blocked_until is None


def test_budgets_do_not_share_by_accident(ledger: Ledger) -> None:
    take(ledger, 3)
    assert ledger.budgets.take("other", per_minute=3, per_day=100) == 0.0
    assert ledger.budgets.names() == ["other", NAME]
    assert ledger.budgets.state("unknown").today == 0


@pytest.mark.parametrize("limits", [{"per_minute": 3}, {"per_minute": None, "per_day": 3}, {"per_minute": 0}])
def test_what_can_never_be_granted_is_said_at_once(ledger: Ledger, limits) -> None:
    with pytest.raises(ConfigurationError, match="4 calls at once never fit"):
        take(ledger, 4, **limits)


STEPS = st.lists(st.tuples(st.floats(0, 25), st.integers(1, 4)), min_size=5, max_size=40)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, limit=st.integers(4, 9))
def test_no_sixty_seconds_ever_hold_more_than_the_limit(sqlite_url: str, steps, limit: int) -> None:
    ledger = Ledger.connect(sqlite_url)
    now = datetime(2026, 11, 21, tzinfo=UTC)
    name = f"{limit}:{steps}:{uuid4()}"
    granted: list[datetime] = []
    for pause, n in steps:
        now += timedelta(seconds=pause)
        wait = ledger.budgets.take(name, per_minute=limit, per_day=None, n=n, now=now)
        if wait:
            now += timedelta(seconds=wait)
            assert ledger.budgets.take(name, per_minute=limit, per_day=None, n=n, now=now) == 0.0
        granted += [now] * n
        assert sum(at > now - timedelta(seconds=60) for at in granted) <= limit
    ledger.close()


def test_places_are_held_and_left(ledger: Ledger) -> None:
    lease = timedelta(minutes=1)
    with ledger.budgets.slots("seats", 1, lease) as place:
        assert place
        with (
            pytest.raises(RateLimitedError, match="all 1 places of seats"),
            ledger.budgets.slots("seats", 1, lease, wait=0),
        ):
            pytest.fail("two hold one place")
    with ledger.budgets.slots("seats", 1, lease, wait=0):
        pass


def test_the_place_of_a_dead_holder_is_free_after_its_lease(ledger: Ledger, clock) -> None:
    held = ledger.budgets.slots("seats", 1, timedelta(minutes=1))
    held.__enter__()
    clock.pass_(minutes=1)
    with ledger.budgets.slots("seats", 1, timedelta(minutes=1), wait=0):
        pass
