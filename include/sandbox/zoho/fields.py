"""Values out of a request's body, each checked as Zoho checks it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from include.sandbox.zoho.envelope import Refusal, invalid_field
from include.sandbox.zoho.pricing import part
from include.sandbox.zoho.wire import decimal


def plain(value: Any) -> str | bool:
    """A text of any length, or true and false; whatever else was sent is kept as its text."""
    return value if isinstance(value, bool) else str("" if value is None else value)


def text(name: str, value: Any, longest: int) -> str:
    """A text that fits.

    Raises:
        Refusal: it is too long.
    """
    given = "" if value is None else str(value)
    if len(given) > longest:
        raise Refusal(400, 15, f"Please ensure that the {name} has less than {longest} characters.")
    return given


def day(name: str, value: Any) -> str:
    """A date, or "".

    Raises:
        Refusal: there is no such day.
    """
    try:
        return date.fromisoformat(str(value)).isoformat() if value else ""
    except ValueError as exc:
        raise invalid_field(name) from exc


def amount(name: str, value: Any) -> Decimal:
    """A number.

    Raises:
        Refusal: it is none.
    """
    try:
        return decimal(value)
    except ArithmeticError as exc:
        raise invalid_field(name) from exc


def discount(value: Any) -> Any:
    """A discount as it is kept: "5.00%" or a number.

    Raises:
        Refusal: neither.
    """
    try:
        part(Decimal(1), value)
    except ArithmeticError as exc:
        raise invalid_field("discount") from exc
    if isinstance(value, str) and value.endswith("%"):
        return f"{Decimal(value[:-1]):.2f}%"
    return float(decimal(value)) if decimal(value) else 0
