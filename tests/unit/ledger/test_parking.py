"""A flow waits in one place, for the longest of its reasons, and its batches go back by intention."""

from __future__ import annotations

from datetime import timedelta

from include.ledger import Ledger, Outcome

FLOW = "zoho_orders_to_sage100"


def test_a_parked_flow_is_told_until_when_and_why(ledger: Ledger, clock) -> None:
    assert ledger.parking.get(FLOW) is None
    until = clock() + timedelta(hours=1)
    parked = ledger.parking.park(FLOW, until, reason="blocked for an hour")
    assert (parked.since, parked.until, parked.reason) == (clock(), until, "blocked for an hour")
    assert ledger.parking.get(FLOW) == parked
    assert ledger.parking.standing() == [parked]
    assert ledger.parking.get("another") is None


def test_of_several_reasons_the_longest_counts(ledger: Ledger, clock) -> None:
    hour = ledger.parking.park(FLOW, clock() + timedelta(hours=1), reason="blocked for an hour")
    assert ledger.parking.park(FLOW, clock() + timedelta(seconds=30), reason="no answer") == hour
    day = ledger.parking.park(FLOW, clock() + timedelta(hours=9), reason="the day is spent")
    assert (day.reason, day.since) == ("the day is spent", hour.since)


def test_it_ends_by_itself(ledger: Ledger, clock) -> None:
    ledger.parking.park(FLOW, clock() + timedelta(hours=1), reason="blocked")
    clock.pass_(hours=1)
    assert ledger.parking.get(FLOW) is None
    assert ledger.parking.standing() == []


def test_the_beginning_is_remembered_until_the_flow_goes_on(ledger: Ledger, clock) -> None:
    since = clock()
    for _ in range(3):
        parked = ledger.parking.park(FLOW, clock() + timedelta(seconds=30), reason="no answer")
        assert parked.since == since
        clock.pass_(seconds=31)
    assert ledger.parking.lift(FLOW) is True
    assert ledger.parking.lift(FLOW) is False
    assert ledger.parking.park(FLOW, clock() + timedelta(seconds=30), reason="again").since == clock()


def test_a_batch_that_is_deferred_says_so(ledger: Ledger, keep, claim) -> None:
    keep("a", "b")
    first, second = claim(batch_size=1)
    ledger.parking.defer(first.id)
    assert (ledger.parking.deferred(first.id), ledger.parking.deferred(second.id)) == (True, False)
    assert ledger.parking.deferred("no such batch") is False


def test_a_batch_that_has_ended_is_not_deferred_any_more(ledger: Ledger, keep, claim) -> None:
    keep("a")
    (batch,) = claim()
    ledger.inbox.settle(batch.id, {"a": Outcome.LOADED})
    ledger.parking.defer(batch.id)
    assert ledger.parking.deferred(batch.id) is False
