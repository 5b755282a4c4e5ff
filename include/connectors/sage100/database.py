"""One ODBC connection to a company's tables: statements in, Arrow tables out.

The connection is opened by the first read and kept for the next ones (a log-on takes seconds on a
real system); trouble drops it, so that the next read logs on again.
"""

from __future__ import annotations

from contextlib import closing
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

from include.connectors.ports import NoBreaker
from include.connectors.sage100 import queries
from include.connectors.sage100.columns import PRECISION, arrow_column, arrow_type
from include.connectors.sage100.dictionary import COUNT, TEXT, ColumnSpec, read_columns
from include.connectors.sage100.errors import connect_error, query_error
from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from include.connectors.ports import Breaker
    from include.connectors.sage100.odbc import Connection
    from include.connectors.sage100.queries import Query, Statement

    Asked = tuple[Query, Sequence[str]]

Answer = TypeVar("Answer")

ENDPOINT = "sage100_odbc"


class Database:
    """Runs statements and gives their answers the types of the system's own dictionary.

    Args:
        connect: makes a DB-API connection, e.g. ``OdbcHook(...).get_conn``.
        chunk: values in one ``IN (?, ...)``.
        breaker: knows for all processes whether the server answers.
        endpoint: the server's name among all endpoints.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        chunk: int = queries.CHUNK,
        breaker: Breaker | None = None,
        endpoint: str = ENDPOINT,
    ) -> None:
        self._connect = connect
        self._breaker = breaker or NoBreaker()
        self._endpoint = endpoint
        self._chunk = chunk
        self._connection: Connection | None = None
        self._columns: dict[str, dict[str, ColumnSpec]] = {}

    def close(self) -> None:
        """Log off. The next read logs on again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except _driver_errors():
                return  # it was gone already, which is what we want

    def ping(self) -> None:
        """Log on anew.

        Raises:
            UnreachableError: there is no server.
            AuthenticationError, ConfigurationError: asking again cannot help.
        """
        self.close()
        self._ask(lambda _connection: None, query="log-on", table="none")

    def columns(self, table: str) -> dict[str, ColumnSpec]:
        """A table's columns by SQLColumns; asked once.

        Raises:
            ConfigurationError: there is no such table, or the user may not see it.
        """
        if table not in self._columns:
            found = self._ask(
                lambda connection: _dictionary(connection, table), query="SQLColumns", table=table
            )
            if not found:
                raise ConfigurationError(
                    f"table {table} is not in the ODBC dictionary; "
                    "is the company right, is the module installed?"
                )
            self._columns[table] = found
        return self._columns[table]

    def require(self, statement: Statement) -> dict[str, ColumnSpec]:
        """Specs of the statement's columns, as far as the site has them.

        Raises:
            ConfigurationError: the table or a column that is not optional is missing; names them.
        """
        known = {name.casefold(): spec for name, spec in self.columns(statement.table).items()}
        if missing := [name for name in statement.needed if name.casefold() not in known]:
            raise ConfigurationError(f"table {statement.table} has no column {', '.join(missing)}")
        names = (*statement.needed, *statement.optional)
        return {name: known[name.casefold()] for name in names if name.casefold() in known}

    def fetch(
        self,
        statement: Statement,
        values: Sequence[str] | None = None,
        *,
        since: date | None = None,
        span: tuple[str, str] | None = None,
    ) -> pa.Table:
        """Run a statement, by chunks of values if there are any.

        Args:
            statement: what to read.
            values: what the statement's key may be; ``None`` reads the whole table.
            since: only rows stamped on this day or later.
            span: only rows whose key lies between these two, both included.

        Returns:
            The statement's columns, optional ones included: a text column that the site lacks is blank.
        """
        present = self.require(statement)
        wanted = list(dict.fromkeys(values)) if values is not None else None
        rows: list[Sequence[object]] = []
        if span is not None:
            asked: Iterable[Asked] = [(statement.build(present, spanned=True), span)]
        elif wanted is None:
            asked = [(statement.build(present, since=since), ())]
        else:
            asked = self._chunks(statement, present, wanted)
        for query, parameters in asked:
            rows.extend(self._rows(query, parameters))
        answered = (
            *statement.columns,
            *(name for name in statement.optional if name in present),
            *statement.summed,
        )
        specs = present | {expression: _summed(expression, present) for expression in statement.summed}
        return _table(rows, answered, specs, statement)

    def _chunks(
        self, statement: Statement, present: dict[str, ColumnSpec], wanted: list[str]
    ) -> Iterator[Asked]:
        for start in range(0, len(wanted), self._chunk):
            part = wanted[start : start + self._chunk]
            yield statement.build(present, values=len(part)), part

    def _rows(self, query: Query, parameters: Sequence[str]) -> list[Sequence[object]]:
        def run(connection: Connection) -> list[Sequence[object]]:
            with closing(connection.cursor()) as cursor:
                cursor.execute(query.sql, *parameters)
                return cursor.fetchall()

        return self._ask(run, query=query.name, table=query.table, columns=query.columns)

    def _ask(
        self, ask: Callable[[Connection], Answer], *, query: str, table: str, columns: Sequence[str] = ()
    ) -> Answer:
        with self._breaker.guard(self._endpoint, subject=table):
            try:
                return ask(self._open())
            except _driver_errors() as error:
                self.close()
                raise query_error(error, query=query, table=table, columns=columns) from None

    def _open(self) -> Connection:
        if self._connection is None:
            try:
                self._connection = self._connect()
            except _driver_errors() as error:
                raise connect_error(error) from None
        return self._connection


@cache
def _driver_errors() -> tuple[type[Exception], ...]:
    """What the driver raises; imported late, a DAG parse must not load it."""
    return (import_module("pyodbc").Error,)


def _dictionary(connection: Connection, table: str) -> dict[str, ColumnSpec]:
    with closing(connection.cursor()) as cursor:
        return read_columns(cursor, table)


def _summed(expression: str, specs: dict[str, ColumnSpec]) -> ColumnSpec:
    function, column = queries.aggregated(expression)
    return COUNT if function == "COUNT" else ColumnSpec(PRECISION, specs[column].scale, specs[column].type)


def _table(
    rows: list[Sequence[object]], answered: Sequence[str], specs: dict[str, ColumnSpec], statement: Statement
) -> pa.Table:
    values = dict(zip(answered, zip(*rows, strict=True), strict=True)) if rows else {}
    columns: dict[str, pa.Array] = {}
    for name in (*statement.columns, *statement.optional, *statement.summed):
        spec = specs.get(name, TEXT)
        given = values.get(name, ("",) * len(rows))
        columns[name] = arrow_column(f"{statement.table}.{name}", given, spec)
    return pa.table(
        columns, schema=pa.schema([(name, arrow_type(specs.get(name, TEXT))) for name in columns])
    )
