"""Salesforce's records: what is saved, what is in the recycle bin, and what one transaction changed.

A record is kept as one JSON body without its nulls, so fields can be added at any time; beside it stand its
unique and external ids and its parents, so nobody has to read a table to find one record. Reading pages
through the file: a hundred thousand products need no more memory than a thousand.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.ids import full_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from include.sandbox.clock import Clock
    from include.sandbox.database import Database
    from include.sandbox.salesforce.schema import Field, Schema, SObject
    from include.sandbox.salesforce.transaction import Transaction

Json = dict[str, Any]

TABLES = """
CREATE TABLE IF NOT EXISTS salesforce_records (
    id TEXT PRIMARY KEY, object TEXT NOT NULL, bin INTEGER NOT NULL DEFAULT 0, stamp TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS salesforce_records_in_order ON salesforce_records (object, id);
CREATE INDEX IF NOT EXISTS salesforce_records_by_stamp ON salesforce_records (object, stamp, id);
CREATE TABLE IF NOT EXISTS salesforce_keys (
    object TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (object, field, value, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS salesforce_links (
    parent TEXT NOT NULL, object TEXT NOT NULL, field TEXT NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (parent, object, field, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS salesforce_counters (name TEXT PRIMARY KEY, last INTEGER NOT NULL);
"""
PAGE = 1000
LIVE = 0
"""``bin`` of a record that is not in the recycle bin; else the number of the deletion that put it there."""
IDS_AT_ONCE = 500
FOREVER = "9999"
STORY = "story"


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction did to one record, however many steps it took."""

    object: str
    id: str
    kind: str
    """``CREATE``, ``UPDATE``, ``DELETE`` or ``UNDELETE``."""
    before: Json | None
    after: Json | None
    changed: tuple[str, ...]
    """Names of the fields whose values differ, in describe's order."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One Salesforce transaction."""

    transaction_key: str
    number: int
    at: datetime
    user_id: str
    client: str
    origin: str
    changes: list[Change]


def stamp(moment: datetime) -> str:
    """``2026-03-02T14:05:11.000+0000``: a moment as Salesforce writes it, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def dumps(value: Any) -> str:
    """Compact JSON; decimals become numbers, as they are on Salesforce's wire."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=float)


def loads(text: str | bytes) -> Any:
    """JSON with exact numbers."""
    return json.loads(text, parse_float=Decimal)


def folded(field: Field, value: Any) -> str:
    """A unique or external id as it is compared: case counts only where the field says so."""
    text = str(value)
    return text if field.case_sensitive else text.lower()


class Store:
    """The org's records over the sandbox's database.

    ``recorders`` are called inside the transaction that they describe: what they write to the same database
    is saved with it or not at all. ``listeners`` are called when it is saved. ``guards`` may refuse a row
    before it is written: they get the transaction, the object, the record as it was (None: new) and as it
    will be (None: deleted).
    """

    def __init__(self, database: Database, clock: Clock, schema: Schema) -> None:
        self.database = database
        self.clock = clock
        self.schema = schema
        self.recorders: list[Callable[[Commit], None]] = []
        self.listeners: list[Callable[[Commit], None]] = []
        self.guards: list[Callable[[Transaction, SObject, Json | None, Json | None], None]] = []
        self._open: Transaction | None = None
        database.create(TABLES)

    def read(self, name: str, record: str, deleted: bool = False) -> Json | None:
        """A record by its 15- or 18-character id; ``deleted``: also from the recycle bin."""
        found = self.read_many(name, [record], deleted=deleted)
        return found[0] if found else None

    def read_many(self, name: str, records: Iterable[str], deleted: bool = False) -> list[Json]:
        """Those of some records that exist, in the order asked."""
        sobject = self.schema.object(name)
        ids = [found for one in records if (found := full_id(one))] if sobject else []
        bodies: dict[str, Json] = {}
        for start in range(0, len(ids), IDS_AT_ONCE):
            chunk = ids[start : start + IDS_AT_ONCE]
            marks = ",".join("?" * len(chunk))
            sql = f"SELECT id, bin, body FROM salesforce_records WHERE id IN ({marks}) AND object = ?"  # noqa: S608
            for row in self.database.rows(sql, (*chunk, sobject.name if sobject else "")):
                if deleted or row["bin"] == LIVE:
                    bodies[row["id"]] = self._record(sobject, row["body"])  # type: ignore[arg-type]
        return [bodies[one] for one in ids if one in bodies]

    def rows(self, name: str, deleted: bool = False) -> Iterator[Json]:
        """Every record of an object in the order of ids; ``deleted``: also from the recycle bin."""
        return self._paged(name, "id > ?", "id", ("",), deleted=deleted)

    def stamped(self, name: str, first: str = "", last: str = "", *, deleted: bool = False) -> Iterator[Json]:
        """The records with a SystemModstamp from ``first`` to ``last``, in its order and then of ids."""
        until = last or FOREVER
        return self._paged(name, "(stamp, id) > (?, ?)", "stamp, id", (first, ""), until, deleted=deleted)

    def _paged(
        self,
        name: str,
        after: str,
        order: str,
        start: tuple[str, ...],
        until: str = FOREVER,
        *,
        deleted: bool,
    ) -> Iterator[Json]:
        sobject = self.schema.object(name)
        live = "" if deleted else f"AND bin = {LIVE} "
        sql = (
            f"SELECT {order}, body FROM salesforce_records WHERE object = ? AND stamp <= ? AND {after} "  # noqa: S608
            f"{live}ORDER BY {order} LIMIT {PAGE}"
        )
        while sobject:
            page = self.database.rows(sql, (sobject.name, until, *start))
            for row in page:
                yield self._record(sobject, row["body"])
            if len(page) < PAGE:
                return
            start = tuple(page[-1])[:-1]

    def ids(self, name: str, *, deleted: bool = False, by_stamp: bool = False) -> list[str]:
        """Ids of all records of an object, in their own order or in that of SystemModstamp and id."""
        sobject = self.schema.object(name)
        live = "" if deleted else f"AND bin = {LIVE} "
        order = "stamp, id" if by_stamp else "id"
        rows = self.database.rows(
            f"SELECT id FROM salesforce_records WHERE object = ? {live}ORDER BY {order}",  # noqa: S608 - ours
            (sobject.name if sobject else "",),
        )
        return [row["id"] for row in rows]

    def count(self, name: str, deleted: bool = False) -> int:
        """How many records an object has."""
        sobject = self.schema.object(name)
        live = "" if deleted else f" AND bin = {LIVE}"
        row = self.database.row(
            f"SELECT count(*) AS n FROM salesforce_records WHERE object = ?{live}",  # noqa: S608
            (sobject.name if sobject else "",),
        )
        return int(row["n"]) if row else 0

    def lookup(self, name: str, field: str, value: Any) -> list[str]:
        """Ids of the live records that have this value in a unique or external id field."""
        sobject = self.schema.object(name)
        known = sobject.field(field, hidden=True) if sobject else None
        if sobject is None or known is None or value is None:
            return []
        rows = self.database.rows(
            "SELECT id FROM salesforce_keys WHERE object = ? AND field = ? AND value = ? ORDER BY id",
            (sobject.name, known.name, folded(known, value)),
        )
        return [row["id"] for row in rows]

    def children(self, name: str, field: str, parents: Sequence[str], deleted: bool = False) -> list[Json]:
        """The records whose reference field points at one of some records, in the order of ids."""
        found: list[str] = []
        for start in range(0, len(parents), IDS_AT_ONCE):
            chunk = [full_id(one) for one in parents[start : start + IDS_AT_ONCE]]
            marks = ",".join("?" * len(chunk))
            rows = self.database.rows(
                f"SELECT id FROM salesforce_links WHERE parent IN ({marks}) AND object = ? AND field = ?",  # noqa: S608
                (*chunk, name, field),
            )
            found += [row["id"] for row in rows]
        return self.read_many(name, sorted(found), deleted=deleted)

    def next_number(self, name: str) -> int:
        """Count something up; lasting only if the transaction is saved."""
        row = self.database.row(
            "INSERT INTO salesforce_counters VALUES (?, 1) "
            "ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last",
            (name,),
        )
        return int(row["last"]) if row else 0

    @contextmanager
    def commit(
        self, user_id: str, client: str = "", origin: str = "rest", *, allow_duplicates: bool = False
    ) -> Iterator[Transaction]:
        """One transaction: all of it or nothing. Within another one it is a savepoint of that.

        Args:
            user_id: who is named in the audit fields.
            client: what the caller calls itself.
            origin: the API; ``ui`` and ``story`` may write fields that are hidden from the API, and what a
                story tells was there before anybody listened.
            allow_duplicates: save although a duplicate rule warns.
        """
        from include.sandbox.salesforce.transaction import Transaction  # noqa: PLC0415 - it needs this module

        with self.database.transaction():
            if self._open is not None:
                with self._open.savepoint():
                    yield self._open
                return
            transaction = Transaction(self, user_id, client, origin, allow_duplicates=allow_duplicates)
            self._open = transaction
            try:
                yield transaction
                done = transaction.finish()
                done = None if origin == STORY else done
                for record in self.recorders if done else ():
                    record(done)  # type: ignore[arg-type]
            finally:
                self._open = None
        for listen in self.listeners if done else ():
            listen(done)  # type: ignore[arg-type]

    def _record(self, sobject: SObject, body: str) -> Json:
        return {**sobject.blank, **loads(body)}
