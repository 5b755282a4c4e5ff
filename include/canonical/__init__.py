"""The nouns all systems share.

Each model is a pydantic class *and* a frame schema: ``frame_schema(OrderLine)`` gives the Arrow
columns under which the same noun travels through a batch.
"""

from __future__ import annotations

from include.canonical.frames import (
    LINE_FRAME,
    ORDER_FRAME,
    PROBLEM_FRAME,
    REFERENCE_FRAME,
    empty_frame,
    frame_schema,
)
from include.canonical.models import (
    Address,
    Customer,
    Item,
    OrderLine,
    OrderStatus,
    PaymentStatus,
    SalesOrder,
    ShipmentStatus,
)
from include.canonical.reasons import Disposition, Reason

__all__ = [
    "LINE_FRAME",
    "ORDER_FRAME",
    "PROBLEM_FRAME",
    "REFERENCE_FRAME",
    "Address",
    "Customer",
    "Disposition",
    "Item",
    "OrderLine",
    "OrderStatus",
    "PaymentStatus",
    "Reason",
    "SalesOrder",
    "ShipmentStatus",
    "empty_frame",
    "frame_schema",
]
