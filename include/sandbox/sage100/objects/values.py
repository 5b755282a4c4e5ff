"""What a Business Object does to a value before it keeps it: type, form, width, valid codes."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from include.sandbox.sage100.refusals import RefusedError

if TYPE_CHECKING:
    from include.sandbox.sage100.dictionary import Column, Table
    from include.sandbox.sage100.records import Value

CUSTOMER_NO_LENGTH = 7


def column_of(table: Table, name: str) -> Column:
    """The column a call names, with ``$`` for text and dates and without it for numbers."""
    column = table.bound.get(name)
    if column is None:
        raise RefusedError(f"The column {name} is invalid.")
    return column


def _number(column: Column, raw: object) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal):
        raise RefusedError(f"The {column.name} must be numeric.")
    value = Decimal(str(raw))
    if not value.is_finite():
        raise RefusedError(f"The {column.name} is not a number.")
    if abs(value) >= column.capacity:
        raise RefusedError(f"The {column.name} is too large.")
    return value.quantize(column.step, ROUND_HALF_UP)


def is_date(raw: str) -> bool:
    """Whether this is a day as ``YYYYMMDD``."""
    try:
        datetime.strptime(raw, "%Y%m%d")  # noqa: DTZ007 - a calendar date has no zone
    except ValueError:
        return False
    return len(raw) == 8


def _date(column: Column, raw: str) -> str:
    if raw and not is_date(raw):
        raise RefusedError(f"The {column.name} is not a valid date.")
    return raw


def formed(column: Column, raw: str) -> str:
    """Upper case and zeros on the left, as the column wants it."""
    value = raw.rstrip()
    if column.form != "asis":
        value = value.upper()
    if column.form == "zerofill" and value and not value.isdecimal():
        raise RefusedError(f"The {column.name} must be numeric.")
    if column.form in {"zerofill", "charnum"} and value.isdecimal():
        value = value.zfill(column.width)
    if column.form == "master" and value.isdecimal():
        value = value.zfill(CUSTOMER_NO_LENGTH)
    return value


def _text(column: Column, raw: str, *, cut: bool) -> str:
    value = formed(column, raw)
    if len(value) > column.width:
        if not cut or column.form != "asis":
            raise RefusedError(f"The {column.name} is too long: {len(value)} characters, {column.width} fit.")
        value = value[: column.width].rstrip()
    if value and column.valid and value not in column.valid:
        raise RefusedError(
            f"The {column.name} is not valid: {value} is none of {', '.join(sorted(column.valid))}."
        )
    return value


def accept(column: Column, raw: object, *, cut: bool = False) -> Value:
    """The value as it will be kept.

    Raises:
        RefusedError: wrong type, too long (unless it may be cut), too large, no such code or date.
    """
    if column.kind == "number":
        return _number(column, raw)
    if not isinstance(raw, str):
        raise RefusedError(f"The {column.name} must be a string.")
    return _date(column, raw) if column.kind == "date" else _text(column, raw, cut=cut)


def given_out(value: Value) -> str | float:
    """A value as COM hands it over: numbers are doubles."""
    return float(value) if isinstance(value, Decimal) else value
