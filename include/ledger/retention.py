"""What the ledger may forget, and what it never does.

Deleted are announcements that ended long ago *and* are not the last of their record that was carried;
that last one stays, without its body: by it a repeated delivery is recognised, and a run that died is
told from one that wrote. Nothing pending, leased, parked, rejected or in doubt is touched, nor any row
of a record with an open exception or a write in doubt. Crosswalk, writes, audit, cursors and rates
are never pruned here: they keep an order from being written twice. What a target was told of a record goes
with the link of it; a person's data is erased on demand (:meth:`include.ledger.told.Tellings.forget`).
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, insert, select, update

from include.ledger.tables import batches, exceptions, inbox, run_reports, wakes, writes
from include.ledger.told import unlinked
from include.ledger.watch_tables import balances, receipts

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from include.ledger.database import Database

CARRIED = ("loaded", "unchanged")
AT_ONCE = 5_000
"""Rows a transaction."""


class Retention:
    """Prunes."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def prune(self, flow: str, before: datetime) -> dict[str, int]:
        """Forget what ended before; returns how many rows of each kind."""
        forgotten = {"inbox": 0, "bodies": 0}
        for name, step in (("inbox", self._inbox), ("bodies", self._bodies)):
            while number := step(flow, before):
                forgotten[name] += number
        with self._db.begin("prune what ended") as connection:
            for name, statement in _ended(flow, before).items():
                forgotten[name] = connection.execute(statement).rowcount
        return forgotten

    def referenced(self, flow: str) -> set[str]:
        """Staged folders that unresolved exceptions refer to."""
        query = select(exceptions.c.payload_ref).where(
            exceptions.c.flow == flow, exceptions.c.state != "resolved", exceptions.c.payload_ref != ""
        )
        with self._db.once("read payload references") as connection:
            return set(connection.scalars(query.distinct()))

    def _inbox(self, flow: str, before: datetime) -> int:
        """Delete superseded rows, and their part of what was received: the books stay balanced."""
        later = inbox.alias("later")
        superseded = exists().where(
            later.c.flow == inbox.c.flow,
            later.c.system == inbox.c.system,
            later.c.record_key == inbox.c.record_key,
            later.c.id > inbox.c.id,
            later.c.outcome.in_(CARRIED),
        )
        with self._db.begin("prune the inbox") as connection:
            chosen = select(inbox.c.id).where(*_old(flow, before), superseded).order_by(inbox.c.id)
            ids = connection.scalars(chosen.limit(AT_ONCE)).all()
            if not ids:
                return 0
            gone = connection.execute(
                delete(inbox).where(inbox.c.id.in_(ids)).returning(inbox.c.received_at)
            ).all()
            self._give_back(connection, flow, Counter(row.received_at for row in gone))
            return len(gone)

    def _give_back(self, connection: Connection, flow: str, moments: Counter[datetime]) -> None:
        """Take deleted rows out of the receipts of the moments at which they came."""
        theirs = delete(receipts).where(receipts.c.flow == flow, receipts.c.at.in_(list(moments)))
        kept = Counter[datetime]()
        for at, rows in connection.execute(theirs.returning(receipts.c.at, receipts.c.rows)):
            kept[at] += rows
        left = kept - moments
        if left:
            connection.execute(
                insert(receipts), [{"flow": flow, "at": at, "rows": rows} for at, rows in left.items()]
            )

    def _bodies(self, flow: str, before: datetime) -> int:
        """Empty what a later look could only read for the customer's data in it."""
        full = select(inbox.c.id).where(*_old(flow, before), func.length(inbox.c.payload) > 0).limit(AT_ONCE)
        with self._db.begin("empty old bodies") as connection:
            return connection.execute(
                update(inbox).where(inbox.c.id.in_(full.scalar_subquery())).values(payload=b"")
            ).rowcount


def _old(flow: str, before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Rows that ended before, of records about which nothing is open."""
    open_exception = exists().where(
        exceptions.c.flow == inbox.c.flow,
        exceptions.c.record_key == inbox.c.record_key,
        exceptions.c.state != "resolved",
    )
    in_doubt = exists().where(
        writes.c.flow == inbox.c.flow,
        writes.c.record_key == inbox.c.record_key,
        writes.c.state.in_(["intended", "sent", "in_doubt"]),
    )
    return (
        inbox.c.flow == flow,
        inbox.c.state == "done",
        inbox.c.settled_at < before,
        inbox.c.received_at < before,
        ~open_exception,
        ~in_doubt,
    )


def _ended(flow: str, before: datetime) -> dict[str, Any]:
    held = exists().where(inbox.c.batch_id == batches.c.id, inbox.c.state != "done")
    waits = exists().where(
        inbox.c.flow == exceptions.c.flow,
        inbox.c.record_key == exceptions.c.record_key,
        inbox.c.state != "done",
    )
    return {
        "exceptions": delete(exceptions).where(
            exceptions.c.flow == flow,
            exceptions.c.state == "resolved",
            exceptions.c.resolved_at < before,
            ~waits,
        ),
        "batches": delete(batches).where(
            batches.c.flow == flow, batches.c.state != "live", batches.c.claimed_at < before, ~held
        ),
        "wakes": delete(wakes).where(wakes.c.flow == flow, wakes.c.answered_at < before),
        "reports": delete(run_reports).where(run_reports.c.flow == flow, run_reports.c.finished_at < before),
        "balances": delete(balances).where(balances.c.flow == flow, balances.c.checked_at < before),
        "told": unlinked(before),
    }
