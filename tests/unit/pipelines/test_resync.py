"""C12: what may have been missed is made good by a look at everything, which no crash can make forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from include.ledger import Ledger, migrate
from include.pipelines import resync
from include.pipelines.mirrors.announce import Request, announce
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.watch import look

FLOW = "salesforce_customers_to_zoho"


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Source:
    """Remembers how it was asked; ``trouble`` comes once."""

    since: list[datetime | None] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)
    meanwhile: Any = None

    def changes(self, known: Mapping[str, str], since: datetime | None) -> Any:
        self.since.append(since)
        if self.trouble:
            raise self.trouble.pop()
        if self.meanwhile:
            self.meanwhile()
        stub = SimpleNamespace(key="001A", version="2026-11-21T11:00:00.000+0000")
        stubs = [] if known.get(stub.key) == stub.version else [stub]
        return SimpleNamespace(stubs=stubs, gone=[], watermark=datetime(2026, 11, 21, 11, tzinfo=UTC))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(url)
    book = Ledger.connect(url, clock=clock)
    yield book
    book.close()


@pytest.fixture
def world(ledger: Ledger, clock: Clock) -> MirrorWorld:
    flow = SimpleNamespace(
        name=FLOW, entity="customer", event="customer", source="salesforce", target="zoho_inventory"
    )
    return cast(
        "MirrorWorld",
        SimpleNamespace(flow=flow, ledger=ledger, source=Source(), clock=clock, settings={}, allowances=()),
    )


def ask(ledger: Ledger, reason: str = "events were missed") -> None:
    with ledger.database.begin("ask") as connection:
        resync.ask_in(ledger, connection, FLOW, reason)


@pytest.mark.parametrize("request_", [Request(), Request(poll=True), Request(poll=True, when_due=True)])
def test_next_run_looks_at_everything_whatever_started_it(
    ledger: Ledger, world: MirrorWorld, request_: Request
) -> None:
    announce(world, "run-0", Request(poll=True))
    ask(ledger)
    announce(world, "run-1", request_)
    assert cast("Source", world.source).since[-1] is None
    assert resync.owed(ledger, FLOW) is None


def test_debt_is_paid_once(ledger: Ledger, world: MirrorWorld) -> None:
    ask(ledger)
    announce(world, "run-1", Request())
    announce(world, "run-2", Request())
    assert cast("Source", world.source).since == [None]


def test_whole_look_that_fails_is_still_owed(ledger: Ledger, world: MirrorWorld) -> None:
    ask(ledger)
    cast("Source", world.source).trouble.append(ConnectionError())
    with pytest.raises(ConnectionError):
        announce(world, "run-1", Request())
    assert resync.owed(ledger, FLOW) is not None


def test_what_is_missed_during_a_whole_look_asks_for_the_next(
    ledger: Ledger, world: MirrorWorld, clock: Clock
) -> None:
    """It may have passed the record already."""

    def missed() -> None:
        clock.now += timedelta(seconds=1)
        ask(ledger, "more events were missed")

    ask(ledger)
    cast("Source", world.source).meanwhile = missed
    announce(world, "run-1", Request())
    owed = resync.owed(ledger, FLOW)
    assert owed is not None
    assert owed.reason == "more events were missed"


def test_named_records_pay_nothing(ledger: Ledger, world: MirrorWorld) -> None:
    ask(ledger)
    announce(world, "run-1", Request(keys=("001B",)))
    assert resync.owed(ledger, FLOW) is not None


def test_paid_debt_is_remembered_for_people(ledger: Ledger, world: MirrorWorld, clock: Clock) -> None:
    ask(ledger)
    clock.now += timedelta(minutes=1)
    announce(world, "run-1", Request())
    (told,) = resync.all_asked(ledger)
    assert (told.flow, told.reason) == (FLOW, "events were missed")
    assert told.done_at == clock.now


def test_flow_that_was_never_asked_owes_nothing(ledger: Ledger) -> None:
    ask(ledger)
    assert resync.owed(ledger, "another_flow") is None


def test_watch_sees_what_was_missed_and_when_streams_moved(ledger: Ledger, clock: Clock) -> None:
    ask(ledger)
    with ledger.database.begin("keep a place") as connection:
        ledger.cursors.put_in(connection, "change_events/00D/data/AccountChangeEvent", "ff")
    view = look(ledger, [FLOW])
    assert [each.flow for each in view.resyncs] == [FLOW]
    assert view.streams == {"00D/data/AccountChangeEvent": clock.now}
