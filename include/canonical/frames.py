"""Arrow schemas of the canonical nouns, derived from the pydantic models.

Nested addresses become prefixed columns (``bill_to_city``); ``extensions`` becomes a string column
that holds a JSON object; ``lines`` of an order are a frame of their own, joined by
``order_source_id``. Pandas holds the columns Arrow-backed (``pd.ArrowDtype``), so a decimal stays a
decimal from the wire to the ERP.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Union, get_args, get_origin

import pyarrow as pa
from pydantic import BaseModel

from include.canonical.catalogue import Item, StockLevel
from include.canonical.documents import Invoice, InvoiceLine, Package, Payment, Shipment, ShipmentLine
from include.canonical.models import ContactPerson, Customer, OrderLine, SalesOrder

if TYPE_CHECKING:
    import pandas as pd
    from pydantic.fields import FieldInfo


def frame_schema(model: type[BaseModel], *, prefix: str = "") -> pa.Schema:
    """Columns under which ``model`` travels in a batch.

    Args:
        model: a canonical model.
        prefix: put before each column name; used for nested models.

    Raises:
        TypeError: a field's type has no column form; the message names the field.
    """
    return pa.schema(_columns(model, prefix))


def _columns(model: type[BaseModel], prefix: str) -> list[pa.Field]:
    columns: list[pa.Field] = []
    for name, info in model.model_fields.items():
        kind = _without_none(info.annotation)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            columns.extend(_columns(kind, f"{prefix}{name}_"))
        elif get_origin(kind) is not tuple:
            columns.append(pa.field(f"{prefix}{name}", _arrow_type(name, kind, info)))
    return columns


def _without_none(annotation: object) -> object:
    if get_origin(annotation) in (Union, UnionType):
        return next(kind for kind in get_args(annotation) if kind is not NoneType)
    return annotation


_ARROW = (
    (bool, pa.bool_()),  # before int, of which it is a kind
    (int, pa.int64()),
    (datetime, pa.timestamp("us", tz="UTC")),  # before date, of which it is a kind
    (date, pa.date32()),
    (str, pa.string()),  # enumerations of text too
)


def _arrow_type(name: str, kind: object, info: FieldInfo) -> pa.DataType:
    if get_origin(kind) is dict:
        return pa.string()
    if not isinstance(kind, type):
        kind = get_args(kind)[0]
    if kind is Decimal:
        return pa.decimal128(*_digits(name, info))
    for python, arrow in _ARROW:
        if isinstance(kind, type) and issubclass(kind, python):
            return arrow
    raise TypeError(f"field {name!r}: no Arrow column for {kind!r}")


def _digits(name: str, info: FieldInfo) -> tuple[int, int]:
    """Precision and scale from the field's own constraints (also below ``X | None``)."""
    constraints = list(info.metadata)
    for part in get_args(info.annotation):
        constraints.extend(getattr(part, "__metadata__", ()))
        for inner in getattr(part, "__metadata__", ()):
            constraints.extend(getattr(inner, "metadata", ()))
    precision = next((c.max_digits for c in constraints if getattr(c, "max_digits", None)), None)
    scale = next(
        (c.decimal_places for c in constraints if getattr(c, "decimal_places", None) is not None), None
    )
    if precision is None or scale is None:
        raise TypeError(f"field {name!r}: a Decimal needs max_digits and decimal_places")
    return precision, scale


def empty_frame(schema: pa.Schema) -> pd.DataFrame:
    """No rows, the right columns and dtypes."""
    import pandas as pd  # noqa: PLC0415 - whoever only reads a schema need not pay for it

    frame: pd.DataFrame = schema.empty_table().to_pandas(types_mapper=pd.ArrowDtype)
    return frame


NOUNS: dict[str, type[BaseModel]] = {
    "orders": SalesOrder,
    "lines": OrderLine,
    "stock": StockLevel,
    "shipments": Shipment,
    "shipment_lines": ShipmentLine,
    "packages": Package,
    "invoices": Invoice,
    "invoice_lines": InvoiceLine,
    "payments": Payment,
    "items": Item,
    "customers": Customer,
    "contacts": ContactPerson,
}
"""The canonical nouns by the names of their frames; records have the key column ``source_id``."""

PARTS: dict[str, tuple[str, str]] = {
    "lines": ("orders", "order_source_id"),
    "shipment_lines": ("shipments", "shipment_source_id"),
    "packages": ("shipments", "shipment_source_id"),
    "invoice_lines": ("invoices", "invoice_source_id"),
    "contacts": ("customers", "customer_source_id"),
}
"""Frames that are parts of records: whose, and joined by which column. They are ordered by ``position``."""

ORDER_FRAME = frame_schema(SalesOrder)
"""One row per order; key column ``source_id``."""

LINE_FRAME = frame_schema(OrderLine)
"""One row per order line; joined by ``order_source_id``, ordered by ``position``."""

PROBLEM_FRAME = pa.schema(
    [
        pa.field("key", pa.string()),  # the record's source_id
        pa.field("line", pa.int64()),  # position of the line, 0 = the record itself
        pa.field("code", pa.string()),  # include.canonical.reasons.Reason
        pa.field("field", pa.string()),  # the field as the source names it
        pa.field("value", pa.string()),  # the value as the source sent it, at most 200 characters
        pa.field("message", pa.string()),  # names record, field, value
        pa.field("remedy", pa.string()),  # the way out, one sentence
        pa.field("candidates", pa.string()),  # JSON list of {"value","label","score"}, "[]" when none
    ]
)
"""One row per thing wrong with a record; all reasons at once."""

REFERENCE_FRAME = pa.schema(
    [
        pa.field("key", pa.string()),  # what the source says
        pa.field("value", pa.string()),  # the target's code
        pa.field("label", pa.string()),  # what a clerk reads beside the code
    ]
)
"""One reference table (terms, warehouses, items, ...) as a look-up sees it."""
