"""Shipments: one for each invoice of a sales order, under the same key before and after it is posted.

Posting moves an invoice from SO_Invoice* to AR_InvoiceHistory*, packages too. What is entered and not yet
posted is little and read whole; it is read first, so that an invoice which moves meanwhile is met in both
places or in the later one, never in neither. Posted headers are read by their stamp, and those of invoices
that stand entered too: a posting can break off and wait for hours. Packages have no stamp and are corrected
later: those of every known shipment are compared, over the span of its numbers.

One invoice may serve several orders: it is a shipment of each, with the packages of all.

An invoice that was entered and stands nowhere any more was taken back: its goods did not leave. One that was
posted and is gone was only cleared from history.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from include.connectors.sage100.changes import statements
from include.connectors.sage100.changes.clock import ServerClock
from include.connectors.sage100.changes.posted import (
    NUMBER,
    lines_of,
    number_of,
    order_of,
    placed,
    span_of,
)
from include.connectors.sage100.changes.rows import Reading, Row, grouped, without
from include.connectors.sage100.changes.stubs import (
    Changes,
    Record,
    Stub,
    documents_of,
    key_of,
    news,
    parts_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from include.connectors.sage100.database import Database

LIVE, HISTORY, GONE = "live", "history", "gone"
ENTERED = "~entered"
"""What the version of a shipment that is not posted ends with."""
TAKEN_BACK = "taken back"
"""Version of a shipment that was entered and never posted, and is no more."""


def taken_back(key: str, version: str) -> bytes | None:
    """What is left to say of a shipment that is no more; None where nothing is.

    Args:
        key: of the shipment.
        version: under which it was announced.
    """
    if version != TAKEN_BACK:
        return None
    number, kind, order = parts_of(key)
    names = {"InvoiceNo": number, "InvoiceType": kind, "SalesOrderNo": order}
    return json.dumps({"version": version, "state": GONE, **names}).encode()


@dataclass(frozen=True, slots=True)
class Shipments:
    """Shipments by ``InvoiceNo|InvoiceType|SalesOrderNo``: an InvoiceNo recurs, on another order.

    A document has the invoice's columns (``HeaderSeqNo`` is blank and ``ShipStatus`` given before posting),
    ``state`` (``live`` or ``history``), ``lines`` with ``OrderLineKey``, and ``packages``.

    Args:
        database: where to read.
        clock: of the server that stamps.
        types: of invoices that ship something; a credit memo takes goods back.
    """

    database: Database
    clock: ServerClock = field(default_factory=ServerClock)
    types: Collection[str] = ("IN",)

    def changes(self, known: Mapping[str, str], since: datetime | None = None) -> Changes:
        """What differs from the known: seven queries, and four for each 200 recent ones."""
        reading, began = Reading(self.database), self.clock.now()
        live = self._live(reading, None)
        headers = reading.rows(statements.POSTED_SHIPMENTS, since=self.clock.first_day(since))
        moving = reading.rows(statements.POSTED_SHIPMENTS, (parts_of(key)[0] for key in live))
        fresh = [row for row in headers if self.clock.is_recent(row, since)]
        fresh += [row for row in moving if _is_of(row, live)]
        seen = _united(live, self._posted(reading, fresh))
        watched = [key for key in known if key not in seen]
        compared = self._packages_of(reading, watched)
        missing = [key for key in watched if key not in compared]
        seen |= self._find(reading, missing)
        lost = [key for key in missing if key not in seen and known[key] != TAKEN_BACK]
        back = tuple(Stub(key, TAKEN_BACK) for key in lost if known[key].endswith(ENTERED))
        gone = tuple(key for key in lost if not known[key].endswith(ENTERED))
        watermark = self.clock.watermark(since, headers, began)
        return Changes((*news(known, seen, compared), *back), gone, watermark, reading.count)

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """What each shipment says now, in the order of ``keys``. At most nine queries for each 200."""
        reading = Reading(self.database)
        return documents_of(keys, lambda wanted: placed(reading, self._find(reading, wanted)))

    def _find(self, reading: Reading, keys: Sequence[str]) -> dict[str, Record]:
        numbers = {parts_of(key)[0] for key in keys}
        live = self._live(reading, numbers)
        posted = self._posted(reading, reading.rows(statements.POSTED_SHIPMENTS, numbers))
        found = _united(live, posted)
        return {key: found[key] for key in keys if key in found}

    def _live(self, reading: Reading, numbers: Collection[str] | None) -> dict[str, Record]:
        """Shipments that are entered and not yet posted."""
        headers = reading.rows(statements.ENTERED_SHIPMENTS, numbers)
        asked = numbers if numbers is None else [row["InvoiceNo"] for row in headers]
        lines = grouped(reading.rows(statements.ENTERED_LINES, asked), ["InvoiceNo"])
        packages = grouped(reading.rows(statements.ENTERED_PACKAGES, asked), ["InvoiceNo"])
        return {
            _key(one): Record(
                {"HeaderSeqNo": ""} | one | {"lines": [without(line, "InvoiceNo") for line in some]},
                _half(LIVE, packages.get((row["InvoiceNo"],), [])),
                ENTERED,
            )
            for row in headers
            if self._ships(row)
            for one, some in _by_order(row, lines.get((row["InvoiceNo"],), []))
        }

    def _posted(self, reading: Reading, rows: Iterable[Row]) -> dict[str, Record]:
        """Posted shipments of these headers; of two under one key the later posting counts."""
        headers = [row for row in rows if self._ships(row)]
        lines = lines_of(reading, headers)
        numbers = [row["InvoiceNo"] for row in headers]
        packages = grouped(reading.rows(statements.POSTED_PACKAGES, numbers), NUMBER)
        return {
            _key(one): Record(
                without(one, *statements.STAMP) | {"lines": some},
                _half(HISTORY, packages.get(number_of(row), [])),
            )
            for row in headers
            for one, some in _by_order(row, lines.get(number_of(row), []))
        }

    def _packages_of(self, reading: Reading, keys: Sequence[str]) -> dict[str, Row]:
        """The compared half of those keys that are posted."""
        if not keys:
            return {}
        span = span_of(keys)
        rows = reading.rows(statements.POSTED_KEYS, span=span)
        headers = {_key(row): number_of(row) for row in rows if not _serves_several(row)}
        shared = {_invoice(_key(row)): number_of(row) for row in rows if _serves_several(row)}
        numbers = {key: headers.get(key) or shared.get(_invoice(key)) for key in keys}
        packages = grouped(reading.rows(statements.POSTED_PACKAGES, span=span), NUMBER)
        return {key: _half(HISTORY, packages.get(number, [])) for key, number in numbers.items() if number}

    def _ships(self, row: Row) -> bool:
        """Whether the invoice is one of goods for a sales order."""
        return row["InvoiceType"] in self.types and bool(row["SalesOrderNo"] or _serves_several(row))


def _serves_several(row: Row) -> bool:
    return bool(row["MultipleSalesOrdersApplied"] == "Y")


def _by_order(row: Row, lines: Sequence[Row]) -> Iterator[tuple[Row, Sequence[Row]]]:
    """The invoice once for each order that it serves, with the lines of that; freight is the first one's."""
    orders = sorted({order_of(row, line) for line in lines} - {""}) if _serves_several(row) else []
    if not orders:
        yield row, lines
    for place, order in enumerate(orders):
        freight = row["FreightAmt"] if place == 0 else Decimal(0)
        one = row | {"SalesOrderNo": order, "FreightAmt": freight}
        yield one, [line for line in lines if order_of(row, line) == order]


