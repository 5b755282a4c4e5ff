"""Promise 2.2: a run whose counts do not add up is red and its report says so; an honest one is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import delete

from include.errors import SetError, UnbalancedError
from include.ledger import Delivery, Intent, Ledger, Outcome, WriteState, migrate
from include.ledger.tables import inbox
from include.pipelines import settle as stage
from include.pipelines.doubts import announce_stranded
from include.pipelines.flows import ZOHO_ORDERS
from include.pipelines.outcomes import keep
from include.pipelines.ports import Ticket, World
from include.pipelines.report import RunReport

FLOW = ZOHO_ORDERS.name

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A ledger and a staging area; no system is asked when nothing is rejected."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    migrate(url)
    clock = SimpleNamespace(now=NOW)
    ledger = Ledger.connect(url, clock=lambda: clock.now)
    nobody: object = SimpleNamespace()
    root = tmp_path / "staging"
    yield World(
        flow=ZOHO_ORDERS,
        ledger=ledger,
        source=nobody,  # type: ignore[arg-type]
        notes=nobody,  # type: ignore[arg-type]
        reads=nobody,  # type: ignore[arg-type]
        writes=nobody,  # type: ignore[arg-type]
        staging_root=root,
        clock=lambda: clock.now,
    )
    ledger.close()


def carried(world: World, outcomes: dict[str, Outcome]) -> str:
    """Rows of these orders, claimed by a run that found this out; returns its batch."""
    rows = [
        Delivery("zoho_inventory", "salesorder", key, f"d{key}", "v", b"{}", {"origin": "webhook"})
        for key in outcomes
    ]
    world.ledger.inbox.keep_many(FLOW, rows)
    (batch,) = world.ledger.inbox.claim(
        FLOW, batch_size=100, max_batches=1, lease=timedelta(minutes=5), run_id="run"
    )
    keep(world.staging(Ticket("run", batch.id, FLOW)), "load", outcomes)
    return batch.id


def test_an_honest_run_is_kept_and_balances(world: World) -> None:
    batch = carried(world, {"1": Outcome.LOADED, "2": Outcome.UNCHANGED})
    report = RunReport(FLOW, "run")
    counts = stage.settle(world, run_id="run", batches=[batch], report=report)
    assert (counts["received"], counts["loaded"], counts["unchanged"]) == (2, 1, 1)
    assert report.carried_after == [0.0]
    kept = world.ledger.reports.get(FLOW, "run")
    assert kept is not None
    assert kept.balanced


def test_a_run_that_loses_a_row_is_red_and_its_report_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice = Delivery("zoho_inventory", "salesorder", "1", "earlier", "u", b"{}")
    world.ledger.inbox.keep_many(FLOW, [twice])
    batch = carried(world, {"1": Outcome.LOADED})
    real = stage._open_exceptions

    def and_lose(*arguments: object) -> None:
        real(*arguments)  # type: ignore[arg-type]
        with world.ledger.database.begin("plant") as connection:
            connection.execute(delete(inbox).where(inbox.c.delivery_id == "earlier"))

    monkeypatch.setattr(stage, "_open_exceptions", and_lose)
    with pytest.raises(UnbalancedError, match="received 2, accounted for 1"):
        stage.settle(world, run_id="run", batches=[batch])


def test_a_run_that_counts_a_row_twice_is_red_and_its_report_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = carried(world, {"1": Outcome.LOADED})
    monkeypatch.setattr(type(world.ledger.inbox), "settle", lambda *_: {"loaded": 2})
    with pytest.raises(UnbalancedError, match="received 1, accounted for 2"):
        stage.settle(world, run_id="run", batches=[batch])
    kept = world.ledger.reports.get(FLOW, "run")
    assert kept is not None
    assert not kept.balanced
    assert issubclass(UnbalancedError, SetError), "no retry would mend it"


def test_a_doubt_without_any_news_is_looked_at_again_once(world: World) -> None:
    """The record was left out, and its write is still unknown: the next run of the flow reads it back."""
    ledger = world.ledger
    ledger.writes.intend([Intent("w", FLOW, "sales_order", "9", "v", "h")])
    ledger.writes.intend([Intent("c", FLOW, "customer", "77", "v", "h")])
    ledger.writes.mark(["w", "c"], WriteState.IN_DOUBT)
    assert announce_stranded(world) == 0, "somebody may still be at it"
    later = NOW + timedelta(hours=1)
    object.__setattr__(world, "clock", lambda: later)
    assert announce_stranded(world) == 1
    assert announce_stranded(world) == 0
    (row,) = ledger.inbox.history("9")
    assert row.headers == {"origin": "doubt", "recheck": "true"}
    assert ledger.inbox.pending(FLOW) == 1
