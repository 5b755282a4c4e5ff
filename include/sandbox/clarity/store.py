"""Clarity's records as the JSON text that is sent, and the log of everything that changed them.

A change and its line in the log are one transaction: it is in the log if and only if it happened, however
the process ends.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.sandbox.clarity.kinds import DEAD, Kind, identity, list_row
from include.sandbox.clarity.wire import Json, dumps

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from include.sandbox.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS clarity_documents (
    resource TEXT NOT NULL, id INTEGER NOT NULL, number TEXT NOT NULL, status TEXT, dead INTEGER NOT NULL,
    created TEXT NOT NULL, updated TEXT NOT NULL, indexed TEXT NOT NULL, parent TEXT, body TEXT NOT NULL,
    row TEXT,
    PRIMARY KEY (resource, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS clarity_documents_number ON clarity_documents (resource, number);
CREATE INDEX IF NOT EXISTS clarity_documents_updated
    ON clarity_documents (resource, dead, updated, id, indexed, status);
CREATE INDEX IF NOT EXISTS clarity_documents_parent ON clarity_documents (resource, parent);
CREATE TABLE IF NOT EXISTS clarity_effects (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, resource TEXT NOT NULL,
    record_id INTEGER NOT NULL, number TEXT NOT NULL, action TEXT NOT NULL, actor TEXT NOT NULL,
    row_version INTEGER NOT NULL,
    changed TEXT NOT NULL, request_id TEXT NOT NULL, idempotency_key TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS clarity_effects_record ON clarity_effects (resource, number);
"""
INSERT = (
    "INSERT OR REPLACE INTO clarity_documents "
    "(resource, id, number, status, dead, created, updated, indexed, parent, body, row) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class By:
    """Whose hand a change is, and with which request it came."""

    actor: str
    request_id: str = ""
    idempotency_key: str = ""


SHOP = By("storefront")
"""The shop's own people and buyers: what the control API does."""


class Documents:
    """All records of all kinds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.create(SCHEMA)

    def put(self, kind: Kind, documents: Iterable[Json], indexed: str = "") -> None:
        """Insert or replace; ``indexed`` is when lists begin to show them (default: at once)."""
        self._database.change_many(INSERT, (_values(kind, document, indexed) for document in documents))

    def get(self, kind: Kind, record_id: int) -> Json | None:
        """One document."""
        return _body(
            self._database.row(
                "SELECT body FROM clarity_documents WHERE resource = ? AND id = ?", (kind.resource, record_id)
            )
        )

    def numbered(self, kind: Kind, number: str) -> Json | None:
        """The document with this natural key."""
        return _body(
            self._database.row(
                "SELECT body FROM clarity_documents WHERE resource = ? AND number = ?",
                (kind.resource, number),
            )
        )

    def where(self, kind: Kind, path: str, value: Any) -> list[Json]:
        """Every document whose member at a JSON path has this value."""
        rows = self._database.rows(
            "SELECT body FROM clarity_documents WHERE resource = ? AND json_extract(body, ?) = ? ORDER BY id",
            (kind.resource, f"$.{path}", value),
        )
        return [json.loads(row["body"]) for row in rows]

    def of_order(self, kind: Kind, number: str) -> list[Json]:
        """Every document that belongs to an order."""
        rows = self._database.rows(
            "SELECT body FROM clarity_documents WHERE resource = ? AND parent = ? ORDER BY id",
            (kind.resource, number),
        )
        return [json.loads(row["body"]) for row in rows]

    def numbers(self, kind: Kind) -> list[str]:
        """Every natural key, in the order of ids."""
        rows = self._database.rows(
            "SELECT number FROM clarity_documents WHERE resource = ? ORDER BY id", (kind.resource,)
        )
        return [row["number"] for row in rows]

    def count(self, resource: str) -> int:
        """How many there are."""
        found = self._database.row(
            "SELECT count(*) AS n FROM clarity_documents WHERE resource = ?", (resource,)
        )
        return int(found["n"]) if found else 0

    def page(
        self, where: str, values: Iterable[Any], order: str, window: tuple[int, int]
    ) -> list[sqlite3.Row]:
        """Rows of one page; ``where`` and ``order`` come from :mod:`~include.sandbox.clarity.listing`."""
        sql = (
            "SELECT id, updated, coalesce(row, body) AS text FROM clarity_documents "  # noqa: S608
            f"WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
        )
        return self._database.rows(sql, (*values, *window))

    def matching(self, where: str, values: Iterable[Any]) -> int:
        """How many rows a list has in all."""
        found = self._database.row(
            f"SELECT count(*) AS n FROM clarity_documents WHERE {where}",  # noqa: S608
            values,
        )
        return int(found["n"]) if found else 0

    def new_id(self, kind: Kind, counter: str = "") -> int:
        """A fresh id; counters survive a restart. A named counter is one of its own."""
        name = f"clarity.{counter or kind.resource}"
        with self._database.transaction():
            number = int(self._database.setting(name, kind.first_id - 1)) + 1
            self._database.keep_setting(name, number)
        return number


def _values(kind: Kind, document: Json, indexed: str) -> tuple[Any, ...]:
    row = list_row(kind, document)
    number = kind.number(document)
    return (
        kind.resource,
        identity(document),
        number,
        document.get("status"),
        int(document.get("status") in DEAD),
        document.get("createdDate", document["updatedDate"]),
        document["updatedDate"],
        indexed,
        document.get("orderNumber"),
        dumps(document),
        None if row is None else dumps(row),
    )


def _body(row: sqlite3.Row | None) -> Json | None:
    return None if row is None else dict(json.loads(row["body"]))


class Effects:
    """What was really changed, by whom, with which request."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, at: str, kind: Kind, document: Json, *, action: str, by: By, changed: Json) -> None:
        """Write one line, in the transaction of the change."""
        self._database.change(
            "INSERT INTO clarity_effects (at, resource, record_id, number, action, actor, row_version, "
            "changed, request_id, idempotency_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                at,
                kind.resource,
                identity(document),
                kind.number(document),
                action,
                by.actor,
                document.get("rowVersion", 1),
                dumps(changed),
                by.request_id,
                by.idempotency_key,
            ),
        )

    def find(self, *, since_id: int = 0, limit: int = 1000, **equals: str | None) -> list[Json]:
        """Effects in their order; ``resource``, ``number``, ``action`` and ``actor`` are exact."""
        where, values = ["id > ?"], [since_id]
        for column, value in equals.items():
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)  # type: ignore[arg-type]
        sql = f"SELECT * FROM clarity_effects WHERE {' AND '.join(where)} ORDER BY id LIMIT ?"  # noqa: S608
        return [
            {**dict(row), "changed": json.loads(row["changed"])}
            for row in self._database.rows(sql, (*values, limit))
        ]

    def counts(self) -> list[Json]:
        """How often each action was done to each kind of record, by whom."""
        return [
            dict(row)
            for row in self._database.rows(
                "SELECT resource, action, actor, count(*) AS n, count(DISTINCT record_id) AS records "
                "FROM clarity_effects GROUP BY resource, action, actor ORDER BY resource, action, actor"
            )
        ]
