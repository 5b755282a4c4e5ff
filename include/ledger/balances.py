"""The count identity over the ledger, and the facts that make it falsifiable (promise of every hour).

Per flow: rows kept = loaded + unchanged + parked + rejected + duplicate + in doubt + in flight. The left
side comes from ``receipts``, written with the rows and touched by nothing but retention; the right side
from the rows themselves. Beside it stand facts which any honest history satisfies: whoever is loaded
was written, whoever was set aside has a reason, what was written is linked and in the audit trail,
and no lease outlives its limit.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, and_, cast, exists, func, literal, or_, select, union_all

from include.ledger.settling import Outcome
from include.ledger.tables import audit, batches, crosswalk, exceptions, inbox, key_leases, writes
from include.ledger.watch_tables import balances, receipts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

    from include.ledger.database import Database

IN_FLIGHT = ("pending", "leased")
NAMED = 20
"""Keys that a finding names; its ``rows`` counts them all."""
OVERDUE = timedelta(minutes=30)
"""A lease that ran out is swept by the next claim; nobody has claimed for this long."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact that does not hold: which, for how many rows, and the first keys."""

    check: str
    rows: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """One flow's books at one moment; ``counts`` has every outcome and ``in_flight``."""

    flow: str
    checked_at: datetime
    received: int
    balanced: bool
    counts: Mapping[str, int]
    findings: Sequence[Finding]


class Balances:
    """Checks the books, keeps what was found."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def check(self, flow: str, *, since: datetime | None = None) -> Balance:
        """Balance one flow now and keep the result.

        Args:
            flow: whose books.
            since: the facts are checked for what was received or written since; the identity is
                always checked for everything that is kept.
        """
        now = self._db.now()
        with self._db.begin("balance a flow") as connection:
            received, counts = self._identity(connection, flow)
            findings = [
                *self._missing(connection, flow),
                *(
                    finding
                    for check, query in _facts(flow, now, since).items()
                    if (finding := self._found(connection, check, query))
                ),
            ]
            balance = Balance(
                flow, now, received, received == sum(counts.values()) and not findings, counts, findings
            )
            self._save(connection, balance)
        return balance

    def _identity(self, connection: Connection, flow: str) -> tuple[int, dict[str, int]]:
        """Both sides in one statement: one moment, whatever is kept or settled meanwhile."""
        standing = func.coalesce(inbox.c.outcome, inbox.c.state)
        ends = select(standing.label("name"), func.count().label("rows")).where(inbox.c.flow == flow)
        kept = select(
            cast(literal("received"), String).label("name"),
            func.coalesce(func.sum(receipts.c.rows), 0).label("rows"),
        ).where(receipts.c.flow == flow)
        rows = {name: int(n) for name, n in connection.execute(union_all(ends.group_by(standing), kept))}
        counts = {outcome.value: rows.get(outcome.value, 0) for outcome in Outcome}
        return rows["received"], {**counts, "in_flight": sum(rows.get(name, 0) for name in IN_FLIGHT)}

    def _missing(self, connection: Connection, flow: str) -> Iterator[Finding]:
        """Instants of which not all rows are there, or more than were kept."""
        came = (
            select(receipts.c.at, func.sum(receipts.c.rows).label("rows"))
            .where(receipts.c.flow == flow)
            .group_by(receipts.c.at)
            .subquery()
        )
        there = (
            select(inbox.c.received_at.label("at"), func.count().label("rows"))
            .where(inbox.c.flow == flow)
            .group_by(inbox.c.received_at)
            .subquery()
        )
        gone = select(came.c.at, came.c.rows - func.coalesce(there.c.rows, 0)).select_from(
            came.outerjoin(there, came.c.at == there.c.at)
        )
        gone = gone.where(came.c.rows > func.coalesce(there.c.rows, 0))
        extra = select(there.c.at, there.c.rows - func.coalesce(came.c.rows, 0)).select_from(
            there.outerjoin(came, came.c.at == there.c.at)
        )
        extra = extra.where(there.c.rows > func.coalesce(came.c.rows, 0))
        for check, query in (("kept_and_gone", gone), ("never_kept", extra)):
            rows = [(at, int(n)) for at, n in connection.execute(query.order_by("at"))]
            if rows:
                keys = tuple(f"received {at.isoformat()}" for at, _ in rows[:NAMED])
                yield Finding(check, sum(n for _, n in rows), keys)

    def _found(self, connection: Connection, check: str, query: Select[Any]) -> Finding | None:
        keys = [str(key) for key in connection.scalars(query.limit(NAMED))]
        if not keys:
            return None
        rows = connection.scalar(select(func.count()).select_from(query.subquery())) or 0
        return Finding(check, int(rows), tuple(keys))

    def _save(self, connection: Connection, balance: Balance) -> None:
        row = {
            "received": balance.received,
            "balanced": balance.balanced,
            "counts": json.dumps(dict(balance.counts)),
            "findings": json.dumps([asdict(finding) for finding in balance.findings]),
        }
        statement = self._db.insert(balances).values(flow=balance.flow, checked_at=balance.checked_at, **row)
        connection.execute(statement.on_conflict_do_update(index_elements=["flow", "checked_at"], set_=row))

    def list(self, flow: str | None = None, *, limit: int = 50) -> list[Balance]:
        """Balances, newest first."""
        query = select(balances).order_by(balances.c.checked_at.desc(), balances.c.flow).limit(limit)
        if flow is not None:
            query = query.where(balances.c.flow == flow)
        with self._db.once("read balances") as connection:
            return [_balance(row) for row in connection.execute(query)]


def _balance(row: Any) -> Balance:
    findings = [
        Finding(each["check"], each["rows"], tuple(each["keys"])) for each in json.loads(row.findings)
    ]
    return Balance(row.flow, row.checked_at, row.received, row.balanced, json.loads(row.counts), findings)


def _facts(flow: str, now: datetime, since: datetime | None) -> dict[str, Select[Any]]:
    """Queries that give the keys for which a fact does not hold, by the fact's name."""
    rows = select(inbox.c.record_key).where(inbox.c.flow == flow)
    done = select(writes.c.record_key).where(writes.c.flow == flow, writes.c.state == "committed")
    if since is not None:
        rows = rows.where(inbox.c.received_at >= since)
        done = done.where(writes.c.updated_at >= since)
    set_aside = rows.where(inbox.c.state == "held", inbox.c.outcome.in_(["parked", "rejected"]))
    return {
        "loaded_without_write": rows.where(
            inbox.c.outcome == "loaded", ~_written(), ~_linked(inbox.c.record_key)
        ),
        "set_aside_without_exception": set_aside.where(~_reasoned()),
        "written_without_link": done.where(
            ~_linked(writes.c.record_key, crosswalk.c.entity == writes.c.entity)
        ),
        "written_without_audit": done.where(~_audited()),
        "lease_outlived": _outlived(flow, now),
        "leased_by_nobody": rows.where(inbox.c.state == "leased", ~_batch_is_live()),
        "key_held_by_nobody": _orphaned(flow),
    }


