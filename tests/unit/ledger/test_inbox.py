"""The inbox keeps everything, once, and lets each record be worked on by one batch at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.errors import ConfigurationError, PermanentError
from include.ledger import LeaseLostError, Ledger, Outcome
from include.ledger.inbox import LISTED_AS

FLOW = "zoho_orders_to_sage100"
LEASE = timedelta(minutes=10)


def settled(batch, outcome=Outcome.LOADED):
    return dict.fromkeys(batch.keys, outcome)


def test_a_delivery_is_kept_once(ledger: Ledger, a_delivery) -> None:
    assert ledger.inbox.keep(FLOW, a_delivery())
    assert not ledger.inbox.keep(FLOW, a_delivery())
    assert ledger.inbox.pending(FLOW) == 1


def test_another_flow_keeps_the_same_delivery_for_itself(ledger: Ledger, a_delivery) -> None:
    assert ledger.inbox.keep(FLOW, a_delivery())
    assert ledger.inbox.keep("zoho_orders_to_salesforce", a_delivery())


def test_keep_many_says_how_many_were_new(ledger: Ledger, a_delivery) -> None:
    ledger.inbox.keep(FLOW, a_delivery("1"))
    many = [a_delivery(str(number)) for number in range(2500)]
    assert ledger.inbox.keep_many(FLOW, [*many, *many]) == 2499
    assert ledger.inbox.keep_many(FLOW, []) == 0


def test_what_nobody_is_to_carry_is_kept_once_and_done(ledger: Ledger, a_delivery) -> None:
    assert ledger.inbox.file_many("clarity_ecommerce", [a_delivery("1"), a_delivery("2")]) == 2
    assert ledger.inbox.file_many("clarity_ecommerce", [a_delivery("2")]) == 0
    assert ledger.inbox.pending("clarity_ecommerce") == 0
    assert ledger.inbox.tally("clarity_ecommerce") == {"unchanged": 2}
    assert ledger.balances.check("clarity_ecommerce").balanced


def test_bytes_headers_and_odd_text_come_back(ledger: Ledger, a_delivery, claim) -> None:
    payload = bytes(range(256))
    ledger.inbox.keep(FLOW, a_delivery("k\0ey\ud800", payload=payload, headers={"x": "Ünïcode \0"}))
    (batch,) = claim()
    (row,) = ledger.inbox.batch(batch.id)
    assert (row.payload, row.headers) == (payload, {"x": "Ünïcode \0"})
    assert ledger.inbox.settle(batch.id, settled(batch)) == {"loaded": 1}


def test_a_key_that_no_index_holds_is_refused_for_good(ledger: Ledger, a_delivery) -> None:
    with pytest.raises(PermanentError, match="above 400 characters"):
        ledger.inbox.keep(FLOW, a_delivery("9" * 401))


def test_a_flow_is_listed_until_all_its_rows_are_at_their_end(
    ledger: Ledger, keep, claim, clock, a_delivery
) -> None:
    assert ledger.inbox.flows() == set()
    ledger.inbox.keep("zoho_orders_to_salesforce", a_delivery())
    keep("a", "a")
    assert ledger.inbox.flows() == {FLOW, "zoho_orders_to_salesforce"}
    (batch,) = claim()
    assert FLOW in ledger.inbox.flows(), "its lease may run out"
    clock.pass_(seconds=2 * LEASE.total_seconds())
    assert ledger.inbox.pending(FLOW)
    assert FLOW in ledger.inbox.flows()
    (batch,) = claim()
    ledger.inbox.settle(batch.id, settled(batch))
    assert ledger.inbox.flows() == {"zoho_orders_to_salesforce"}


def test_batches_follow_the_order_of_arrival(keep, claim) -> None:
    keep("c", "a", "b", "a", "d", "c")
    batches = claim(batch_size=2)
    assert [batch.keys for batch in batches] == [("c", "a"), ("b", "d")]
    assert [batch.rows for batch in batches] == [4, 2]


def test_a_claim_takes_no_more_than_asked_for(keep, claim) -> None:
    keep(*"abcdef")
    assert [batch.keys for batch in claim(batch_size=2, max_batches=2)] == [("a", "b"), ("c", "d")]


def test_a_claim_may_name_its_records(keep, claim) -> None:
    keep(*"abc")
    assert [batch.keys for batch in claim(keys=["b", "z"])] == [("b",)]
    assert claim(keys=[]) == []


def test_a_flow_may_have_its_batches_one_after_the_other(ledger: Ledger, keep, clock) -> None:
    keep("1", "2")
    asked = {"batch_size": 1, "max_batches": 1, "lease": LEASE, "run_id": "run", "alone": True}
    (first,) = ledger.inbox.claim(FLOW, **asked)
    assert ledger.inbox.claim(FLOW, **asked) == []
    ledger.inbox.settle(first.id, settled(first))
    (second,) = ledger.inbox.claim(FLOW, **asked)
    assert second.keys == ("2",)
    clock.pass_(minutes=10)
    assert [batch.keys for batch in ledger.inbox.claim(FLOW, **asked)] == [("2",)]


def test_a_record_keeps_the_place_of_its_first_announcement(ledger: Ledger, keep, claim) -> None:
    keep("1", "2")
    (batch,) = claim()
    ledger.inbox.settle(batch.id, settled(batch))
    keep("1")
    places = ledger.inbox.places(FLOW, ["2", "1", "9"])
    assert sorted(places, key=places.__getitem__) == ["1", "2"]


def test_what_lists_show_of_a_version_is_remembered_by_record_and_version(ledger: Ledger, a_delivery) -> None:
    told = [("1", "v1", "10:00"), ("1", "v2", "10:05"), ("2", "v2", "10:05"), ("3", "v1", "")]
    ledger.inbox.keep_many(
        FLOW,
        [a_delivery(key, version, headers={LISTED_AS: mark} if mark else {}) for key, version, mark in told],
    )
    ledger.inbox.keep("another", a_delivery("1", "v2", headers={LISTED_AS: "11:00"}))
    assert ledger.inbox.listed(FLOW, {"1": "v2", "2": "v1", "3": "v1", "4": "v1"}) == {"1": {"10:05"}}


def test_rows_of_a_held_record_wait_for_its_batch(ledger: Ledger, keep, claim) -> None:
    keep("a")
    (batch,) = claim()
    keep("a")
    assert claim() == []
    assert ledger.inbox.pending(FLOW) == 0
    ledger.inbox.settle(batch.id, settled(batch))
    assert ledger.inbox.pending(FLOW) == 1
    assert [other.keys for other in claim()] == [("a",)]


def test_a_record_held_by_one_flow_is_not_given_to_another(ledger: Ledger, keep, claim) -> None:
    keep("a")
    keep("a", "b", flow="replay")
    (batch,) = claim()
    assert [other.keys for other in claim("replay")] == [("b",)]
    ledger.inbox.release(batch.id)
    assert [other.keys for other in claim("replay")] == [("a",)]


def test_the_newest_row_takes_the_outcome_and_the_others_are_duplicates(ledger: Ledger, keep, claim) -> None:
    keep("a", "b", "a", "a")
    (batch,) = claim()
    counts = ledger.inbox.settle(batch.id, {"a": Outcome.LOADED, "b": Outcome.UNCHANGED})
    assert counts == {"loaded": 1, "unchanged": 1, "duplicate": 2}
    assert [row.outcome for row in ledger.inbox.batch(batch.id)] == [
        "duplicate", "unchanged", "duplicate", "loaded",
    ]  # fmt: skip
    assert ledger.inbox.tally(FLOW) == counts


def test_an_outcome_may_be_its_name_but_no_other_word(ledger: Ledger, keep, claim) -> None:
    keep("a")
    (batch,) = claim()
    with pytest.raises(ValueError, match="'fine' is not a valid Outcome"):
        ledger.inbox.settle(batch.id, {"a": "fine"})
    assert ledger.inbox.settle(batch.id, {"a": "loaded"}) == {"loaded": 1}


def test_settling_twice_changes_nothing(ledger: Ledger, keep, claim) -> None:
    keep("a", "a")
    (batch,) = claim()
    first = ledger.inbox.settle(batch.id, settled(batch))
    assert ledger.inbox.settle(batch.id, settled(batch, Outcome.PARKED)) == first


def test_what_is_not_settled_can_be_settled_later_or_given_back(ledger: Ledger, keep, claim, clock) -> None:
    keep("a", "b", "c")
    (batch,) = claim()
    assert ledger.inbox.settle(batch.id, {"a": Outcome.LOADED}) == {"loaded": 1}
    assert ledger.inbox.settle(batch.id, {"a": Outcome.PARKED, "b": Outcome.UNCHANGED}) == {
        "loaded": 1,
        "unchanged": 1,
    }
    assert ledger.inbox.release(batch.id, not_before=clock() + timedelta(seconds=30)) == 1
    assert ledger.inbox.release(batch.id) == 0
    assert (ledger.inbox.pending(FLOW), claim()) == (0, [])
    clock.pass_(seconds=30)
    assert ledger.inbox.pending(FLOW) == 1
    (again,) = claim()
    assert [row.attempts for row in ledger.inbox.batch(again.id)] == [2]


def test_a_newer_row_brings_along_one_that_is_not_due(ledger: Ledger, keep, claim, clock) -> None:
    keep("a")
    (batch,) = claim()
    ledger.inbox.release(batch.id, not_before=clock() + timedelta(hours=1))
    keep("a")
    assert [other.rows for other in claim()] == [2]


def test_settling_after_giving_back_is_refused(ledger: Ledger, keep, claim) -> None:
    keep("a")
    (batch,) = claim()
    ledger.inbox.release(batch.id)
    with pytest.raises(LeaseLostError):
        ledger.inbox.settle(batch.id, settled(batch))
    assert ledger.inbox.tally(FLOW) == {"pending": 1}


def test_an_expired_lease_is_claimable_again(ledger: Ledger, keep, claim, clock) -> None:
    keep("a", "b")
    (lost,) = claim()
    clock.pass_(minutes=10)
    assert ledger.inbox.pending(FLOW) == 2
    (found,) = claim()
    assert found.keys == lost.keys
    assert not ledger.inbox.renew(lost.id, LEASE)
    with pytest.raises(LeaseLostError, match="taken by another run"):
        ledger.inbox.settle(lost.id, settled(lost))
    assert ledger.inbox.release(lost.id) == 0
    assert ledger.inbox.settle(found.id, settled(found)) == {"loaded": 2}


def test_an_expired_lease_that_nobody_noticed_still_settles(ledger: Ledger, keep, claim, clock) -> None:
    keep("a")
    (batch,) = claim()
    clock.pass_(hours=1)
    assert ledger.inbox.settle(batch.id, settled(batch)) == {"loaded": 1}


def test_a_lost_batch_whose_rows_nobody_took_still_settles(ledger: Ledger, keep, claim, clock) -> None:
    keep("a")
    (batch,) = claim()
    clock.pass_(hours=1)
    assert claim("another flow") == []  # its sweep finds the dead batch
    assert ledger.inbox.tally(FLOW) == {"pending": 1}
    assert ledger.inbox.settle(batch.id, settled(batch)) == {"loaded": 1}
    assert claim() == []


def test_a_lost_batch_can_be_given_back(ledger: Ledger, keep, claim, clock) -> None:
    keep("a")
    (batch,) = claim()
    clock.pass_(hours=1)
    claim("another flow")
    assert ledger.inbox.release(batch.id) == 1


def test_a_renewed_lease_holds(ledger: Ledger, keep, claim, clock) -> None:
    keep("a")
    (batch,) = claim()
    clock.pass_(minutes=9)
    assert ledger.inbox.renew(batch.id, LEASE)
    clock.pass_(minutes=9)
    assert claim() == []


def test_a_run_that_claims_anew_gives_back_what_its_killed_try_held(ledger: Ledger, keep, claim) -> None:
    keep("a", "b")
    assert len(claim(batch_size=1)) == 2
    assert claim() == []
    assert ledger.inbox.release_run(FLOW, "another run") == 0
    assert ledger.inbox.release_run(FLOW, "run") == 2
    assert [batch.keys for batch in claim()] == [("a", "b")]


def test_an_unknown_batch_is_nobodys(ledger: Ledger) -> None:
    with pytest.raises(PermanentError, match="no batch 'nil'"):
        ledger.inbox.settle("nil", {})


def test_a_record_in_doubt_comes_back_by_itself_and_less_and_less_often(
    ledger: Ledger, keep, claim, clock
) -> None:
    keep("a")
    for seconds in (30, 60, 120):
        (batch,) = claim()
        ledger.inbox.settle(batch.id, settled(batch, Outcome.IN_DOUBT))
        assert ledger.inbox.tally(FLOW) == {"in_doubt": 1}
        clock.pass_(seconds=seconds - 1)
        assert claim() == []
        clock.pass_(seconds=1)


def test_the_history_of_a_record_is_newest_first(ledger: Ledger, keep, claim) -> None:
    keep("a", "b", "a")
    claim()
    assert [row.version for row in ledger.inbox.history("a")] == ["v2", "v0"]


def test_a_tally_may_look_at_a_window(ledger: Ledger, keep, clock) -> None:
    keep("a")
    clock.pass_(hours=2)
    keep("b", "c")
    assert ledger.inbox.tally(FLOW, since=clock() - timedelta(hours=1)) == {"pending": 2}


def test_an_empty_database_says_what_to_do(tmp_path) -> None:
    ledger = Ledger.connect(f"sqlite:///{tmp_path}/none.sqlite")
    with pytest.raises(ConfigurationError, match=r"include\.ledger migrate"):
        ledger.inbox.pending(FLOW)
    ledger.close()
