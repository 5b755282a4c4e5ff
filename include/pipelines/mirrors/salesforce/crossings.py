"""Which record of one of the two systems is which of the other's, as look-ups need it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from include.translation import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.ledger import Link
    from include.pipelines.mirrors.ports import MirrorWorld

MERGED = "merged"
"""How the origin of a link begins whose source was merged into another record."""
CURRENCIES = "zoho_currencies"


def extension(row: Mapping[str, Any], name: str) -> str:
    """A custom field of a canonical row; blank where it has none."""
    told: dict[str, str] = json.loads(row["extensions"] or "{}")
    return told.get(name, "")


def living(links: Iterable[Link]) -> list[Link]:
    """Links of records that were not merged into another."""
    return [link for link in links if not link.origin.startswith(MERGED)]


def reference(name: str, found: Mapping[str, str], labels: Mapping[str, str] | None = None) -> Reference:
    """A table of the other system's ids by this one's."""
    told = [
        {"key": key, "value": value, "label": (labels or {}).get(key, "")} for key, value in found.items()
    ]
    return Reference.table(name, pd.DataFrame(told, columns=["key", "value", "label"], dtype="str"))


def currencies(world: MirrorWorld, named: Iterable[str | None]) -> dict[str, Reference]:
    """Zoho's currencies by their codes; asked for only where a record names one."""
    asked = world.currencies is not None and any(isinstance(code, str) and code for code in named)
    found = world.currencies.ids() if asked and world.currencies is not None else {}
    return {CURRENCIES: reference(CURRENCIES, found)}
