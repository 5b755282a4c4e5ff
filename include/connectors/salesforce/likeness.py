"""Whether a record of Salesforce's holds already what we want it to hold."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


_TIME_OF_DAY = re.compile(r"(\d\d:\d\d:\d\d)(?:\.000)?Z?", re.ASCII)


def holds(record: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether every asked member says in the record what was asked.

    Args:
        record: as a query gives it.
        asked: as it was sent; a member that is an object asks of the referred record.
    """
    return all(name == "attributes" or _same(record.get(name), value) for name, value in asked.items())


def _same(stands: Any, asked: Any) -> bool:
    if isinstance(asked, dict):
        return isinstance(stands, dict) and holds(stands, asked)
    return bool(_plain(stands) == _plain(asked))


def _plain(value: Any) -> Any:
    """Empty text is no text to Salesforce; it trims, and writes times its own way."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | Decimal):
        return Decimal(value)
    text = str(value).replace("\r\n", "\n").strip()
    if len(text) > 10 and text[4:5] == "-" and "T" in text:
        try:
            return datetime.fromisoformat(text).timestamp()
        except ValueError:
            return text
    time_of_day = _TIME_OF_DAY.fullmatch(text)
    return time_of_day[1] if time_of_day else text or None
