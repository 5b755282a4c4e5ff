"""The lines of a sales order, as a request names them and as the document keeps them."""

from __future__ import annotations

from typing import Protocol

from include.sandbox.zoho import catalogue
from include.sandbox.zoho.envelope import Refusal, invalid_field
from include.sandbox.zoho.fields import amount, discount
from include.sandbox.zoho.wire import Json, decimal, shape

LINE_TEXT = ("name", "description", "unit")


class Shelf(Protocol):
    """Where an order finds its customer and items, and its lines their ids."""

    def get(self, resource: str, record_id: str) -> Json | None:
        """One document."""

    def new_id(self) -> str:
        """A fresh id."""


def order_lines(order: Json, body: Json, shelf: Shelf) -> list[Json]:
    """The lines a body asks for; those with a ``line_item_id`` keep what the body leaves out.

    Raises:
        Refusal: there are none, or a value makes no sense.
    """
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
            line[name] = amount(name, entry[name])
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
