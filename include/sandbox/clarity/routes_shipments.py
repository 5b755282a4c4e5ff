"""Shipments and invoices: what the ERP tells the shop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.clarity import orders
from include.sandbox.clarity.asked import Invoice, Reason, ShipmentNew
from include.sandbox.clarity.exchange import Call, Reply, Route, found
from include.sandbox.clarity.kinds import INVOICES, ORDERS, SHIPMENTS
from include.sandbox.clarity.listing import LISTINGS, listed
from include.sandbox.clarity.problem import Problem, invalid, not_found

if TYPE_CHECKING:
    from include.sandbox.clarity.wire import Json
    from include.sandbox.clarity.world import World


class ShipmentRoutes:
    """``/shipments``, ``/invoices``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> list[Route]:
        """Every operation."""
        one, invoice = "/shipments/{id}", "/invoices/{number}"
        return [
            Route("GET", "/shipments", "shipments.read", self.list_shipments, listing=LISTINGS["shipments"]),
            Route("GET", one, "shipments.read", self.get),
            Route("POST", "/shipments", "shipments.write", self.create, ShipmentNew),
            Route("PUT", one, "shipments.write", self.replace, ShipmentNew),
            Route("POST", f"{one}/void", "shipments.write", self.void, Reason),
            Route("GET", "/invoices", "invoices.read", self.list_invoices, listing=LISTINGS["invoices"]),
            Route("PUT", invoice, "invoices.write", self.put_invoice, Invoice),
            Route("POST", f"{invoice}/void", "invoices.write", self.void_invoice, Reason),
        ]

    def list_shipments(self, call: Call) -> Reply:
        """Shipments."""
        return Reply(page=listed(self._world, LISTINGS["shipments"], call.query, free=call.free_filters))

    def list_invoices(self, call: Call) -> Reply:
        """Invoices."""
        return Reply(page=listed(self._world, LISTINGS["invoices"], call.query, free=call.free_filters))

    def get(self, call: Call) -> Reply:
        """One shipment."""
        return found(self._find(call))

    def _find(self, call: Call) -> Json:
        shipment = self._world.documents.get(SHIPMENTS, call.number())
        if shipment is None:
            raise not_found("shipment", f"id {call.ids['id']}")
        return shipment

    def create(self, call: Call) -> Reply:
        """A new shipment; its number is its natural key."""
        asked = call.model(ShipmentNew)
        known = self._world.documents.numbered(SHIPMENTS, asked.shipment_number)
        if known is not None:
            detail = f"Shipment {asked.shipment_number} exists."
            raise Problem(409, "duplicate", detail, existingId=known["id"])
        order = self._checked(asked)
        shipment = {"id": self._world.documents.new_id(SHIPMENTS), **_body(asked), "orderId": order["id"]}
        saved = self._kept(shipment, order, call, asked)
        return found(saved, 201, f"/api/v1/shipments/{saved['id']}")

    def replace(self, call: Call) -> Reply:
        """A corrected shipment: later or other tracking numbers, mostly."""
        before = self._find(call)
        asked = call.model(ShipmentNew)
        call.expect(before)
        if before["status"] == "Voided":
            raise Problem(409, "invalid_status_transition", "The shipment is void.")
        if asked.shipment_number != before["shipmentNumber"]:
            raise invalid({"shipmentNumber": ["Cannot change."]})
        order = self._checked(asked)
        if order["id"] != before["orderId"]:
            raise invalid({"orderNumber": ["Cannot change."]})
        kept: Json = {name: before[name] for name in ("id", "createdDate", "rowVersion", "updatedDate")}
        return found(self._kept({**kept, **_body(asked), "orderId": order["id"]}, order, call, asked))

    def void(self, call: Call) -> Reply:
        """Void a shipment; its quantities are unshipped again."""
        shipment = self._find(call)
        call.model(Reason)
        call.expect(shipment)
        shipment["status"] = "Voided"
        saved = self._world.save(SHIPMENTS, shipment, call.by, "voided")
        orders.take_in(self._world, orders.find(self._world, saved["orderId"]), call.by)
        return found(saved)

    def _checked(self, asked: ShipmentNew) -> Json:
        order = orders.numbered(self._world, asked.order_number)
        if asked.order_id not in {None, order["id"]}:
            raise invalid({"orderId": [f"Order {asked.order_number} has id {order['id']}."]})
        if asked.status == "Shipped" and not asked.tracking_numbers:
            raise invalid({"trackingNumbers": ["At least one is required when status is Shipped."]})
        if order["status"] in {"Cancelled", "Refunded", "Pending", "OnHold"}:
            detail = f"Order {order['orderNumber']} is {order['status']}; it cannot be shipped."
            raise Problem(409, "invalid_status_transition", detail)
        lines = [line.given() for line in asked.lines]
        orders.check_quantities(self._world, order, lines, without=asked.shipment_number)
        return order

    def _kept(self, shipment: Json, order: Json, call: Call, asked: ShipmentNew) -> Json:
        before = self._world.documents.get(SHIPMENTS, shipment["id"])
        saved = self._world.save(SHIPMENTS, shipment, call.by)
        if saved != before:
            orders.take_in(self._world, order, call.by)
            if asked.notify_customer:
                self._world.notify(SHIPMENTS, saved)
        return saved

    def put_invoice(self, call: Call) -> Reply:
        """Create an invoice or replace it."""
        asked = call.model(Invoice)
        number = call.ids["number"]
        if asked.invoice_number != number:
            raise invalid({"invoiceNumber": [f"The path says '{number}'."]})
        before = self._world.documents.numbered(INVOICES, number)
        order = orders.numbered(self._world, asked.order_number) if asked.order_number else None
        head = before or {"id": self._world.documents.new_id(INVOICES)}
        if before is not None:
            call.expect(before)
        kept: Json = {
            name: head[name] for name in ("id", "createdDate", "rowVersion", "updatedDate") if name in head
        }
        saved = self._world.save(INVOICES, {**kept, **_body(asked)}, call.by)
        if order is not None:
            entry = {"invoiceNumber": number, "amount": saved["totals"]["total"]}
            others = [one for one in order["invoices"] if one["invoiceNumber"] != number]
            self._world.save(ORDERS, {**order, "invoices": [*others, entry]}, call.by)
        return found(saved, 200 if before else 201, f"/api/v1/invoices/{number}" if before is None else "")

    def void_invoice(self, call: Call) -> Reply:
        """Void an invoice; it stays listed."""
        invoice = self._world.documents.numbered(INVOICES, call.ids["number"])
        if invoice is None:
            raise not_found("invoice", f"number '{call.ids['number']}'")
        call.model(Reason)
        call.expect(invoice)
        return found(self._world.save(INVOICES, {**invoice, "status": "Voided"}, call.by, "voided"))


def _body(asked: ShipmentNew | Invoice) -> Json:
    """The whole record with what was left out at its default; a replacement leaves nothing behind."""
    return asked.model_dump(by_alias=True)
