"""Webhook subscriptions, and what the service says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.clarity.exchange import Call, Reply, Route
from include.sandbox.clarity.kinds import EVENTS
from include.sandbox.clarity.problem import invalid, not_found
from include.sandbox.clarity.routes_catalogue import WAREHOUSES
from include.sandbox.clarity.webhooks import Event, Subscription
from include.sandbox.clarity.wire import Json, dumps, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.clarity.world import World

MANAGE = "webhooks.manage"
STORES = (
    {
        "id": "main",
        "name": "Northwind Traders",
        "currency": "USD",
        "timeZone": "America/New_York",
        "isActive": True,
    },
    {
        "id": "ca",
        "name": "Northwind Traders Canada",
        "currency": "CAD",
        "timeZone": "America/Toronto",
        "isActive": True,
    },
    {
        "id": "jp",
        "name": "Northwind Traders Japan",
        "currency": "JPY",
        "timeZone": "Asia/Tokyo",
        "isActive": True,
    },
)
SHIPPING_METHODS = (
    {"carrier": "Speedy Express", "serviceCode": "SPX", "serviceName": "Speedy Express Ground"},
    {"carrier": "United Package", "serviceCode": "UPK", "serviceName": "United Package Standard"},
    {"carrier": "Federal Shipping", "serviceCode": "FDS", "serviceName": "Federal Shipping Freight"},
    {"carrier": "UPS", "serviceCode": "GND", "serviceName": "UPS Ground"},
)
GATEWAYS = {
    "Stripe": ["card", "wallet"],
    "PayPal": ["wallet"],
    "AuthorizeNet": ["card"],
    "PayTrace": ["card"],
    "Nuvei": ["card", "ach"],
    "OnAccount": ["on_account"],
    "Check": ["check"],
    "ACH": ["ach"],
}
VERSION = {"product": "Clarity eCommerce sandbox", "apiVersion": "v1", "build": "2026.11.1"}


class ServiceRoutes:
    """``/webhooks`` and the service documents; ``started`` is told when somebody begins to listen."""

    def __init__(self, world: World, started: Callable[[], None]) -> None:
        self._world = world
        self._started = started
        self._operations: list[Route] = []

    def table(self) -> list[Route]:
        """Every operation."""
        one, deliveries = "/webhooks/subscriptions/{id}", "/webhooks/deliveries"
        return [
            Route("GET", "/webhooks/subscriptions", MANAGE, self.subscriptions),
            Route("POST", "/webhooks/subscriptions", MANAGE, self.subscribe, Subscription),
            Route("DELETE", one, MANAGE, self.unsubscribe),
            Route("POST", f"{one}/test", MANAGE, self.test),
            Route("POST", f"{one}/rotate-secret", MANAGE, self.rotate),
            Route("GET", deliveries, MANAGE, self.deliveries, params=frozenset({"status"})),
            Route("POST", f"{deliveries}/{{id}}/redeliver", MANAGE, self.redeliver),
            Route("GET", "/health", "", lambda _: Reply({"status": "ok"}, bare=True)),
            Route("GET", "/version", "products.read", lambda _: Reply(VERSION, bare=True)),
            Route("GET", "/openapi.json", "products.read", self.openapi),
            Route("GET", "/stores", "orders.read", lambda _: Reply(STORES)),
            Route("GET", "/warehouses", "inventory.read", lambda _: Reply(WAREHOUSES)),
            Route("GET", "/shipping-methods", "shipments.read", lambda _: Reply(SHIPPING_METHODS)),
            Route("GET", "/payment-methods", "payments.read", self.payment_methods),
        ]

    def describe(self, operations: list[Route]) -> None:
        """Tell what ``/openapi.json`` describes."""
        self._operations = operations

    def payment_methods(self, call: Call) -> Reply:
        """Gateways with their methods."""
        del call
        return Reply([{"gateway": name, "methods": methods} for name, methods in GATEWAYS.items()])

    def subscriptions(self, call: Call) -> Reply:
        """All of them, without secrets."""
        del call
        return Reply(self._world.webhooks.subscriptions())

    def subscribe(self, call: Call) -> Reply:
        """A new one; its secret is shown once."""
        asked = call.model(Subscription)
        unknown = [name for name in asked.events if name not in {*EVENTS, "*"}]
        if unknown:
            raise invalid({"events": [f"Unknown event '{name}'." for name in unknown]})
        made = self._world.webhooks.subscribe(asked)
        self._started()
        return Reply(made, 201, headers={"Location": f"/api/v1/webhooks/subscriptions/{made['id']}"})

    def _known(self, call: Call) -> int:
        if self._world.webhooks.subscription(call.number()) is None:
            raise not_found("subscription", f"id {call.ids['id']}")
        return call.number()

    def unsubscribe(self, call: Call) -> Reply:
        """No more."""
        self._world.webhooks.unsubscribe(self._known(call))
        return Reply(status=204)

    def test(self, call: Call) -> Reply:
        """A ``webhook.test`` to this one."""
        number = self._known(call)
        at = stamp(self._world.now())
        texts = (dumps({"webhook": {"id": number}}),) * 2
        event = Event.new("webhook.test", record=str(number), store="main", at=at, texts=texts)
        return Reply({"eventId": event.id, "queued": self._world.webhooks.announce(event, only=number)}, 202)

    def rotate(self, call: Call) -> Reply:
        """A new secret; the old one goes on signing for a while."""
        return Reply(self._world.webhooks.rotate(self._known(call)))

    def deliveries(self, call: Call) -> Reply:
        """What became of deliveries."""
        return Reply(self._world.webhooks.history(status=dict(call.query).get("status")))

    def redeliver(self, call: Call) -> Reply:
        """Once more."""
        if not self._world.webhooks.redeliver(call.ids["id"]):
            raise not_found("delivery", f"id '{call.ids['id']}'")
        self._started()
        return Reply({"id": call.ids["id"], "status": "pending"}, 202)

    def openapi(self, call: Call) -> Reply:
        """The operations, with the schemas of what they take."""
        del call
        paths: Json = {}
        for route in self._operations:
            operation: dict[str, Any] = {
                "security": [{"oauth2": [route.scope]}] if route.scope else [],
                "responses": {"default": {"description": "The answer, or application/problem+json."}},
            }
            if route.model is not None:
                schema = route.model.model_json_schema(by_alias=True)
                operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
            paths.setdefault(route.template, {})[route.method.lower()] = operation
        info = {"title": VERSION["product"], "version": VERSION["apiVersion"]}
        return Reply({"openapi": "3.1.0", "info": info, "paths": paths}, bare=True)
