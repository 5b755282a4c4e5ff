"""The ledger's door to its database: engines, transactions, and the border where errors change names.

Everything that PostgreSQL and SQLite do differently is in this module. SQLite has one writer at a
time (``BEGIN IMMEDIATE``), so row locks, ``SKIP LOCKED`` and advisory locks have nothing to do there;
it serves unit tests and a look around, PostgreSQL serves everything else.
"""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy
from sqlalchemy import event, exc, func, select, text, values
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import NullPool, QueuePool, StaticPool

from include import failpoints
from include.errors import ConfigurationError, IntegrationError, PermanentError, TransientError
from include.ledger.columns import CleanText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import CTE, Connection, Engine, Table
    from sqlalchemy.engine import URL

RETRY_AFTER = 5.0
TOO_MUCH = "54"
"""SQLSTATE class of statements that exceed a limit of PostgreSQL; it will be no smaller next time."""
MISSING_TABLE = ("42P01", "42703", "3F000")
BEFORE, AFTER = failpoints.COMMIT


def utcnow() -> datetime:
    """The clock a ledger runs by unless a test gives another."""
    return datetime.now(UTC)


def ledger_url(url: str | URL) -> URL:
    """``url`` with the driver we ship; plain ``postgresql://`` means another one to SQLAlchemy 2.1."""
    parsed = sqlalchemy.make_url(url)
    if parsed.drivername in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+psycopg2")
    return parsed


def open_engine(
    url: str | URL,
    *,
    pool_size: int = 4,
    max_overflow: int = 4,
    pooled: bool = True,
    application_name: str = "tradebridge",
    statement_timeout: timedelta = timedelta(seconds=30),
    schema: str | None = None,
) -> Engine:
    """An engine that has not connected yet.

    Args:
        url: PostgreSQL, or SQLite for tests.
        pool_size: connections kept by this process.
        max_overflow: connections beyond that, closed after use.
        pooled: ``False`` opens a connection per use (many short-lived processes).
        application_name: shown in ``pg_stat_activity``.
        statement_timeout: no statement of ours runs longer.
        schema: put first on the search path; the database's default path when ``None``.

    Raises:
        ConfigurationError: the URL names a database that the ledger does not know.
    """
    parsed = ledger_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite_engine(parsed)
    if backend != "postgresql":
        raise ConfigurationError(f"the ledger runs on PostgreSQL (or SQLite in tests), not on {backend!r}")
    options = f"-c statement_timeout={statement_timeout // timedelta(milliseconds=1)} -c timezone=UTC"
    if schema:
        options += f" -c search_path={schema}"
    if parsed.query.get("options"):
        options = f"{parsed.query['options']} {options}"
    arguments = {
        "application_name": application_name,
        "connect_timeout": 5,
        "keepalives_idle": 30,
        "options": options,
    }
    parsed = parsed.difference_update_query(["options"])
    if not pooled:
        return sqlalchemy.create_engine(
            parsed, connect_args=arguments, poolclass=NullPool, hide_parameters=True
        )
    return sqlalchemy.create_engine(
        parsed,
        connect_args=arguments,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_pre_ping=True,
        hide_parameters=True,
    )


