"""What has changed in Sage, and what a record says now.

Sage announces nothing, so its tables are compared. Five kinds of record (:class:`WarehouseStock` and
:class:`ItemStock`, :class:`Customers`, :class:`Items`, :class:`Shipments`, :class:`Invoices`) each answer two
calls:

    ``changes(known, since)``  which records are new or different, which are gone, where to go on
    ``documents(keys)``        what records say now, as JSON under Sage's own column names

::

    stubs       what the calls answer, and how a version is made
    clock       stamps of the Sage server as instants: the window to read, the watermark to keep
    statements  what is read
    rows        a read's rows, counted
    stock, customers, items, shipments, invoices

``known`` is what the caller carried and keeps together with the watermark, in one transaction: by key the
``version`` that stands in the carried *document*. A stub's would not do: a record that changes between the
two calls and then back again would be believed in its middle state for ever.

A stamp has
one second and a server's clock steps back, so a window begins an overlap before the watermark, and only
content decides what is news. What Sage does not stamp (stock, prices, packages, balances) is read whole and
compared. ``since=None`` compares everything; once a night it also finds what a wrong clock hid.
"""

from __future__ import annotations

from include.connectors.sage100.changes.clock import ServerClock
from include.connectors.sage100.changes.customers import Customers
from include.connectors.sage100.changes.invoices import Invoices
from include.connectors.sage100.changes.items import Items
from include.connectors.sage100.changes.shipments import Shipments
from include.connectors.sage100.changes.stock import ItemStock, WarehouseStock
from include.connectors.sage100.changes.stubs import Changes, Stub

__all__ = [
    "Changes",
    "Customers",
    "Invoices",
    "ItemStock",
    "Items",
    "ServerClock",
    "Shipments",
    "Stub",
    "WarehouseStock",
]
