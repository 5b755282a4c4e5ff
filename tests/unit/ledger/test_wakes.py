"""A11: a burst wakes one run, and nothing that was announced is left lying."""

from __future__ import annotations

from datetime import timedelta

from include.ledger import Ledger

FLOW = "zoho_orders_to_sage100"


def test_one_wake_at_a_time(ledger: Ledger) -> None:
    assert ledger.wakes.request(FLOW) is not None
    assert ledger.wakes.request(FLOW) is None
    assert ledger.wakes.request("another flow") is not None


def test_an_answer_makes_room_for_the_next_wake(ledger: Ledger) -> None:
    first = ledger.wakes.request(FLOW)
    assert ledger.wakes.answer(FLOW, "run 1")
    assert not ledger.wakes.answer(FLOW, "run 2")
    second = ledger.wakes.request(FLOW)
    assert first is not None
    assert second is not None
    assert second.id != first.id


def test_a_wake_whose_run_never_came_expires(ledger: Ledger, clock) -> None:
    ledger.wakes.request(FLOW)
    clock.pass_(seconds=59)
    assert ledger.wakes.request(FLOW) is None
    clock.pass_(seconds=1)
    again = ledger.wakes.request(FLOW)
    assert again is not None
    assert again.expires_at == clock() + timedelta(seconds=60)
    assert ledger.wakes.request(FLOW) is None


def test_a_wake_that_could_not_be_delivered_is_withdrawn(ledger: Ledger) -> None:
    wake = ledger.wakes.request(FLOW)
    assert wake is not None
    ledger.wakes.withdraw(wake)
    assert ledger.wakes.outstanding(FLOW) is not None
    assert ledger.wakes.request(FLOW) is not None


def test_nobody_is_outstanding_after_an_answer(ledger: Ledger) -> None:
    assert ledger.wakes.outstanding(FLOW) is None
    ledger.wakes.request(FLOW)
    ledger.wakes.answer(FLOW, "run")
    assert ledger.wakes.outstanding(FLOW) is None
