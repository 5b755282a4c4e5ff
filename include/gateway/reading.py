"""Rows of Sage's tables through ODBC, inside what the ProvideX dialect knows.

It runs in the worker process: a driver that opens a logon window hangs, and a worker can be killed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.gateway.dictionary import Table, column
from include.gateway.problems import ProblemError, unavailable

if TYPE_CHECKING:
    from include.gateway.dictionary import Table

Row = Mapping[str, Any]
CENT = Decimal("0.01")
NO_DATE = date(1753, 1, 1)
"""How Sage 100 Premium stores a blank date."""


class ReadFailedError(ProblemError):
    """A read did not succeed, twice. Before a write it means come back, after one it means unknown."""


class Reading:
    """One ODBC connection, opened at the first query and again after a failure."""

    def __init__(self, connection_string: str, *, retry_after: int, login_seconds: int = 15) -> None:
        self._connection_string = connection_string
        self._retry_after = retry_after
        self._login_seconds = login_seconds
        self._connection: Any = None
        self._tables: dict[str, Table] = {}

    def rows(self, sql: str, *values: str, most: int | None = None) -> list[dict[str, Any]]:
        """Rows as dictionaries, all or the first so many; text without the padding that ProvideX may leave.

        Raises:
            ReadFailedError: the driver refused twice, the second time on a fresh connection.
        """

        def ask(connection: Any) -> list[dict[str, Any]]:
            cursor = connection.execute(sql, *values)
            names = [entry[0] for entry in cursor.description]
            found = cursor.fetchall() if most is None else cursor.fetchmany(most)
            return [dict(zip(names, map(_plain, row), strict=True)) for row in found]

        found: list[dict[str, Any]] = self._twice(ask)
        return found

    def table(self, name: str) -> Table:
        """The columns of a table; read once per connection.

        Raises:
            ReadFailedError: the driver refused.
            ProblemError: 503, there is no such table: the connection string points elsewhere.
        """
        if name not in self._tables:
            self._tables[name] = self._twice(lambda connection: _columns(connection, name))
        if not self._tables[name]:
            del self._tables[name]
            raise unavailable(
                "misconfigured", f"the ODBC source has no table {name}", retry_after=self._retry_after
            )
        return self._tables[name]

    def close(self) -> None:
        """Give the connection back: exclusive tasks of Sage need all files closed."""
        connection, self._connection, self._tables = self._connection, None, {}
        if connection is not None:
            connection.close()

    def _twice(self, ask: Callable[[Any], Any]) -> Any:
        """Reads may be repeated: an idle connection is often found dead at its next use."""
        failure = _driver().Error
        try:
            return ask(self._open())
        except failure:
            self._forget(failure)
        try:
            return ask(self._open())
        except failure as error:
            self._forget(failure)
            state = str(error.args[0]) if error.args else "no state"
            raise ReadFailedError(
                503, f"reading Sage by ODBC failed ({state})", retry_after=self._retry_after
            ) from error

    def _open(self) -> Any:
        if self._connection is None:
            self._connection = _driver().connect(
                self._connection_string, autocommit=True, timeout=self._login_seconds
            )
        return self._connection

    def _forget(self, failure: type[Exception]) -> None:
        try:
            self.close()
        except failure:
            self._connection = None


def _driver() -> Any:
    """The pyodbc module; the service process itself never loads it."""
    return importlib.import_module("pyodbc")


def _columns(connection: Any, table: str) -> Table:
    found = connection.cursor().columns(table=table).fetchall()
    return {
        row.column_name: column(row.column_name, row.data_type, row.type_name, row.column_size)
        for row in found
    }


def _plain(value: Any) -> Any:
    return value.rstrip() if isinstance(value, str) else value


def number(value: Any) -> Decimal:
    """A numeric cell as Decimal, whatever the driver made of it; blank is 0.

    A double (EnforceDouble, or a driver without decimals) is rounded to Sage's six places, which
    undoes its binary noise.
    """
    if value in (None, ""):
        return Decimal(0)
    if isinstance(value, float):
        return round(Decimal(repr(value)), 6)
    return Decimal(str(value))


def cents(value: Decimal) -> str:
    """An amount with two places."""
    return str(value.quantize(CENT))


def shown(value: Any) -> str | None:
    """A cell as the API shows it: decimals plain, dates ISO, blank dates null."""
    if value is None:
        return None
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return None if value == NO_DATE else value.isoformat()
    if isinstance(value, float | Decimal):
        return format(number(value).normalize(), "f")
    return str(value)
