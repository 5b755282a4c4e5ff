"""Zoho's JSON as typed records, as fast as it can be read: the first half of the Polars version."""

from __future__ import annotations

from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

WORK = pl.Decimal(38, 10)
"""Every number while we work with it; a JSON number of up to 15 digits arrives in it exactly."""


class Address(msgspec.Struct, gc=False):
    """An address as Zoho sends it."""

    attention: str = ""
    address: str = ""
    street2: str = ""
    city: str = ""
    state: str = ""
    state_code: str = ""
    zip: str = ""
    country: str = ""
    country_code: str = ""


class Tax(msgspec.Struct, gc=False):
    """A tax of an order or of a line."""

    tax_name: str = ""
    tax_amount: float = 0.0


class Line(msgspec.Struct, gc=False):
    """A line."""

    line_item_id: str
    quantity: float
    rate: float
    item_total: float
    sku: str = ""
    discount: str | float = 0.0
    location_id: str = ""
    location_name: str = ""
    line_item_taxes: list[Tax] = []


class Person(msgspec.Struct, gc=False):
    """A contact person."""

    email: str = ""


class Custom(msgspec.Struct, gc=False, frozen=True):
    """Custom fields by API name."""

    cf_rush_order_unformatted: bool | str = ""


class Order(msgspec.Struct, gc=False):
    """A sales order."""

    salesorder_id: str
    salesorder_number: str
    customer_id: str
    last_modified_time: str
    date: str
    order_status: str
    currency_code: str
    sub_total: float
    total: float
    billing_address: Address
    shipping_address: Address
    line_items: list[Line]
    contact_person_details: list[Person] = []
    custom_field_hash: Custom = Custom()
    taxes: list[Tax] = []
    is_inclusive_tax: bool = False
    shipment_date: str = ""
    customer_name: str = ""
    reference_number: str = ""
    exchange_rate: float = 0.0
    payment_terms_label: str = ""
    delivery_method: str = ""
    location_id: str = ""
    location_name: str = ""
    discount_type: str = ""
    discount_amount: float = 0.0
    shipping_charge: float = 0.0
    shipping_charge_exclusive_of_tax: float = 0.0
    adjustment: float = 0.0
    roundoff_value: float = 0.0
    adjustment_description: str = ""
    tax_total: float = 0.0
    notes: str = ""
    paid_status: str = ""
    shipped_status: str = ""


_DECODER = msgspec.json.Decoder(Order)
_ORDER_PLAIN = [field.name for field in msgspec.structs.fields(Order) if field.type in {str, float, bool}]
_NUMBERS = {
    field.name for kind in (Order, Line) for field in msgspec.structs.fields(kind) if field.type is float
}
_LINE_PLAIN = ["line_item_id", "quantity", "rate", "item_total", "sku", "location_id", "location_name"]
_ADDRESS = [field.name for field in msgspec.structs.fields(Address)]


def read(payloads: Sequence[bytes]) -> list[Order | None]:
    """The orders; None for what is no order."""
    return [_decoded(payload) for payload in payloads]


def _decoded(payload: bytes) -> Order | None:
    try:
        return _DECODER.decode(payload)
    except msgspec.DecodeError:
        return None


def order_frame(orders: Sequence[Order]) -> pl.DataFrame:
    """One row an order, with its place ``at``; addresses as ``billing.city``."""
    columns = _columns(orders, _ORDER_PLAIN)
    for prefix, of in (("billing", "billing_address"), ("shipping", "shipping_address")):
        addresses = [getattr(order, of) for order in orders]
        columns |= {f"{prefix}.{name}": column for name, column in _columns(addresses, _ADDRESS).items()}
    columns["email"] = [
        next((p.email for p in order.contact_person_details if p.email), "") for order in orders
    ]
    columns["rush"] = [_letter(order.custom_field_hash.cf_rush_order_unformatted) for order in orders]
    columns["tax_name"] = [_names(order.taxes) for order in orders]
    return _frame(columns).with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))


def line_frame(orders: Sequence[Order]) -> pl.DataFrame:
    """One row a line, with its order's place ``at`` and its own ``position``."""
    lists = [order.line_items for order in orders]
    lines = list(chain.from_iterable(lists))
    columns = _columns(lines, _LINE_PLAIN)
    columns["at"] = [at for at, entries in enumerate(lists) for _ in entries]
    columns["position"] = [place for entries in lists for place in range(1, len(entries) + 1)]
    columns["discount"] = [str(line.discount) for line in lines]
    columns["tax"] = [sum(tax.tax_amount for tax in line.line_item_taxes) for line in lines]
    return _frame(columns, {"tax": WORK})


def _columns(records: Sequence[Any], names: Sequence[str]) -> dict[str, Any]:
    rows = list(map(attrgetter(*names), records))
    return dict(zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True))


def _frame(columns: dict[str, Any], extra: dict[str, Any] | None = None) -> pl.DataFrame:
    kinds = {name: pl.Float64 for name in columns if name in _NUMBERS} | dict.fromkeys(
        extra or {}, pl.Float64
    )
    frame = pl.DataFrame(
        {name: pl.Series(name, values, dtype=kinds.get(name)) for name, values in columns.items()}
    )
    return frame.with_columns(pl.col(name).cast(WORK) for name in kinds)


def _letter(value: bool | str) -> str:
    return {True: "Y", False: "N"}.get(value, "") if isinstance(value, bool) else ""


def _names(taxes: Sequence[Tax]) -> str:
    return " + ".join(dict.fromkeys(tax.tax_name.split(" (")[0] for tax in taxes))
