"""A7, A16: later events of a record that was set aside wait behind it; nothing is stranded."""

from __future__ import annotations

import pytest

from include.ledger import Ledger, Outcome

FLOW = "zoho_orders_to_sage100"


@pytest.fixture
def set_aside(ledger: Ledger, keep, claim, an_exception):
    """Carry one announcement of ``key`` up to an exception."""

    def set_aside(key: str = "a", disposition: str = "parked") -> int:
        keep(key)
        (batch,) = claim(keys=[key])
        (opened,) = ledger.exceptions.open([an_exception(key, disposition=disposition)])
        outcome = Outcome.PARKED if disposition == "parked" else Outcome.REJECTED
        ledger.inbox.settle(batch.id, {key: outcome})
        return opened

    return set_aside


def test_later_events_of_a_parked_record_wait(ledger: Ledger, keep, claim, set_aside) -> None:
    set_aside("a")
    keep("a", "b", "a")
    assert [batch.keys for batch in claim()] == [("b",)]
    assert ledger.inbox.waiting(FLOW) == [("a", 2)]
    assert ledger.inbox.pending(FLOW) == 0


def test_a_retry_carries_the_parked_row_and_those_behind_it_together(
    ledger: Ledger, keep, claim, set_aside
) -> None:
    opened = set_aside("a")
    keep("a")
    assert claim() == []
    assert ledger.exceptions.start_retry([opened]) == ["a"]
    assert (ledger.inbox.pending(FLOW), ledger.inbox.waiting(FLOW)) == (2, [])
    (batch,) = claim()
    assert [row.version for row in ledger.inbox.batch(batch.id)] == ["v0", "v1"]
    assert ledger.exceptions.resolve(FLOW, ["a"], how="carried") == 1
    assert ledger.inbox.settle(batch.id, {"a": Outcome.LOADED}) == {"loaded": 1, "duplicate": 1}
    assert (ledger.inbox.pending(FLOW), claim()) == (0, [])


def test_two_clicks_on_retry_have_one_effect(ledger: Ledger, set_aside) -> None:
    opened = set_aside("a")
    assert ledger.exceptions.start_retry([opened]) == ["a"]
    assert ledger.exceptions.start_retry([opened]) == []


def test_a_retry_that_fails_again_blocks_again(ledger: Ledger, keep, claim, set_aside, an_exception) -> None:
    opened = set_aside("a")
    ledger.exceptions.start_retry([opened])
    (batch,) = claim()
    assert ledger.exceptions.open([an_exception("a")]) == [opened]
    ledger.inbox.settle(batch.id, {"a": Outcome.PARKED})
    keep("a")
    assert claim() == []
    again = ledger.exceptions.get(opened)
    assert again is not None
    assert (again.state, again.attempts) == ("open", 2)


def test_a_retry_whose_task_dies_is_found_by_the_next_run(ledger: Ledger, claim, set_aside, clock) -> None:
    ledger.exceptions.start_retry([set_aside("a")])
    claim()
    clock.pass_(hours=1)
    assert [batch.keys for batch in claim()] == [("a",)]


def test_a_rejected_record_waits_for_its_source(ledger: Ledger, keep, claim, set_aside) -> None:
    set_aside("a", "rejected")
    assert (ledger.inbox.pending(FLOW), claim()) == (0, [])
    keep("a")
    assert ledger.inbox.pending(FLOW) == 2
    (batch,) = claim()
    assert ledger.inbox.settle(batch.id, {"a": Outcome.LOADED}) == {"loaded": 1, "duplicate": 1}


def test_what_arrives_while_a_record_is_being_rejected_is_newer(
    ledger: Ledger, keep, claim, an_exception, clock
) -> None:
    """The exception is written after the arrival; by clock the new row would look old, and be stranded."""
    keep("a")
    (batch,) = claim()
    keep("a")
    clock.pass_(seconds=5)
    ledger.exceptions.open([an_exception("a", disposition="rejected")])
    ledger.inbox.settle(batch.id, {"a": Outcome.REJECTED})
    assert [other.keys for other in claim()] == [("a",)]


def test_a_rejected_record_may_be_retried_by_hand(ledger: Ledger, claim, set_aside) -> None:
    ledger.exceptions.start_retry([set_aside("a", "rejected")])
    assert [batch.keys for batch in claim()] == [("a",)]


def test_one_parked_reason_blocks_even_beside_a_rejected_one(
    ledger: Ledger, keep, claim, set_aside, an_exception
) -> None:
    set_aside("a", "rejected")
    ledger.exceptions.open([an_exception("a", value="OTHER")])
    keep("a")
    assert claim() == []


def test_a_crash_between_settling_and_the_exception_strands_nothing(ledger: Ledger, keep, claim) -> None:
    keep("a")
    (batch,) = claim()
    ledger.inbox.settle(batch.id, {"a": Outcome.PARKED})
    assert [other.keys for other in claim()] == [("a",)]


def test_a_crash_between_the_exception_and_settling_strands_nothing(
    ledger: Ledger, keep, claim, an_exception, clock
) -> None:
    keep("a")
    claim()
    (opened,) = ledger.exceptions.open([an_exception("a")])
    clock.pass_(hours=1)
    assert claim() == []
    assert ledger.inbox.waiting(FLOW) == [("a", 1)]
    ledger.exceptions.start_retry([opened])
    assert [batch.keys for batch in claim()] == [("a",)]


def test_an_exception_of_another_flow_blocks_nothing(ledger: Ledger, keep, claim, an_exception) -> None:
    ledger.exceptions.open([an_exception("a", flow="other")])
    keep("a")
    assert [batch.keys for batch in claim()] == [("a",)]


def test_what_a_person_skips_is_not_carried_but_later_events_are(
    ledger: Ledger, keep, claim, set_aside
) -> None:
    opened = set_aside("a")
    assert ledger.exceptions.skip(FLOW, ["a"], "test order", actor="ann") == 1
    assert (claim(), ledger.inbox.tally(FLOW)) == ([], {"parked": 1})
    row = ledger.exceptions.get(opened)
    assert row is not None
    assert (row.state, row.resolution) == ("resolved", "test order")
    assert [entry.action for entry in ledger.audit.of_record("a")] == ["skipped"]
    keep("a")
    assert [batch.rows for batch in claim()] == [1]


def test_what_no_run_can_read_is_left_out_in_one_step(
    ledger: Ledger, claim, a_delivery, an_exception
) -> None:
    ledger.exceptions.open([an_exception("unreadable:1")])
    assert ledger.inbox.set_aside(FLOW, a_delivery("unreadable:1"))
    assert not ledger.inbox.set_aside(FLOW, a_delivery("unreadable:1"))
    assert (ledger.inbox.pending(FLOW), ledger.inbox.tally(FLOW)) == (0, {"parked": 1})

    assert ledger.exceptions.skip(FLOW, ["unreadable:1"], "left out: noise", actor="clerk") == 1

    assert ledger.inbox.pending(FLOW) == 0
    assert claim() == []
    assert ledger.exceptions.count(state="open") == 0
