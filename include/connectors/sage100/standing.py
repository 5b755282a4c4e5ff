"""Which orders of the source already stand in Sage: the look-up before, and the read-back after, a write.

Orders are found by the customer's PO number (Sage has a key on it and none on UDFs) and verified by
the source id that we wrote into a UDF. An order under the same PO number with another source id is
somebody else's and is left out; one without any (typed by a clerk, or a site without the UDF) is
reported as a weaker match for the caller to judge.
"""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.connectors.sage100 import queries
from include.connectors.sage100.marks import MARKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.connectors.sage100.database import Database
    from include.connectors.sage100.marks import ShopMarks
    from include.connectors.sage100.queries import Statement

AMOUNT = pa.decimal128(18, 2)
VERIFIED = "order_id"
SAME_PO = "purchase_order"

STANDING_FRAME = pa.schema(
    [
        pa.field("key", pa.string()),  # the source's id of the order
        pa.field("match", pa.string()),  # "order_id": verified by UDF; "purchase_order": same PO, no id
        pa.field("state", pa.string()),  # "live", or "history" when it has left the live tables
        pa.field("SalesOrderNo", pa.string()),
        pa.field("CustomerPONo", pa.string()),
        pa.field("ARDivisionNo", pa.string()),
        pa.field("CustomerNo", pa.string()),
        pa.field("OrderDate", pa.date32()),
        pa.field("OrderStatus", pa.string()),  # live N O C H; history A C X Q Z
        pa.field("DiscountAmt", AMOUNT),
        pa.field("FreightAmt", AMOUNT),
        pa.field("SalesTaxAmt", AMOUNT),
        pa.field("source_id", pa.string()),  # the shop's id that stands in the order, blank when none does
        pa.field("source_version", pa.string()),  # the shop's version that was last written
        pa.field("UDF_SYNC_KEY", pa.string()),  # idempotency key of the last write
        pa.field("lines", pa.int64()),
        pa.field("total", AMOUNT),  # sum of the lines - discount + freight + tax
    ]
)
"""One row per order found; usually one per key, several when Sage holds a duplicate."""


def find(database: Database, orders: Sequence[tuple[str, str]], marks: ShopMarks) -> pd.DataFrame:
    """Orders of the source that stand in Sage: live ones, and those that only history remembers.

    Args:
        database: where to read.
        orders: (source id, customer PO number) of each.
        marks: the shop's columns; an order that carries another shop's id is somebody else's.

    Returns:
        ``STANDING_FRAME``, sorted by key and order number. At most four queries for each 200 orders.
    """
    wanted = pa.table(
        {
            "key": pa.array([key for key, _ in orders], pa.string()),
            "CustomerPONo": pa.array([number for _, number in orders], pa.string()),
        }
    )
    live = _matched(database, queries.ORDERS, wanted, marks)
    vanished = wanted.filter(pc.invert(pc.is_in(wanted["key"], value_set=_verified_keys(live))))
    past = _matched(database, queries.PAST_ORDERS, vanished, marks)
    past = past.filter(pc.invert(pc.is_in(past["SalesOrderNo"], value_set=live["SalesOrderNo"])))
    found = pa.concat_tables(
        [
            _summed(database, live, queries.ORDER_SUMS, state="live"),
            _summed(database, past, queries.PAST_ORDER_SUMS, state="history"),
        ]
    )
    ordered = _strongest(found).sort_by([("key", "ascending"), ("SalesOrderNo", "ascending")])
    frame: pd.DataFrame = ordered.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _matched(database: Database, statement: Statement, wanted: pa.Table, marks: ShopMarks) -> pa.Table:
    """Headers under the wanted PO numbers, each with the key it belongs to and how sure that is."""
    numbers = [number for number in wanted["CustomerPONo"].to_pylist() if number]
    joined = database.fetch(statement, numbers).join(wanted, keys="CustomerPONo", join_type="inner")
    ours = pc.equal(joined[marks.order_id], joined["key"])
    nobodys = functools.reduce(pc.and_, [pc.equal(joined[shop.order_id], "") for shop in MARKS])
    told = (
        joined.append_column("match", pc.if_else(ours, VERIFIED, SAME_PO))
        .append_column("source_id", joined[marks.order_id])
        .append_column("source_version", joined[marks.version])
    )
    return told.filter(pc.or_(ours, nobodys))


def _summed(database: Database, headers: pa.Table, statement: Statement, *, state: str) -> pa.Table:
    """Line count and total beside each header; an order without lines counts none."""
    sums = database.fetch(statement, headers["SalesOrderNo"].to_pylist())
    count, extension = statement.summed
    joined = headers.join(sums, keys="SalesOrderNo", join_type="left outer")
    extended = pc.fill_null(joined[extension].cast(AMOUNT), Decimal("0.00"))
    charged = pc.add(joined["FreightAmt"], joined["SalesTaxAmt"])
    columns = {name: joined[name] for name in joined.column_names} | {
        "state": pa.array([state] * len(joined), pa.string()),
        "lines": pc.fill_null(joined[count], 0),
        "total": pc.add(pc.subtract(extended, joined["DiscountAmt"]), charged),
    }
    return pa.table({field.name: columns[field.name].cast(field.type) for field in STANDING_FRAME})


def _strongest(found: pa.Table) -> pa.Table:
    """Without the weaker matches of a key that has a verified one."""
    weaker = pc.and_(
        pc.equal(found["match"], SAME_PO), pc.is_in(found["key"], value_set=_verified_keys(found))
    )
    return found.filter(pc.invert(weaker))


def _verified_keys(found: pa.Table) -> pa.ChunkedArray:
    return pc.filter(found["key"], pc.equal(found["match"], VERIFIED))
