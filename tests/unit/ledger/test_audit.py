"""B33: an edited audit trail shows where."""

from __future__ import annotations

import pytest

from include.errors import IntegrationError
from include.ledger import AuditEntry, Ledger
from include.ledger.audit import Head


@pytest.fixture
def chain(ledger: Ledger, clock) -> Ledger:
    for number in range(4):
        clock.pass_(microseconds=number)
        ledger.audit.add(*[AuditEntry("ann", "retried", record_key=f"r{number}", detail="ü\0")] * 3)
    return ledger


def tamper(ledger: Ledger, statement: str) -> None:
    """Edit the table as its owner could, past the triggers."""
    with ledger.database.begin("tamper") as connection:
        if ledger.database.is_postgres:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        else:
            connection.exec_driver_sql("DROP TRIGGER audit_no_update")
            connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
        connection.exec_driver_sql(statement)


def test_an_untouched_trail_is_whole(chain: Ledger) -> None:
    verdict = chain.audit.verify()
    assert (verdict.rows, verdict.broken_at, verdict.head) == (12, None, chain.audit.head())


def test_an_empty_trail_is_whole(ledger: Ledger) -> None:
    ledger.audit.add()
    assert ledger.audit.verify().broken_at is None


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE audit SET detail = 'nothing' WHERE seq = 5", 5),
        ("UPDATE audit SET at = '2026-11-21 12:00:01' WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 7", 8),
        ("UPDATE audit SET hash = 'x' WHERE seq = 12", 12),
        ("UPDATE audit SET seq = 99 WHERE seq = 12", 99),
    ],
)
def test_an_edit_is_found_where_it_was_made(chain: Ledger, statement: str, place: int) -> None:
    tamper(chain, statement)
    assert chain.audit.verify().broken_at == place


def test_rows_cut_off_the_end_are_missed_by_a_noted_head(chain: Ledger) -> None:
    noted = chain.audit.head()
    assert chain.audit.verify(noted).broken_at is None
    tamper(chain, "DELETE FROM audit WHERE seq > 10")
    assert chain.audit.verify().broken_at is None
    assert chain.audit.verify(noted).broken_at == 11


def test_a_trail_written_anew_is_not_the_noted_one(chain: Ledger) -> None:
    assert chain.audit.verify(Head(3, "another hash")).broken_at == 3


@pytest.mark.parametrize("statement", ["DELETE FROM audit", "UPDATE audit SET actor = 'bob'"])
def test_the_database_refuses_edits_to_begin_with(chain: Ledger, statement: str) -> None:
    with pytest.raises(IntegrationError), chain.database.begin("edit") as connection:
        connection.exec_driver_sql(statement)
    assert chain.audit.verify().rows == 12
