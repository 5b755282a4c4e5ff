"""Orders, and the refunds and returns that belong to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.clarity import orders
from include.sandbox.clarity.asked import Acknowledgement, OrderPatch, Reason, ReturnPatch
from include.sandbox.clarity.exchange import Call, Reply, Route, found
from include.sandbox.clarity.kinds import ORDERS, RETURNS
from include.sandbox.clarity.listing import LISTINGS, listed
from include.sandbox.clarity.problem import Problem, not_found
from include.sandbox.clarity.wire import Json, stamp

if TYPE_CHECKING:
    from include.sandbox.clarity.world import World


class OrderRoutes:
    """``/orders``, ``/refunds``, ``/returns``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> list[Route]:
        """Every operation."""
        one = "/orders/{id}"
        return [
            Route("GET", "/orders", "orders.read", self.list_orders, listing=LISTINGS["orders"]),
            Route("GET", "/orders/by-number/{number}", "orders.read", self.by_number),
            Route("GET", one, "orders.read", self.get),
            Route("PATCH", one, "orders.write", self.patch, OrderPatch),
            Route("POST", f"{one}/acknowledge", "orders.write", self.acknowledge, Acknowledgement),
            Route("POST", f"{one}/cancel", "orders.write", self.cancel, Reason),
            Route("POST", f"{one}/hold", "orders.write", self.hold, Reason),
            Route("POST", f"{one}/release", "orders.write", self.release, Reason),
            Route("GET", "/refunds", "payments.read", self.list_refunds, listing=LISTINGS["refunds"]),
            Route("GET", "/returns", "orders.read", self.list_returns, listing=LISTINGS["returns"]),
            Route("PATCH", "/returns/{id}", "orders.write", self.patch_return, ReturnPatch),
        ]

    def list_orders(self, call: Call) -> Reply:
        """Rows of orders."""
        return Reply(page=listed(self._world, LISTINGS["orders"], call.query, free=call.free_filters))

    def list_refunds(self, call: Call) -> Reply:
        """Refunds."""
        return Reply(page=listed(self._world, LISTINGS["refunds"], call.query, free=call.free_filters))

    def list_returns(self, call: Call) -> Reply:
        """Returns."""
        return Reply(page=listed(self._world, LISTINGS["returns"], call.query, free=call.free_filters))

    def get(self, call: Call) -> Reply:
        """One order, whole."""
        return found(orders.find(self._world, call.number()))

    def by_number(self, call: Call) -> Reply:
        """One order by its number."""
        return found(orders.numbered(self._world, call.ids["number"]))

    def patch(self, call: Call) -> Reply:
        """Status, external ids, attributes; notes are added to those there."""
        order = orders.find(self._world, call.number())
        asked = call.model(OrderPatch)
        call.expect(order)
        if asked.status is not None:
            orders.move(self._world, order, asked.status, call.by)
        order["externalIds"] |= asked.external_ids or {}
        order["attributes"] |= asked.attributes or {}
        now = stamp(self._world.now())
        order["notes"] += [{**note.given(), "createdDate": now} for note in asked.notes or []]
        return found(self._saved(order, call))

    def acknowledge(self, call: Call) -> Reply:
        """Keep the consumer's number; another one for the same consumer is a conflict."""
        order = orders.find(self._world, call.number())
        asked = call.model(Acknowledgement)
        name = f"{asked.consumer}SalesOrderNo"
        known = order["externalIds"].get(name)
        if known not in {None, asked.external_number}:
            detail = f"{asked.consumer} has acknowledged this order as {known}."
            raise Problem(409, "duplicate", detail, existingId=known)
        order["externalIds"][name] = asked.external_number
        return found(self._world.save(ORDERS, order, call.by, "acknowledged"))

    def cancel(self, call: Call) -> Reply:
        """Cancel, if nothing has shipped."""
        return self._step(call, "Cancelled")

    def hold(self, call: Call) -> Reply:
        """Put on hold."""
        return self._step(call, "OnHold")

    def release(self, call: Call) -> Reply:
        """Back to where the order was before the hold."""
        order = orders.find(self._world, call.number())
        call.model(Reason)
        call.expect(order)
        if order["status"] != "OnHold":
            detail = f"Order {order['orderNumber']} is {order['status']}; it is not on hold."
            raise Problem(409, "invalid_status_transition", detail)
        before = [step["status"] for step in order["statusHistory"] if step["status"] != "OnHold"]
        orders.move(self._world, order, before[-1] if before else "Pending", call.by)
        return found(self._saved(order, call))

    def _step(self, call: Call, status: str) -> Reply:
        order = orders.find(self._world, call.number())
        asked = call.model(Reason)
        call.expect(order)
        changed = order["status"] != status
        orders.move(self._world, order, status, call.by)
        if changed and asked.reason:
            order["statusHistory"][-1]["reason"] = asked.reason
        return found(self._saved(order, call))

    def _saved(self, order: Json, call: Call) -> Json:
        before = orders.find(self._world, order["id"])["status"]
        saved = self._world.save(ORDERS, order, call.by)
        if saved["status"] == "Cancelled" and before != "Cancelled":
            orders.allocate(self._world, saved, -1)
        return saved

    def patch_return(self, call: Call) -> Reply:
        """Status, external ids, notes of a return."""
        record = self._world.documents.get(RETURNS, call.number())
        if record is None:
            raise not_found("return", f"id {call.ids['id']}")
        asked = call.model(ReturnPatch)
        call.expect(record)
        record["status"] = asked.status or record["status"]
        record["externalIds"] |= asked.external_ids or {}
        now = stamp(self._world.now())
        record["notes"] += [{**note.given(), "createdDate": now} for note in asked.notes or []]
        return found(self._world.save(RETURNS, record, call.by))
