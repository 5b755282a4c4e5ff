"""Lines that a person ordered, told from the components Sage exploded from a kit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def own_lines(live: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Lines without the components of kits: those come and go with their kit."""
    return [line for line in live if line.get("SalesKitLineKey") in (None, "", line["LineKey"])]
