"""Sales order documents: how a request's fields become Zoho's form of an order.

The same function serves create, update and the stories, so an order made by any way looks alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.zoho import catalogue, customfields
from include.sandbox.zoho.envelope import invalid_field, not_there
from include.sandbox.zoho.fields import amount, day, discount, text
from include.sandbox.zoho.orderlines import order_lines
from include.sandbox.zoho.pricing import price
from include.sandbox.zoho.store import Record
from include.sandbox.zoho.wire import Json, label, shape, time_text, wire_time

if TYPE_CHECKING:
    from datetime import datetime

    from include.sandbox.zoho.orderlines import Shelf

TEXT = {
    "reference_number": 50,
    "notes": 5000,
    "terms": 5000,
    "adjustment_description": 100,
    "salesperson_name": 100,
}
"""Free texts and how long each may be."""
SUMS = ("shipping_charge", "adjustment", "exchange_rate")
FLAGS = ("is_inclusive_tax", "is_discount_before_tax")
DATES = ("date", "shipment_date")
STATUSES = (
    "order_status",
    "invoiced_status",
    "paid_status",
    "shipped_status",
    "status",
    "current_sub_status",
)


def new_order(order_id: str, number: str, now: datetime, source: str = "Api") -> Json:
    """An empty draft."""
    made = wire_time(now)
    return shape(
        "salesorder",
        salesorder_id=order_id,
        salesorder_number=number,
        date=made[:10],
        source=source,
        order_status="draft",
        status="draft",
        current_sub_status="draft",
        created_time=made,
        created_time_formatted=time_text(now),
        created_date=made[:10],
    )


def apply(order: Json, body: Json, shelf: Shelf, now: datetime) -> None:
    """Write a request's fields into an order and derive all the rest; unknown fields are ignored.

    Raises:
        Refusal: a mandatory field is absent or a value makes no sense.
    """
    if "customer_id" in body or not order["customer_id"]:
        _customer(order, body, shelf)
    _header(order, body)
    _location(order, body)
    _addresses(order, body, shelf)
    if "line_items" in body or not order["line_items"]:
        order["line_items"] = order_lines(order, body, shelf)
    values = customfields.values_of(order) | customfields.asked("salesorder", body)
    order.update(customfields.filled("salesorder", values))
    stamp(order, now)


def stamp(order: Json, now: datetime) -> None:
    """Derive totals, twins and ``last_modified_time``."""
    price(order)
    for name in DATES:
        order[f"{name}_formatted"] = order[name]
    for name in STATUSES:
        if f"{name}_formatted" in order:
            order[f"{name}_formatted"] = label(order[name])
    order["last_modified_time"] = wire_time(now)
    order["last_modified_time_formatted"] = time_text(now)


def _customer(order: Json, body: Json, shelf: Shelf) -> None:
    customer_id = str(body.get("customer_id") or "")
    if not customer_id.isdecimal():
        raise invalid_field("customer_id")
    contact = shelf.get("contacts", customer_id)
    if contact is None:
        raise not_there("Contact")
    rate = catalogue.CURRENCIES[contact["currency_id"]].rate
    order.update(
        customer_id=customer_id,
        customer_name=contact["contact_name"],
        currency_id=contact["currency_id"],
        currency_code=contact["currency_code"],
        currency_symbol=contact["currency_symbol"],
        exchange_rate=float(rate),
        is_taxable=contact["is_taxable"],
        payment_terms=contact["payment_terms"],
        payment_terms_label=contact["payment_terms_label"],
    )
    order["contact"]["contact_number"] = contact["contact_number"]
    persons = [person for person in contact["contact_persons"] if person["is_primary_contact"]]
    order["contact_persons"] = [person["contact_person_id"] for person in persons]
    shown = ("phone", "mobile", "last_name", "contact_person_id", "first_name", "email")
    order["contact_person_details"] = [{name: person[name] for name in shown} for person in persons]
    for which in ("billing_address", "shipping_address"):
        _address(order, which, contact[which])


def _header(order: Json, body: Json) -> None:
    for name, longest in TEXT.items():
        if name in body:
            order[name] = text(name, body[name], longest)
    for name in DATES:
        if name in body:
            order[name] = day(name, body[name])
    for name in SUMS:
        if name in body:
            order[name] = float(amount(name, body[name]))
    order.update({name: bool(body[name]) for name in FLAGS if name in body})
    _terms(order, body)


def _terms(order: Json, body: Json) -> None:
    if body.get("discount_type") in {"entity_level", "item_level"}:
        order["discount_type"] = body["discount_type"]
    if "discount" in body:
        order["discount"] = discount(body["discount"])
    if "payment_terms_label" in body:
        order["payment_terms_label"] = str(body["payment_terms_label"])
        order["payment_terms"] = catalogue.PAYMENT_TERMS.get(
            order["payment_terms_label"], order["payment_terms"]
        )
    if "delivery_method" in body:
        order["delivery_method"] = text("delivery_method", body["delivery_method"], 100)
        order["delivery_method_id"] = catalogue.delivery_method_id(order["delivery_method"])


def _location(order: Json, body: Json) -> None:
    wanted = str(body.get("location_id") or order["location_id"] or catalogue.MAIN.id)
    place = catalogue.LOCATIONS.get(wanted)
    if place is None:
        raise invalid_field("location_id")
    order.update(location_id=place.id, location_name=place.name, branch_id=place.id, branch_name=place.name)


def _addresses(order: Json, body: Json, shelf: Shelf) -> None:
    """Addresses are chosen among the contact's by id; inline ones are ignored, as Zoho shelf."""
    for which in ("billing_address", "shipping_address"):
        wanted = body.get(f"{which}_id")
        if not wanted:
            continue
        contact = shelf.get("contacts", order["customer_id"]) or {}
        known = [contact["billing_address"], contact["shipping_address"], *contact["addresses"]]
        found = next((entry for entry in known if entry["address_id"] == str(wanted)), None)
        if found is None:
            raise invalid_field(f"{which}_id")
        _address(order, which, found)


def _address(order: Json, which: str, found: Json) -> None:
    order[f"{which}_id"] = found["address_id"]
    order[which] = {name: found[name] for name in order[which]}
    if which == "shipping_address":
        order["has_shipping_address"] = bool(found["address"])


def record(order: Json) -> Record:
    """The order with its list row; the row has no lines and no addresses."""
    row = shape("salesorder_row")
    row.update({name: order[name] for name in row if name in order})
    people = order["contact_person_details"]
    row.update(
        email=people[0]["email"] if people else "",
        company_name=order["customer_name"],
        quantity=order["total_quantity"],
        tags=[],
    )
    row.update(order["custom_field_hash"])
    return Record("salesorders", order["salesorder_id"], order, row)
