"""What posting left of an invoice: its lines, each with the order line it serves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from include.connectors.sage100.changes import statements
from include.connectors.sage100.changes.rows import Reading, Row, grouped, without
from include.connectors.sage100.changes.stubs import parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.connectors.sage100.changes.stubs import Record

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


def placed(reading: Reading, records: Mapping[str, Record]) -> dict[str, Record]:
    """The records, each line saying its place in its order. One query for each 200 orders.

    ``OrderLinePlace`` counts from 1 the lines that people ordered and have not cancelled: keys of lines that
    were taken off are not given again, and parts that Sage worked out of a kit (``KitPart`` ``Y``) are
    nobody's lines. Both are blank where the site keeps no history of the order.
    """
    orders = {order_of(each.stamped, line) for each in records.values() for line in each.stamped["lines"]}
    past = grouped(reading.rows(statements.ORDER_LINE_KEYS, orders - {""}), ["SalesOrderNo"])
    lines = {order: _standing(rows) for (order,), rows in past.items()}
    return {
        key: replace(
            record,
            beside={
                "lines": [
                    line | lines.get(order_of(record.stamped, line), {}).get(line["OrderLineKey"], NOWHERE)
                    for line in record.stamped["lines"]
                ]
            },
        )
        for key, record in records.items()
    }


NOWHERE = {"OrderLinePlace": "", "KitPart": ""}


def _standing(rows: Sequence[Row]) -> dict[str, Row]:
    """Place and kind of the lines of one order, by their key."""
    live = sorted(
        (row for row in rows if row["CancelledLine"] != "Y"),
        key=lambda row: (row["LineKey"], row["SequenceNo"]),
    )
    parts = {row["LineKey"] for row in live if row["SalesKitLineKey"] not in {"", row["LineKey"]}}
    own = [row["LineKey"] for row in live if row["LineKey"] not in parts]
    found = {key: {"OrderLinePlace": str(place), "KitPart": "N"} for place, key in enumerate(own, start=1)}
    return found | {key: {"OrderLinePlace": "", "KitPart": "Y"} for key in parts}


def order_of(header: Row, line: Row) -> str:
    """The order that a line of an invoice serves."""
    order: str = line["AppliedSalesOrderNo"] or header["SalesOrderNo"]
    return order


def span_of(keys: Sequence[str]) -> tuple[str, str]:
    """The lowest and the highest InvoiceNo among keys that begin with it."""
    numbers = [parts_of(key)[0] for key in keys]
    return min(numbers), max(numbers)
