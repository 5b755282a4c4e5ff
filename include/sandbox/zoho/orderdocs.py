"""Sales order documents: how a request's fields become Zoho's form of an order.

The same function serves create, update and the stories, so an order made by any way looks alike.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from include.sandbox.zoho import catalogue, customfields
from include.sandbox.zoho.envelope import Refusal, invalid_field, not_there
from include.sandbox.zoho.pricing import part, price
from include.sandbox.zoho.store import Record
from include.sandbox.zoho.wire import Json, decimal, label, shape, time_text, wire_time

if TYPE_CHECKING:
    from datetime import datetime


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
LINE_TEXT = ("name", "description", "unit")


class Shelf(Protocol):
    """Where an order finds its customer and items, and its lines their ids."""

    def get(self, resource: str, record_id: str) -> Json | None:
        """One document."""

    def new_id(self) -> str:
        """A fresh id."""


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
        order["line_items"] = _lines(order, body, shelf)
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
            order[name] = _text(name, body[name], longest)
    for name in DATES:
        if name in body:
            order[name] = _day(name, body[name])
    for name in SUMS:
        if name in body:
            order[name] = float(_amount(name, body[name]))
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
        order["delivery_method"] = _text("delivery_method", body["delivery_method"], 100)
        order["delivery_method_id"] = catalogue.delivery_method_id(order["delivery_method"])


def _text(name: str, value: Any, longest: int) -> str:
    text = "" if value is None else str(value)
    if len(text) > longest:
        raise Refusal(400, 15, f"Please ensure that the {name} has less than {longest} characters.")
    return text


def _day(name: str, value: Any) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat() if value else ""
    except ValueError as exc:
        raise invalid_field(name) from exc


def _amount(name: str, value: Any) -> Decimal:
    try:
        return decimal(value)
    except ArithmeticError as exc:
        raise invalid_field(name) from exc


def discount(value: Any) -> Any:
    """A discount as it is kept: "5.00%" or a number.

    Raises:
        Refusal: neither.
    """
    try:
        part(Decimal(1), value)
    except ArithmeticError as exc:
        raise invalid_field("discount") from exc
    if isinstance(value, str) and value.endswith("%"):
        return f"{Decimal(value[:-1]):.2f}%"
    return float(decimal(value)) if decimal(value) else 0


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


def _lines(order: Json, body: Json, shelf: Shelf) -> list[Json]:
    given = body.get("line_items")
    if not isinstance(given, list) or not given:
        raise invalid_field("line_items")
    standing = {line["line_item_id"]: line for line in order["line_items"]}
    return [
        _line(order, entry, _standing(standing, entry), shelf) | {"item_order": position}
        for position, entry in enumerate(given, start=1)
    ]


def _standing(standing: dict[str, Json], entry: Json) -> Json | None:
    line_id = str(entry.get("line_item_id") or "")
    if not line_id:
        return None
    if line_id not in standing:
        raise invalid_field("line_item_id")
    return standing[line_id]


def _line(order: Json, entry: Json, standing: Json | None, shelf: Shelf) -> Json:
    line = standing or shape("salesorder_line", line_item_id=shelf.new_id(), quantity=1)
    item_id = str(entry.get("item_id") or "")
    if item_id and item_id != line["item_id"]:
        _item(line, item_id, shelf)
    line.update({name: str(entry[name] or "") for name in LINE_TEXT if name in entry})
    if not line["item_id"] and not line["name"]:
        raise invalid_field("item_id")
    for name in ("quantity", "rate"):
        if name in entry:
            line[name] = _amount(name, entry[name])
    if decimal(line["quantity"]) <= 0:
        raise invalid_field("quantity")
    if "discount" in entry:
        line["discount"] = discount(entry["discount"])
    _line_tax(line, entry)
    wanted = str(entry.get("location_id") or line["location_id"] or order["location_id"])
    if wanted not in catalogue.LOCATIONS:
        raise invalid_field("location_id")
    line.update(location_id=wanted, location_name=catalogue.LOCATIONS[wanted].name)
    return line


def _item(line: Json, item_id: str, shelf: Shelf) -> None:
    item = shelf.get("items", item_id)
    if item is None:
        raise Refusal(400, 2006, "Item does not exist")
    line.update(
        item_id=item_id,
        variant_id=item_id,
        sku=item["sku"],
        name=item["name"],
        group_name=item["group_name"],
        description=item["description"],
        rate=item["rate"],
        sales_rate=item["rate"],
        unit=item["unit"],
        tax_id=item["tax_id"],
        tax_name=item["tax_name"],
        tax_percentage=item["tax_percentage"],
        item_custom_fields=[],
        custom_field_hash={},
        package_details=item["package_details"],
    )


def _line_tax(line: Json, entry: Json) -> None:
    if "tax_id" not in entry:
        return
    tax = catalogue.TAXES.get(str(entry["tax_id"] or ""))
    if entry["tax_id"] and tax is None:
        raise invalid_field("tax_id")
    line["tax_id"] = tax.id if tax else ""
    line["tax_name"] = tax.name if tax else ""
    line["tax_percentage"] = float(tax.percentage) if tax else 0


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