def _is_of(row: Row, live: Collection[str]) -> bool:
    """Whether a posted header is one of the entered shipments."""
    if _serves_several(row):
        return _invoice(_key(row)) in map(_invoice, live)
    return _key(row) in live


def _invoice(key: str) -> tuple[str, ...]:
    """The parts of a shipment's key that its invoice has."""
    return parts_of(key)[:2]


def _key(row: Row) -> str:
    return key_of(row["InvoiceNo"], row["InvoiceType"], row["SalesOrderNo"])


def _half(state: str, packages: Iterable[Row]) -> Row:
    return {"state": state, "packages": [without(row, *NUMBER) for row in packages]}


def _united(live: Mapping[str, Record], posted: Mapping[str, Record]) -> dict[str, Record]:
    """One record for each key; what stands in both places is being posted, and loses no part meanwhile."""
    return {**live, **posted} | {key: _both(live[key], posted[key]) for key in live.keys() & posted.keys()}


def _both(live: Record, posted: Record) -> Record:
    packages = {
        row["PackageNo"]: row for half in (live.compared, posted.compared) for row in half["packages"]
    }
    stamped = posted.stamped if posted.stamped["lines"] else live.stamped
    return Record(stamped, _half(HISTORY, (packages[number] for number in sorted(packages))))
