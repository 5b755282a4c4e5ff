"""A company's database: Sage's tables in one SQLite file, read by anyone over ODBC.

The file is ``<home>/MAS_<company>.sqlite`` in WAL mode: readers never wait for the one writer, and a
writer that is killed leaves its transaction whole or not at all. Columns are declared with Sage's
types and widths, so that ``SQLColumns`` shows them: the SQLite ODBC driver gives text widths in
``COLUMN_SIZE``; for ``DECIMAL(p,s)`` it reports the type as VARCHAR, puts s into ``COLUMN_SIZE`` and
keeps ``DECIMAL(p,s)`` in ``TYPE_NAME``. It hands such a column over as text with 15 digits, which is exact
for everything Sage can hold; a computed expression (``SUM``) comes as a double and is not.

Tables named ``sandbox_*`` are the sandbox's own: switches, faults, locks, batches, effects.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from include.sandbox.sage100.dictionary import Column, Release, Table, dictionary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_SECONDS = 30.0

OWN_TABLES = {
    "sandbox_setting": "name TEXT PRIMARY KEY, value TEXT NOT NULL",
    "sandbox_password": "UserLogon TEXT PRIMARY KEY, salt TEXT NOT NULL, hash TEXT NOT NULL",
    "sandbox_fault": (
        "id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, point TEXT NOT NULL DEFAULT '', "
        "match TEXT NOT NULL DEFAULT '', seconds REAL NOT NULL DEFAULT 0, times INTEGER, "
        "hits INTEGER NOT NULL DEFAULT 0"
    ),
    "sandbox_lock": (
        "resource TEXT PRIMARY KEY, owner TEXT NOT NULL, pid INTEGER NOT NULL, born TEXT NOT NULL, "
        "expires REAL NOT NULL"
    ),
    "sandbox_batch": (
        "module TEXT NOT NULL, number INTEGER NOT NULL, private TEXT NOT NULL, comment TEXT NOT NULL, "
        "user_key TEXT NOT NULL, PRIMARY KEY (module, number)"
    ),
    "sandbox_effect": (
        "id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL, record TEXT NOT NULL, "
        "sync_key TEXT NOT NULL, order_id TEXT NOT NULL, po TEXT NOT NULL, lines INTEGER NOT NULL, "
        "total TEXT NOT NULL, commitment TEXT NOT NULL, pid INTEGER NOT NULL"
    ),
}


def company_file(home: Path, company: str = "ABC") -> Path:
    """Where a company's tables are."""
    return home / f"MAS_{company}.sqlite"


def connect(file: Path) -> sqlite3.Connection:
    """Open an existing company for one thread. Transactions are explicit: see :func:`writing`.

    Raises:
        FileNotFoundError: there is no such company.
    """
    if not file.is_file():
        raise FileNotFoundError(f"no company database {file}: make it with `load`")
    db = sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=512)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA synchronous = NORMAL")
    return db


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """Open an existing company and close it again."""
    db = connect(file)
    try:
        yield db
    finally:
        db.close()


@contextmanager
def writing(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, one writer at a time across processes."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def create(home: Path, company: str = "ABC") -> Path:
    """Make the file of a company if there is none; the tables come with :func:`build`."""
    home.mkdir(parents=True, exist_ok=True)
    file = company_file(home, company)
    db = sqlite3.connect(file, timeout=BUSY_SECONDS)
    db.execute("PRAGMA journal_mode = WAL")
    db.close()
    return file


def _ddl(column: Column) -> str:
    blank = {"text": f"NOT NULL DEFAULT '{column.default}'", "number": "NOT NULL DEFAULT 0", "date": ""}
    return f"{column.name} {column.declared} {blank[column.kind]}".rstrip()


def _create_table(db: sqlite3.Connection, table: Table) -> None:
    columns = ", ".join(_ddl(column) for column in table.columns.values())
    db.execute(f"CREATE TABLE {table.name} ({columns}, PRIMARY KEY ({', '.join(table.primary)}))")
    for number, key in enumerate(table.keys[1:], start=1):
        names = ", ".join(f"{name[:-1]} DESC" if name.endswith("-") else name for name in key)
        db.execute(f"CREATE INDEX {table.name}_KEY{number} ON {table.name} ({names})")


def build(db: sqlite3.Connection, release: Release = "2021") -> None:
    """Drop every table and make them anew and empty. The caller holds the transaction."""
    standing = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    for (name,) in standing.fetchall():
        db.execute(f"DROP TABLE {name}")
    for table in dictionary(release).values():
        _create_table(db, table)
    for name, columns in OWN_TABLES.items():
        db.execute(f"CREATE TABLE {name} ({columns})")
