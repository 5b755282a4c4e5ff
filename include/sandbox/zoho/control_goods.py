"""What people do in Zoho's pages besides orders: edit customers and items, count stock, pack and ship."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from fastapi import APIRouter, HTTPException

from include.sandbox.zoho.adjustments import Adjustments
from include.sandbox.zoho.asked import Counting, Edit, Making, Shipping  # noqa: TC001 - read at run time
from include.sandbox.zoho.contacts import Contacts
from include.sandbox.zoho.envelope import Refusal
from include.sandbox.zoho.items import Items
from include.sandbox.zoho.orders import Orders
from include.sandbox.zoho.packages import Packages
from include.sandbox.zoho.shipments import Shipments
from include.sandbox.zoho.wire import Json  # noqa: TC001 - read at run time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.sandbox.zoho.world import World


@contextmanager
def refusing() -> Iterator[None]:
    """Zoho's refusals as answers of the control API."""
    try:
        yield
    except Refusal as refusal:
        raise HTTPException(refusal.status, refusal.payload()) from refusal


def contact_routes(routes: APIRouter, world: World) -> None:
    """Customers."""
    contacts = Contacts(world)

    @routes.post("/contacts", status_code=201)
    def make(asked: Making) -> Json:
        with refusing():
            return contacts.create(asked.body, source="user", quiet=not asked.announce)

    @routes.put("/contacts/{id_or_name}")
    def edit(id_or_name: str, asked: Edit) -> Json:
        """``is_active`` among the changes is the switch on the page."""
        with refusing():
            contact_id = contacts.find(id_or_name)["contact_id"]
            changes = dict(asked.changes)
            active = changes.pop("is_active", None)
            contact = contacts.update(contact_id, changes, quiet=not asked.announce)
            if active is not None:
                status = "active" if active else "inactive"
                contact = contacts.set_status(contact_id, status, quiet=not asked.announce)
            return contact

    @routes.delete("/contacts/{id_or_name}")
    def remove(id_or_name: str) -> dict[str, str]:
        with refusing():
            contact_id = contacts.find(id_or_name)["contact_id"]
            contacts.delete(contact_id)
            return {"deleted": contact_id}


def item_routes(routes: APIRouter, world: World) -> None:
    """Items and what is on the shelf."""
    items, adjustments = Items(world), Adjustments(world)

    @routes.post("/items", status_code=201)
    def make(asked: Making) -> Json:
        with refusing():
            return items.create(asked.body, source="user", quiet=not asked.announce)

    @routes.put("/items/{id_or_sku}")
    def edit(id_or_sku: str, asked: Edit) -> Json:
        with refusing():
            item_id = items.find(id_or_sku)["item_id"]
            return items.update(item_id, asked.changes, quiet=not asked.announce)

    @routes.post("/items/{id_or_sku}/stock", status_code=201)
    def count(id_or_sku: str, asked: Counting) -> Json:
        """Somebody counted: the difference is an inventory adjustment."""
        with refusing():
            item_id = items.find(id_or_sku)["item_id"]
            line = {"item_id": item_id, "quantity_adjusted": asked.difference}
            place = {"location_id": asked.location_id} if asked.location_id else {}
            return adjustments.create({"reason": asked.reason, "line_items": [line], **place})


def fulfilment_routes(routes: APIRouter, world: World) -> None:
    """What the warehouse does with an order."""
    orders, packages, shipments = Orders(world), Packages(world), Shipments(world)

    @routes.post("/salesorders/{id_or_number}/ship", status_code=201)
    def ship(id_or_number: str, asked: Shipping) -> Json:
        """Pack lines (or what is left) and hand them to the carrier."""
        with refusing(), world.control.database.transaction():
            order_id = orders.find(id_or_number)["salesorder_id"]
            package = packages.create(order_id, {"line_items": asked.line_items}, quiet=True)
            said = {"delivery_method": asked.carrier, "tracking_number": asked.tracking_number}
            quiet = not asked.announce
            return shipments.create(order_id, [package["package_id"]], said, quiet=quiet)

    @routes.post("/salesorders/{id_or_number}/deliver")
    def deliver(id_or_number: str) -> dict[str, int]:
        """Everything of an order that is on its way arrives."""
        with refusing():
            under_way = {
                entry["shipment_id"]
                for entry in orders.find(id_or_number)["packages"]
                if entry["status"] == "shipped"
            }
            for shipment_id in sorted(under_way):
                shipments.deliver(shipment_id)
            return {"delivered": len(under_way)}

    @routes.post("/salesorders/{id_or_number}/invoice")
    def invoice(id_or_number: str) -> dict[str, str]:
        with refusing():
            order = orders.invoice(orders.find(id_or_number)["salesorder_id"])
            return {"invoiced_status": order["invoiced_status"]}

    @routes.post("/salesorders/{id_or_number}/void")
    def void(id_or_number: str) -> dict[str, str]:
        with refusing():
            order = orders.set_status(orders.find(id_or_number)["salesorder_id"], "void")
            return {"order_status": order["order_status"]}
