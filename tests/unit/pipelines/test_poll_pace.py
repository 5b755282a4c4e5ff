"""B14: a mirror flow's source is polled as often as it changes, by a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.connectors.documents import Answer, Document
from include.connectors.rest.pace import Gate
from include.connectors.sage100.changes.stubs import Changes, Stub
from include.errors import ConfigurationError
from include.ledger import Ledger, migrate
from include.pipelines.mirrors.announce import Request, announce
from include.pipelines.mirrors.flows import STOCK
from include.pipelines.mirrors.ports import MirrorWorld

SCHEDULED = Request(poll=True, when_due=True)


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Source:
    """Announces as many changes as it is told to, and counts how often it is asked."""

    each: int = 0
    polls: list[datetime] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    made: int = 0

    def changes(self, known: Mapping[str, str], since: datetime | None) -> Changes:
        self.polls.append(self.clock.now)
        self.made += 1
        stubs = tuple(Stub(f"item-{number}", str(self.made)) for number in range(self.each))
        return Changes(stubs, (), None, {})

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        raise NotImplementedError


class Nobody:
    def write(self, documents: Sequence[Document]) -> Sequence[Answer]:
        raise NotImplementedError

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        raise NotImplementedError


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def world(tmp_path: Path, source: Source) -> Iterator[MirrorWorld]:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    migrate(url)
    ledger = Ledger.connect(url, clock=source.clock)
    yield MirrorWorld(
        flow=STOCK,
        ledger=ledger,
        source=source,
        target=Nobody(),
        staging_root=tmp_path,
        clock=source.clock,
        settings={},
    )
    ledger.close()


def minutes(world: MirrorWorld, source: Source, count: int, *, late: int = 3) -> int:
    """So many scheduled runs, a minute apart and each a little late; how often the source was asked."""
    before = len(source.polls)
    for number in range(count):
        source.clock.now += timedelta(seconds=60)
        jitter = timedelta(seconds=late if number % 2 else 0)
        source.clock.now += jitter
        announce(world, f"run-{source.clock.now.isoformat()}", SCHEDULED)
        source.clock.now -= jitter
    return len(source.polls) - before


def test_a_quiet_source_is_asked_every_five_minutes(world: MirrorWorld, source: Source) -> None:
    announce(world, "first", SCHEDULED)
    assert len(source.polls) == 1
    assert minutes(world, source, 20) == 4


def test_a_busy_source_is_asked_every_minute_and_a_calm_one_less_and_less(
    world: MirrorWorld, source: Source
) -> None:
    announce(world, "first", SCHEDULED)
    source.each = 50
    assert 1 < minutes(world, source, 10) < 10
    assert minutes(world, source, 10) == 10
    source.each = 0
    assert 4 < minutes(world, source, 60) < 60
    minutes(world, source, 120)
    assert minutes(world, source, 20) == 4


def test_what_the_first_poll_finds_is_no_change(world: MirrorWorld, source: Source) -> None:
    source.each = 500
    announce(world, "first", SCHEDULED)
    source.each = 0
    assert minutes(world, source, 10) == 2


def test_who_asks_is_served_whenever_it_was(world: MirrorWorld, source: Source) -> None:
    """A run that an asset started, and a person's request, do not wait for the interval."""
    for number in range(3):
        source.clock.now += timedelta(seconds=1)
        announce(world, f"asset-{number}", Request(poll=True))
        announce(world, f"whole-{number}", Request(whole=True))
    assert len(source.polls) == 6
    announce(world, "scheduled", SCHEDULED)
    assert len(source.polls) == 6


def test_the_site_sets_the_bounds(world: MirrorWorld, source: Source) -> None:
    world = replace(world, settings={"poll_shortest": "60", "poll_longest": "60"})
    announce(world, "first", SCHEDULED)
    assert minutes(world, source, 10) == 10


@dataclass(frozen=True)
class Quota:
    """An account whose day ends at midnight UTC."""

    calls_per_day: int
    budget_name: str = "shop"
    calls_per_minute: int = 1000
    concurrency: int = 5
    timezone: str = "UTC"
    reserved: Mapping[str, float] = field(default_factory=dict)
    patience: float = 0.0
    longest: timedelta = timedelta(minutes=1)


def with_calls_left(world: MirrorWorld, source: Source, *left: int) -> MirrorWorld:
    """The world an hour before midnight, a thousand calls of each budget spent and so many left."""
    source.clock.now = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    gates = []
    for number, calls in enumerate(left):
        quota = Quota(1000 + calls, budget_name=f"shop-{number}")
        world.ledger.budgets.take(quota.budget_name, per_minute=None, per_day=None, n=1000)
        gates.append(Gate(quota, world.ledger.budgets, source.clock, sleep=lambda _: None))
    return replace(world, allowances=tuple(gate.allowance for gate in gates))


@pytest.mark.parametrize("left", [(40,), (40, 100_000), (100_000, 40)])
def test_when_calls_run_short_polls_become_rare(
    world: MirrorWorld, source: Source, left: tuple[int, ...]
) -> None:
    """Calls for four polls in an hour are a quarter of an hour each; the scarcest budget decides."""
    world = with_calls_left(world, source, *left)
    announce(world, "first", SCHEDULED)
    source.each = 500
    assert minutes(world, source, 14) == 0
    assert minutes(world, source, 2) == 1


def test_a_budget_that_is_not_short_changes_nothing(world: MirrorWorld, source: Source) -> None:
    world = with_calls_left(world, source, 100_000)
    announce(world, "first", SCHEDULED)
    assert minutes(world, source, 20) == 4


def test_without_calls_polls_wait_for_midnight(world: MirrorWorld, source: Source) -> None:
    world = with_calls_left(world, source, 9)
    announce(world, "first", SCHEDULED)
    assert minutes(world, source, 59) == 0
    assert minutes(world, source, 3) == 1


@pytest.mark.parametrize(
    "bounds", [{"poll_shortest": "often"}, {"poll_longest": "30"}, {"poll_shortest": "-1"}]
)
def test_bounds_that_are_none_are_said(world: MirrorWorld, bounds: dict[str, str]) -> None:
    world = replace(world, settings=bounds)
    with pytest.raises(ConfigurationError, match="poll_shortest"):
        announce(world, "first", SCHEDULED)
