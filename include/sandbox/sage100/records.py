"""One row of a table in memory, and its way in and out of the database.

Text is ``str``, numbers are ``Decimal`` with the column's scale, dates are ``YYYYMMDD`` or blank as
Business Objects give them. Blank is the empty string or 0, never ``None``; only a blank date is NULL
in the table. A number is stored as SQLite's REAL: Sage keeps at most 14 digits and a double holds 15,
so that the text which the ODBC driver makes of it is exact again.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from include.sandbox.sage100.dictionary import Column, Table

Value = str | Decimal
Stored = str | float | int | None


def stored(column: Column, value: Value) -> Stored:
    """A value as the table holds it."""
    if column.kind == "date":
        return f"{value[:4]}-{value[4:6]}-{value[6:]}" if isinstance(value, str) and value else None
    return float(value) if isinstance(value, Decimal) else value


def loaded(column: Column, raw: Stored) -> Value:
    """The inverse of :func:`stored`."""
    if column.kind == "date":
        return str(raw).replace("-", "") if raw else ""
    if column.kind == "number":
        return Decimal(str(raw)).quantize(column.step)
    return str(raw)


class Record:
    """A row under its table's rules. Made by :meth:`blank` or read by :func:`find`."""

    __slots__ = ("table", "values")

    def __init__(self, table: Table, values: dict[str, Value]) -> None:
        self.table = table
        self.values = values

    @classmethod
    def blank(cls, table: Table, given: Mapping[str, Value] | None = None) -> Record:
        """A new row: the layout's defaults, then what is given."""
        values: dict[str, Value] = dict(table.defaults)
        values.update(given or {})
        return cls(table, values)

    @classmethod
    def from_row(cls, table: Table, row: sqlite3.Row) -> Record:
        """A row as it was read with ``SELECT *``."""
        pairs = zip(table.columns.values(), row, strict=True)
        return cls(table, {column.name: loaded(column, raw) for column, raw in pairs})

    def copy(self) -> Record:
        """An independent copy to edit."""
        return Record(self.table, dict(self.values))

    def text(self, name: str) -> str:
        """A text or date column."""
        value = self.values[name]
        if not isinstance(value, str):
            raise TypeError(f"{self.table.name}.{name} is a number")
        return value

    def number(self, name: str) -> Decimal:
        """A number column."""
        value = self.values[name]
        if not isinstance(value, Decimal):
            raise TypeError(f"{self.table.name}.{name} is not a number")
        return value

    def put(self, **values: Value) -> None:
        """Set columns that the caller has already made fit."""
        self.values.update(values)

    def take(self, other: Record, names: Iterable[str]) -> None:
        """Copy columns of the same name from another row, as far as both have them."""
        self.values.update({n: other.values[n] for n in names if n in other.values and n in self.values})

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key."""
        return tuple(str(self.values[name]) for name in self.table.primary)


def _where(names: Sequence[str]) -> str:
    return " AND ".join(f"{name} = ?" for name in names)


def select(
    db: sqlite3.Connection, table: Table, where: Mapping[str, str], order: str = ""
) -> Iterator[Record]:
    """Rows whose columns equal ``where``, in the order of a column."""
    sql = f"SELECT * FROM {table.name}" + (f" WHERE {_where(list(where))}" if where else "")  # noqa: S608
    sql += f" ORDER BY {order}" if order else ""
    for row in db.execute(sql, tuple(where.values())).fetchall():
        yield Record.from_row(table, row)


def find(db: sqlite3.Connection, table: Table, *key: str) -> Record | None:
    """The row with this primary key, or of its first columns."""
    names = table.primary[: len(key)]
    return next(select(db, table, dict(zip(names, key, strict=True))), None)


def save(db: sqlite3.Connection, *records: Record) -> None:
    """Write rows, each replacing the one with the same primary key. The caller holds the transaction."""
    for record in records:
        columns = record.table.columns.values()
        marks = ",".join("?" * len(record.table.columns))
        sql = f"INSERT OR REPLACE INTO {record.table.name} VALUES ({marks})"  # noqa: S608
        db.execute(sql, [stored(column, record.values[column.name]) for column in columns])


def delete(db: sqlite3.Connection, table: Table, *key: str) -> int:
    """Delete rows by the first columns of the primary key; says how many."""
    names = table.primary[: len(key)]
    return db.execute(f"DELETE FROM {table.name} WHERE {_where(names)}", key).rowcount  # noqa: S608
