"""Who may work on which records, and until when.

A record key of a system is held by at most one batch, across all flows: ``key_leases`` has it as its
primary key, so the database itself refuses a second holder. All open rows of a key go into one batch;
rows that arrive while it is held wait. Claims of one flow follow each other (an advisory lock), so
that two claimers do not fight over the same head of the queue.

A key may not be claimed while

* a batch holds it,
* an open *parked* exception stands against it (the clerk here must act), or
* an open *rejected* exception stands and nothing newer than what was rejected has arrived (the
  source must act). "Newer" means a row that has not been settled: clocks play no part.

A *held* row without an open exception is claimable. So starting a retry, or an exception that was
never written because the process died, brings the row back by itself.
"""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, delete, exists, func, insert, or_, select, update

from include.ledger.tables import batches, exceptions, inbox, key_leases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement, Connection, Select

    from include.ledger.database import Database

OPEN = inbox.c.state.in_(["pending", "held"])


@dataclass(frozen=True, slots=True)
class Batch:
    """Records leased together.

    Attributes:
        keys: record keys, oldest announcement first.
        rows: inbox rows behind them.
    """

    id: str
    flow: str
    keys: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Demand:
    """What a run asks for: at most ``max_batches`` batches of ``batch_size`` records each.

    ``alone``: nothing while another batch of the flow is at work.
    """

    flow: str
    run_id: str
    batch_size: int
    max_batches: int
    lease: timedelta
    keys: Sequence[str] | None = None
    alone: bool = False


def blocked(disposition: str) -> ColumnElement[bool]:
    """Whether an open exception of that disposition stands against the inbox row's key."""
    return exists().where(
        exceptions.c.flow == inbox.c.flow,
        exceptions.c.record_key == inbox.c.record_key,
        exceptions.c.disposition == disposition,
        exceptions.c.state == "open",
    )


def _lease() -> ColumnElement[bool]:
    return and_(key_leases.c.system == inbox.c.system, key_leases.c.record_key == inbox.c.record_key)


def leased() -> ColumnElement[bool]:
    """Whether any batch holds the inbox row's key."""
    return exists().where(_lease())


def leased_alive(now: datetime) -> ColumnElement[bool]:
    """Whether a batch whose lease still runs holds the inbox row's key."""
    return exists().where(_lease(), batches.c.id == key_leases.c.batch_id, batches.c.lease_until > now)


def claimable(flow: str, now: datetime, held: ColumnElement[bool]) -> Select[tuple[str, str, int, int]]:
    """Keys of ``flow`` that may be claimed at ``now``: system, record key, first row, rows that are due."""
    rejected = blocked("rejected").correlate(inbox)
    return (
        select(
            inbox.c.system,
            inbox.c.record_key,
            func.min(inbox.c.id).label("first"),
            func.count().label("rows"),
        )
        .where(
            inbox.c.flow == flow,
            OPEN,
            or_(inbox.c.not_before.is_(None), inbox.c.not_before <= now),
            ~held,
            ~blocked("parked"),
        )
        .group_by(inbox.c.flow, inbox.c.system, inbox.c.record_key)
        .having(or_(func.sum(case((inbox.c.state == "pending", 1), else_=0)) > 0, ~rejected))
    )


class Claims:
    """Leases batches of keys."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def claim(self, demand: Demand) -> list[Batch]:
        """Lease what is claimable, oldest first."""
        with self._db.begin("claim batches") as connection:
            self._db.lock(connection, f"inbox:{demand.flow}")
            now = self._db.now()
            self._sweep(connection, now)
            if demand.alone and self._at_work(connection, demand.flow):
                return []
            held = self._hold(connection, demand, now)
            return self._lease_rows(connection, demand, held, now) if held else []

    def _sweep(self, connection: Connection, now: datetime) -> None:
        """Give back the rows of every batch whose lease ran out, whichever flow it belongs to.

        A batch that is being settled at this moment is locked, and skipped: it is not lost.
        """
        dead = (
            select(batches.c.id)
            .where(batches.c.state == "live", batches.c.lease_until <= now)
            .with_for_update(skip_locked=True)
        )
        ids = connection.scalars(dead).all()
        if not ids:
            return
        connection.execute(update(batches).where(batches.c.id.in_(ids)).values(state="lost"))
        connection.execute(
            update(inbox).where(inbox.c.batch_id.in_(ids), inbox.c.state == "leased").values(state="pending")
        )
        connection.execute(delete(key_leases).where(key_leases.c.batch_id.in_(ids)))

    def _at_work(self, connection: Connection, flow: str) -> bool:
        live = select(batches.c.id).where(batches.c.flow == flow, batches.c.state == "live").limit(1)
        return connection.scalar(live) is not None

    def _hold(self, connection: Connection, demand: Demand, now: datetime) -> dict[str, list[str]]:
        """Take the leases on keys: batch id → record keys, in the order of their first rows."""
        query = claimable(demand.flow, now, leased())
        if demand.keys is not None:
            query = query.where(inbox.c.record_key.in_(list(demand.keys)))
        query = query.order_by(func.min(inbox.c.id)).limit(demand.batch_size * demand.max_batches)
        wanted = [(row.system, row.record_key) for row in connection.execute(query)]
        if not wanted:
            return {}
        ids = [uuid.uuid4().hex for _ in range(0, len(wanted), demand.batch_size)]
        leases = [
            {"system": system, "record_key": key, "batch_id": ids[place // demand.batch_size]}
            for place, (system, key) in enumerate(wanted)
        ]
        taken = self._take(connection, leases)
        held: dict[str, list[str]] = {}
        for lease in leases:
            if (lease["system"], lease["record_key"]) in taken:
                held.setdefault(lease["batch_id"], []).append(lease["record_key"])
        return held

    def _take(self, connection: Connection, leases: Sequence[Mapping[str, str]]) -> set[tuple[str, str]]:
        """Insert in key order, so that two flows that want the same keys cannot deadlock."""
        ordered = sorted(leases, key=lambda lease: (lease["system"], lease["record_key"]))
        statement = (
            self._db.insert(key_leases)
            .on_conflict_do_nothing(index_elements=["system", "record_key"])
            .returning(key_leases.c.system, key_leases.c.record_key)
        )
        return {(row.system, row.record_key) for row in connection.execute(statement, ordered)}

    def _lease_rows(
        self, connection: Connection, demand: Demand, held: Mapping[str, Sequence[str]], now: datetime
    ) -> list[Batch]:
        taken = connection.scalars(
            update(inbox)
            .where(inbox.c.flow == demand.flow, OPEN, _lease(), key_leases.c.batch_id.in_(list(held)))
            .values(
                state="leased",
                outcome=None,
                settled_at=None,
                not_before=None,
                batch_id=key_leases.c.batch_id,
                attempts=inbox.c.attempts + 1,
            )
            .returning(inbox.c.batch_id)
        )
        rows = Counter(taken)
        claimed = [Batch(id_, demand.flow, tuple(keys), rows[id_]) for id_, keys in held.items()]
        connection.execute(
            insert(batches),
            [
                {
                    "id": batch.id,
                    "flow": batch.flow,
                    "run_id": demand.run_id,
                    "claimed_at": now,
                    "lease_until": now + demand.lease,
                    "rows": batch.rows,
                }
                for batch in claimed
            ],
        )
        return claimed
