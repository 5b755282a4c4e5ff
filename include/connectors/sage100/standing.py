"""Which orders of the source already stand in Sage: the look-up before, and the read-back after, a write.

Orders are found by the customer's PO number (Sage has a key on it and none on UDFs) and verified by
the source id that we wrote into a UDF: the same PO number with another id, or with none, is somebody
else's order. Only a site without that UDF is trusted on the PO number alone.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.connectors.sage100 import queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.connectors.sage100.database import Database
    from include.connectors.sage100.queries import Statement

AMOUNT = pa.decimal128(18, 2)
ORDER_ID = "UDF_ZOHO_ORDER_ID"

STANDING_FRAME = pa.schema(
    [
        pa.field("source_id", pa.string()),
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
        pa.field("source_version", pa.string()),  # as last written by us, blank without the UDF
        pa.field("sync_key", pa.string()),  # idempotency key of the last write, blank without the UDF
        pa.field("lines", pa.int64()),
        pa.field("total", AMOUNT),  # sum of the lines - discount + freight + tax
    ]
)
"""One row per order found; usually one per source id, several when Sage holds a duplicate."""


def find(database: Database, orders: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Orders of the source that stand in Sage, live ones first, then those that history remembers.

    Args:
        database: where to read.
        orders: (source id, customer PO number) of each.

    Returns:
        ``STANDING_FRAME``. At most four queries for each 200 orders.
    """
    wanted = pa.table(
        {
            "source_id": pa.array([source_id for source_id, _ in orders], pa.string()),
            "CustomerPONo": pa.array([purchase_order for _, purchase_order in orders], pa.string()),
        }
    )
    live = _matched(database, queries.ORDERS, wanted)
    vanished = wanted.filter(pc.invert(pc.is_in(wanted["source_id"], value_set=live["source_id"])))
    past = _matched(database, queries.PAST_ORDERS, vanished)
    past = past.filter(pc.invert(pc.is_in(past["SalesOrderNo"], value_set=live["SalesOrderNo"])))
    found = pa.concat_tables(
        [
            _summed(database, live, queries.ORDER_SUMS, state="live"),
            _summed(database, past, queries.PAST_ORDER_SUMS, state="history"),
        ]
    )
    ordered = found.sort_by([("source_id", "ascending"), ("SalesOrderNo", "ascending")])
    frame: pd.DataFrame = ordered.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _matched(database: Database, statement: Statement, wanted: pa.Table) -> pa.Table:
    """Headers under the wanted PO numbers that are ours, each with its source id."""
    numbers = [number for number in wanted["CustomerPONo"].to_pylist() if number]
    joined = database.fetch(statement, numbers).join(wanted, keys="CustomerPONo", join_type="inner")
    if ORDER_ID not in database.require(statement):
        return joined
    return joined.filter(pc.equal(joined[ORDER_ID], joined["source_id"]))


def _summed(database: Database, headers: pa.Table, statement: Statement, *, state: str) -> pa.Table:
    """Line count and total beside each header; an order without lines counts none."""
    sums = database.fetch(statement, headers["SalesOrderNo"].to_pylist())
    count, extension = statement.summed
    joined = headers.join(sums, keys="SalesOrderNo", join_type="left outer")
    extended = pc.fill_null(joined[extension].cast(AMOUNT), Decimal("0.00"))
    charged = pc.add(joined["FreightAmt"], joined["SalesTaxAmt"])
    columns = {name: joined[name] for name in joined.column_names} | {
        "state": pa.array([state] * len(joined), pa.string()),
        "source_version": joined["UDF_ZOHO_VERSION"],
        "sync_key": joined["UDF_SYNC_KEY"],
        "lines": pc.fill_null(joined[count], 0),
        "total": pc.add(pc.subtract(extended, joined["DiscountAmt"]), charged),
    }
    return pa.table({field.name: columns[field.name].cast(field.type) for field in STANDING_FRAME})
