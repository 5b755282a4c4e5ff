"""Stock levels, per warehouse or as an item's total.

Whether posting stamps IM_ItemWarehouse is unverified, so all levels are read with one query and compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from include.connectors.sage100.changes import statements
from include.connectors.sage100.changes.rows import Reading, Row, grouped
from include.connectors.sage100.changes.stubs import Changes, Record, documents_of, key_of, news, parts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from include.connectors.sage100.database import Database

QUANTITIES = tuple(name for name in statements.STOCK.columns if name.startswith("Quantity"))


@dataclass(frozen=True, slots=True)
class _Stock:
    """One query finds all changes.

    Args:
        database: where to read.
        warehouses: codes of those that count; ``None`` counts all.
    """

    database: Database
    warehouses: Collection[str] | None = None

    def changes(self, known: Mapping[str, str], since: datetime | None = None) -> Changes:
        """What differs from the known; ``since`` is handed back, for there are no stamps to go by."""
        reading = Reading(self.database)
        seen = self._records(reading, None)
        missing = [key for key in known if key not in seen]
        seen |= self._find(reading, missing)
        gone = tuple(key for key in missing if key not in seen)
        return Changes(news(known, seen, {}), gone, since, reading.count)

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """The level of each key now, in the order of ``keys``."""
        return documents_of(keys, lambda wanted: self._find(Reading(self.database), wanted))

    def _find(self, reading: Reading, keys: Sequence[str]) -> dict[str, Record]:
        found = self._records(reading, [self._item(key) for key in keys])
        return {key: found[key] for key in keys if key in found}

    def _records(self, reading: Reading, items: Iterable[str] | None) -> dict[str, Record]:
        rows = reading.rows(statements.STOCK, items)
        counted = [row for row in rows if self.warehouses is None or row["WarehouseCode"] in self.warehouses]
        return {key: Record(level) for key, level in self._levels(counted)}

    def _item(self, key: str) -> str:
        raise NotImplementedError

    def _levels(self, rows: list[Row]) -> Iterable[tuple[str, Row]]:
        raise NotImplementedError


class WarehouseStock(_Stock):
    """Levels of an item in a warehouse; the key is ``ItemCode|WarehouseCode``."""

    __slots__ = ()

    def _item(self, key: str) -> str:
        return parts_of(key)[0]

    def _levels(self, rows: list[Row]) -> Iterable[tuple[str, Row]]:
        return ((key_of(row["ItemCode"], row["WarehouseCode"]), row) for row in rows)


class ItemStock(_Stock):
    """Levels of an item over all warehouses that count; the key is the ItemCode."""

    __slots__ = ()

    def _item(self, key: str) -> str:
        return key

    def _levels(self, rows: list[Row]) -> Iterable[tuple[str, Row]]:
        for (item,), held in grouped(rows, ["ItemCode"]).items():
            yield (
                item,
                {"ItemCode": item}
                | {name: sum((row[name] for row in held), Decimal()) for name in QUANTITIES},
            )
