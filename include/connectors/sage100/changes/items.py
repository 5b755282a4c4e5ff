"""Items with their price lists.

CI_Item is read by its stamp, and its key set finds what was deleted or came without one. Price lists
of an item (IM_PriceCode) vanish without a trace, so they are compared whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.connectors.sage100.changes import statements
from include.connectors.sage100.changes.clock import ServerClock
from include.connectors.sage100.changes.rows import Reading, Row, grouped, without
from include.connectors.sage100.changes.stubs import Changes, Record, documents_of, news

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from include.connectors.sage100.database import Database

ITEM_PRICE = "1"
"""PriceCodeRecord of prices of one item for everybody; 0 are lists, 2 prices of one customer."""


@dataclass(frozen=True, slots=True)
class Items:
    """Items by ItemCode. A document has the item's columns and ``prices``.

    Args:
        database: where to read.
        clock: of the server that stamps.
    """

    database: Database
    clock: ServerClock = field(default_factory=ServerClock)

    def changes(self, known: Mapping[str, str], since: datetime | None = None) -> Changes:
        """What differs from the known: three queries, and one for each 200 items never seen."""
        reading, began = Reading(self.database), self.clock.now()
        rows = reading.rows(statements.ITEM_DETAILS, since=self.clock.first_day(since))
        watermark = self.clock.watermark(since, rows, began)
        there = {row["ItemCode"] for row in rows}
        if since:
            there |= {row["ItemCode"] for row in reading.rows(statements.ITEM_KEYS)}
        missing = known.keys() - there
        unseen = (there - known.keys() - {row["ItemCode"] for row in rows}) | missing
        rows += reading.rows(statements.ITEM_DETAILS, unseen)
        prices = _prices(reading.rows(statements.ITEM_PRICES, [ITEM_PRICE]))
        seen = _records(rows, prices)
        compared = {key: _half(prices, key) for key in known if key in there and key not in seen}
        gone = tuple(key for key in known if key in missing and key not in seen)
        return Changes(news(known, seen, compared), gone, watermark, reading.count)

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """What each item says now, in the order of ``keys``. Two queries for each 200."""
        return documents_of(keys, self._find)

    def _find(self, keys: Sequence[str]) -> dict[str, Record]:
        reading = Reading(self.database)
        rows = reading.rows(statements.ITEM_DETAILS, keys)
        return _records(rows, _prices(reading.rows(statements.PRICES_OF_ITEMS, keys)))


Prices = dict[tuple[str, ...], list[Row]]


def _prices(rows: Iterable[Row]) -> Prices:
    """Price lists by item."""
    ours = (row for row in rows if row["PriceCodeRecord"] == ITEM_PRICE)
    return {
        item: [without(row, "PriceCodeRecord", "ItemCode") for row in lists]
        for item, lists in grouped(ours, ["ItemCode"]).items()
    }


def _half(prices: Prices, item: str) -> Row:
    return {"prices": prices.get((item,), [])}


def _records(rows: Iterable[Row], prices: Prices) -> dict[str, Record]:
    return {
        row["ItemCode"]: Record(without(row, *statements.STAMP), _half(prices, row["ItemCode"]))
        for row in rows
    }
