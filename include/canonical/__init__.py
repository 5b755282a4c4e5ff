"""The nouns all systems share.

Each model is a pydantic class *and* a frame schema: ``frame_schema(OrderLine)`` gives the Arrow
columns under which the same noun travels through a batch.
"""

from __future__ import annotations

from include.canonical.catalogue import Item, ItemKind, ItemStatus, StockLevel
from include.canonical.documents import (
    Invoice,
    InvoiceLine,
    InvoiceType,
    Package,
    Payment,
    PaymentState,
    Shipment,
    ShipmentLine,
    ShipmentState,
)
from include.canonical.frames import (
    LINE_FRAME,
    NOUNS,
    ORDER_FRAME,
    PARTS,
    PROBLEM_FRAME,
    REFERENCE_FRAME,
    empty_frame,
    frame_schema,
)
from include.canonical.models import (
    Address,
    ContactPerson,
    Customer,
    OrderLine,
    OrderStatus,
    PaymentStatus,
    SalesOrder,
    ShipmentStatus,
)
from include.canonical.reasons import Disposition, Reason

__all__ = [
    "LINE_FRAME",
    "NOUNS",
    "ORDER_FRAME",
    "PARTS",
    "PROBLEM_FRAME",
    "REFERENCE_FRAME",
    "Address",
    "ContactPerson",
    "Customer",
    "Disposition",
    "Invoice",
    "InvoiceLine",
    "InvoiceType",
    "Item",
    "ItemKind",
    "ItemStatus",
    "OrderLine",
    "OrderStatus",
    "Package",
    "Payment",
    "PaymentState",
    "PaymentStatus",
    "Reason",
    "SalesOrder",
    "Shipment",
    "ShipmentLine",
    "ShipmentState",
    "ShipmentStatus",
    "StockLevel",
    "empty_frame",
    "frame_schema",
]
