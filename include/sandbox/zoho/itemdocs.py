"""Item documents, and what orders do to their stock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.zoho import customfields
from include.sandbox.zoho.catalogue import LOCATIONS, TAXES
from include.sandbox.zoho.envelope import invalid_field
from include.sandbox.zoho.fields import plain
from include.sandbox.zoho.store import Record
from include.sandbox.zoho.wire import Json, decimal, shape, wire_time

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from decimal import Decimal

    from include.sandbox.zoho.store import Documents

PLAIN = (
    "name", "sku", "brand", "manufacturer", "unit", "description", "purchase_description", "upc", "ean",
    "isbn", "part_number", "vendor_id", "vendor_name", "product_type", "item_type", "is_taxable",
    "is_returnable",
)  # fmt: skip
NUMBERS = ("rate", "purchase_rate", "reorder_level")
LEVELS = ("stock_on_hand", "available_stock", "actual_available_stock")
COMMITMENTS = ("committed_stock", "actual_committed_stock")
PHYSICAL = ("actual_available_stock", "actual_committed_stock")
"""What a shipment takes away."""
ACCOUNTING = ("stock_on_hand", "available_stock", "committed_stock")
"""What an invoice takes away."""
FREE = {
    "available_for_sale_stock": ("available_stock", "committed_stock"),
    "actual_available_for_sale_stock": ("actual_available_stock", "actual_committed_stock"),
}
SIZES = ("length", "width", "height", "weight")


def new_item(item_id: str, now: datetime) -> Json:
    """An empty item, in every location."""
    item = shape("item", item_id=item_id, created_time=wire_time(now))
    item["locations"] = [
        shape(
            "item_location",
            location_id=place.id,
            location_name=place.name,
            is_primary=place.is_primary,
        )
        for place in LOCATIONS.values()
    ]
    return item


def apply(item: Json, body: Json, now: datetime) -> None:
    """Write a request's fields into an item; stock is not among them after the create.

    Raises:
        Refusal: a value makes no sense.
    """
    item.update({name: plain(body[name]) for name in PLAIN if name in body})
    for name in NUMBERS:
        if name in body:
            item[name] = _number(body, name)
    item["sales_rate"] = item["pricebook_rate"] = item["rate"]
    if "tax_id" in body:
        _tax(item, str(body["tax_id"] or ""))
    values = customfields.values_of(item) | customfields.asked("item", body)
    item.update(customfields.filled("item", values))
    item["last_modified_time"] = wire_time(now)


def _number(body: Json, name: str) -> float:
    try:
        return float(decimal(body[name]))
    except ArithmeticError as exc:
        raise invalid_field(name) from exc


def _tax(item: Json, tax_id: str) -> None:
    tax = TAXES.get(tax_id)
    if tax_id and tax is None:
        raise invalid_field("tax_id")
    item["tax_id"] = tax_id
    item["tax_name"] = tax.name if tax else ""
    item["tax_percentage"] = float(tax.percentage) if tax else 0.0
    item["tax_type"] = "tax" if tax else ""


def open_stock(item: Json, on_hand: Iterable[tuple[str, Decimal]]) -> None:
    """Set the opening stock per location id; only a new item has one.

    Raises:
        Refusal: no such location.
    """
    places = {place["location_id"]: place for place in item["locations"]}
    for location_id, amount in on_hand:
        if location_id not in places:
            raise invalid_field("location_id")
        places[location_id]["initial_stock"] = float(amount)
        for level in LEVELS:
            places[location_id][f"location_{level}"] = float(amount)
    item["total_initial_stock"] = float(sum(decimal(place["initial_stock"]) for place in item["locations"]))
    total(item)


def total(item: Json) -> None:
    """Make the item's stock the sum of its locations', and free stock what is not committed."""
    for place in item["locations"]:
        for free, (level, committed) in FREE.items():
            left = decimal(place[f"location_{level}"]) - decimal(place[f"location_{committed}"])
            place[f"location_{free}"] = float(left)
    for name in (*LEVELS, *COMMITMENTS, *FREE):
        item[name] = float(sum(decimal(place[f"location_{name}"]) for place in item["locations"]))


def commit(documents: Documents, lines: Iterable[Json], sign: int) -> None:
    """Commit (+1) or release (-1) the stock of order lines."""
    move_stock(documents, lines, sign, COMMITMENTS)


def move_stock(documents: Documents, lines: Iterable[Json], sign: int, names: Iterable[str]) -> None:
    """Add (+1) or take away (-1) the quantities of lines in their locations.

    Not an edit of the item: ``last_modified_time`` stays, as with Zoho.

    Args:
        documents: where the items are.
        lines: each with ``item_id``, ``location_id`` and ``quantity``.
        sign: of the change.
        names: which of an item's stock figures change.
    """
    changed: dict[str, Json] = {}
    for line in lines:
        item = changed.get(line["item_id"]) or documents.get("items", line["item_id"])
        if item is None:
            continue
        changed[item["item_id"]] = item
        for place in item["locations"]:
            if place["location_id"] == line["location_id"]:
                for name in names:
                    moved = decimal(place[f"location_{name}"]) + sign * decimal(line["quantity"])
                    place[f"location_{name}"] = float(moved)
    for item in changed.values():
        total(item)
    documents.put(*(record(item) for item in changed.values()))


def record(item: Json) -> Record:
    """The item with its list row."""
    row = shape("item_row")
    row.update({name: item[name] for name in row if name in item})
    row["item_name"] = item["name"]
    row["reorder_level"] = f"{item['reorder_level']:g}" if item["reorder_level"] else ""
    row.update({name: _text(item["package_details"][name]) for name in SIZES})
    row["weight_unit"] = item["package_details"]["weight_unit"]
    row["dimension_unit"] = item["package_details"]["dimension_unit"]
    row.update(item["custom_field_hash"])
    return Record("items", item["item_id"], item, row)


def _text(size: float) -> str:
    return f"{size:g}" if size else ""
