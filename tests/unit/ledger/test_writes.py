"""§3.3: what we meant to do, how far it got, and never twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from include.errors import PermanentError
from include.ledger import AuditEntry, Batch, Intent, Ledger, Link, Outcome, WriteState

FLOW = "zoho_orders_to_sage100"


def an_intent(key: str = "k1", **overrides) -> Intent:
    values = {"flow": FLOW, "entity": "sales_order", "record_key": f"r-{key}", "source_version": "v1"}
    return Intent(key=key, request_hash="hash", **{**values, **overrides})


def test_an_intent_is_written_once_and_its_state_recalled(ledger: Ledger) -> None:
    assert ledger.writes.intend([an_intent("k1"), an_intent("k2"), an_intent("k1")]) == {
        "k1": WriteState.INTENDED,
        "k2": WriteState.INTENDED,
    }
    ledger.writes.mark(["k1"], WriteState.SENT)
    assert ledger.writes.intend([an_intent("k1"), an_intent("k3")]) == {
        "k1": WriteState.SENT,
        "k3": WriteState.INTENDED,
    }
    assert ledger.writes.intend([]) == {}


def test_marks_are_set_in_one_statement_with_their_details(ledger: Ledger) -> None:
    keys = [f"k{number}" for number in range(1200)]
    ledger.writes.intend([an_intent(key) for key in keys])
    moved = ledger.writes.mark(
        keys, WriteState.REFUSED, target_ids={"k1": "0000001"}, detail={"k2": "credit_hold"}
    )
    assert moved == 1200
    known = ledger.writes.get(["k1", "k2", "k3", "unknown"])
    assert sorted(known) == ["k1", "k2", "k3"]
    assert [(known[key].target_id, known[key].detail) for key in sorted(known)] == [
        ("0000001", ""), ("", "credit_hold"), ("", ""),
    ]  # fmt: skip
    assert {write.state for write in known.values()} == {WriteState.REFUSED}
    assert ledger.writes.mark([], WriteState.SENT) == 0


def test_a_commit_is_one_transaction_with_its_link_and_audit(ledger: Ledger) -> None:
    """C21: an audit row for every write."""
    ledger.writes.intend([an_intent("k1")])
    link = Link("sales_order", "zoho_inventory", "r-k1", "sage100", "0000001")
    ledger.writes.commit({"k1": "0000001"}, [link])
    write = ledger.writes.get(["k1"])["k1"]
    assert (write.state, write.target_id) == (WriteState.COMMITTED, "0000001")
    assert ledger.crosswalk.find("sales_order", "zoho_inventory", ["r-k1"], "sage100") == {"r-k1": link}
    (entry,) = ledger.audit.of_record("r-k1")
    assert (entry.action, entry.target_id, entry.after) == ("committed", "0000001", "hash")


def test_a_commit_that_cannot_be_whole_is_not_at_all(ledger: Ledger) -> None:
    ledger.writes.intend([an_intent("k1")])
    link = Link("sales_order", "zoho_inventory", "r-k1", "sage100", "0000001")
    with pytest.raises(PermanentError, match="1 writes to commit were never intended"):
        ledger.writes.commit({"k1": "0000001", "k2": "0000002"}, [link])
    assert ledger.writes.get(["k1"])["k1"].state is WriteState.INTENDED
    assert ledger.crosswalk.named("r-k1") == []
    assert ledger.audit.head().seq == 0


def test_committed_is_final(ledger: Ledger) -> None:
    ledger.writes.intend([an_intent("k1")])
    ledger.writes.commit({"k1": "0000001"})
    ledger.writes.commit({"k1": "0000009"})
    assert ledger.writes.mark(["k1"], WriteState.IN_DOUBT) == 0
    write = ledger.writes.get(["k1"])["k1"]
    assert (write.state, write.target_id) == (WriteState.COMMITTED, "0000001")
    assert len(ledger.audit.of_record("r-k1")) == 1


def test_a_caller_may_say_what_is_audited(ledger: Ledger) -> None:
    ledger.writes.intend([an_intent("k1")])
    ledger.writes.commit({"k1": "1"}, audits=[AuditEntry(actor="ann", action="adopted", record_key="x")])
    assert ledger.audit.of_record("r-k1") == []
    assert len(ledger.audit.of_record("x")) == 1
    ledger.writes.commit({})


def test_writes_in_doubt_are_listed_with_those_that_nobody_heard_of_again(ledger: Ledger, clock) -> None:
    ledger.writes.intend([an_intent(key) for key in ("k1", "k2", "k3", "k4")])
    ledger.writes.mark(["k1"], WriteState.IN_DOUBT)
    ledger.writes.mark(["k2"], WriteState.SENT)
    clock.pass_(minutes=30)
    ledger.writes.mark(["k3"], WriteState.SENT)
    assert [write.key for write in ledger.writes.in_doubt(FLOW)] == ["k1"]
    stale = ledger.writes.in_doubt(FLOW, sent_before=clock() - timedelta(minutes=10))
    assert [write.key for write in stale] == ["k1", "k2"]
    assert ledger.writes.in_doubt("other") == []


def test_refusals_are_counted_by_record(ledger: Ledger) -> None:
    ledger.writes.intend([an_intent("k1", record_key="r"), an_intent("k2", record_key="r"), an_intent("k3")])
    ledger.writes.mark(["k1", "k2"], WriteState.REFUSED)
    assert ledger.writes.refusals(FLOW, "sales_order", ["r", "r-k3"]) == {"r": 2}
    assert ledger.writes.refusals(FLOW, "customer", ["r"]) == {}


def test_what_was_written_and_never_reported_is_found(
    ledger: Ledger, clock: Any, keep: Callable[..., None], claim: Callable[..., list[Batch]]
) -> None:
    """A run that is killed between its commit and its books leaves this behind for the next one."""
    keep("r-k1", "r-k2")
    (batch,) = claim()
    ledger.writes.intend([an_intent("k1"), an_intent("k2"), an_intent("k3")])
    ledger.writes.commit({"k1": "0000001", "k2": "0000002"})
    asked = (FLOW, "sales_order", ["r-k1", "r-k2", "r-k3"])
    assert ledger.writes.unreported(*asked) == {"r-k1", "r-k2"}
    ledger.inbox.settle(batch.id, {"r-k1": Outcome.LOADED, "r-k2": Outcome.PARKED})
    assert ledger.writes.unreported(*asked) == {"r-k2"}
    clock.pass_(seconds=1)
    ledger.writes.intend([an_intent("k4", record_key="r-k1", source_version="v2")])
    ledger.writes.commit({"k4": "0000001"})
    assert ledger.writes.unreported(*asked) == {"r-k1", "r-k2"}
