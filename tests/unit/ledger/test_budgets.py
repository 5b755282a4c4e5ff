"""A47: calls are counted across all workers, and never too many."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.errors import ConfigurationError, RateLimitedError
from include.ledger import Ledger
from include.ledger.budgets import Rest

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


def test_the_rest_of_a_day_is_what_a_flow_may_still_call_until_midnight_there(ledger: Ledger, clock) -> None:
    """B14. What others have reserved and not yet spent is not its own."""
    clock.now = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    limits = {"per_day": 100, "zone": "America/New_York"}
    assert ledger.budgets.rest(NAME, **limits) == Rest(100, timedelta(hours=6))
    shares = {"reserved": {"orders": 0.5}}
    take(ledger, 20, per_minute=None, flow="orders", **limits, **shares)
    take(ledger, 10, per_minute=None, flow="stock", **limits, **shares)
    assert ledger.budgets.rest(NAME, flow="stock", **limits, **shares).calls == 40
    assert ledger.budgets.rest(NAME, flow="orders", **limits, **shares).calls == 70
    clock.pass_(hours=6)
    assert ledger.budgets.rest(NAME, **limits) == Rest(100, timedelta(days=1))


def test_a_day_that_was_overspent_leaves_nothing(ledger: Ledger) -> None:
    take(ledger, 20, per_minute=None)
    assert ledger.budgets.rest(NAME, per_day=10).calls == 0


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


# Shares reserved for a flow ---------------------------------------------------------------------------------

ORDERS, BACKFILL = "zoho_orders_to_sage100", "backfill"
HALF = {ORDERS: 0.5}


def take_for(ledger: Ledger, flow: str, **limits) -> float:
    limits = {"per_minute": 10, "per_day": 1000, "reserved": HALF} | limits
    return ledger.budgets.take(NAME, flow=flow, **limits)


def granted(ledger: Ledger, flow: str, tries: int = 20, **limits) -> int:
    return sum(take_for(ledger, flow, **limits) == 0.0 for _ in range(tries))


def test_what_is_reserved_is_there_whatever_others_do(ledger: Ledger) -> None:
    assert granted(ledger, BACKFILL) == 5
    assert granted(ledger, ORDERS) == 5
    assert ledger.budgets.state(NAME).last_minute == 10


def test_beyond_its_share_a_flow_competes_like_everybody(ledger: Ledger) -> None:
    assert granted(ledger, ORDERS) == 10
    assert granted(ledger, BACKFILL) == 0


def test_of_a_share_only_what_is_not_spent_is_kept_free(ledger: Ledger) -> None:
    assert granted(ledger, ORDERS, tries=3) == 3
    assert granted(ledger, BACKFILL) == 5
    assert granted(ledger, ORDERS) == 2


def test_a_share_of_the_day_is_kept_too(ledger: Ledger, clock) -> None:
    limits = {"per_minute": None, "per_day": 10}
    assert granted(ledger, BACKFILL, **limits) == 5
    assert take_for(ledger, BACKFILL, **limits) == 12 * 3600
    assert granted(ledger, ORDERS, **limits) == 5
    assert ledger.budgets.state(NAME).flows == {ORDERS: 5}
    clock.pass_(hours=12)
    assert granted(ledger, BACKFILL, **limits) == 5


def test_the_wait_of_others_counts_that_a_share_grows_back(ledger: Ledger, clock) -> None:
    """What leaves the minute of the orders' own calls is theirs again, and no use to a backfill."""
    assert granted(ledger, ORDERS, tries=5) == 5
    clock.pass_(seconds=30)
    assert granted(ledger, BACKFILL) == 5
    wait = take_for(ledger, BACKFILL)
    assert wait == 61
    clock.pass_(seconds=31)
    assert take_for(ledger, BACKFILL) == 30
    clock.pass_(seconds=30)
    assert take_for(ledger, BACKFILL) == 0.0


def test_a_flow_for_which_nothing_is_left_is_told_so(ledger: Ledger) -> None:
    with pytest.raises(ConfigurationError, match="reserved for other flows than 'backfill'"):
        take_for(ledger, BACKFILL, reserved={ORDERS: 1.0})


def test_without_shares_nothing_is_kept_by_flow(ledger: Ledger) -> None:
    assert take_for(ledger, ORDERS, reserved={}) == 0.0
    assert ledger.budgets.state(NAME).flows == {}


CALLS = st.lists(
    st.tuples(st.sampled_from([ORDERS, BACKFILL, "x"]), st.floats(0, 9)), min_size=20, max_size=80
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(calls=CALLS)
def test_shares_never_let_more_through_than_the_limit(sqlite_url: str, calls) -> None:
    ledger, now, name = Ledger.connect(sqlite_url), datetime(2026, 11, 21, tzinfo=UTC), str(uuid4())
    limits = {"per_minute": 8, "per_day": None, "reserved": {ORDERS: 0.5, "x": 0.25}}
    made: list[tuple[str, datetime]] = []
    for flow, pause in calls:
        now += timedelta(seconds=pause)
        recent = [each for each, at in made if at > now - timedelta(seconds=60)]
        wait = ledger.budgets.take(name, now=now, flow=flow, **limits)
        share = {ORDERS: 4, "x": 2}.get(flow, 0)
        if wait == 0.0:
            made.append((flow, now))
            assert len(recent) < 8
        elif recent.count(flow) < share - 1:
            # Its share is its own; a call of the second that is just leaving may still count.
            assert sum(at > now - timedelta(seconds=62) for each, at in made if each == flow) >= share
        else:
            assert ledger.budgets.take(name, now=now + timedelta(seconds=wait), flow=flow, **limits) == 0.0
            made.append((flow, now + timedelta(seconds=wait)))
            now += timedelta(seconds=wait)
    ledger.close()


def test_many_processes_share_a_budget_to_the_call(pg_ledger: Ledger) -> None:
    """A47: no more than the limit, and the reserved share is there for the last to come."""
    context = get_context("fork")
    spent = context.Value("i", 0)

    def call(flow: str) -> None:
        mine = granted(pg_ledger, flow, tries=30, per_minute=100, per_day=100_000)
        with spent.get_lock():
            spent.value += mine

    def run(flow: str, processes: int) -> int:
        spent.value = 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of threads at a fork
            children = [context.Process(target=call, args=(flow,)) for _ in range(processes)]
            for child in children:
                child.start()
        for child in children:
            child.join(60)
        assert [child.exitcode for child in children] == [0] * processes
        return spent.value

    assert run(BACKFILL, 6) == 50
    assert run(ORDERS, 4) == 50
