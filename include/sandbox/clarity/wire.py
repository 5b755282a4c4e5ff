"""How values look on Clarity's wire: times in UTC with milliseconds, money as plain JSON numbers.

Arithmetic is done in :class:`~decimal.Decimal`; a float appears only in the last step before JSON.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Json = dict[str, Any]

UNCOUNTED = frozenset({"updatedDate", "rowVersion", "asOf"})
"""Fields that alone are no change."""
PLACES = {"JPY": 0}
"""Decimals of a sum, where they are not two."""


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else float(value)


def dumps(value: Any) -> str:
    """Compact JSON; accents stay as they are, decimals become numbers and dates texts."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def stamp(moment: datetime) -> str:
    """``2026-03-02T16:04:31.220Z``; such texts sort as the moments do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def moment(text: str, *, zoned: bool = True) -> datetime:
    """Read a time.

    Raises:
        ValueError: it is none, or it has no zone although one is needed.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        if zoned:
            raise ValueError(text)
        found = found.replace(tzinfo=UTC)
    return found.astimezone(UTC)


def decimal(value: Any) -> Decimal:
    """A JSON number as an exact decimal; null is zero."""
    return Decimal(str(value)) if value is not None else Decimal(0)


def rounded(amount: Decimal, currency: str = "USD") -> Decimal:
    """Rounded half up to the currency's places."""
    return amount.quantize(Decimal(1).scaleb(-PLACES.get(currency, 2)), ROUND_HALF_UP)


def flat(document: Json, prefix: str = "") -> Json:
    """A document as dotted paths, lists whole: ``{"prices.basePrice": 189.0}``."""
    found: Json = {}
    for name, value in document.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            found |= flat(value, f"{path}.")
        else:
            found[path] = value
    return found


def differences(before: Json, after: Json) -> Json:
    """The changed paths with what stood there before."""
    old, new = flat(before), flat(after)
    return {
        path: old.get(path)
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path) and path not in UNCOUNTED and not path.startswith("_")
    }
