"""Packages of sales orders: goods set aside to be shipped, and what that does to their order."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.sandbox.zoho import packagedocs
from include.sandbox.zoho.envelope import Refusal, invalid_field, not_there
from include.sandbox.zoho.fields import amount, day
from include.sandbox.zoho.orders import Orders
from include.sandbox.zoho.wire import Json, decimal, quantity, wire_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.zoho.world import World

RESOURCE = "packages"
HAS_NUMBER = "resource = ? AND json_extract(body, ?) = ?"


def own_or_next(world: World, body: Json, name: str, prefix: str, *, own: bool) -> str:
    """The number of a new package or shipment: the body's, or the next one.

    Raises:
        Refusal: the number is wanted and absent, or exists.
    """
    resource = "packages" if name == "package_number" else "shipmentorders"
    if not own:
        return f"{prefix}-{world.documents.next_number(f'zoho.{name}', 1):05d}"
    number = str(body.get(name) or "").strip()
    if not number:
        raise invalid_field(name)
    if world.documents.chosen_ids(HAS_NUMBER, (resource, f"$.{name}", number)):
        raise Refusal(400, 1001, f"This {name.replace('_', ' ')} already exists.")
    return number


class Packages:
    """The packages of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._documents = world.documents
        self._orders = Orders(world)

    def get(self, package_id: str) -> Json:
        """One package, to work on.

        Raises:
            Refusal: there is none.
        """
        package = self._documents.get(RESOURCE, package_id)
        if package is None:
            raise not_there("Package")
        return package

    def of(self, order: Json) -> list[Json]:
        """The packages of an order, oldest first."""
        return [self.get(entry["package_id"]) for entry in order["packages"] or []]

    def create(self, order_id: str, body: Json, *, own_number: bool = False, quiet: bool = False) -> Json:
        """Pack lines of a confirmed order; without ``line_items`` whatever is not packed yet.

        Raises:
            Refusal: the order is not confirmed, or a line has not that much left.
        """
        with self._world.control.database.transaction():
            order = self._orders.get(order_id)
            if order["order_status"] not in {"confirmed", "onhold"}:
                raise Refusal(400, 36014, "Only confirmed sales orders can be packed.")
            number = own_or_next(self._world, body, "package_number", "PKG", own=own_number)
            package = packagedocs.new_package(order, self._documents.new_id(), number, self._world.now())
            package["date"] = day("date", body.get("date")) or package["date"]
            package["notes"] = str(body.get("notes") or "")
            package["line_items"] = _lines(order, body.get("line_items"), self._documents.new_id)
            package["total_quantity"] = float(sum(decimal(li["quantity"]) for li in package["line_items"]))
            self.keep(package)
            order["packages"] = [*(order["packages"] or []), packagedocs.entry(package)]
            self.settle(order, quiet=quiet)
        return package

    def delete(self, package_id: str, *, quiet: bool = False) -> None:
        """Unpack.

        Raises:
            Refusal: no such package, or it has been shipped.
        """
        with self._world.control.database.transaction():
            package = self.get(package_id)
            if package["shipment_id"]:
                raise Refusal(400, 37124, "Delete the shipment before its package.")
            self._documents.delete(RESOURCE, package_id)
            order = self._orders.get(package["salesorder_id"])
            order["packages"] = [each for each in order["packages"] if each["package_id"] != package_id]
            self.settle(order, quiet=quiet)

    def keep(self, package: Json) -> None:
        """Keep a package as it now is."""
        package["last_modified_time"] = wire_time(self._world.now())
        self._documents.put(packagedocs.record(package))

    def settle(self, order: Json, *, quiet: bool = False) -> None:
        """Count an order's lines and derive its status from its packages as they are now."""
        packages = self.of(order)
        order["packages"] = [packagedocs.entry(package) for package in packages]
        for line in order["line_items"]:
            packed, shipped, delivered = _counted(line["line_item_id"], packages)
            line.update(quantity_packed=packed, quantity_shipped=shipped, quantity_delivered=delivered)
        packagedocs.show_fulfilment(order)
        self._orders.fulfilled(order, quiet=quiet)


def _counted(line_id: str, packages: list[Json]) -> tuple[int | float, ...]:
    """Of one order line: packed, shipped, delivered."""
    held = [
        (package["status"], decimal(line["quantity"]))
        for package in packages
        for line in package["line_items"]
        if line["so_line_item_id"] == line_id
    ]
    packed = sum((each for _status, each in held), Decimal(0))
    shipped = sum((each for status, each in held if status in {"shipped", "delivered"}), Decimal(0))
    delivered = sum((each for status, each in held if status == "delivered"), Decimal(0))
    return quantity(packed), quantity(shipped), quantity(delivered)


def _lines(order: Json, given: Any, new_id: Callable[[], str]) -> list[Json]:
    lines = {line["line_item_id"]: line for line in order["line_items"]}
    left = {key: decimal(line["quantity"]) - decimal(line["quantity_packed"]) for key, line in lines.items()}
    wanted = _asked(given, left) if given is not None else {k: rest for k, rest in left.items() if rest > 0}
    if not wanted:
        raise invalid_field("line_items")
    return [
        packagedocs.line(lines[key], packed, place, new_id())
        for place, (key, packed) in enumerate(wanted.items(), start=1)
    ]


def _asked(given: Any, left: dict[str, Decimal]) -> dict[str, Decimal]:
    wanted: dict[str, Decimal] = {}
    for entry in given if isinstance(given, list) else []:
        key, asked = str(entry.get("so_line_item_id") or ""), amount("quantity", entry.get("quantity"))
        if key not in left:
            raise invalid_field("so_line_item_id")
        if asked <= 0 or asked > left[key]:
            raise Refusal(400, 36015, "The quantity packed is more than the quantity ordered.")
        wanted[key] = asked
    return wanted
