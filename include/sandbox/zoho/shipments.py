"""Shipments: packages handed to a carrier, what leaves the shelf with them, and their delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.zoho import packagedocs
from include.sandbox.zoho.envelope import Refusal, invalid_field, not_there
from include.sandbox.zoho.fields import amount, day
from include.sandbox.zoho.itemdocs import PHYSICAL, move_stock
from include.sandbox.zoho.orders import Orders
from include.sandbox.zoho.packages import Packages, own_or_next
from include.sandbox.zoho.store import Record
from include.sandbox.zoho.wire import Json, wire_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.sandbox.zoho.world import World

RESOURCE = "shipmentorders"
TEXTS = (
    "delivery_method",
    "tracking_number",
    "reference_number",
    "notes",
    "tracking_link",
    "carrier",
    "service",
)


class Shipments:
    """The shipments of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._documents = world.documents
        self._orders = Orders(world)
        self._packages = Packages(world)

    def get(self, shipment_id: str) -> Json:
        """One shipment, to work on.

        Raises:
            Refusal: there is none.
        """
        shipment = self._documents.get(RESOURCE, shipment_id)
        if shipment is None:
            raise not_there("Shipment Order")
        return shipment

    def create(
        self,
        order_id: str,
        package_ids: Sequence[str],
        body: Json,
        *,
        own_number: bool = False,
        quiet: bool = False,
    ) -> Json:
        """Ship packages of one order; physical stock leaves with them.

        Raises:
            Refusal: no such order or package, or one is on its way already.
        """
        with self._world.control.database.transaction():
            order = self._orders.get(order_id)
            packages = [self._packages.get(each) for each in package_ids]
            if not packages or any(each["salesorder_id"] != order_id for each in packages):
                raise invalid_field("package_ids")
            if any(each["shipment_id"] for each in packages):
                raise Refusal(400, 37125, "A shipment has already been created for this package.")
            number = own_or_next(self._world, body, "shipment_number", "SHP", own=own_number)
            shipment = packagedocs.new_shipment(order, self._documents.new_id(), number, self._world.now())
            shipment["date"] = shipment["shipment_date"] = wire_time(self._world.now())[:10]
            _apply(shipment, body)
            shipment["packages"] = [
                {name: each[name] for name in ("package_id", "package_number")}
                | {"quantity": each["total_quantity"]}
                for each in packages
            ]
            shipment["associated_packages_count"] = len(packages)
            lines = {line["line_item_id"]: line for line in order["line_items"]}
            shipment["line_items"] = [
                packagedocs.shipment_line(lines[line["so_line_item_id"]], line, self._documents.new_id())
                for each in packages
                for line in each["line_items"]
            ]
            self._move(packages, -1)
            self._settle(shipment, packages, order, quiet=quiet)
        return shipment

    def update(self, shipment_id: str, body: Json, *, quiet: bool = False) -> Json:
        """Change what is said of a shipment: carrier, tracking, dates.

        Raises:
            Refusal: no such shipment, or a value makes no sense.
        """
        with self._world.control.database.transaction():
            shipment = self.get(shipment_id)
            _apply(shipment, body)
            self._resettle(shipment, quiet=quiet)
        return shipment

    def deliver(self, shipment_id: str, at: str = "", *, quiet: bool = False) -> Json:
        """Mark as delivered; ``at`` is ``yyyy-MM-dd HH:mm``.

        Raises:
            Refusal: no such shipment, or it was delivered before.
        """
        with self._world.control.database.transaction():
            shipment = self.get(shipment_id)
            if shipment["status"] == "delivered":
                raise Refusal(400, 37135, "The shipment has already been delivered.")
            when = at or wire_time(self._world.now())[:16].replace("T", " ")
            shipment.update(status="delivered", status_message="Delivered", detailed_status="Delivered")
            shipment.update(delivery_date=when[:10], delivery_date_with_time=when)
            self._resettle(shipment, quiet=quiet)
        return shipment

    def delete(self, shipment_id: str, *, quiet: bool = False) -> None:
        """Take a shipment back: its packages stand unshipped again and their goods are on the shelf.

        Raises:
            Refusal: no such shipment.
        """
        with self._world.control.database.transaction():
            shipment = self.get(shipment_id)
            packages = self._of(shipment)
            self._move(packages, +1)
            for package in packages:
                packagedocs.unbound(package)
                self._packages.keep(package)
            self._documents.delete(RESOURCE, shipment_id)
            self._packages.settle(self._orders.get(shipment["salesorder_id"]), quiet=quiet)

    def _of(self, shipment: Json) -> list[Json]:
        return [self._packages.get(each["package_id"]) for each in shipment["packages"]]

    def _resettle(self, shipment: Json, *, quiet: bool) -> None:
        order = self._orders.get(shipment["salesorder_id"])
        self._settle(shipment, self._of(shipment), order, quiet=quiet)

    def _settle(self, shipment: Json, packages: Sequence[Json], order: Json, *, quiet: bool) -> None:
        shipment["last_modified_time"] = wire_time(self._world.now())
        self._documents.put(Record(RESOURCE, shipment["shipment_id"], shipment, {}))
        for package in packages:
            packagedocs.bound(package, shipment)
            self._packages.keep(package)
        self._packages.settle(order, quiet=quiet)

    def _move(self, packages: Sequence[Json], sign: int) -> None:
        lines = [line for package in packages for line in package["line_items"]]
        move_stock(self._documents, lines, sign, PHYSICAL)


def _apply(shipment: Json, body: Json) -> None:
    shipment.update({name: str(body[name] or "") for name in TEXTS if name in body})
    shipment["carrier"] = shipment["carrier"] or shipment["delivery_method"]
    if body.get("date"):
        shipment["date"] = shipment["shipment_date"] = day("date", body["date"])
    if "shipping_charge" in body:
        shipment["shipping_charge"] = float(amount("shipping_charge", body["shipping_charge"]))
