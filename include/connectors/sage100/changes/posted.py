"""What posting left of an invoice: its lines, each with the order line it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.connectors.sage100.changes import statements
from include.connectors.sage100.changes.rows import Reading, Row, grouped, without
from include.connectors.sage100.changes.stubs import parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBER = ("InvoiceNo", "HeaderSeqNo")
"""An InvoiceNo alone recurs."""


def number_of(row: Row) -> tuple[str, ...]:
    """Both columns that name a posted invoice."""
    return tuple(row[name] for name in NUMBER)


def lines_of(reading: Reading, headers: Sequence[Row]) -> dict[tuple[str, ...], list[Row]]:
    """Lines by :data:`NUMBER`, in their order. Three queries for each 200 invoices.

    A posted line lost its ``OrderLineKey``: the link to the order's history says it, blank where a site
    keeps none.
    """
    lines = reading.rows(statements.POSTED_LINES, (row["InvoiceNo"] for row in headers))
    orders = {row["SalesOrderNo"] for row in headers} | {row["AppliedSalesOrderNo"] for row in lines}
    keys = _order_line_keys(reading, orders - {""})
    return {
        number: [
            {"OrderLineKey": keys.get((*number, row["DetailSeqNo"]), "")} | without(row, *NUMBER)
            for row in rows
        ]
        for number, rows in grouped(lines, NUMBER).items()
    }


def _order_line_keys(reading: Reading, orders: set[str]) -> dict[tuple[str, ...], str]:
    """The order line's key by (InvoiceNo, HeaderSeqNo, DetailSeqNo)."""
    links = reading.rows(statements.LINE_LINKS, orders)
    past = reading.rows(statements.ORDER_LINE_KEYS, orders if links else ())
    line_keys = {(row["SalesOrderNo"], row["SequenceNo"]): row["LineKey"] for row in past}
    return {
        (row["InvoiceNo"], row["InvoiceHistoryHeaderSeqNo"], row["InvoiceHistoryDetailSeqNo"]): line_keys.get(
            (row["SalesOrderNo"], row["SequenceNo"]), ""
        )
        for row in links
    }


def span_of(keys: Sequence[str]) -> tuple[str, str]:
    """The lowest and the highest InvoiceNo among keys that begin with it."""
    numbers = [parts_of(key)[0] for key in keys]
    return min(numbers), max(numbers)
