"""B14: the interval follows the changes, within its bounds and the call budget."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from include.connectors.interval import Allowance, Pace

DAY = timedelta(days=1)
PACE = Pace()
RATES = st.floats(0, 1000)
ALLOWANCES = st.builds(
    Allowance,
    calls=st.integers(0, 5000),
    lasts=st.timedeltas(timedelta(seconds=1), DAY),
    poll=st.integers(1, 20),
)


@settings(deadline=None)
@given(RATES)
def test_the_interval_stays_within_its_bounds(rate: float) -> None:
    assert PACE.shortest <= PACE.interval(rate) <= PACE.longest


@settings(deadline=None)
@given(RATES, RATES, ALLOWANCES, st.integers(0, 5000))
def test_more_changes_never_lengthen_it_and_fewer_calls_never_shorten_it(
    rate: float, more: float, allowance: Allowance, fewer: int
) -> None:
    poorer = Allowance(min(allowance.calls, fewer), allowance.lasts, allowance.poll)
    assert (
        PACE.interval(rate + more, allowance) <= PACE.interval(rate, allowance) <= PACE.interval(rate, poorer)
    )


@settings(deadline=None)
@given(RATES, st.integers(0, 1000), st.timedeltas(timedelta(seconds=1), DAY))
def test_the_rate_moves_towards_what_was_seen_and_never_beyond(
    rate: float, changes: int, elapsed: timedelta
) -> None:
    seen = changes / elapsed.total_seconds()
    believed = PACE.observed(rate, changes, elapsed)
    assert min(rate, seen) * (1 - 1e-9) <= believed <= max(rate, seen) * (1 + 1e-9)


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(1, 5), st.integers(0, 99))
def test_a_budget_is_never_exceeded_and_lasts_the_day(calls: int, poll: int, seed: int) -> None:
    """Whatever the changes; a poll at the very end is the next day's."""
    chance, left, spent = random.Random(seed), calls, 0
    lasts, rate = DAY, 0.0
    while lasts > timedelta(0):
        wait = PACE.interval(rate, Allowance(left, lasts, poll))
        lasts -= wait
        if lasts <= timedelta(0):
            break
        left, spent = left - poll, spent + poll
        rate = PACE.observed(rate, chance.choice((0, 0, 5, 5000)), wait)
    assert spent <= calls


def a_working_day(seed: int) -> list[float]:
    """Seconds at which stock changes: a quiet night, office hours, a lunch break, two posting runs."""
    chance = random.Random(seed)
    moments = [chance.uniform(0, 86_400) for _ in range(30)]
    moments += [chance.uniform(8, 12) * 3600 for _ in range(300)]
    moments += [chance.uniform(13, 17) * 3600 for _ in range(300)]
    for start in (11.5, 16.5):
        moments += [(start + chance.uniform(0, 0.4)) * 3600 for _ in range(700)]
    return sorted(moments)


def followed(moments: list[float], pace: Pace) -> list[float]:
    """When the rule polls through the day."""
    polls, rate = [0.0], 0.0
    while polls[-1] < 86_400:
        wait = pace.interval(rate)
        polls.append(polls[-1] + wait.total_seconds())
        found = bisect_right(moments, polls[-1]) - bisect_right(moments, polls[-2])
        rate = pace.observed(rate, found, wait)
    return polls


def mean_wait(moments: list[float], polls: list[float]) -> float:
    """How long a change waits for its poll, on average."""
    return sum(polls[bisect_left(polls, moment)] - moment for moment in moments) / len(moments)


def fixed_with(wait: float, moments: list[float]) -> int:
    """Polls a day at the longest fixed interval whose mean wait is no longer."""
    for polls in range(24, 86_400):
        step = 86_400 / polls
        if sum(step - moment % step for moment in moments) / len(moments) <= wait:
            return polls
    raise AssertionError("no fixed interval is quick enough")


def test_at_equal_latency_it_polls_far_less_than_a_fixed_interval() -> None:
    """Some 540 polls a day where a fixed interval takes 1,200 for the same mean wait of 35 seconds."""
    for seed in range(3):
        moments = a_working_day(seed)
        polls = followed(moments, PACE)
        assert len(polls) < 0.6 * fixed_with(mean_wait(moments, polls), moments)
