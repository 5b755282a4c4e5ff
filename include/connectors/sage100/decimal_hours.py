"""Sage's clock: ``TimeUpdated`` is text of decimal hours in server local time.

``15.5`` is 15:30:00 and ``8.49238`` is 08:29:32. Five decimals are finer than a second, so a second
survives the way there and back as long as the hours are cut off when read and rounded up when
written.
"""

from __future__ import annotations

from datetime import time
from decimal import ROUND_CEILING, Decimal, InvalidOperation

_SECONDS = Decimal(3600)
_PLACES = Decimal("0.00001")


def parse_decimal_hours(text: str) -> time:
    """``"15.50000"`` -> 15:30:00, cut to the second; blank is midnight.

    Raises:
        ValueError: no number, or not within one day.
    """
    try:
        hours = Decimal(text.strip() or "0")
    except InvalidOperation:
        raise ValueError(f"{text!r} is no time in decimal hours") from None
    if not hours.is_finite() or not 0 <= hours < 24:
        raise ValueError(f"{text!r} is not within one day")
    seconds = int(hours * _SECONDS)
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60)


def format_decimal_hours(moment: time) -> str:
    """15:30:00 -> ``"15.50000"``: at most 8 characters, read back to the same second."""
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return str((Decimal(seconds) / _SECONDS).quantize(_PLACES, rounding=ROUND_CEILING))
