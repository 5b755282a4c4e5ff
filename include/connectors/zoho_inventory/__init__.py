"""Zoho Inventory over its REST API: transport, reader, writer and the webhook's signature.

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
    signature the webhook's HMAC, its form wrapping, its identity
"""

from __future__ import annotations

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
