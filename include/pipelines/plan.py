"""What the stages after translation work from: the names of the staged frames, and the plan.

Apart from the translation itself, so that a task that only loads does not have to import a compiler.
"""

from __future__ import annotations

from enum import StrEnum

import pyarrow as pa

ORDERS, LINES, HEADERS, DETAILS, CUSTOMERS, PLAN = (
    "orders",
    "lines",
    "headers",
    "details",
    "customers",
    "plan",
)

PLAN_FRAME = pa.schema(
    [
        pa.field("key", pa.string()),  # the source's id of the order
        pa.field("number", pa.string()),  # the source's order number
        pa.field("action", pa.string()),  # Action
        pa.field("version", pa.string()),  # the source's version
        pa.field("customer", pa.string()),  # the source's id of the customer
        pa.field("target_id", pa.string()),  # the ERP's order number once there is one
        pa.field("mapping", pa.string()),  # versions of the mappings used
        pa.field("recheck", pa.bool_()),  # compare with the ERP whatever was carried
    ]
)


class Action(StrEnum):
    """What the ERP must do for an order."""

    CREATE = "create"
    CHANGE = "change"
    CANCEL = "cancel"
    NONE = "none"
