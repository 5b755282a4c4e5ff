"""The sandbox's memory: one SQLite file that outlives ``kill -9``.

Every sandbox system keeps its rows here, so a chaos test may kill the process anywhere and find the
outside world as it was. WAL with ``synchronous=NORMAL`` survives a killed process (not a power cut)
and costs no fsync per request. One connection under one lock: the sandbox is a single process.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Database:
    """A SQLite file with a lock, a nesting transaction and a small table of JSON settings."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        self._connection.row_factory = sqlite3.Row
        self._lock = threading.RLock()
        self._depth = 0
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "temp_store=MEMORY"):
            self._connection.execute(f"PRAGMA {pragma}")
        self.create(SCHEMA)

    def create(self, schema: str) -> None:
        """Run a script of ``CREATE ... IF NOT EXISTS``."""
        with self._lock:
            self._connection.executescript(schema)

    def close(self) -> None:
        """Let go of the file; further calls fail."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; nested uses join the outermost one."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[sqlite3.Row]:
        """Run one statement and fetch all it answers."""
        with self._lock:
            return self._connection.execute(sql, tuple(parameters)).fetchall()

    def row(self, sql: str, parameters: Iterable[Any] = ()) -> sqlite3.Row | None:
        """The first row, if there is one."""
        with self._lock:
            found: sqlite3.Row | None = self._connection.execute(sql, tuple(parameters)).fetchone()
            return found

    def change(self, sql: str, parameters: Iterable[Any] = ()) -> int:
        """Run one writing statement; answers how many rows it touched."""
        with self._lock:
            return self._connection.execute(sql, tuple(parameters)).rowcount

    def change_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Run one writing statement for each row, in one transaction."""
        with self.transaction():
            self._connection.executemany(sql, rows)

    def setting(self, name: str, default: Any = None) -> Any:
        """A JSON value kept under a name."""
        found = self.row("SELECT value FROM settings WHERE name = ?", (name,))
        return default if found is None else json.loads(found["value"])

    def keep_setting(self, name: str, value: Any) -> None:
        """Keep a JSON value under a name."""
        self.change(
            "INSERT INTO settings (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(value)),
        )

    def wipe(self) -> None:
        """Empty every table; the schema stays."""
        with self.transaction():
            names = self.rows(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
            for name in names:
                self.change(f'DELETE FROM "{name["name"]}"')  # noqa: S608 - a name out of sqlite_master
