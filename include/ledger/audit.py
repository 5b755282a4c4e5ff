"""What was done, by whom, in a chain that shows when somebody has edited it (A4, B33, C21).

Each row carries the hash of the one before; sequence numbers have no gaps. A row that was changed,
inserted or taken out breaks the chain at a place that :meth:`Audit.verify` names. Rows cut off the
end are found by comparing with a head that was noted elsewhere. Triggers refuse edits to begin with.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from include.ledger.columns import clean
from include.ledger.tables import audit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from include.ledger.database import Database

GENESIS = "0" * 64
PAGE = 5000
LATELY = 100_000
"""Entries that are looked through for what has no index."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that was done.

    Attributes:
        actor: a person's login, or the flow's id.
        action: a verb: ``committed``, ``retried``, ``skipped``.
        before: hash or short text of what was; never a body.
        after: hash or short text of what is.
        detail: codes and keys, no customers' data.
    """

    actor: str
    action: str
    flow: str = ""
    entity: str = ""
    record_key: str = ""
    target_id: str = ""
    run_id: str = ""
    before: str = ""
    after: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Audited:
    """An entry as it stands in the chain."""

    seq: int
    at: datetime
    actor: str
    action: str
    flow: str
    entity: str
    record_key: str
    target_id: str
    run_id: str
    before: str
    after: str
    detail: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain; note it elsewhere to prove later that nothing was cut off."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """``broken_at`` is the first sequence number that does not fit, ``None`` when all do."""

    rows: int
    head: Head
    broken_at: int | None = None


class Audit:
    """An append-only table."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, *entries: AuditEntry) -> None:
        """Append entries in one transaction."""
        if entries:
            with self._db.begin("write the audit trail") as connection:
                self.add_in(connection, entries)

    def add_in(self, connection: Connection, entries: Sequence[AuditEntry]) -> None:
        """:meth:`add` as the last step of a caller's transaction: the chain is locked until it ends."""
        self._db.lock(connection, "audit")
        head = self._head(connection)
        at = self._db.now().astimezone(UTC)
        rows = []
        for entry in entries:
            facts = {name: clean(value) for name, value in asdict(entry).items()}
            row = {"seq": head.seq + 1, "at": at, **facts, "prev_hash": head.hash}
            head = Head(head.seq + 1, digest(row))
            rows.append({**row, "hash": head.hash})
        connection.execute(insert(audit), rows)

    def head(self) -> Head:
        """Where the chain ends now."""
        with self._db.once("read the audit trail") as connection:
            return self._head(connection)

    def of_record(self, record_key: str, *, limit: int = 100) -> list[Audited]:
        """What was done to one record, newest first."""
        columns = [audit.c[name] for name in Audited.__slots__]
        query = (
            select(*columns).where(audit.c.record_key == record_key).order_by(audit.c.seq.desc()).limit(limit)
        )
        with self._db.once("read the audit trail") as connection:
            return [Audited(**row._mapping) for row in connection.execute(query)]

    def latest(self, action: str, *, limit: int = 100) -> list[Audited]:
        """What was done of one kind lately, newest first: among the newest entries of the chain only."""
        columns = [audit.c[name] for name in Audited.__slots__]
        since = select(func.coalesce(func.max(audit.c.seq), 0) - LATELY).scalar_subquery()
        query = select(*columns).where(audit.c.seq > since, audit.c.action == action)
        with self._db.once("read the audit trail") as connection:
            rows = connection.execute(query.order_by(audit.c.seq.desc()).limit(limit))
            return [Audited(**row._mapping) for row in rows]

    def verify(self, noted: Head | None = None) -> Verdict:
        """Recompute the chain from its first row.

        Args:
            noted: a head from earlier; the chain must still contain it.
        """
        head, page, rows = Head(0, GENESIS), self._page(0), 0
        while page:
            for row in page:
                if row["seq"] != head.seq + 1 or row["prev_hash"] != head.hash or digest(row) != row["hash"]:
                    return Verdict(rows, head, broken_at=row["seq"])
                head, rows = Head(row["seq"], row["hash"]), rows + 1
                if noted is not None and noted.seq == head.seq and noted != head:
                    return Verdict(rows, head, broken_at=row["seq"])
            page = self._page(head.seq)
        if noted is not None and noted.seq > head.seq:
            return Verdict(rows, head, broken_at=head.seq + 1)
        return Verdict(rows, head)

    def _page(self, after: int) -> list[Mapping[str, Any]]:
        query = select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(PAGE)
        with self._db.once("verify the audit trail") as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def _head(self, connection: Connection) -> Head:
        last = connection.execute(
            select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
        ).first()
        return Head(last.seq, last.hash) if last else Head(0, GENESIS)


def digest(row: Mapping[str, Any]) -> str:
    """The hash of a row over everything in it, its predecessor's hash included."""
    facts = {**{name: row[name] for name in row if name != "hash"}, "at": row["at"].isoformat()}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
