"""Sales orders as somebody asks for them by number: head and lines, live or as history remembers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.connectors.sage100 import queries
from include.connectors.sage100.changes.rows import Reading, grouped
from include.connectors.sage100.changes.stubs import Record, documents_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.connectors.sage100.database import Database

LIVE, HISTORY = "live", "history"


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders by ``SalesOrderNo``.

    Args:
        database: where to read.
    """

    database: Database

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """Each order under Sage's own column names, with ``state`` (live, history) and ``lines``.

        History keeps no lines that we read: those of an order that has left the live tables are an empty
        list. At most three queries for each 200 orders.
        """
        return documents_of(keys, self._find)

    def _find(self, keys: Sequence[str]) -> dict[str, Record]:
        reading = Reading(self.database)
        live = reading.rows(queries.ORDERS_BY_NUMBER, keys)
        numbers = {row["SalesOrderNo"] for row in live}
        lines = grouped(reading.rows(queries.ORDER_LINES, numbers), ["SalesOrderNo"])
        past = reading.rows(queries.PAST_ORDERS_BY_NUMBER, set(keys) - numbers)
        found = {row["SalesOrderNo"]: Record({**row, "state": HISTORY, "lines": []}) for row in past}
        for row in live:
            number = row["SalesOrderNo"]
            found[number] = Record({**row, "state": LIVE, "lines": lines.get((number,), [])})
        return found
