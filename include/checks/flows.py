"""The checks between translation and load of all but the orders that an ERP is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.canonical import ShipmentState
from include.checks.flow_suites import (
    INVOICES,
    PACKAGES,
    PAYMENTS,
    SALES,
    SALES_LINES,
    SHIPMENT_LINES,
    SHIPMENTS,
    customer_rules,
    item_rules,
    stock_rules,
)
from include.checks.judge import judge
from include.checks.orders import Checked
from include.checks.suites import Words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from include.checks.judge import Verdict

SAGE = "Sage 100"
MONEY = pa.decimal128(18, 2)


def check_stock(stock: pd.DataFrame, warehouses: Collection[str], said_by: str = SAGE) -> Checked:
    """Judge stock levels.

    Args:
        stock: canonical frame ``stock``.
        warehouses: codes of those that are told of.
        said_by: the name of the system they come from.

    Raises:
        SetError: an item is twice in one warehouse.
    """
    frame = stock.assign(key=stock.source_id, label=stock.sku, line=0)
    return _checked(judge("stock", stock_rules(warehouses), frame, Words(said_by, noun="stock of")))


def check_customers(customers: pd.DataFrame, said_by: str) -> Checked:
    """Judge customers.

    Args:
        customers: canonical frame ``customers``.
        said_by: the name of the system they come from.

    Raises:
        SetError: a customer is there twice.
    """
    frame = customers.assign(key=customers.source_id, label=customers.number, line=0)
    return _checked(judge("customers", customer_rules(), frame, Words(said_by, noun="customer")))


def check_items(items: pd.DataFrame, said_by: str) -> Checked:
    """Judge items.

    Args:
        items: canonical frame ``items``.
        said_by: the name of the system they come from.

    Raises:
        SetError: an item is there twice.
    """
    frame = items.assign(key=items.source_id, label=items.sku, line=0)
    return _checked(judge("items", item_rules(), frame, Words(said_by, noun="item")))


def check_sales(orders: pd.DataFrame, lines: pd.DataFrame, said_by: str) -> Checked:
    """Judge orders as far as two sales systems tell each other of them.

    Args:
        orders: canonical frame ``orders``.
        lines: canonical frame ``lines``.
        said_by: the name of the system they come from.

    Raises:
        SetError: an order is there twice.
    """
    labels = dict(zip(orders.source_id, orders.number, strict=True))
    frame = orders.assign(key=orders.source_id, label=orders.number, line=0)
    words = Words(said_by, noun="order")
    return _checked(
        judge("sales", SALES, frame, words),
        judge("sales_lines", SALES_LINES, _parts(lines, "order_source_id", labels), words),
    )


def check_shipments(shipments: pd.DataFrame, lines: pd.DataFrame, packages: pd.DataFrame) -> Checked:
    """Judge shipments by their canonical frames ``shipments``, ``shipment_lines`` and ``packages``."""
    labels = dict(zip(shipments.source_id, shipments.number, strict=True))
    words = Words(SAGE, noun="shipment")
    tracked = packages[packages.tracking_number.fillna("") != ""]
    counts = lines.groupby("shipment_source_id").size()
    sent = shipments[shipments.state != ShipmentState.VOIDED.value]
    how_many = sent.source_id.map(counts).fillna(0).astype("int64")
    sent = sent.assign(key=sent.source_id, label=sent.number, line=0, lines=how_many)
    return _checked(
        judge("shipments", SHIPMENTS, sent, words),
        judge("shipment_lines", SHIPMENT_LINES, _parts(lines, "shipment_source_id", labels), words),
        judge("packages", PACKAGES, _parts(tracked, "shipment_source_id", labels), words),
    )


def check_invoices(invoices: pd.DataFrame, lines: pd.DataFrame) -> Checked:
    """Judge invoices by their canonical frames ``invoices`` and ``invoice_lines``.

    Raises:
        SetError: an invoice is there twice.
    """
    table = pa.Table.from_pandas(invoices, preserve_index=False)
    summed = pa.Table.from_pandas(lines[["invoice_source_id", "line_total"]], preserve_index=False)
    grouped = summed.group_by("invoice_source_id").aggregate([("line_total", "sum")])
    place = pc.index_in(table["source_id"], value_set=grouped["invoice_source_id"])
    discounted = pc.subtract(table["subtotal"], table["discount_amount"])
    found = {
        "lines_total": pc.coalesce(grouped["line_total_sum"].take(place).cast(MONEY), pa.scalar(0, MONEY)),
        "due": pc.add(pc.add(discounted, table["shipping_amount"]), table["tax_amount"]).cast(MONEY),
        "settled": pc.add(table["paid_amount"], table["balance"]).cast(MONEY),
    }
    columns = {name: table[name] for name in ("source_id", "number", "subtotal", "total")}
    frame = pa.table(columns | found).to_pandas(types_mapper=pd.ArrowDtype)
    frame = frame.assign(key=frame.source_id, label=frame.number, line=0)
    return _checked(judge("invoices", INVOICES, frame, Words(SAGE, noun="invoice")))


def check_payments(payments: pd.DataFrame, shop: str) -> Checked:
    """Judge payments.

    Args:
        payments: canonical frame ``payments``.
        shop: the name of the system they come from.

    Raises:
        SetError: a payment is there twice.
    """
    frame = payments.assign(key=payments.source_id, label=payments.source_id, line=0)
    return _checked(judge("payments", PAYMENTS, frame, Words(shop, noun="payment")))


def _parts(frame: pd.DataFrame, by: str, labels: Mapping[str, str]) -> pd.DataFrame:
    found = frame.rename(columns={by: "key", "position": "line"})
    return found.assign(label=found.key.map(labels))


def _checked(*verdicts: Verdict) -> Checked:
    problems = pd.concat([verdict.problems for verdict in verdicts], ignore_index=True)
    return Checked(problems, [verdict.result for verdict in verdicts])
