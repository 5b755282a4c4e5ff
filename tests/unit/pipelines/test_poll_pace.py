"""B14: a mirror flow's source is polled as often as it changes, by a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.connectors.documents import Answer, Document
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


@pytest.mark.parametrize(
    "bounds", [{"poll_shortest": "often"}, {"poll_longest": "30"}, {"poll_shortest": "-1"}]
)
def test_bounds_that_are_none_are_said(world: MirrorWorld, bounds: dict[str, str]) -> None:
    world = replace(world, settings=bounds)
    with pytest.raises(ConfigurationError, match="poll_shortest"):
        announce(world, "first", SCHEDULED)
