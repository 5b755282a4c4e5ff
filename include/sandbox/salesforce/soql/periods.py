"""Date literals: ``TODAY``, ``LAST_WEEK``, ``LAST_N_DAYS:7`` as spans of whole days.

A week begins on Sunday, the fiscal year in January, and a day is one of UTC, the time zone of the org's user.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

DAY = timedelta(days=1)
NAMED = re.compile(r"(THIS|LAST|NEXT)_(?:FISCAL_)?(WEEK|MONTH|QUARTER|YEAR)")
COUNTED = re.compile(r"(LAST|NEXT)_N_(?:FISCAL_)?(DAY|WEEK|MONTH|QUARTER|YEAR)S:(\d{1,4})")
AGO = re.compile(r"N_(?:FISCAL_)?(DAY|WEEK|MONTH|QUARTER|YEAR)S_AGO:(\d{1,4})")
SHIFTS = {"LAST": -1, "THIS": 0, "NEXT": 1}
MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
FIXED = {
    "YESTERDAY": (-1, 0),
    "TODAY": (0, 1),
    "TOMORROW": (1, 2),
    "LAST_90_DAYS": (-90, 1),
    "NEXT_90_DAYS": (1, 91),
}

Span = tuple[date, date]
"""First day, and the day after the last."""


def span(word: str, today: date) -> Span | None:
    """The days that a date literal means; None when it is none.

    Args:
        word: the literal in any case.
        today: the day it is.

    Raises:
        OverflowError: the days lie outside the calendar.
    """
    name = word.upper()
    if name in FIXED:
        first, end = FIXED[name]
        return today + first * DAY, today + end * DAY
    if found := NAMED.fullmatch(name):
        shift = SHIFTS[found[1]]
        return _unit(found[2], today, shift), _unit(found[2], today, shift + 1)
    if found := COUNTED.fullmatch(name):
        return _counted(found[1], found[2], int(found[3]), today)
    if found := AGO.fullmatch(name):
        count = int(found[2])
        return _unit(found[1], today, -count), _unit(found[1], today, 1 - count)
    return None


def _counted(way: str, unit: str, count: int, today: date) -> Span:
    """So many units before or after the present one; days back include today."""
    if way == "NEXT":
        return _unit(unit, today, 1), _unit(unit, today, count + 1)
    return _unit(unit, today, -count), _unit(unit, today, 1 if unit == "DAY" else 0)


def _unit(unit: str, today: date, shift: int) -> date:
    """The first day of the unit that lies ``shift`` units from the present one."""
    if unit == "DAY":
        return today + shift * DAY
    if unit == "WEEK":
        return today - (today.weekday() + 1) % 7 * DAY + 7 * shift * DAY
    size = MONTHS[unit]
    months = today.year * 12 + (today.month - 1) // size * size + shift * size
    try:
        return date(months // 12, months % 12 + 1, 1)
    except ValueError as exc:
        raise OverflowError(unit) from exc
