"""What an order does to the rest of the company: committed stock, the customer's open orders, the log.

An order's standing is worked out before and after a change, and the difference is applied. So an edit
takes back exactly what the order had done and a deletion leaves nothing. Standard and back orders
commit stock and count as open; quotes, masters and repeating orders do neither.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from include.sandbox.sage100.receivables import Receivables
from include.sandbox.sage100.stock import Stock
from include.sandbox.sage100.totals import order_total

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from include.sandbox.sage100.accounts import Accounts
    from include.sandbox.sage100.records import Record

ZERO = Decimal(0)
SHOP_IDS = ("UDF_ZOHO_ORDER_ID", "UDF_CLARITY_ORDER_ID", "UDF_ZOHO_CONTACT_ID", "UDF_CLARITY_CUSTOMER_ID")
"""Where a record from a shop says what it is there; one keyed in by hand has none."""
Commitment = dict[tuple[str, str], tuple[Decimal, Decimal]]
"""Item and warehouse -> units on sales order, units on back order (standard units of measure)."""


@dataclass(frozen=True)
class Standing:
    """What an order stands for while it is live."""

    customer: tuple[str, str] = ("", "")
    open_amount: Decimal = ZERO
    commitment: Commitment = field(default_factory=dict)


NOTHING = Standing()


def standing(header: Record, lines: Iterable[Record]) -> Standing:
    """The standing of an order as it is in memory or in the tables."""
    customer = (header.text("ARDivisionNo"), header.text("CustomerNo"))
    if header.text("OrderType") not in {"S", "B"} or header.text("OrderStatus") == "C":
        return Standing(customer)
    units: defaultdict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for line in lines:
        if line.text("ItemType") != "1" or line.text("DropShip") == "Y":
            continue
        pair = units[line.text("ItemCode"), line.text("WarehouseCode")]
        ordered, factor = line.number("QuantityOrdered"), line.number("UnitOfMeasureConvFactor")
        behind = line.number("QuantityBackordered")
        pair[0] += (ordered - line.number("QuantityShipped") - behind) * factor
        pair[1] += behind * factor
    return Standing(customer, order_total(header), {key: (so, bo) for key, (so, bo) in units.items()})


def difference(before: Standing, after: Standing) -> Iterator[tuple[tuple[str, str], Decimal, Decimal]]:
    """Pairs of item and warehouse whose commitment changes, with both changes."""
    for pair in sorted(before.commitment.keys() | after.commitment.keys()):
        old, new = before.commitment.get(pair, (ZERO, ZERO)), after.commitment.get(pair, (ZERO, ZERO))
        if old != new:
            yield pair, new[0] - old[0], new[1] - old[1]


def apply(accounts: Accounts, before: Standing, after: Standing) -> dict[str, list[str]]:
    """Carry the difference into stock and customers; gives what was committed, for the log."""
    stock, moved = Stock(accounts), {}
    for (item, warehouse), on_order, behind in difference(before, after):
        stock.move(item, warehouse, QuantityOnSalesOrder=on_order, QuantityOnBackOrder=behind)
        moved[f"{item}|{warehouse}"] = [f"{units.normalize():f}" for units in (on_order, behind)]
    owed = Receivables(accounts)
    for customer, amount in ((before.customer, -before.open_amount), (after.customer, after.open_amount)):
        if amount:
            owed.add(customer, "OpenOrderAmt", amount)
    return moved


def log(db: sqlite3.Connection, kind: str, record: Record, lines: int, moved: dict[str, list[str]]) -> None:
    """Note an effect in the same transaction: it is in the log if and only if it is in the tables."""
    values = record.values
    total = order_total(record) if "SalesTaxAmt" in values else ZERO
    db.execute(
        "INSERT INTO sandbox_effect (at, kind, record, sync_key, order_id, po, lines, total, commitment, pid)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            datetime.now(UTC).isoformat(),
            kind,
            "|".join(record.key),
            values.get("UDF_SYNC_KEY", ""),
            next((values[mark] for mark in SHOP_IDS if values.get(mark)), ""),
            values.get("CustomerPONo", ""),
            lines,
            f"{total:f}",
            json.dumps(moved),
            os.getpid(),
        ),
    )
