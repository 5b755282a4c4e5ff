"""What was asked of the sandbox: counted, timed, without secrets.

Tests judge budgets by it ("one list call per 200 orders and nothing else"), so it is exact; it is
bounded, so a long run does not fill the disk.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

if TYPE_CHECKING:
    from datetime import datetime

    from include.sandbox.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, system TEXT NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, query TEXT NOT NULL, status INTEGER, ms REAL NOT NULL, fault TEXT
);
CREATE TABLE IF NOT EXISTS request_counts (
    system TEXT, method TEXT, shape TEXT, status INTEGER, n INTEGER NOT NULL,
    PRIMARY KEY (system, method, shape, status)
);
"""
KEPT = 20_000
PRUNE_EVERY = 500
NO_ANSWER = 0
SECRETS = frozenset({"client_secret", "refresh_token", "code", "token", "access_token", "authtoken"})


def without_secrets(query: str) -> str:
    """A query string whose secret values are stars."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(name, "***" if name in SECRETS else value) for name, value in pairs], safe="*")


def shape_of(path: str) -> str:
    """A path with its ids taken out: ``/inventory/v1/items/{id}``."""
    return re.sub(r"/\d{6,}(?=/|$)", "/{id}", path)


class RequestLog:
    """The last requests in full and all of them as counts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.create(SCHEMA)
        self._since_pruning = 0

    def note(
        self, at: datetime, system: str, seen: tuple[str, str, str], outcome: tuple[int, float, str]
    ) -> None:
        """Write one request down.

        Args:
            at: the sandbox's time.
            system: whose border it crossed.
            seen: method, path, query string.
            outcome: HTTP status (0 = the connection was cut without one), milliseconds, fault kind or "".
        """
        method, path, query = seen
        status, ms, fault = outcome
        with self._database.transaction():
            self._database.change(
                "INSERT INTO requests (at, system, method, path, query, status, ms, fault) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (at.isoformat(), system, method, path, without_secrets(query), status, round(ms, 2), fault),
            )
            self._database.change(
                "INSERT INTO request_counts VALUES (?, ?, ?, ?, 1) "
                "ON CONFLICT (system, method, shape, status) DO UPDATE SET n = n + 1",
                (system, method, shape_of(path), status),
            )
            self._prune()

    def _prune(self) -> None:
        self._since_pruning += 1
        if self._since_pruning >= PRUNE_EVERY:
            self._since_pruning = 0
            self._database.change(
                "DELETE FROM requests WHERE id <= (SELECT max(id) FROM requests) - ?", (KEPT,)
            )

    def clear(self) -> None:
        """Start counting again."""
        with self._database.transaction():
            self._database.change("DELETE FROM requests")
            self._database.change("DELETE FROM request_counts")

    def counts(self, system: str | None = None) -> list[dict[str, Any]]:
        """How many requests of each shape ended with each status since the last clearing."""
        return [
            dict(row)
            for row in self._database.rows(
                "SELECT * FROM request_counts WHERE system = coalesce(?, system) "
                "ORDER BY shape, method, status",
                (system,),
            )
        ]

    def find(
        self, *, limit: int = 200, since_id: int = 0, **equals: str | int | None
    ) -> list[dict[str, Any]]:
        """The latest requests, oldest first; ``path`` is a GLOB, the other filters are exact."""
        where, values = ["id > ?"], [since_id]
        for column, value in equals.items():
            if value is not None:
                where.append(f"{column} {'GLOB' if column == 'path' else '='} ?")
                values.append(value)  # type: ignore[arg-type]
        sql = f"SELECT * FROM requests WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?"  # noqa: S608
        return [dict(row) for row in reversed(self._database.rows(sql, (*values, limit)))]
