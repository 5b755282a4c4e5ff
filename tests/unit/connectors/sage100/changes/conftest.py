"""Sage's tables in the sandbox's layouts, written directly and read through the real ODBC driver."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from include.connectors.sage100 import OdbcSettings, connect
from include.connectors.sage100.database import Database
from include.sandbox.sage100 import database as sandbox


def nothing() -> None:
    """Nobody writes meanwhile."""


class Tables:
    """One company's tables; ``before_each`` runs before every statement that is read, as other users do."""

    def __init__(self, home: Path) -> None:
        self.file = sandbox.create(home)
        self.db = sandbox.connect(self.file)
        self.db.execute("PRAGMA synchronous = OFF")
        with sandbox.writing(self.db):
            sandbox.build(self.db)
        self.before_each: Callable[[], None] = nothing
        self.sent: list[str] = []

    def put(self, table: str, **columns: object) -> None:
        """Write one row over the one with its primary key."""
        marks = ", ".join("?" * len(columns))
        names = ", ".join(columns)
        self.db.execute(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", tuple(columns.values()))

    def change(self, table: str, where: dict[str, object], **columns: object) -> None:
        """Change columns of the rows that have these values."""
        sets = ", ".join(f"{name} = ?" for name in columns)
        self.db.execute(
            f"UPDATE {table} SET {sets} WHERE {_matching(where)}", (*columns.values(), *where.values())
        )

    def drop(self, table: str, **where: object) -> None:
        """Delete the rows that have these values."""
        self.db.execute(f"DELETE FROM {table} WHERE {_matching(where)}", tuple(where.values()))

    def together(self) -> Any:
        """A transaction: readers see all of it or nothing."""
        return sandbox.writing(self.db)

    def connect(self) -> Any:
        return Watched(
            connect(OdbcSettings(driver="SQLite3", database=str(self.file)).connection_string()), self
        )

    def reads(self) -> Database:
        return Database(self.connect)


def _matching(where: dict[str, object]) -> str:
    return " AND ".join(f"{name} = ?" for name in where)


class Watched:
    """A real connection or cursor that notes its statements and lets others write before each."""

    def __init__(self, inner: Any, tables: Tables) -> None:
        self._inner, self._tables = inner, tables

    def cursor(self) -> Watched:
        return Watched(self._inner.cursor(), self._tables)

    def execute(self, sql: str, *values: object) -> None:
        self._tables.before_each()
        self._tables.sent.append(sql)
        self._inner.execute(sql, *values)

    def columns(self, table: str | None = None) -> list[Any]:
        return list(self._inner.columns(table=table))

    def fetchall(self) -> list[Any]:
        return list(self._inner.fetchall())

    def close(self) -> None:
        self._inner.close()


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    made = Tables(tmp_path)
    yield made
    made.db.close()


@pytest.fixture
def database(tables: Tables) -> Iterator[Database]:
    made = tables.reads()
    yield made
    made.close()


@pytest.fixture
def rows_of(tables: Tables) -> Callable[[str], list[sqlite3.Row]]:
    return lambda table: tables.db.execute(f"SELECT * FROM {table}").fetchall()
