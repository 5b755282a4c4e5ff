# ruff: noqa: N802 - Sage's own names
"""What all Business Objects share, driven by the data dictionary.

A record is opened by its key and locked, edited in memory under the dictionary's rules, and written in
one transaction. Until then nothing is visible to anyone; a process that dies leaves nothing.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Literal

from include.sandbox.sage100 import database, faults, holders
from include.sandbox.sage100.objects import session as sessions
from include.sandbox.sage100.objects.answers import ComError, answered
from include.sandbox.sage100.objects.editor import Editor
from include.sandbox.sage100.objects.values import accept, column_of
from include.sandbox.sage100.records import Record, delete, find, save
from include.sandbox.sage100.refusals import IN_USE, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator


MATCHED = frozenset({"CustomerNo", "CustomerPONo"})
"""Columns that the match of a fault is looked for in, beside the key and the UDFs."""
LOCK_LOST = "The record is no longer locked by this session."
NOT_OPEN = "No record is open: call nSetKey first."


class BusinessObject(Editor):
    """One record of a table at a time. A subclass names the table and adds its own rules."""

    main: ClassVar[str]
    """The table."""

    def __init__(self, session: sessions.Session) -> None:
        super().__init__(session)
        self._table = session.table(self.main)
        self._key: dict[str, str] = {}
        self._record: Record | None = None
        self._state: Literal["closed", "reading", "new", "existing"] = "closed"

    # for the lines

    @property
    def session(self) -> sessions.Session:
        """The session the object was made in."""
        return self._session

    def header(self) -> Record:
        """The open record."""
        return self._readable()

    def editable(self) -> Record:
        """The open record, if it may be changed."""
        return self._editable()

    def subject(self) -> str:
        """What a fault on this record or its lines is matched against."""
        return self._subject()

    # what a subclass may add

    def _begin(self, record: Record) -> None:
        """Fill a new record with what does not stand in the layout."""

    def _opened(self, record: Record) -> None:
        """Load what belongs to the record."""

    def _complete(self, record: Record) -> None:
        """Refuse a record that may not be written; work out computed columns."""

    def _commit(self, record: Record, *, created: bool) -> None:
        """Write within the transaction."""
        save(self._session.db, record)

    def _remove(self, record: Record) -> None:
        """Delete within the transaction."""
        delete(self._session.db, self._table, *record.key)

    # keys and opening

    @answered
    def nSetKeyValue(self, column: str, value: object) -> int:
        """Give one part of the key, for ``nSetKey`` or ``nFind`` without an argument."""
        known = column_of(self._table, column)
        if known.name not in self._table.primary:
            raise RefusedError(f"The {known.name} is not part of the key.")
        taken = accept(known, value)
        self._on_file(known, taken)
        self._key[known.name] = str(taken)
        return 1

    @answered
    def nSetKey(self, key: str = "") -> int:
        """Open and lock a record: 1 it exists, 2 it is new, 0 locked by another or not a key."""
        self._close()
        self._session.refresh()
        parts = self._key_parts(key)
        if faults.strike(self._session.db, "lock_held", " ".join(parts)) or not self._lock(parts):
            raise RefusedError(IN_USE)
        try:
            return self._open(parts)
        except RefusedError:
            self._close()
            raise

    @answered
    def nFind(self, key: str = "") -> int:
        """Find a record to read, without a lock: 1 or 0."""
        self._close()
        self._record = find(self._session.db, self._table, *self._key_parts(key))
        self._state = "reading" if self._record else "closed"
        return int(self._record is not None)

    def _open(self, parts: tuple[str, ...]) -> int:
        record = find(self._session.db, self._table, *parts)
        self._state = "new" if record is None else "existing"
        if record is None:
            record = Record.blank(self._table, dict(zip(self._table.primary, parts, strict=True)))
        self._record = record
        if self._state == "new":
            self._begin(record)
        self._opened(record)
        return 2 if self._state == "new" else 1

    def _key_parts(self, key: str) -> tuple[str, ...]:
        names = self._table.primary
        given, self._key = self._key, {}
        if key and len(names) == 1:
            given = {names[0]: str(accept(self._table.columns[names[0]], key))}
        missing = [name for name in names if not given.get(name)]
        if missing:
            raise RefusedError(f"The {missing[0]} is required.")
        return tuple(given[name] for name in names)

    def _resource(self, parts: tuple[str, ...]) -> str:
        return "|".join((self.main, *parts))

    def _lock(self, parts: tuple[str, ...]) -> bool:
        session = self._session
        seconds = session.settings.lock_seconds
        return holders.lock(session.db, self._resource(parts), session.holder, seconds)

    # browsing

    @answered
    def nMoveFirst(self) -> int:
        """Go to the first record in key order, to read."""
        self._close()
        return self._move("")

    @answered
    def nMoveNext(self) -> int:
        """Go to the next record; 0 and ``nEOF`` after the last."""
        names = ", ".join(self._table.primary)
        marks = ", ".join("?" * len(self._table.primary))
        return self._move(f"WHERE ({names}) > ({marks})", *self._readable().key)

    @answered
    def nEOF(self) -> int:
        """1 when browsing has run past the last record."""
        return int(self._record is None)

    def _move(self, where: str, *key: str) -> int:
        order = ", ".join(self._table.primary)
        sql = f"SELECT * FROM {self.main} {where} ORDER BY {order} LIMIT 1"  # noqa: S608
        row = self._session.db.execute(sql, key).fetchone()
        self._record = Record.from_row(self._table, row) if row else None
        self._state = "reading" if row else "closed"
        return int(row is not None)

    # writing

    @answered
    def nWrite(self) -> int:
        """Write the record and what follows from it, all or nothing, and let it go."""
        record = self._editable()
        session, subject = self._session, self._subject()
        session.refresh()
        session.delay("latency_order", subject)
        if faults.strike(session.db, "closed_period", subject):
            raise RefusedError(sessions.CLOSED)
        self._require(record)
        self._complete(record)
        self._hang("hang_before_commit", subject)
        created = self._state == "new"
        with self._transaction(record):
            session.stamp().mark(record, created=created)
            self._commit(record, created=created)
        self._state = "reading"
        self._hang("hang_after_commit", subject)
        return 1

    @answered
    def nDelete(self) -> int:
        """Delete the open record and take back what followed from it."""
        record = self._editable()
        if self._state == "new":
            raise RefusedError("The record has not been written.")
        self._session.refresh()
        with self._transaction(record):
            self._remove(record)
        self._close()
        return 1

    def _require(self, record: Record) -> None:
        for column in self._table.required:
            if not record.values[column.name]:
                raise RefusedError(f"The {column.name} is required.")

    @contextmanager
    def _transaction(self, record: Record) -> Iterator[None]:
        """Write only while the session still has the record, and give it back with the commit."""
        session, resource = self._session, self._resource(record.key)
        with database.writing(session.db):
            if not holders.holds(session.db, resource, session.holder):
                raise RefusedError(LOCK_LOST)
            yield
            holders.unlock(session.db, resource, session.holder)

    def _hang(self, kind: faults.Kind, subject: str) -> None:
        """Sleep as ordered. Who still waits when a write that never was comes to its end sees it fail."""
        fault = faults.strike(self._session.db, kind, subject)
        if fault is None:
            return
        self._session.pause(fault.seconds)
        if kind == "hang_before_commit":
            self._session.poisoned = True
            raise ComError("Error 0: time out")

    # letting go

    @answered
    def nClear(self) -> int:
        """Forget the open record without writing it."""
        self._close()
        return 1

    def nCleanup(self) -> int:
        """Let the record go; works on a poisoned session too."""
        self._close()
        return 1

    def DropObject(self) -> int:
        """Release the object."""
        return self.nCleanup()

    def _close(self) -> None:
        if self._record is not None and self._state in {"new", "existing"} and self._session.any_db:
            resource = self._resource(self._record.key)
            holders.unlock(self._session.db, resource, self._session.holder)
        self._record = None
        self._state = "closed"

    def _editable(self) -> Record:
        if self._record is None or self._state not in {"new", "existing"}:
            raise RefusedError(NOT_OPEN)
        return self._record

    def _readable(self) -> Record:
        if self._record is None:
            raise RefusedError(NOT_OPEN)
        return self._record

    def _subject(self) -> str:
        if self._record is None:
            return ""
        marks = [str(v) for n, v in self._record.values.items() if n in MATCHED or n.startswith("UDF_")]
        return " ".join((*self._record.key, *marks))