def _written() -> ColumnElement[bool]:
    return exists().where(
        writes.c.flow == inbox.c.flow,
        writes.c.record_key == inbox.c.record_key,
        writes.c.state == "committed",
    )


def _linked(record_key: Any, *more: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(crosswalk.c.source_id == record_key, *more)


def _reasoned() -> ColumnElement[bool]:
    return exists().where(exceptions.c.flow == inbox.c.flow, exceptions.c.record_key == inbox.c.record_key)


def _audited() -> ColumnElement[bool]:
    """A write that a person confirmed is in the trail under that person's verb."""
    return exists().where(
        audit.c.record_key == writes.c.record_key,
        audit.c.action.in_(["committed", "confirmed"]),
        audit.c.detail.startswith(literal("write ") + writes.c.key),
    )


def _batch_is_live() -> ColumnElement[bool]:
    return exists().where(batches.c.id == inbox.c.batch_id, batches.c.state.in_(["live", "lost"]))


def _outlived(flow: str, now: datetime) -> Select[Any]:
    return select(batches.c.id).where(
        batches.c.flow == flow, batches.c.state == "live", batches.c.lease_until < now - OVERDUE
    )


def _orphaned(flow: str) -> Select[Any]:
    """Keys that a batch holds which has ended: nobody would ever claim them again."""
    ended = exists().where(
        batches.c.id == key_leases.c.batch_id,
        or_(batches.c.state == "live", and_(batches.c.flow != flow)),
    )
    return select(key_leases.c.record_key).where(
        ~ended, exists().where(inbox.c.record_key == key_leases.c.record_key, inbox.c.flow == flow)
    )
