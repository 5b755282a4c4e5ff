"""How a batch ends: settled row by row, or given back.

Both lock the batch first, so that neither can overlap with the sweep that declares a batch lost.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from include.errors import PermanentError
from include.ledger.tables import batches, inbox, key_leases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from include.ledger.database import Database

IN_DOUBT_AFTER = 30.0
"""Seconds until a record in doubt is looked at again, doubled with each attempt up to an hour."""


class Outcome(StrEnum):
    """What became of an inbox row."""

    LOADED = "loaded"
    UNCHANGED = "unchanged"
    PARKED = "parked"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    IN_DOUBT = "in_doubt"


HELD = frozenset({Outcome.PARKED, Outcome.REJECTED, Outcome.IN_DOUBT})
UNSETTLED = ("leased", "pending")


class LeaseLostError(PermanentError):
    """The lease ran out and another run has the rows: what this worker knows of them counts no more."""


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    record_key: str
    state: str
    attempts: int


class Settling:
    """Ends batches."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def settle(self, batch_id: str, outcomes: Mapping[str, Outcome]) -> dict[str, int]:
        """See :meth:`include.ledger.inbox.Inbox.settle`."""
        with self._db.begin("settle a batch") as connection:
            rows = self._unsettled_rows(connection, batch_id, outcomes)
            self._close(connection, rows, outcomes)
            connection.execute(
                delete(key_leases).where(
                    key_leases.c.batch_id == batch_id,
                    key_leases.c.record_key.in_({row.record_key for row in rows}),
                )
            )
            return self._book(connection, batch_id)

    def _unsettled_rows(
        self, connection: Connection, batch_id: str, outcomes: Mapping[str, Outcome]
    ) -> list[_Row]:
        state = self._lock_batch(connection, batch_id)
        query = (
            select(inbox.c.id, inbox.c.record_key, inbox.c.state, inbox.c.attempts)
            .where(inbox.c.batch_id == batch_id)
            .order_by(inbox.c.id)
        )
        rows = [_Row(*row) for row in connection.execute(query)]
        gone = set(outcomes) - {row.record_key for row in rows}
        if gone and state != "settled":
            some = ", ".join(sorted(gone)[:3])
            raise LeaseLostError(
                f"batch {batch_id} is no longer ours: {len(gone)} of its records ({some}) were given back, "
                "or taken by another run that will carry them"
            )
        return [row for row in rows if row.state in UNSETTLED and row.record_key in outcomes]

    def _lock_batch(self, connection: Connection, batch_id: str) -> str:
        """Keep others from the batch; a lost one is only safe from claimers under the flow's lock."""
        query = select(batches.c.state, batches.c.flow).where(batches.c.id == batch_id).with_for_update()
        batch = connection.execute(query).first()
        if batch is None:
            raise PermanentError(f"there is no batch {batch_id!r}")
        if batch.state == "lost":
            self._db.lock(connection, f"inbox:{batch.flow}")
        return str(batch.state)

    def _close(
        self,
        connection: Connection,
        rows: Sequence[_Row],
        outcomes: Mapping[str, Outcome],
    ) -> None:
        newest = {row.record_key: row.id for row in rows}
        now = self._db.now()
        took = {row.id: Outcome(outcomes[row.record_key]) for row in rows if newest[row.record_key] == row.id}
        for outcome in Outcome:
            chosen = [row for row in rows if took.get(row.id, Outcome.DUPLICATE) is outcome]
            if chosen:
                connection.execute(
                    update(inbox)
                    .where(inbox.c.id.in_([row.id for row in chosen]))
                    .values(
                        state="held" if outcome in HELD else "done",
                        outcome=outcome.value,
                        settled_at=now,
                        not_before=now + _doubt(chosen) if outcome is Outcome.IN_DOUBT else None,
                    )
                )

    def _book(self, connection: Connection, batch_id: str) -> dict[str, int]:
        query = (
            select(inbox.c.state, inbox.c.outcome, func.count().label("rows"))
            .where(inbox.c.batch_id == batch_id)
            .group_by(inbox.c.state, inbox.c.outcome)
        )
        counts: Counter[str] = Counter()
        for state, outcome, rows in connection.execute(query):
            counts[outcome if state not in UNSETTLED else "leased"] += rows
        if not counts.pop("leased", 0):
            connection.execute(
                update(batches)
                .where(batches.c.id == batch_id, batches.c.state.in_(["live", "lost"]))
                .values(state="settled")
            )
        return dict(counts)

    def release(self, batch_id: str, *, not_before: datetime | None = None) -> int:
        """See :meth:`include.ledger.inbox.Inbox.release`."""
        with self._db.begin("release a batch") as connection:
            state = self._lock_batch(connection, batch_id)
            given = connection.execute(
                update(inbox)
                .where(inbox.c.batch_id == batch_id, inbox.c.state.in_(UNSETTLED))
                .values(state="pending", batch_id=None, not_before=not_before)
            ).rowcount
            connection.execute(delete(key_leases).where(key_leases.c.batch_id == batch_id))
            if state in {"live", "lost"}:
                connection.execute(update(batches).where(batches.c.id == batch_id).values(state="released"))
            return int(given)


def _doubt(rows: Sequence[_Row]) -> timedelta:
    tries = max(row.attempts for row in rows)
    return timedelta(seconds=min(IN_DOUBT_AFTER * 2.0 ** min(tries - 1, 10), 3600.0))
