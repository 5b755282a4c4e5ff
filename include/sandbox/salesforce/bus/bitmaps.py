"""Field bitmaps of a change event's header.

A bitmap is a list of hexadecimal strings. ``0x400080`` marks fields of the event by position, the lowest bit
being the first field (the header itself); ``4-0x3`` marks members of the record that stands at position 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Place = tuple[int, ...]
"""A field's position, or the position of a record and the position of a member in it."""


def write(places: Iterable[Place]) -> list[str]:
    """The bitmap of some fields; empty without any."""
    whole = 0
    inner: dict[int, int] = {}
    for place in places:
        if len(place) == 1:
            whole |= 1 << place[0]
        else:
            inner[place[0]] = inner.get(place[0], 0) | 1 << place[1]
    flat = [f"0x{whole:X}"] if whole else []
    return [*flat, *(f"{position}-0x{bits:X}" for position, bits in sorted(inner.items()))]
