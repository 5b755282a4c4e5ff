"""A24, B54: the books balance by an independent count, and whatever is taken out or made up is found."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, text, update

from include.ledger import Intent, Ledger, Link, Outcome
from include.ledger.tables import batches, crosswalk, exceptions, inbox, writes
from tests.unit.ledger.conftest import FLOW, Clock


@pytest.fixture
def honest(ledger: Ledger, keep, claim, an_exception) -> Ledger:
    """One row of every end, one waiting, one leased."""
    keep("loaded", "unchanged", "parked", "rejected", "twice", "twice", "doubt", "leased")
    (batch,) = claim()
    intent = Intent("w1", FLOW, "sales_order", "loaded", "v", "h")
    ledger.writes.intend([intent])
    ledger.writes.commit(
        {"w1": "0000001"}, [Link("sales_order", "zoho_inventory", "loaded", "sage100", "0000001")]
    )
    ledger.writes.intend([Intent("w2", FLOW, "sales_order", "twice", "v", "h")])
    ledger.writes.commit(
        {"w2": "0000002"}, [Link("sales_order", "zoho_inventory", "twice", "sage100", "0000002")]
    )
    ledger.exceptions.open([an_exception("parked"), an_exception("rejected", disposition="rejected")])
    ledger.inbox.settle(
        batch.id,
        {
            "loaded": Outcome.LOADED,
            "unchanged": Outcome.UNCHANGED,
            "parked": Outcome.PARKED,
            "rejected": Outcome.REJECTED,
            "twice": Outcome.LOADED,
            "doubt": Outcome.IN_DOUBT,
        },
    )
    keep("waiting")
    return ledger


def test_an_honest_history_balances(honest: Ledger) -> None:
    balance = honest.balances.check(FLOW)
    assert balance.findings == []
    assert balance.balanced
    assert (balance.received, dict(balance.counts)) == (
        9,
        {
            "loaded": 2,
            "unchanged": 1,
            "parked": 1,
            "rejected": 1,
            "duplicate": 1,
            "in_doubt": 1,
            "in_flight": 2,
        },
    )
    assert honest.balances.list(FLOW) == [balance]


def test_a_flow_that_never_had_a_row_balances(ledger: Ledger) -> None:
    assert ledger.balances.check("quiet").balanced


PLANTED = {
    "kept_and_gone": delete(inbox).where(inbox.c.record_key == "waiting"),
    "never_kept": text(
        "INSERT INTO inbox (flow, system, event, record_key, delivery_id, payload, received_at) "
        "SELECT flow, system, event, record_key, 'forged', payload, received_at FROM inbox "
        "WHERE record_key = 'waiting'"
    ),
    "loaded_without_write": update(inbox).where(inbox.c.record_key == "unchanged").values(outcome="loaded"),
    "set_aside_without_exception": delete(exceptions).where(exceptions.c.record_key == "parked"),
    "written_without_link": delete(crosswalk).where(crosswalk.c.source_id == "loaded"),
    "leased_by_nobody": update(batches).values(state="settled"),
}


@pytest.mark.parametrize("check", PLANTED)
def test_a_planted_fault_is_found_by_its_name(honest: Ledger, check: str) -> None:
    with honest.database.begin("plant") as connection:
        connection.execute(PLANTED[check])
    balance = honest.balances.check(FLOW)
    assert not balance.balanced
    found = {finding.check: finding for finding in balance.findings}
    assert check in found
    assert found[check].rows == 1
    assert honest.balances.list(FLOW)[0] == balance


def test_a_write_without_its_audit_row_is_found(honest: Ledger) -> None:
    with honest.database.begin("plant") as connection:
        connection.execute(
            insert(writes).values(
                key="w9", flow=FLOW, entity="sales_order", record_key="loaded", state="committed",
                created_at=honest.database.now(), updated_at=honest.database.now(),
            )
        )  # fmt: skip
    (finding,) = honest.balances.check(FLOW).findings
    assert (finding.check, finding.rows, finding.keys) == ("written_without_audit", 1, ("loaded",))


def test_a_lost_row_names_the_moment_it_came(honest: Ledger, clock: Clock, keep) -> None:
    clock.pass_(minutes=7)
    keep("late")
    with honest.database.begin("plant") as connection:
        connection.execute(delete(inbox).where(inbox.c.record_key == "late"))
    (finding,) = honest.balances.check(FLOW).findings
    assert finding.keys == (f"received {clock.now.isoformat()}",)


def test_a_lease_that_nobody_sweeps_is_found(honest: Ledger, clock: Clock) -> None:
    clock.pass_(minutes=20)
    assert honest.balances.check(FLOW).balanced
    clock.pass_(hours=1)
    assert [finding.check for finding in honest.balances.check(FLOW).findings] == ["lease_outlived"]


def test_facts_are_checked_for_the_window_and_the_identity_for_all(honest: Ledger, clock: Clock) -> None:
    with honest.database.begin("plant") as connection:
        connection.execute(delete(crosswalk))
    assert not honest.balances.check(FLOW, since=clock.now - timedelta(days=1)).balanced
    assert honest.balances.check(FLOW, since=clock.now + timedelta(seconds=1)).balanced


def test_a_delivery_that_was_kept_before_counts_once(ledger: Ledger, a_delivery) -> None:
    assert ledger.inbox.keep(FLOW, a_delivery())
    assert not ledger.inbox.keep(FLOW, a_delivery())
    assert ledger.inbox.keep_many(FLOW, [a_delivery(), a_delivery("2")]) == 1
    balance = ledger.balances.check(FLOW)
    assert (balance.received, balance.balanced) == (2, True)
