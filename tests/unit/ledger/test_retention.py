"""What is over and done with goes; what is open, or keeps an order from being written twice, stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.ledger import Intent, Ledger, Outcome, WriteState
from tests.unit.ledger.conftest import FLOW, Clock

YEAR = timedelta(days=365)


@pytest.fixture
def carry(ledger: Ledger, claim):
    def carry(**outcomes: Outcome) -> None:
        for batch in claim():
            ledger.inbox.settle(batch.id, {key: outcomes[key] for key in batch.keys})

    return carry


def rows_of(ledger: Ledger, key: str) -> list[str]:
    return [
        f"{row.outcome or row.state}{'' if row.payload else ' (empty)'}" for row in ledger.inbox.history(key)
    ]


def test_of_an_old_record_its_last_end_stays_without_a_body(
    ledger: Ledger, keep, carry, clock: Clock, a_delivery
) -> None:
    keep("a")
    carry(a=Outcome.LOADED)
    keep("a", "a")
    carry(a=Outcome.UNCHANGED)
    last = ledger.inbox.history("a")[0]
    clock.pass_(days=100)
    assert ledger.retention.prune(FLOW, clock.now - timedelta(days=90))["inbox"] == 2
    assert rows_of(ledger, "a") == ["unchanged (empty)"]
    again = a_delivery("a", delivery_id=last.delivery_id)
    assert not ledger.inbox.keep(FLOW, again), "a repeated delivery is still recognised"
    assert ledger.balances.check(FLOW).balanced


def test_within_the_retention_every_delivery_is_recognised(ledger: Ledger, keep, carry, clock: Clock) -> None:
    for _ in range(3):
        keep("a")
        carry(a=Outcome.LOADED)
        clock.pass_(days=40)
    forgotten = ledger.retention.prune(FLOW, clock.now - timedelta(days=90))
    assert (forgotten["inbox"], forgotten["bodies"]) == (1, 0), "what is deleted needs no emptying"
    assert rows_of(ledger, "a") == ["loaded", "loaded"]


def test_nothing_that_is_open_is_touched(ledger: Ledger, keep, carry, clock: Clock, an_exception) -> None:
    outcomes = {"parked": Outcome.PARKED, "rejected": Outcome.REJECTED, "doubt": Outcome.IN_DOUBT}
    keep("parked", "rejected", "doubt", "reasoned", "written")
    carry(**outcomes, reasoned=Outcome.LOADED, written=Outcome.LOADED)
    ledger.exceptions.open(
        [an_exception("parked"), an_exception("rejected", disposition="rejected"), an_exception("reasoned")]
    )
    ledger.writes.intend([Intent("w", FLOW, "sales_order", "written", "v", "h")])
    ledger.writes.mark(["w"], WriteState.SENT)
    keep("reasoned", "written", "pending")
    clock.pass_(days=400)
    keys = ["parked", "rejected", "doubt", "reasoned", "written", "pending"]
    before = {key: rows_of(ledger, key) for key in keys}
    forgotten = ledger.retention.prune(FLOW, clock.now)
    assert {key: rows_of(ledger, key) for key in keys} == before
    assert (forgotten["inbox"], forgotten["bodies"], forgotten["exceptions"]) == (0, 0, 0)
    assert ledger.inbox.waiting(FLOW) == [("reasoned", 1)]


def test_a_run_that_died_is_still_told_from_one_that_wrote(ledger: Ledger, keep, carry, clock: Clock) -> None:
    """``Writes.unreported`` needs the row that says *loaded*."""
    ledger.writes.intend([Intent("w", FLOW, "sales_order", "a", "v", "h")])
    ledger.writes.commit({"w": "1"})
    keep("a")
    carry(a=Outcome.LOADED)
    clock.pass_(days=400)
    ledger.retention.prune(FLOW, clock.now)
    assert ledger.writes.unreported(FLOW, "sales_order", ["a"]) == set()


def test_what_ended_beside_the_inbox_goes_too(
    ledger: Ledger, keep, carry, clock: Clock, an_exception
) -> None:
    wake = ledger.wakes.request(FLOW)
    assert wake is not None
    ledger.wakes.answer(FLOW, "r")
    keep("a")
    carry(a=Outcome.LOADED)
    ledger.exceptions.open([an_exception("gone"), an_exception("open", value="X")])
    ledger.exceptions.resolve(FLOW, ["gone"], how="carried by r")
    ledger.reports.save(flow=FLOW, run_id="r", counts={"received": 0})
    ledger.balances.check(FLOW)
    clock.pass_(days=100)
    forgotten = ledger.retention.prune(FLOW, clock.now - timedelta(days=90))
    assert {name: forgotten[name] for name in ("exceptions", "batches", "wakes", "reports", "balances")} == {
        "exceptions": 1, "batches": 1, "wakes": 1, "reports": 1, "balances": 1,
    }  # fmt: skip
    assert [row.record_key for row in ledger.exceptions.list()] == ["open"]
    assert ledger.retention.prune("other", clock.now)["inbox"] == 0


def test_staged_sets_of_unresolved_exceptions_are_named(ledger: Ledger, an_exception) -> None:
    ledger.exceptions.open(
        [an_exception("1", payload_ref="/staging/a"), an_exception("2", value="X", payload_ref="/staging/b")]
    )
    ledger.exceptions.resolve(FLOW, ["2"], how="carried by r")
    assert ledger.retention.referenced(FLOW) == {"/staging/a"}
