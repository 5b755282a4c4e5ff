"""Writes whose outcome is not known, as a list that a person can end: it is there, or it is not.

The flow reads each back by itself when the record comes again. What comes no more is *stranded*: the
flow announces it anew, once; if that does not end it either, a person looks in the target and says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, select, update

from include.errors import PermanentError
from include.ledger.audit import AuditEntry
from include.ledger.crosswalk import Link
from include.ledger.tables import exceptions, inbox, writes
from include.ledger.writes import WriteState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

    from include.ledger.audit import Audit
    from include.ledger.crosswalk import Crosswalk
    from include.ledger.database import Database

UNSURE = ("sent", "in_doubt")


@dataclass(frozen=True, slots=True)
class Doubt:
    """A write without a known outcome.

    Attributes:
        since: when it was made.
        attempts: batches in which its record has been since it was announced.
        next_look: when the flow looks at it again; ``None`` when nothing of it is waiting.
        detail: the last error's codes.
    """

    key: str
    flow: str
    entity: str
    record_key: str
    source_version: str
    state: str
    detail: str
    since: datetime
    updated_at: datetime
    attempts: int
    next_look: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Announcements of one record that wait behind its open exception."""

    flow: str
    record_key: str
    rows: int
    since: datetime
    exception_id: int
    record_label: str
    code: str
    message: str


class Doubts:
    """Lists doubts and blocked records; a person's word ends a doubt."""

    def __init__(self, database: Database, crosswalk: Crosswalk, audit: Audit) -> None:
        self._db = database
        self._crosswalk = crosswalk
        self._audit = audit

    def list(self, flow: str, *, limit: int = 200) -> Sequence[Doubt]:
        """A flow's doubts, oldest first."""
        return self._read(writes.c.flow == flow, limit=limit)

    def stranded(self, flow: str, *, before: datetime, limit: int = 200) -> Sequence[Doubt]:
        """Doubts of before that no announcement of their record would ever look at again."""
        coming = exists().where(
            inbox.c.flow == writes.c.flow, inbox.c.record_key == writes.c.record_key, inbox.c.state != "done"
        )
        return self._read(writes.c.flow == flow, writes.c.updated_at < before, ~coming, limit=limit)

    def _read(self, *conditions: ColumnElement[bool], limit: int) -> Sequence[Doubt]:
        open_rows = (
            inbox.c.flow == writes.c.flow,
            inbox.c.record_key == writes.c.record_key,
            inbox.c.state != "done",
        )
        attempts = select(func.coalesce(func.max(inbox.c.attempts), 0)).where(*open_rows).scalar_subquery()
        due = func.coalesce(inbox.c.not_before, inbox.c.received_at)
        query = (
            select(
                writes.c.key, writes.c.flow, writes.c.entity, writes.c.record_key, writes.c.source_version,
                writes.c.state, writes.c.detail, writes.c.created_at.label("since"), writes.c.updated_at,
                attempts.label("attempts"),
                select(func.min(due)).where(*open_rows).scalar_subquery().label("next_look"),
            )
            .where(writes.c.state.in_(UNSURE), *conditions)
            .order_by(writes.c.created_at, writes.c.key)
            .limit(limit)
        )  # fmt: skip
        with self._db.once("list doubts") as connection:
            return [Doubt(**row._mapping) for row in connection.execute(query)]

    def confirm(
        self,
        key: str,
        target_id: str,
        *,
        source_system: str,
        target_system: str,
        actor: str,
        natural_key: str = "",
    ) -> Doubt:
        """A person has seen the record in the target: committed, linked and audited in one transaction.

        Args:
            key: the write's.
            target_id: what the target calls the record.
            source_system: where it comes from.
            target_system: where it was seen.
            actor: who says so.
            natural_key: what people call it.

        Raises:
            PermanentError: there is no such doubt (any more).
        """
        with self._db.begin("confirm a write") as connection:
            write = self._end(connection, key, WriteState.COMMITTED, target_id)
            link = Link(
                write["entity"], source_system, write["record_key"], target_system, target_id,
                source_version=write["source_version"], content_hash=write["request_hash"],
                origin=f"confirmed by {actor}", natural_key=natural_key,
            )  # fmt: skip
            self._crosswalk.bind_in(connection, [link])
            self._audit.add_in(connection, [_said("confirmed", actor, write, target_id)])
        return self._ended(write)

    def deny(self, key: str, *, actor: str) -> Doubt:
        """A person has looked, and the target does not have it; it may be sent again as a new question.

        Raises:
            PermanentError: there is no such doubt (any more).
        """
        with self._db.begin("deny a write") as connection:
            write = self._end(connection, key, WriteState.REFUSED, "")
            self._audit.add_in(connection, [_said("denied", actor, write, "")])
        return self._ended(write)

    def _end(self, connection: Connection, key: str, state: WriteState, target_id: str) -> Mapping[str, Any]:
        statement = (
            update(writes)
            .where(writes.c.key == key, writes.c.state.in_(UNSURE))
            .values(state=state.value, target_id=target_id, updated_at=self._db.now())
            .returning(*writes.c)
        )
        row = connection.execute(statement).first()
        if row is None:
            raise PermanentError("there is no such write in doubt; it has come to an end meanwhile")
        return dict(row._mapping)

    def _ended(self, write: Mapping[str, Any]) -> Doubt:
        names = ("key", "flow", "entity", "record_key", "source_version", "state", "detail", "updated_at")
        return Doubt(
            **{name: write[name] for name in names}, since=write["created_at"], attempts=0, next_look=None
        )

    def waiting(self, flow: str, *, limit: int = 200) -> Sequence[Waiting]:
        """Records whose newer announcements wait behind an open exception, longest first."""
        stands = (
            exceptions.c.flow == inbox.c.flow,
            exceptions.c.record_key == inbox.c.record_key,
            exceptions.c.disposition == "parked",
            exceptions.c.state == "open",
        )
        rows = (
            select(
                inbox.c.flow,
                inbox.c.record_key,
                func.count().label("rows"),
                func.min(inbox.c.received_at).label("since"),
            )
            .where(inbox.c.flow == flow, inbox.c.state == "pending", exists().where(*stands))
            .group_by(inbox.c.flow, inbox.c.record_key)
            .subquery()
        )
        each = exceptions.alias()
        blocking = (
            select(func.min(each.c.id))
            .where(
                each.c.flow == rows.c.flow,
                each.c.record_key == rows.c.record_key,
                each.c.disposition == "parked",
                each.c.state == "open",
            )
            .scalar_subquery()
        )
        query: Select[Any] = (
            select(
                *rows.c,
                exceptions.c.id.label("exception_id"),
                exceptions.c.record_label,
                exceptions.c.code,
                exceptions.c.message,
            )
            .select_from(rows.join(exceptions, exceptions.c.id == blocking))
            .order_by(rows.c.since)
            .limit(limit)
        )
        with self._db.once("list blocked records") as connection:
            return [Waiting(**row._mapping) for row in connection.execute(query)]


def _said(action: str, actor: str, write: Mapping[str, Any], target_id: str) -> AuditEntry:
    return AuditEntry(
        actor=actor,
        action=action,
        flow=write["flow"],
        entity=write["entity"],
        record_key=write["record_key"],
        target_id=target_id,
        after=write["request_hash"],
        detail=f"write {write['key']}, version {write['source_version']}",
    )
