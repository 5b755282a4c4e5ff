"""Customers that the shop knows, by what it is told of them.

AR_Customer is read by its stamp. Most customers of a company are none of a shop's, so only those are
announced that it is linked with; one that is linked anew is news, whenever it was changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.connectors.sage100.changes import statements
from include.connectors.sage100.changes.rows import Reading, Row, without
from include.connectors.sage100.changes.stubs import Changes, Record, documents_of, news

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from include.connectors.sage100.changes.clock import ServerClock
    from include.connectors.sage100.database import Database


@dataclass(frozen=True, slots=True)
class Customers:
    """Linked customers by ``01-D3600`` (division, number).

    Args:
        database: where to read.
        clock: of the server that stamps.
        linked: gives the keys of those that the shop knows.
    """

    database: Database
    clock: ServerClock
    linked: Callable[[], Collection[str]] = field(repr=False)

    def changes(self, known: Mapping[str, str], since: datetime | None = None) -> Changes:
        """What differs from the known: one query, and one for each 200 linked anew.

        One that Sage has no longer is not reported: nobody is told of it.
        """
        reading, began = Reading(self.database), self.clock.now()
        wanted = set(self.linked())
        rows = reading.rows(statements.CUSTOMER_DETAILS, since=self.clock.first_day(since))
        watermark = self.clock.watermark(since, rows, began)
        seen = _records(rows)
        unseen = wanted - known.keys() - seen.keys()
        seen |= _records(reading.rows(statements.CUSTOMER_DETAILS, _numbers(unseen)))
        ours = {key: record for key, record in seen.items() if key in wanted}
        return Changes(news(known, ours, {}), (), watermark, reading.count)

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """What each customer says now, in the order of ``keys``. One query for each 200."""
        return documents_of(keys, self._find)

    def _find(self, keys: Sequence[str]) -> dict[str, Record]:
        return _records(Reading(self.database).rows(statements.CUSTOMER_DETAILS, _numbers(keys)))


def _numbers(keys: Iterable[str]) -> list[str]:
    return [key.partition("-")[2] for key in keys]


def _records(rows: Iterable[Row]) -> dict[str, Record]:
    found = {}
    for row in rows:
        key = f"{row['ARDivisionNo']}-{row['CustomerNo']}"
        found[key] = Record({"CustomerKey": key} | without(row, *statements.STAMP))
    return found
