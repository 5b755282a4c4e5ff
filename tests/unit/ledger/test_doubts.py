"""Promise 2.8: doubts and blocked records are listed with what a person can do, and a word ends a doubt."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.errors import PermanentError
from include.ledger import Intent, Ledger, Outcome, WriteState
from tests.unit.ledger.conftest import FLOW, Clock


@pytest.fixture
def doubtful(ledger: Ledger):
    def doubtful(record_key: str, key: str = "w1") -> None:
        ledger.writes.intend([Intent(key, FLOW, "sales_order", record_key, "v1", "hash")])
        ledger.writes.mark([key], WriteState.IN_DOUBT, detail={key: "504"})

    return doubtful


def test_a_doubt_is_listed_with_its_age_and_its_next_look(
    ledger: Ledger, doubtful, keep, claim, clock: Clock
) -> None:
    made = clock.now
    doubtful("1001")
    keep("1001")
    (batch,) = claim()
    clock.pass_(minutes=1)
    ledger.inbox.settle(batch.id, {"1001": Outcome.IN_DOUBT})
    (doubt,) = ledger.doubts.list(FLOW)
    assert (doubt.record_key, doubt.state, doubt.detail, doubt.attempts) == ("1001", "in_doubt", "504", 1)
    assert doubt.since == made
    assert doubt.next_look == clock.now + timedelta(seconds=30)
    assert ledger.doubts.list("other") == []


def test_stranded_is_what_nothing_would_look_at_again(
    ledger: Ledger, doubtful, keep, claim, clock: Clock
) -> None:
    doubtful("1001", "w1")
    doubtful("1002", "w2")
    keep("1001", "1002")
    (batch,) = claim()
    ledger.inbox.settle(batch.id, {"1001": Outcome.IN_DOUBT, "1002": Outcome.UNCHANGED})
    assert ledger.doubts.stranded(FLOW, before=clock.now) == [], "too young"
    clock.pass_(hours=1)
    assert [doubt.key for doubt in ledger.doubts.stranded(FLOW, before=clock.now)] == ["w2"]


def test_a_person_who_has_seen_it_there_links_it(ledger: Ledger, doubtful) -> None:
    doubtful("1001")
    ended = ledger.doubts.confirm(
        "w1", "0000042", source_system="zoho", target_system="sage", actor="ann", natural_key="SO-7"
    )
    assert (ended.record_key, ended.state) == ("1001", "committed")
    link = ledger.crosswalk.find("sales_order", "zoho", ["1001"], "sage")["1001"]
    assert (link.target_id, link.origin, link.natural_key) == ("0000042", "confirmed by ann", "SO-7")
    assert ledger.writes.get(["w1"])["w1"].state is WriteState.COMMITTED
    assert [(entry.actor, entry.action) for entry in ledger.audit.of_record("1001")] == [("ann", "confirmed")]
    assert ledger.doubts.list(FLOW) == []
    assert ledger.balances.check(FLOW).balanced


def test_a_person_who_has_not_found_it_lets_it_be_sent_again(ledger: Ledger, doubtful) -> None:
    doubtful("1001")
    ledger.doubts.deny("w1", actor="ann")
    assert ledger.writes.get(["w1"])["w1"].state is WriteState.REFUSED
    assert ledger.writes.refusals(FLOW, "sales_order", ["1001"]) == {"1001": 1}, "a new question"
    assert [entry.action for entry in ledger.audit.of_record("1001")] == ["denied"]


def test_what_has_an_end_is_nobodys_to_decide(ledger: Ledger, doubtful) -> None:
    doubtful("1001")
    ledger.writes.commit({"w1": "0000001"})
    for decide in (
        lambda: ledger.doubts.deny("w1", actor="ann"),
        lambda: ledger.doubts.confirm("w1", "9", source_system="z", target_system="s", actor="ann"),
        lambda: ledger.doubts.deny("nothing", actor="ann"),
    ):
        with pytest.raises(PermanentError, match="no such write"):
            decide()
    assert ledger.writes.get(["w1"])["w1"].target_id == "0000001"


def test_what_waits_is_listed_with_what_it_waits_behind(
    ledger: Ledger, keep, claim, an_exception, clock: Clock
) -> None:
    keep("1001", "1002")
    (batch,) = claim()
    ledger.exceptions.open(
        [
            an_exception("1001"),
            an_exception("1001", field="terms"),
            an_exception("1002", disposition="rejected"),
        ]
    )
    ledger.inbox.settle(batch.id, {"1001": Outcome.PARKED, "1002": Outcome.REJECTED})
    assert ledger.doubts.waiting(FLOW) == [], "nothing newer has come"
    clock.pass_(minutes=5)
    first = clock.now
    keep("1001")
    clock.pass_(minutes=5)
    keep("1001", "1002")
    (waiting,) = ledger.doubts.waiting(FLOW)
    assert (waiting.record_key, waiting.record_label, waiting.rows, waiting.since) == (
        "1001",
        "SO-1001",
        2,
        first,
    )
    (known,) = [row for row in ledger.exceptions.list(record_key="1001") if row.id == waiting.exception_id]
    assert waiting.code == known.code
    ledger.exceptions.start_retry([waiting.exception_id])
    assert ledger.doubts.waiting(FLOW) == []
