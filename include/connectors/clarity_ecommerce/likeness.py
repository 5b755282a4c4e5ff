"""Whether a record holds already what we want it to hold.

Asked before a write, so that nothing is written twice, and after one whose answer was lost. Only what we
send is compared: everything else on the record is the shop's. Numbers are equal by value (``12`` and
``12.0``), times by moment, statuses by letters.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.connectors.clarity_ecommerce.wire import read_time

if TYPE_CHECKING:
    from collections.abc import Mapping


def plain(raw: bytes) -> Any:
    """Raw JSON as Python's types; fractions as :class:`~decimal.Decimal`."""
    return json.loads(raw, parse_float=Decimal)


def holds(standing: Any, wanted: Any) -> bool:
    """Whether ``standing`` agrees with every member of ``wanted``.

    Args:
        standing: from :func:`plain`.
        wanted: what we would send.
    """
    if isinstance(wanted, dict):
        return isinstance(standing, dict) and all(holds(standing.get(k), v) for k, v in wanted.items())
    if isinstance(wanted, list | tuple):
        return (
            isinstance(standing, list)
            and len(standing) == len(wanted)
            and all(holds(have, want) for have, want in zip(standing, wanted, strict=True))
        )
    if isinstance(wanted, str) and isinstance(standing, str):
        return wanted == standing or _same_moment(wanted, standing)
    if isinstance(wanted, bool) or isinstance(standing, bool):
        return wanted is standing
    return bool(wanted == standing)


def reached(standing: str, wanted: str, passed: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether an order is in the wanted status or has left it behind.

    Args:
        standing: its status.
        wanted: ours.
        passed: statuses left behind, by the one an order has.
    """
    left = next((names for status, names in passed.items() if _letters(status) == _letters(standing)), ())
    return _letters(wanted) in {_letters(standing), *map(_letters, left)}


def _letters(status: str) -> str:
    """Tenants spell statuses with and without blanks and capitals."""
    return "".join(status.split()).casefold()


def _same_moment(one: str, other: str) -> bool:
    if "T" not in one or "T" not in other:
        return False
    moment = read_time(one)
    return moment is not None and moment == read_time(other)
