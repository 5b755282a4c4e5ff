"""Sage 100: reads over ODBC, writes through the gateway.

::

    odbc        the connection string: quoting, and the settings that keep the driver silent
    dialect     what the driver's SQL understands, held on every query
    queries     all SQL
    dictionary  widths, scales and types, asked of the system itself
    columns     what a driver hands over, as exact Arrow columns
    database    statements in, Arrow tables out
    reader      reference tables, items, customers, orders that already stand there
    references  reference tables as look-ups
    standing    the read-back of orders
    changes     what is new, different or gone in Sage, and what records say now
    records     what goes to the gateway and what comes back
    outgoing    Sage frames become records
    transport   one HTTP exchange: sent, or never sent
    wire        the gateway's own shapes
    verdicts    an answer becomes a verdict on one record
    writer      the gateway's client: what it writes
    stock       the gateway's client: quantities and items, for sites without a driver
    errors      SQLSTATEs as our errors, the gateway's codes as our reasons
"""

from __future__ import annotations

from include.connectors.sage100.dictionary import ColumnSpec
from include.connectors.sage100.errors import reason_for
from include.connectors.sage100.odbc import OdbcSettings, connect
from include.connectors.sage100.outgoing import customer_writes, order_writes
from include.connectors.sage100.reader import Reader
from include.connectors.sage100.records import (
    CashReceiptWrite,
    CheckReport,
    CreditPolicy,
    CustomerWrite,
    GatewayIssue,
    ItemWrite,
    OrderWrite,
    ShipmentWrite,
    WriteResult,
    on_account,
)
from include.connectors.sage100.transport import GatewaySettings
from include.connectors.sage100.wire import StockQuantity
from include.connectors.sage100.writer import GatewayClient

__all__ = [
    "CashReceiptWrite",
    "CheckReport",
    "ColumnSpec",
    "CreditPolicy",
    "CustomerWrite",
    "GatewayClient",
    "GatewayIssue",
    "GatewaySettings",
    "ItemWrite",
    "OdbcSettings",
    "OrderWrite",
    "Reader",
    "ShipmentWrite",
    "StockQuantity",
    "WriteResult",
    "connect",
    "customer_writes",
    "on_account",
    "order_writes",
    "reason_for",
]
