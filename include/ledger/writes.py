"""The write ledger: what we meant to do to a target, and how far it got.

A row is ``intended`` before anything leaves, ``sent`` before the request does, and ends as
``committed`` or ``refused``. ``sent`` without an end means that a process died, ``in_doubt`` that no
answer came: in both cases the target is read before it is asked again. ``committed`` is final.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, update

from include.errors import PermanentError
from include.ledger.audit import AuditEntry
from include.ledger.database import table_of
from include.ledger.tables import inbox, writes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from include.ledger.audit import Audit
    from include.ledger.crosswalk import Crosswalk, Link
    from include.ledger.database import Database
    from include.ledger.told import Tellings, Told


class WriteState(StrEnum):
    """How far a write got."""

    INTENDED = "intended"
    SENT = "sent"
    COMMITTED = "committed"
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True)
class Intent:
    """A write before it is sent; ``key`` is made of the business fact, never of the attempt."""

    key: str
    flow: str
    entity: str
    record_key: str
    source_version: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class Write:
    """A write as the ledger knows it; ``detail`` holds codes."""

    key: str
    flow: str
    entity: str
    record_key: str
    source_version: str
    request_hash: str
    state: WriteState
    target_id: str
    detail: str
    created_at: datetime
    updated_at: datetime


class Writes:
    """Intends, marks, commits."""

    def __init__(self, database: Database, crosswalk: Crosswalk, audit: Audit, told: Tellings) -> None:
        self._db = database
        self._crosswalk = crosswalk
        self._audit = audit
        self._told = told

    def intend(self, batch: Sequence[Intent]) -> dict[str, WriteState]:
        """Write down what is about to be sent.

        Returns:
            The state of every key: ``INTENDED`` for new ones, what is known for the others.
        """
        if not batch:
            return {}
        now = self._db.now()
        rows = {intent.key: intent for intent in batch}
        values = [{**_facts(rows[key]), "created_at": now, "updated_at": now} for key in sorted(rows)]
        with self._db.begin("intend writes") as connection:
            connection.execute(self._db.insert(writes).on_conflict_do_nothing(index_elements=["key"]), values)
            known = connection.execute(
                select(writes.c.key, writes.c.state).where(writes.c.key.in_(list(rows)))
            )
            return {key: WriteState(state) for key, state in known}

    def get(self, keys: Iterable[str]) -> dict[str, Write]:
        """Writes by key; unknown keys are absent."""
        return {write.key: write for write in self._read(writes.c.key.in_(list(keys)))}

    def in_doubt(self, flow: str, *, sent_before: datetime | None = None) -> list[Write]:
        """Writes without a known outcome, oldest first.

        Args:
            flow: whose.
            sent_before: count those that were sent before and never heard of again, too.
        """
        unsure = writes.c.state == WriteState.IN_DOUBT
        if sent_before is not None:
            unsure = or_(unsure, and_(writes.c.state == WriteState.SENT, writes.c.updated_at < sent_before))
        return self._read(writes.c.flow == flow, writes.c.state.in_(["sent", "in_doubt"]), unsure)

    def refusals(self, flow: str, entity: str, record_keys: Iterable[str]) -> dict[str, int]:
        """How many writes of each record the target has refused; records without any are absent."""
        query = (
            select(writes.c.record_key, func.count())
            .where(
                writes.c.flow == flow,
                writes.c.entity == entity,
                writes.c.record_key.in_(list(record_keys)),
                writes.c.state == WriteState.REFUSED,
            )
            .group_by(writes.c.record_key)
        )
        with self._db.once("count refusals") as connection:
            return dict(connection.execute(query).all())

    def unreported(self, flow: str, entity: str, record_keys: Iterable[str]) -> set[str]:
        """Records that were written by a run which died before it could settle them in the inbox."""
        settled = (
            select(func.max(inbox.c.settled_at))
            .where(
                inbox.c.flow == flow,
                inbox.c.record_key == writes.c.record_key,
                inbox.c.outcome.in_(["loaded", "unchanged"]),
            )
            .scalar_subquery()
        )
        query = (
            select(writes.c.record_key)
            .where(
                writes.c.flow == flow,
                writes.c.entity == entity,
                writes.c.record_key.in_(list(record_keys)),
                writes.c.state == WriteState.COMMITTED,
                or_(settled.is_(None), settled < writes.c.updated_at),
            )
            .distinct()
        )
        with self._db.once("find unreported writes") as connection:
            return set(connection.scalars(query))

    def _read(self, *conditions: Any) -> list[Write]:
        query = select(*_WRITE).where(*conditions).order_by(writes.c.updated_at, writes.c.key)
        with self._db.once("read writes") as connection:
            return [
                Write(**{**row._mapping, "state": WriteState(row.state)}) for row in connection.execute(query)
            ]

    def mark(
        self,
        keys: Iterable[str],
        state: WriteState,
        *,
        target_ids: Mapping[str, str] | None = None,
        detail: Mapping[str, str] | None = None,
    ) -> int:
        """Move writes to ``state`` in one statement; returns how many moved.

        What is committed stays committed. Targets and details not given stay as they are.
        """
        chosen = sorted(set(keys))
        if not chosen:
            return 0
        with self._db.begin("mark writes") as connection:
            return len(self._move(connection, chosen, state, target_ids or {}, detail or {}))

    def commit(
        self,
        target_ids: Mapping[str, str],
        links: Sequence[Link] = (),
        audits: Sequence[AuditEntry] | None = None,
        told: Sequence[Told] = (),
    ) -> None:
        """The target has them: committed, linked, remembered and audited in one transaction.

        Args:
            target_ids: by write key.
            links: to bind.
            audits: to append; when ``None``, one ``committed`` entry for each write that was not yet.
            told: what the target knows now, of records that are told differences.

        Raises:
            PermanentError: a key was never intended.
        """
        if not target_ids:
            return
        with self._db.begin("commit writes") as connection:
            moved = self._move(connection, sorted(target_ids), WriteState.COMMITTED, target_ids, {})
            known = connection.execute(select(*_WRITE).where(writes.c.key.in_(list(target_ids)))).all()
            if len(known) != len(target_ids):
                raise PermanentError(f"{len(target_ids) - len(known)} writes to commit were never intended")
            if links:
                self._crosswalk.bind_in(connection, links)
            if told:
                self._told.keep_in(connection, told)
            entries = [_committed(row) for row in known if row.key in moved] if audits is None else audits
            if entries:
                self._audit.add_in(connection, entries)

    def _move(
        self,
        connection: Connection,
        keys: Sequence[str],
        state: WriteState,
        target_ids: Mapping[str, str],
        detail: Mapping[str, str],
    ) -> set[str]:
        given = table_of("given", ["key", "target_id", "detail"],
                         [(key, target_ids.get(key, ""), detail.get(key, "")) for key in keys])  # fmt: skip
        statement = (
            update(writes)
            .where(writes.c.key == given.c.key, writes.c.state != WriteState.COMMITTED)
            .values(
                state=state.value,
                target_id=func.coalesce(func.nullif(given.c.target_id, ""), writes.c.target_id),
                detail=func.coalesce(func.nullif(given.c.detail, ""), writes.c.detail),
                updated_at=self._db.now(),
            )
            .returning(writes.c.key)
        )
        return set(connection.scalars(statement))


_WRITE = tuple(writes.c[name] for name in Write.__slots__)


def _facts(intent: Intent) -> dict[str, str]:
    return {name: getattr(intent, name) for name in Intent.__slots__}


def _committed(row: Any) -> AuditEntry:
    return AuditEntry(
        actor=row.flow,
        action="committed",
        flow=row.flow,
        entity=row.entity,
        record_key=row.record_key,
        target_id=row.target_id,
        after=row.request_hash,
        detail=f"write {row.key}, version {row.source_version}",
    )
