"""Sage's own column list, read by ODBC: which columns exist, of what kind and how wide.

Widths differ by release and UDFs by site, so nothing of it is written down here. A record is judged
against it before any session is opened: a wrong name or a text too long costs no seat and is told
together with all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from include.gateway.messages import Finding, Source

RECORD_SEPARATOR = "\x8a"
"""The byte that divides the fields of a ProvideX record; Windows' code page has an S with caron there."""

_NUMBER_TYPES = frozenset({-6, -5, 2, 3, 4, 5, 6, 7, 8})
_DATE_TYPES = frozenset({9, 91, 11, 93})
_NUMBER_NAMES = ("DECIMAL", "NUMERIC")


class Kind(StrEnum):
    """How a column is spoken of to a Business Object."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``width`` in characters, 0 when the driver does not say."""

    name: str
    kind: Kind
    width: int

    @property
    def spoken(self) -> str:
        """The name Business Objects know: text and dates end in ``$``."""
        return self.name if self.kind is Kind.NUMBER else f"{self.name}$"


Table = Mapping[str, Column]


def column(name: str, data_type: int, type_name: str, size: int | None) -> Column:
    """A column from a row of SQLColumns. Some drivers call decimals text but name the type."""
    if data_type in _NUMBER_TYPES or type_name.upper().startswith(_NUMBER_NAMES):
        return Column(name, Kind.NUMBER, 0)
    if data_type in _DATE_TYPES:
        return Column(name, Kind.DATE, 0)
    return Column(name, Kind.TEXT, size or 0)


@dataclass(frozen=True, slots=True)
class Judge:
    """Says what is wrong with a record before Sage is asked."""

    tables: Mapping[str, Table]
    code_page: str

    def findings(
        self, table: str, fields: Mapping[str, str | int | None], *, source: Source, line: int | None = None
    ) -> Iterator[Finding]:
        """Everything that cannot be right, one finding per field."""
        columns = self.tables[table]
        for name, value in fields.items():
            if value is None:
                continue
            wrong = (
                self._wrong(columns[name], value)
                if name in columns
                else ("invalid_value", f"{table} has no column {name}")
            )
            if wrong:
                yield Finding(wrong[0], source, wrong[1], line=line, field=name, value=str(value)[:60])

    def _wrong(self, column: Column, value: str | int) -> tuple[str, str] | None:
        if column.kind is Kind.NUMBER:
            return (
                None if _number(value) is not None else ("invalid_value", f"{column.name} must be a number")
            )
        if column.kind is Kind.DATE:
            good = value == "" or _day(value) is not None
            return None if good else ("invalid_value", f"{column.name} must be a date like 2026-01-31")
        return self._wrong_text(column, str(value))

    def _wrong_text(self, column: Column, text: str) -> tuple[str, str] | None:
        if column.width and len(text) > column.width:
            return "too_long", f"{column.name} holds {column.width} characters, not {len(text)}"
        foreign = next((sign for sign in text if not self._holds(sign)), None)
        if foreign is not None:
            return "invalid_value", f"{column.name}: Sage cannot hold the character {foreign!a}"
        return None

    def _holds(self, sign: str) -> bool:
        if not sign.isprintable() and sign not in "\r\n\t":
            return False
        try:
            return sign.encode(self.code_page) != RECORD_SEPARATOR.encode("latin-1")
        except UnicodeEncodeError:
            return False


def to_sage(column: Column, value: str | int) -> str | float:
    """A value as a Business Object takes it.

    The only place where an amount becomes a binary float: Sage's interface takes doubles. A double
    holds 15 significant digits and Sage's widest number has 14, so nothing is lost on the way, and
    what arrived is read back as decimals.
    """
    if column.kind is Kind.NUMBER:
        return float(_number(value) or 0)
    if column.kind is Kind.DATE:
        day = _day(value)
        return day.strftime("%Y%m%d") if day else ""
    return str(value)


def _number(value: str | int) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**10 else None


def _day(value: str | int) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None