def _sqlite_engine(url: URL) -> Engine:
    in_memory = url.database in {None, "", ":memory:"}
    engine = sqlalchemy.create_engine(
        url,
        poolclass=StaticPool if in_memory else QueuePool,
        connect_args={"check_same_thread": False, "timeout": 30},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(engine, "begin")
    def _take_the_pen(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


class Database:
    """One engine and one clock, shared by all repositories of a ledger."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = utcnow) -> None:
        self.engine = engine
        self.now = clock
        self.is_postgres = engine.dialect.name == "postgresql"
        self._at_once = engine.execution_options(isolation_level="AUTOCOMMIT") if self.is_postgres else engine
        self._guards: dict[str, threading.Lock] = {}
        self._guards_lock = threading.Lock()
        _all_databases.add(self)

    @contextmanager
    def begin(self, doing: str) -> Iterator[Connection]:
        """A transaction; ``doing`` names it in errors."""
        with border(doing), self.engine.begin() as connection:
            yield connection
            _reach(doing, BEFORE)
        _reach(doing, AFTER)

    @contextmanager
    def once(self, doing: str) -> Iterator[Connection]:
        """One statement that is its own transaction: no ``BEGIN`` and ``COMMIT`` on the wire."""
        if not self.is_postgres:
            with self.begin(doing) as connection:
                yield connection
            return
        _reach(doing, BEFORE)
        with border(doing), self._at_once.connect() as connection:
            yield connection
        _reach(doing, AFTER)

    def insert(self, table: Table) -> postgresql.Insert:
        """An ``INSERT`` that knows ``ON CONFLICT``; both dialects spell it alike."""
        if self.is_postgres:
            return postgresql.insert(table)
        return cast("postgresql.Insert", sqlite.insert(table))

    def lock(self, connection: Connection, name: str) -> None:
        """Hold ``name`` until the transaction ends; released by a crash."""
        if self.is_postgres:
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))

    @contextmanager
    def guard(self, name: str, *, wait: timedelta, doing: str) -> Iterator[None]:
        """Hold ``name`` across processes while the body does something slow, outside any transaction.

        A process queues with one connection only, or its threads would use up the pool that the
        holder needs to finish. On SQLite the guard reaches as far as this process.

        Raises:
            TransientError: the holder did not let go within ``wait``.
        """
        ours = self._guard(name)
        if not ours.acquire(timeout=wait.total_seconds()):
            raise TransientError(f"ledger: {doing}: another thread holds {name}", retry_after=RETRY_AFTER)
        try:
            if not self.is_postgres:
                yield
                return
            with self.begin(doing) as connection:
                milliseconds = wait // timedelta(milliseconds=1)
                connection.execute(text(f"SET LOCAL lock_timeout = {milliseconds}"))
                connection.execute(text(f"SET LOCAL statement_timeout = {milliseconds}"))
                self.lock(connection, name)
                yield
        finally:
            ours.release()

    def _guard(self, name: str) -> threading.Lock:
        with self._guards_lock:
            return self._guards.setdefault(name, threading.Lock())

    def forget_parent(self) -> None:
        """In a forked child: the parent's sockets and locks are not ours."""
        self.engine.dispose(close=False)
        self._guards = {}
        self._guards_lock = threading.Lock()


_all_databases: weakref.WeakSet[Database] = weakref.WeakSet()


def _forget_parents() -> None:
    for database in list(_all_databases):
        database.forget_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parents)


def table_of(name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> CTE:
    """Text rows of ours as a table in a statement: one ``UPDATE .. FROM`` instead of many."""
    shape = values(*(sqlalchemy.column(column, CleanText) for column in columns), name=name)
    return shape.data([tuple(row) for row in rows]).cte(name)


def _reach(doing: str, point: str) -> None:
    failpoints.reach(f"ledger.{doing.replace(' ', '_')}", point)


@contextmanager
def border(doing: str) -> Iterator[None]:
    """Database errors become ours here; their texts, which may quote a row, stay behind.

    Raises:
        TransientError: the database is away, overloaded, full or gave up waiting for a lock.
        ConfigurationError: it has not been migrated.
        PermanentError: it refuses the statement itself.
    """
    try:
        yield
    except exc.TimeoutError as error:
        raise TransientError(f"ledger: {doing}: no free connection", retry_after=RETRY_AFTER) from error
    except exc.DBAPIError as error:
        raise _translated(error, doing) from None


def _translated(error: exc.DBAPIError, doing: str) -> IntegrationError:
    state = getattr(error.orig, "pgcode", None) or ""
    name = f"{type(error.orig).__name__}{f' ({state})' if state else ''}"
    if state in MISSING_TABLE or "no such table" in str(error.orig) or "no such column" in str(error.orig):
        return ConfigurationError(
            f"ledger: {doing}: tables are missing or old; run `python -m include.ledger migrate`"
        )
    away = isinstance(error, (exc.OperationalError, exc.InterfaceError, exc.InternalError))
    if away and not state.startswith(TOO_MUCH):
        # Without a SQLSTATE it is the client library that speaks: of hosts and ports, never of rows.
        reason = "" if state else f": {str(error.orig).strip().partition(chr(10))[0]}"
        return TransientError(f"ledger: {doing}: {name}{reason}", retry_after=RETRY_AFTER)
    if error.connection_invalidated:
        return TransientError(f"ledger: {doing}: connection lost, {name}", retry_after=RETRY_AFTER)
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return PermanentError(f"ledger: {doing}: {name}{f' breaks {constraint}' if constraint else ''}")
