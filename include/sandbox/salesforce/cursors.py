"""Open queries: what ``nextRecordsUrl`` points at.

A cursor keeps the ids that the query found, so its walk neither skips nor repeats a record whatever changes
meanwhile; the values are those of the moment a page is read. It belongs to the session that opened it, lives
two days, and the eleventh that a user opens ends the user's oldest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.errors import ApiError
from include.sandbox.salesforce.ids import record_id

if TYPE_CHECKING:
    from include.sandbox.salesforce.exchange import Caller
    from include.sandbox.salesforce.store import Store

TABLES = """
CREATE TABLE IF NOT EXISTS salesforce_cursors (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL, session TEXT NOT NULL, opened TEXT NOT NULL,
    soql TEXT NOT NULL, deleted INTEGER NOT NULL, page INTEGER NOT NULL, ids TEXT NOT NULL
);
"""
PREFIX = "0r8"
LIFE = timedelta(days=2)
OPEN = 10
"""Cursors of one user at a time."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """An open query."""

    id: str
    soql: str
    deleted: bool
    page: int
    """Records of one page."""
    ids: list[str]


class Cursors:
    """All open queries of the org."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.database.create(TABLES)

    def open(self, caller: Caller, soql: str, ids: list[str], page: int, *, deleted: bool) -> Cursor:
        """Keep a query open; the user's oldest beyond ten end."""
        made = Cursor(record_id(PREFIX, self._store.next_number(PREFIX)), soql, deleted, page, ids)
        at = self._store.clock.now().isoformat()
        row = (made.id, caller.user_id, caller.session, at, soql, int(deleted), page, json.dumps(ids))
        database = self._store.database
        with database.transaction():
            database.change("INSERT INTO salesforce_cursors VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            database.change(
                "DELETE FROM salesforce_cursors WHERE user_id = ? AND id NOT IN (SELECT id FROM "
                "salesforce_cursors WHERE user_id = ? ORDER BY opened DESC, id DESC LIMIT ?)",
                (caller.user_id, caller.user_id, OPEN),
            )
        return made

    def at(self, caller: Caller, locator: str) -> tuple[Cursor, int]:
        """The cursor behind a locator, and the index of the page's first record.

        Raises:
            ApiError: 400 ``INVALID_QUERY_LOCATOR``: there is none, it is over, or it is another session's.
        """
        name, _, start = locator.partition("-")
        row = self._store.database.row("SELECT * FROM salesforce_cursors WHERE id = ?", (name,))
        known = row is not None and row["session"] == caller.session and start.isdecimal()
        if row is None or not known or self._over(row["opened"]):
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        ids: list[Any] = json.loads(row["ids"])
        if int(start) >= len(ids):
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return Cursor(name, row["soql"], bool(row["deleted"]), row["page"], ids), int(start)

    def _over(self, opened: str) -> bool:
        return self._store.clock.now() - datetime.fromisoformat(opened) > LIFE
