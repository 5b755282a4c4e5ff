"""Posted invoices, with what is still owed on each.

Headers are read by their stamp, their lines beside them. A payment changes only AR_OpenInvoice, so its
balances are read whole and compared.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from include.connectors.sage100.changes import statements
from include.connectors.sage100.changes.clock import ServerClock
from include.connectors.sage100.changes.posted import lines_of, number_of, placed, span_of
from include.connectors.sage100.changes.rows import Reading, Row, without
from include.connectors.sage100.changes.stubs import Changes, Record, documents_of, key_of, news, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from include.connectors.sage100.database import Database

    Balances = Mapping[tuple[str, ...], Decimal]

NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Invoices:
    """Posted invoices of every type by ``InvoiceNo|HeaderSeqNo``.

    A document has the header's columns, ``lines`` with ``OrderLineKey``, and ``Balance``: what is owed, 0
    once it is paid or cleared from the open invoices.

    Args:
        database: where to read.
        clock: of the server that stamps.
    """

    database: Database
    clock: ServerClock = field(default_factory=ServerClock)

    def changes(self, known: Mapping[str, str], since: datetime | None = None) -> Changes:
        """What differs from the known: three queries, and three for each 200 recent ones."""
        reading, began = Reading(self.database), self.clock.now()
        headers = reading.rows(statements.POSTED_INVOICES, since=self.clock.first_day(since))
        recent = [row for row in headers if self.clock.is_recent(row, since)]
        read = {_key(row) for row in recent}
        watched = [key for key in known if key not in read]
        there = self._there(reading, watched)
        missing = [key for key in watched if key not in there]
        recent += _of(reading.rows(statements.POSTED_INVOICES, _numbers(missing)), missing)
        balances = _balances(reading.rows(statements.BALANCES))
        seen = _records(reading, recent, balances)
        compared = {key: _half(row, balances) for key, row in there.items()}
        gone = tuple(key for key in missing if key not in seen)
        watermark = self.clock.watermark(since, headers, began)
        return Changes(news(known, seen, compared), gone, watermark, reading.count)

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """What each invoice says now, in the order of ``keys``. Six queries for each 200."""
        reading = Reading(self.database)
        return documents_of(keys, lambda wanted: placed(reading, self._find(reading, wanted)))

    def _find(self, reading: Reading, keys: Sequence[str]) -> dict[str, Record]:
        headers = _of(reading.rows(statements.POSTED_INVOICES, _numbers(keys)), keys)
        balances = _balances(reading.rows(statements.BALANCES, _numbers(keys)))
        return _records(reading, headers, balances)

    def _there(self, reading: Reading, keys: Sequence[str]) -> dict[str, Row]:
        """The names of those keys that still stand in history."""
        if not keys:
            return {}
        span = span_of(keys)
        rows = {_key(row): row for row in reading.rows(statements.POSTED_KEYS, span=span)}
        return {key: rows[key] for key in keys if key in rows}


def _key(row: Row) -> str:
    return key_of(*number_of(row))


def _numbers(keys: Iterable[str]) -> list[str]:
    return [parts_of(key)[0] for key in keys]


def _of(rows: Iterable[Row], keys: Iterable[str]) -> list[Row]:
    wanted = set(keys)
    return [row for row in rows if _key(row) in wanted]


def _balances(rows: Iterable[Row]) -> Balances:
    """What is owed by (InvoiceNo, HeaderSeqNo, InvoiceType)."""
    owed: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in rows:
        owed[row["InvoiceNo"], row["InvoiceHistoryHeaderSeqNo"], row["InvoiceType"]] += row["Balance"]
    return owed


def _half(row: Row, balances: Balances) -> Row:
    return {"Balance": balances.get((*number_of(row), row["InvoiceType"]), NOTHING)}


def _records(reading: Reading, headers: Sequence[Row], balances: Balances) -> dict[str, Record]:
    lines = lines_of(reading, headers)
    return {
        _key(row): Record(
            without(row, *statements.STAMP) | {"lines": lines.get(number_of(row), [])}, _half(row, balances)
        )
        for row in headers
    }
