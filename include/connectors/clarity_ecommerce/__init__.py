"""Clarity eCommerce over its REST API: transport, reader, writer and its webhooks.

No public contract of this API exists. What is spoken here is *proposed*, so whatever a tenant may do
otherwise stands in a dialect, a file of its own, of which a connection may replace any part.

::

    dialect   paths, names, authentication, paging, envelope, batches of one generation  (dialects/*.yaml)
    settings  which tenant, who we are, how fast                  (frozen values, checked when made)
    auth      OAuth 2.0 client credentials, API key, log-in call
    errors    what a status and a code mean, as a table
    client    one call: admission, credentials, judgement, retries
    wire      raw JSON: cut, never rounded
    names     a tenant's member names and ours
    pages     lists, without loops and without gaps
    records   what is read and written, as values
    reader    records by id, by number and by window, the connection test
    likeness  whether a record holds already what we want it to hold
    batches   many records in one call, an answer for each
    writer    shipments, stock, orders, invoices, customers, products
    progress  how far its shipments have brought an order
    orders    the reader and the writer as the order pipeline asks for them
    webhook   its event, its record, its version

Names are loaded when they are first asked for: the webhook receiver needs ``webhook`` in processes
that never call Clarity and should not pay for an HTTP client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.connectors.clarity_ecommerce.client import ClarityClient
    from include.connectors.clarity_ecommerce.orders import ClarityOrders
    from include.connectors.clarity_ecommerce.reader import CheckReport, ClarityReader
    from include.connectors.clarity_ecommerce.records import Record, StockWrite, Write, WriteResult
    from include.connectors.clarity_ecommerce.settings import Settings
    from include.connectors.clarity_ecommerce.writer import ClarityWriter

__all__ = [
    "CheckReport",
    "ClarityClient",
    "ClarityOrders",
    "ClarityReader",
    "ClarityWriter",
    "Record",
    "Settings",
    "StockWrite",
    "Write",
    "WriteResult",
]

_HOMES = {
    "CheckReport": "reader",
    "ClarityClient": "client",
    "ClarityOrders": "orders",
    "ClarityReader": "reader",
    "ClarityWriter": "writer",
    "Record": "records",
    "Settings": "settings",
    "StockWrite": "records",
    "Write": "records",
    "WriteResult": "records",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
