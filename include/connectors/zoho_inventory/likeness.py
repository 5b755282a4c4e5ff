"""Whether a record of Zoho's holds what we asked for.

Zoho writes what it was told in its own way: 5 as 5.0, "5%" as "5.00%", true as "true" in a hash. A member
that Zoho's record does not show at all says nothing.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CUSTOM_FIELDS = "custom_fields"
HASH = "custom_field_hash"


def holds(standing: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether every wanted member stands; lists are compared one by one, in their order."""
    if dropped(standing, wanted):
        return False
    shown = {name: value for name, value in wanted.items() if name not in {CUSTOM_FIELDS, HASH}}
    return all(_same(standing[name], value) for name, value in shown.items() if name in standing)


def custom_values(document: Mapping[str, Any]) -> dict[str, Any]:
    """Custom fields by API name, out of a body, a detail or a list's row."""
    found = {name: value for name, value in document.items() if name.startswith("cf_")}
    hashed = document.get(HASH)
    found |= hashed if isinstance(hashed, dict) else {}
    listed = document.get(CUSTOM_FIELDS)
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, dict) and entry.get("api_name"):
            found[str(entry["api_name"])] = entry.get("value")
    return found


def dropped(standing: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Custom fields that were sent and do not stand: Zoho drops without a word what it cannot take."""
    held = custom_values(standing)
    return [
        name
        for name, value in custom_values(wanted).items()
        if not _same(held.get(f"{name}_unformatted", held.get(name, "")), value)
    ]


def _same(standing: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(standing, dict) and holds(standing, wanted)
    if isinstance(wanted, list):
        return (
            isinstance(standing, list)
            and len(standing) == len(wanted)
            and all(_same(one, other) for one, other in zip(standing, wanted, strict=True))
        )
    one, other = _text(standing), _text(wanted)
    return one == other or _number(one) == _number(other) is not None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value).strip()


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text.removesuffix("%"))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
