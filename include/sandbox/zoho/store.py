"""Zoho's records: each document as the JSON text that is sent, its list row beside it.

Both texts are made when a record is written, so reading is one look-up and no work: a page of 200 is
200 ready rows joined by commas.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.sandbox.zoho.wire import Json, dumps, identity, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from include.sandbox.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    resource TEXT NOT NULL, id TEXT NOT NULL, number TEXT, name TEXT COLLATE NOCASE, sku TEXT, party TEXT,
    status TEXT, date TEXT, created INTEGER, modified INTEGER, body TEXT NOT NULL, row TEXT NOT NULL,
    PRIMARY KEY (resource, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS documents_modified ON documents (resource, modified);
CREATE INDEX IF NOT EXISTS documents_created ON documents (resource, created);
CREATE INDEX IF NOT EXISTS documents_number ON documents (resource, number);
CREATE INDEX IF NOT EXISTS documents_name ON documents (resource, name);
CREATE INDEX IF NOT EXISTS documents_party ON documents (resource, party);
"""
COLUMNS = "resource, id, number, name, sku, party, status, date, created, modified, body, row"
NEW_IDS = 900
"""The block of ids for records made through the API; stories use lower ones."""


@dataclass(frozen=True, slots=True)
class Record:
    """A document and its list row, with what lists filter and sort by."""

    resource: str
    id: str
    body: Json
    row: Json

    def values(self) -> tuple[Any, ...]:
        """The columns in the table's order."""
        row = self.row
        return (
            self.resource,
            self.id,
            row.get("salesorder_number"),
            row.get("contact_name") or row.get("name"),
            row.get("sku"),
            row.get("customer_id"),
            row.get("status"),
            row.get("date"),
            _epoch(row.get("created_time")),
            _epoch(row.get("last_modified_time")),
            dumps(self.body),
            dumps(row),
        )


def _epoch(text: Any) -> int | None:
    return int(parse_time(text).timestamp()) if text else None


class Documents:
    """All records of all resources."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.create(SCHEMA)

    def put(self, *records: Record) -> None:
        """Insert or replace, together or not at all."""
        marks = ", ".join("?" * len(COLUMNS.split(", ")))
        self._database.change_many(
            f"INSERT OR REPLACE INTO documents ({COLUMNS}) VALUES ({marks})",  # noqa: S608 - our columns
            (record.values() for record in records),
        )

    def put_plain(self, resource: str, record_id: str, body: Json) -> None:
        """Keep a record that no list shows."""
        self.put(Record(resource, record_id, body, {}))

    def text(self, resource: str, record_id: str) -> str | None:
        """The document as it is sent."""
        found = self._database.row(
            "SELECT body FROM documents WHERE resource = ? AND id = ?", (resource, record_id)
        )
        return found["body"] if found else None

    def get(self, resource: str, record_id: str) -> Json | None:
        """The document, to work on."""
        text = self.text(resource, record_id)
        return None if text is None else dict(json.loads(text))

    def row(self, resource: str, record_id: str) -> Json | None:
        """The list row."""
        found = self._database.row(
            "SELECT row FROM documents WHERE resource = ? AND id = ?", (resource, record_id)
        )
        return dict(json.loads(found["row"])) if found else None

    def texts(self, resource: str, ids: Sequence[str]) -> list[str]:
        """Several documents in the order of their ids' list; unknown ids are left out."""
        return [text for record_id in ids for text in [self.text(resource, record_id)] if text is not None]

    def delete(self, resource: str, record_id: str) -> bool:
        """Whether there was one."""
        return (
            self._database.change(
                "DELETE FROM documents WHERE resource = ? AND id = ?", (resource, record_id)
            )
            > 0
        )

    def id_of(self, resource: str, column: str, value: str) -> str | None:
        """The id of the record with this ``number``, ``name`` or ``sku``."""
        found = self._database.row(
            f"SELECT id FROM documents WHERE resource = ? AND {column} = ? LIMIT 1",  # noqa: S608 - our columns
            (resource, value),
        )
        return found["id"] if found else None

    def ids(self, resource: str) -> list[str]:
        """Every id, oldest record first."""
        found = self._database.rows(
            "SELECT id FROM documents WHERE resource = ? ORDER BY created, id", (resource,)
        )
        return [row["id"] for row in found]

    def every(self, resource: str) -> list[str]:
        """Every document as it is sent, oldest first."""
        found = self._database.rows(
            "SELECT body FROM documents WHERE resource = ? ORDER BY created, id", (resource,)
        )
        return [row["body"] for row in found]

    def chosen_ids(self, where: str, values: Iterable[Any]) -> list[str]:
        """Ids of the records that meet a condition of ours."""
        sql = f"SELECT id FROM documents WHERE {where} ORDER BY created, id"  # noqa: S608 - our conditions
        return [row["id"] for row in self._database.rows(sql, tuple(values))]

    def count(self, resource: str) -> int:
        """How many there are."""
        found = self._database.row("SELECT count(*) AS n FROM documents WHERE resource = ?", (resource,))
        return int(found["n"]) if found else 0

    def page(self, where: str, values: Iterable[Any], order: str, window: tuple[int, int]) -> list[str]:
        """Ready rows of one page; ``where`` and ``order`` come from :mod:`~include.sandbox.zoho.listing`."""
        sql = f"SELECT row FROM documents WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
        return [row["row"] for row in self._database.rows(sql, (*values, *window))]

    def new_id(self) -> str:
        """A fresh id."""
        return identity(NEW_IDS, self.next_number("zoho.ids", 1))

    def next_number(self, counter: str, first: int) -> int:
        """Count on and answer the new value; counters survive a restart."""
        with self._database.transaction():
            number = int(self._database.setting(counter, first - 1)) + 1
            self._database.keep_setting(counter, number)
        return number
