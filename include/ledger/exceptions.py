"""Records that were set aside, and why: the dead-letter queue that clerks work on (A16, A45).

One row per reason and record for ever: a reason that comes back reopens its row. An open *parked*
exception blocks its record in the inbox, an open *rejected* one does until the source sends
something newer; a *retrying* one blocks nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from include.ledger.audit import AuditEntry
from include.ledger.setaside import (
    IDENTITY,
    ExceptionRow,
    ExceptionState,
    NewException,
    facts_of,
    identity,
)
from include.ledger.tables import exceptions, inbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection, Select

    from include.ledger.audit import Audit
    from include.ledger.database import Database

_ROW = tuple(exceptions.c[name] for name in ExceptionRow.__slots__)
_RENEWED = tuple(name for name in NewException.__slots__ if name not in IDENTITY)


class Exceptions:
    """Opens, pages, retries, resolves."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._db = database
        self._audit = audit

    def open(self, items: Sequence[NewException]) -> Sequence[int]:
        """Set reasons down, reopening those that were known; returns an id for each item."""
        if not items:
            return []
        now = self._db.now()
        facts = [facts_of(item) for item in items]
        rows = {identity(row): {**row, "first_seen": now, "last_seen": now} for row in facts}
        statement = self._db.insert(exceptions)
        renewed = {name: statement.excluded[name] for name in (*_RENEWED, "last_seen")}
        statement = statement.on_conflict_do_update(
            index_elements=IDENTITY,
            set_={**renewed, "attempts": exceptions.c.attempts + 1, "state": ExceptionState.OPEN.value,
                  "resolved_at": None, "resolution": ""},
        )  # fmt: skip
        returning = statement.returning(exceptions.c.id, *(exceptions.c[name] for name in IDENTITY))
        with self._db.begin("open exceptions") as connection:
            opened = connection.execute(returning, [rows[key] for key in sorted(rows)]).all()
        ids = {identity(row._mapping): row.id for row in opened}
        return [ids[identity(row)] for row in facts]

    def list(
        self,
        flow: str | None = None,
        state: str | None = None,
        cause: str | None = None,
        *,
        record_key: str | None = None,
        limit: int = 50,
        offset: int = 0,
        before: int | None = None,
    ) -> Sequence[ExceptionRow]:
        """One page, newest first.

        Args:
            flow: only this flow's.
            state: only in this state.
            cause: only of this cause.
            record_key: only this record's.
            limit: rows a page.
            offset: rows to skip; ``before`` is as fast on the thousandth page as on the first.
            before: only ids below, i.e. the last id of the page before.
        """
        query = select(*_ROW).where(*_filters(flow, state, cause, record_key))
        if before is not None:
            query = query.where(exceptions.c.id < before)
        return self._read(query.order_by(exceptions.c.id.desc()).limit(limit).offset(offset))

    def open_for(self, flow: str, code: str) -> Sequence[ExceptionRow]:
        """Every open row of one reason, the first of them first."""
        query = select(*_ROW).where(*_filters(flow, "open", None, None), exceptions.c.code == code)
        return self._read(query.order_by(exceptions.c.id))

    def count(self, flow: str | None = None, state: str | None = None, cause: str | None = None) -> int:
        """How many rows :meth:`list` would page through."""
        query = select(func.count()).select_from(exceptions).where(*_filters(flow, state, cause, None))
        with self._db.once("count exceptions") as connection:
            return int(connection.scalar(query) or 0)

    def get(self, exception_id: int) -> ExceptionRow | None:
        """One exception."""
        return next(iter(self._read(select(*_ROW).where(exceptions.c.id == exception_id))), None)

    def siblings(self, exception_id: int, *, limit: int = 1000) -> Sequence[ExceptionRow]:
        """Other unresolved exceptions of the same flow and cause: one fix frees them all."""
        mine = select(exceptions.c.flow, exceptions.c.cause).where(exceptions.c.id == exception_id).subquery()
        query = (
            select(*_ROW)
            .join(mine, (exceptions.c.flow == mine.c.flow) & (exceptions.c.cause == mine.c.cause))
            .where(exceptions.c.state.in_(["open", "retrying"]), exceptions.c.id != exception_id)
        )
        return self._read(query.order_by(exceptions.c.id).limit(limit))

    def _read(self, query: Select[Any]) -> Sequence[ExceptionRow]:
        with self._db.once("read exceptions") as connection:
            rows = connection.execute(query).all()
        return [ExceptionRow(**{**row._mapping, "state": ExceptionState(row.state)}) for row in rows]

    def counts_by_cause(self, flow: str | None = None) -> dict[str, int]:
        """Open exceptions by cause, the most frequent first."""
        rows = func.count().label("rows")
        query = select(exceptions.c.cause, rows).where(*_filters(flow, "open", None, None))
        query = query.group_by(exceptions.c.cause).order_by(rows.desc(), exceptions.c.cause)
        with self._db.once("count causes") as connection:
            return dict(connection.execute(query).all())

    def start_retry(self, ids: Iterable[int], *, actor: str = "", flow: str | None = None) -> Sequence[str]:
        """Let the records of these exceptions go again.

        All open reasons of a record go to *retrying* together, since a retry looks at the whole
        record; its inbox rows become claimable at once. Asking twice has one effect.

        Returns:
            Keys of the records that were released by this call.
        """
        records = select(exceptions.c.flow, exceptions.c.record_key).where(exceptions.c.id.in_(list(ids)))
        if flow is not None:
            records = records.where(exceptions.c.flow == flow)
        chosen = records.distinct().subquery()
        return self._move(
            ExceptionState.RETRYING,
            exceptions.c.state == "open",
            exceptions.c.flow == chosen.c.flow,
            exceptions.c.record_key == chosen.c.record_key,
            action="retried",
            actor=actor,
        )

    def reopen(self, ids: Iterable[int], *, actor: str = "") -> Sequence[str]:
        """Take back a retry or a resolution; returns the keys of the records that wait again."""
        return self._move(
            ExceptionState.OPEN,
            exceptions.c.id.in_(list(ids)),
            exceptions.c.state != "open",
            action="reopened",
            actor=actor,
        )

    def resolve(self, flow: str, record_keys: Iterable[str], how: str) -> int:
        """Records went through: everything against them is resolved; returns how many rows were."""
        keys = list(record_keys)
        if not keys:
            return 0
        with self._db.once("resolve exceptions") as connection:
            return connection.execute(self._resolution(flow, keys, how)).rowcount

    def skip(self, flow: str, record_keys: Iterable[str], how: str, *, actor: str) -> int:
        """A person decides that what was set aside shall not be carried; returns how many inbox rows.

        Newer announcements of the records are carried as usual.
        """
        keys = sorted(set(record_keys))
        dropped = (
            update(inbox)
            .where(inbox.c.flow == flow, inbox.c.record_key.in_(keys), inbox.c.state == "held")
            .values(state="done", settled_at=self._db.now())
        )
        with self._db.begin("skip records") as connection:
            self._db.lock(connection, f"inbox:{flow}")
            rows = connection.execute(dropped).rowcount
            connection.execute(self._resolution(flow, keys, how))
            self._note(connection, "skipped", actor, [(flow, key) for key in keys], detail=how)
        return rows

    def _resolution(self, flow: str, keys: Sequence[str], how: str) -> Any:
        return (
            update(exceptions)
            .where(
                exceptions.c.flow == flow, exceptions.c.record_key.in_(keys), exceptions.c.state != "resolved"
            )
            .values(state="resolved", resolved_at=self._db.now(), resolution=how)
        )

    def _move(
        self, state: ExceptionState, *conditions: ColumnElement[bool], action: str, actor: str
    ) -> Sequence[str]:
        statement = (
            update(exceptions)
            .where(*conditions)
            .values(state=state.value, resolved_at=None, resolution="")
            .returning(exceptions.c.flow, exceptions.c.record_key)
        )
        with self._db.begin(f"mark exceptions {state.value}") as connection:
            records = sorted({(row.flow, row.record_key) for row in connection.execute(statement)})
            self._note(connection, action, actor, records)
        return [key for _, key in records]

    def _note(
        self,
        connection: Connection,
        action: str,
        actor: str,
        records: Sequence[tuple[str, str]],
        *,
        detail: str = "",
    ) -> None:
        if records and actor:
            self._audit.add_in(
                connection,
                [
                    AuditEntry(actor=actor, action=action, flow=flow, record_key=key, detail=detail)
                    for flow, key in records
                ],
            )


def _filters(
    flow: str | None, state: str | None, cause: str | None, record_key: str | None
) -> list[ColumnElement[bool]]:
    wanted = {
        "flow": flow,
        "state": state.lower() if state else None,
        "cause": cause,
        "record_key": record_key,
    }
    return [exceptions.c[name] == value for name, value in wanted.items() if value is not None]
