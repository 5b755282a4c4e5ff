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
    writer    notes and custom fields written back
    webhook   its form wrapping, its identity

Names are loaded when they are first asked for: the webhook receiver needs ``webhook`` in processes
that never call Zoho and should not pay for an HTTP client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.connectors.zoho_inventory.client import ZohoClient
    from include.connectors.zoho_inventory.reader import SWEEP_OVERLAP, CheckReport, ZohoReader
    from include.connectors.zoho_inventory.settings import Settings
    from include.connectors.zoho_inventory.wire import OrderStub, Organization
    from include.connectors.zoho_inventory.writer import ZohoWriter

__all__ = [
    "SWEEP_OVERLAP",
    "CheckReport",
    "OrderStub",
    "Organization",
    "Settings",
    "ZohoClient",
    "ZohoReader",
    "ZohoWriter",
]

_HOMES = {
    "SWEEP_OVERLAP": "reader",
    "CheckReport": "reader",
    "OrderStub": "wire",
    "Organization": "wire",
    "Settings": "settings",
    "ZohoClient": "client",
    "ZohoReader": "reader",
    "ZohoWriter": "writer",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
