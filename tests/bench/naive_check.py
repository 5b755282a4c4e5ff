"""The checks of the naive version: each rule asked of each row."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.bench.site import widths

if TYPE_CHECKING:
    import pandas as pd

HEADER, DETAIL = "SO_SalesOrderHeader", "SO_SalesOrderDetail"
MOST, MOST_TOTAL = Decimal("99999999.99"), Decimal("999999999.99")
MOST_UNITS = Decimal("99999999.999999")


def faulty(
    orders: pd.DataFrame, lines: pd.DataFrame, headers: pd.DataFrame, details: pd.DataFrame
) -> set[str]:
    """Keys of the orders that may not go on."""
    numbers = Counter(orders["number"])
    line_ids = Counter(zip(lines["order_source_id"], lines["line_id"], strict=True))
    totals = lines.groupby("order_source_id")["line_total"].sum()
    sage = details.groupby("key")["extension"].sum()
    bad_order = orders.apply(lambda order: not _order_holds(order, numbers, totals), axis=1)
    bad_line = lines.apply(lambda line: not _line_holds(line, line_ids), axis=1)
    bad_header = headers.apply(lambda header: not _header_holds(header, sage), axis=1)
    bad_detail = details.apply(lambda detail: not detail["ItemCode"] or not _fits(detail, DETAIL), axis=1)
    return {
        *orders["source_id"][bad_order], *lines["order_source_id"][bad_line],
        *headers["key"][bad_header], *details["key"][bad_detail],
    }  # fmt: skip


def _order_holds(order: pd.Series, numbers: Counter[str], totals: pd.Series) -> bool:
    net = order["subtotal"] - order["discount_amount"] + order["shipping_amount"] + order["adjustment_amount"]
    due = net if order["prices_include_tax"] else net + order["tax_amount"]
    return (
        numbers[order["number"]] == 1
        and bool(order["number"].strip() and order["customer_source_id"].strip())
        and re.fullmatch("[A-Z]{3}", order["currency"]) is not None
        and 0 <= order["shipping_amount"] <= MOST
        and 0 <= order["discount_amount"] <= MOST
        and 0 <= order["total"] <= MOST_TOTAL
        and bool(totals.get(order["source_id"]) == order["subtotal"])
        and bool(due == order["total"])
    )


def _line_holds(line: pd.Series, line_ids: Counter[tuple[str, str]]) -> bool:
    return (
        0 < line["quantity"] <= MOST_UNITS
        and 0 <= line["unit_price"] <= MOST_UNITS
        and 0 <= line["discount_percent"] <= 100
        and line_ids[line["order_source_id"], line["line_id"]] == 1
    )


def _header_holds(header: pd.Series, sage: pd.Series) -> bool:
    due = sage[header["key"]] - header["DiscountAmt"] + header["FreightAmt"] + header["tax"]
    return not header["bad"] and not header["too_much"] and due == header["total"] and _fits(header, HEADER)


def _fits(row: Any, table: str) -> bool:
    """Whether every text fits its column."""
    return all(
        len(row[column]) <= width
        for (of, column), width in widths().items()
        if of == table and isinstance(row.get(column), str)
    )
