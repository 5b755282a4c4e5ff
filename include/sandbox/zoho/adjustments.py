"""Inventory adjustments: somebody counted, and stock is moved by the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.zoho import catalogue
from include.sandbox.zoho.envelope import Refusal, invalid_field, not_there
from include.sandbox.zoho.fields import amount, day, text
from include.sandbox.zoho.itemdocs import LEVELS, move_stock
from include.sandbox.zoho.store import Record
from include.sandbox.zoho.wire import Json, decimal, shape, wire_time

if TYPE_CHECKING:
    from include.sandbox.zoho.world import World

RESOURCE = "inventoryadjustments"
LINES = "adjustmentlines"
"""The list has a row per line, not per adjustment."""
ROW = (
    "inventory_adjustment_id", "date", "reason", "description", "reference_number", "adjustment_type",
    "status", "total", "created_by_id", "created_by_name", "created_time", "last_modified_time",
)  # fmt: skip


class Adjustments:
    """The adjustments of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._documents = world.documents

    def get(self, adjustment_id: str) -> Json:
        """One adjustment.

        Raises:
            Refusal: there is none.
        """
        found = self._documents.get(RESOURCE, adjustment_id)
        if found is None:
            raise not_there("Inventory Adjustment")
        return found

    def create(self, body: Json) -> Json:
        """Move stock by signed differences.

        Raises:
            Refusal: no line, no such item or place, or a value makes no sense.
        """
        with self._world.control.database.transaction():
            now = self._world.now()
            made = shape(
                "inventory_adjustment",
                inventory_adjustment_id=self._documents.new_id(),
                date=day("date", body.get("date")) or wire_time(now)[:10],
                reason=text("reason", body.get("reason"), 50),
                description=text("description", body.get("description"), 500),
                reference_number=text("reference_number", body.get("reference_number"), 50),
                created_time=wire_time(now),
                last_modified_time=wire_time(now),
                created_by_id=catalogue.user()["user_id"],
                created_by_name=catalogue.user()["name"],
            )
            if body.get("adjustment_type", "quantity") not in {"quantity", "value"}:
                raise invalid_field("adjustment_type")
            made["adjustment_type"] = body.get("adjustment_type", "quantity")
            place = _place(body.get("location_id") or catalogue.MAIN.id)
            made.update(location_id=place.id, location_name=place.name)
            made["line_items"] = [self._line(each, made) for each in _given(body.get("line_items"))]
            made["total"] = float(sum(decimal(line["item_total"]) for line in made["line_items"]))
            self._move(made, +1)
            self._documents.put_plain(RESOURCE, made["inventory_adjustment_id"], made)
            self._documents.put(*(_row(made, line) for line in made["line_items"]))
        return made

    def delete(self, adjustment_id: str) -> None:
        """Take an adjustment back.

        Raises:
            Refusal: there is none.
        """
        with self._world.control.database.transaction():
            made = self.get(adjustment_id)
            self._move(made, -1)
            self._documents.delete(RESOURCE, adjustment_id)
            for line in made["line_items"]:
                self._documents.delete(LINES, line["line_item_id"])

    def _line(self, given: Json, made: Json) -> Json:
        item = self._documents.get("items", str(given.get("item_id") or ""))
        if item is None:
            raise Refusal(400, 2006, "Item does not exist")
        place = _place(given.get("location_id") or made["location_id"])
        by_value = made["adjustment_type"] == "value"
        name = "value_adjusted" if by_value else "quantity_adjusted"
        moved = amount(name, given.get(name))
        if not moved:
            raise invalid_field(name)
        line = shape(
            "inventory_adjustment_line",
            line_item_id=self._documents.new_id(),
            **{key: item[key] for key in ("item_id", "sku", "name", "description", "unit")},
            location_id=place.id,
            location_name=place.name,
        )
        line["item_total"] = float(moved if by_value else moved * decimal(item["purchase_rate"]))
        line[name] = float(moved)
        return line

    def _move(self, made: Json, sign: int) -> None:
        if made["adjustment_type"] == "quantity":
            lines = [line | {"quantity": line["quantity_adjusted"]} for line in made["line_items"]]
            move_stock(self._documents, lines, sign, LEVELS)


def _given(lines: Any) -> list[Json]:
    if not isinstance(lines, list) or not lines:
        raise invalid_field("line_items")
    return lines


def _place(location_id: Any) -> catalogue.Location:
    found = catalogue.LOCATIONS.get(str(location_id))
    if found is None:
        raise invalid_field("location_id")
    return found


def _row(made: Json, line: Json) -> Record:
    row = {name: made[name] for name in ROW} | {
        "item_id": line["item_id"],
        "name": line["name"],
        "quantity_adjusted": line["quantity_adjusted"],
        "value_adjusted": line.get("value_adjusted", 0.0),
        "warehouse_id": line["location_id"],
        "warehouse_name": line["location_name"],
    }
    return Record(LINES, line["line_item_id"], {}, row)
