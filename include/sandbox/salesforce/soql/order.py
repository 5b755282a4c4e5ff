"""ORDER BY over values that may be null."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Key:
    """How one key sorts; nulls come first unless told otherwise, whatever the direction."""

    descending: bool = False
    nulls_last: bool = False


def arranged(rows: Iterable[tuple[tuple[Any, ...], Row]], keys: Sequence[Key]) -> list[Row]:
    """Rows in the order of their keys.

    Args:
        rows: each with the values it sorts by.
        keys: one for each value.
    """
    kept = list(rows)
    for index, key in reversed(list(enumerate(keys))):
        nulls = [row for row in kept if row[0][index] is None]
        others = sorted(
            (row for row in kept if row[0][index] is not None),
            key=lambda row: row[0][index],
            reverse=key.descending,
        )
        kept = others + nulls if key.nulls_last else nulls + others
    return [row for _, row in kept]
