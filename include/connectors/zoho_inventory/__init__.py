"""Zoho Inventory over its REST API: transport, reader, writer and its webhooks.

::

    settings  who we are, which data centre, how fast         (frozen values, checked when made)
    hosts     data centre -> API host and accounts host
    transport bytes out, bytes in: size cap, no redirects, sent or never sent
    auth      one access token, minted once for all workers
    limits    the shared budget: admit a call, pause everyone after a 429
    errors    what a status, code and message mean, as a table
    client    one call: admission, token, envelope, retries
    wire      Zoho's own shapes
    reader    lists, details, the connection test
    sweep     a list walked by its times of change
    writer    notes and custom fields written back
    contacts  customers created and changed          (persons: their people)
    sales_orders  orders made under our own numbers and confirmed
    catalogue items, stock and orders carried away   (changes, details)
    custom_fields  which there are, how a body names them
    refusals  what is refused of a record, in our vocabulary
    webhook   its form wrapping, its identity

Names are loaded when they are first asked for: the webhook receiver needs ``webhook`` in processes
that never call Zoho and should not pay for an HTTP client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.connectors.zoho_inventory.catalogue import ZohoItems, ZohoOrderRecords, ZohoStock
    from include.connectors.zoho_inventory.client import ZohoClient
    from include.connectors.zoho_inventory.contacts import ZohoContacts
    from include.connectors.zoho_inventory.custom_fields import CustomFields
    from include.connectors.zoho_inventory.reader import CheckReport, ZohoReader
    from include.connectors.zoho_inventory.sales_orders import ZohoSalesOrders
    from include.connectors.zoho_inventory.settings import Settings
    from include.connectors.zoho_inventory.sweep import SWEEP_OVERLAP
    from include.connectors.zoho_inventory.wire import OrderStub, Organization
    from include.connectors.zoho_inventory.writer import ZohoWriter

__all__ = [
    "SWEEP_OVERLAP",
    "CheckReport",
    "CustomFields",
    "OrderStub",
    "Organization",
    "Settings",
    "ZohoClient",
    "ZohoContacts",
    "ZohoItems",
    "ZohoOrderRecords",
    "ZohoReader",
    "ZohoSalesOrders",
    "ZohoStock",
    "ZohoWriter",
]

_HOMES = {
    "SWEEP_OVERLAP": "sweep",
    "CheckReport": "reader",
    "CustomFields": "custom_fields",
    "OrderStub": "wire",
    "Organization": "wire",
    "Settings": "settings",
    "ZohoClient": "client",
    "ZohoContacts": "contacts",
    "ZohoItems": "catalogue",
    "ZohoOrderRecords": "catalogue",
    "ZohoReader": "reader",
    "ZohoSalesOrders": "sales_orders",
    "ZohoStock": "catalogue",
    "ZohoWriter": "writer",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
