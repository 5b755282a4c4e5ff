"""The dictionary of the customer's own system, asked of the driver instead of a manual.

Field widths grew between releases and third-party modules widen more, so every width and scale comes
from SQLColumns. Drivers differ in where they say it: the ProvideX and SQL Server drivers fill the size
columns, the SQLite driver hands the declared type back as text; the declared ``(n,s)`` wins when there
is one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.connectors.sage100.odbc import Cursor

ColumnType = Literal["text", "decimal", "integer", "date"]

_DECLARED = re.compile(r"\w+\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")
_TABLE_NAME, _COLUMN_NAME, _DATA_TYPE, _TYPE_NAME, _COLUMN_SIZE, _DECIMAL_DIGITS = 2, 3, 4, 5, 6, 8
_DATES = frozenset({9, 11, 91, 93})
_INTEGERS = frozenset({-7, -6, -5, 4, 5})
_NUMBERS = frozenset({2, 3, 6, 7, 8})
_DEFAULT_SCALE = 6


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """What one column can hold.

    Attributes:
        width: characters of a text, digits (without point and sign) of a number, 10 for a date.
        scale: digits after the decimal point; 0 for everything but decimals.
        type: how values of the column are read.
    """

    width: int
    scale: int
    type: ColumnType


TEXT = ColumnSpec(0, 0, "text")
COUNT = ColumnSpec(18, 0, "integer")


def read_columns(cursor: Cursor, table: str) -> dict[str, ColumnSpec]:
    """One table's columns by one SQLColumns call; empty when there is no such table.

    ``_`` is a wildcard in SQLColumns (``SO_X`` also finds ``SOAX``), so the table is compared again.
    """
    rows = list(cursor.columns(table=table))
    return {
        str(row[_COLUMN_NAME]): column_spec(row)
        for row in rows
        if str(row[_TABLE_NAME]).casefold() == table.casefold()
    }


def column_spec(row: Sequence[object]) -> ColumnSpec:
    """One row of SQLColumns as a spec."""
    declared = str(row[_TYPE_NAME] or "")
    kind = _type_of(_whole(row[_DATA_TYPE]), declared.upper())
    width, scale = _whole(row[_COLUMN_SIZE]), _whole(row[_DECIMAL_DIGITS])
    if found := _DECLARED.match(declared):
        width, scale = int(found.group(1)), int(found.group(2) or 0)
    elif kind == "decimal" and row[_DECIMAL_DIGITS] is None:
        scale = _DEFAULT_SCALE
    return ColumnSpec(width, scale if kind == "decimal" else 0, kind)


def _type_of(code: int, declared: str) -> ColumnType:
    if code in _DATES or declared.startswith("DATE"):
        return "date"
    if code in _INTEGERS:
        return "integer"
    if code in _NUMBERS or declared.startswith(("DEC", "NUM", "DOUBLE", "REAL", "FLOAT", "MONEY")):
        return "decimal"
    return "text"


def _whole(value: object) -> int:
    return int(str(value)) if value is not None else 0
