"""How values look on Zoho's wire: ids as strings, times without a colon, money as numbers with twins.

Arithmetic is done in :class:`~decimal.Decimal`; a float appears only here, in the last step before
JSON, because Zoho sends JSON numbers. Sums of money have far fewer than 15 digits, so the shortest
text of the float is the decimal again.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

ORGANIZATION_ID = "5129873"
ZONE = ZoneInfo("America/New_York")
"""The organisation's time zone; every time on the wire is in it."""

TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%z"
SHAPES = Path(__file__).parent / "shapes"
CENT = Decimal("0.01")

Json = dict[str, Any]


def identity(block: int, number: int) -> str:
    """A 19-digit id: the organisation, a block for the kind of record, a number within it."""
    return f"{ORGANIZATION_ID}{block:06d}{number:06d}"


@cache
def _form(name: str) -> str:
    return (SHAPES / f"{name}.json").read_text(encoding="utf-8")


def shape(form: str, /, **values: Any) -> Json:
    """A fresh copy of a resource's empty form, with every key the wire carries, in its order."""
    return {**json.loads(_form(form)), **values}


def dumps(value: Any) -> str:
    """Compact JSON as Zoho sends it; accents stay as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def wire_time(moment: datetime) -> str:
    """``2026-09-26T13:48:56-0400``."""
    return moment.astimezone(ZONE).strftime(TIME_FORMAT)


def time_text(moment: datetime) -> str:
    """The ``_formatted`` twin: ``2026-09-26 13:48``."""
    return moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")


def parse_time(text: str) -> datetime:
    """Read a time as Zoho's filters take it: offset without colon, and no ``Z``.

    Raises:
        ValueError: anything else.
    """
    if len(text) != len("2026-09-26T13:48:56-0400"):
        raise ValueError(text)
    return datetime.strptime(text, TIME_FORMAT).astimezone(UTC)


def decimal(value: Any) -> Decimal:
    """A JSON number (or its text) as an exact decimal; "" and null are zero."""
    return Decimal(str(value)) if value not in ("", None) else Decimal(0)


def cents(amount: Decimal) -> Decimal:
    """Rounded half up to two places, as the organisation's ``rounding_mode`` says."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def money(amount: Decimal) -> float:
    """A sum of money on the wire: ``1800.0``."""
    return float(cents(amount))


def quantity(amount: Decimal) -> int | float:
    """A quantity on the wire: whole ones without a decimal part."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def money_text(symbol: str, amount: Decimal) -> str:
    """The ``_formatted`` twin of a sum: ``$1,800.00``, ``€-0.50``."""
    return f"{symbol}{cents(amount):,.2f}"


def label(code: str) -> str:
    """The ``_formatted`` twin of a status: ``partially_shipped`` is "Partially Shipped"."""
    return code.replace("_", " ").title()
