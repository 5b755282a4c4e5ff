"""The hand on the Zoho sandbox: ``/_sandbox/zoho``. None of it is Zoho's API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, HTTPException
from pydantic import ValidationError

from include.sandbox.zoho import control_goods, deeds, orderdocs
from include.sandbox.zoho.asked import Consent, Edit, Emission, Placing, Spoiling  # noqa: TC001 - read at run time
from include.sandbox.zoho.envelope import Refusal
from include.sandbox.zoho.oauth import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from include.sandbox.zoho.orders import RESOURCE, Orders
from include.sandbox.zoho.spoilt import CASES, place_spoilt
from include.sandbox.zoho.store import Record
from include.sandbox.zoho.webhooks import Webhook  # noqa: TC001 - read at run time
from include.sandbox.zoho.wire import ORGANIZATION_ID, Json

if TYPE_CHECKING:
    from include.sandbox.sender import Sender
    from include.sandbox.zoho.world import World

SUMMARY = (
    "salesorder_id", "salesorder_number", "customer_id", "customer_name", "order_status", "currency_code",
    "total", "quantity", "last_modified_time",
)  # fmt: skip

SORTED_BY = ("salesorder_number", "customer_id", "status", "date", "created_time", "last_modified_time")


def router(world: World, sender: Sender) -> APIRouter:
    """All routes."""
    routes = APIRouter(prefix="/_sandbox/zoho", tags=["zoho"])
    _order_routes(routes, world)
    control_goods.fulfilment_routes(routes, world)
    control_goods.contact_routes(routes, world)
    control_goods.item_routes(routes, world)
    _spoilt_routes(routes, world)
    _document_routes(routes, world)
    _webhook_routes(routes, world)
    _switch_routes(routes, world, sender)
    _token_routes(routes, world)
    return routes


def _refuse(refusal: Refusal) -> HTTPException:
    return HTTPException(refusal.status, refusal.payload())


def _order_routes(routes: APIRouter, world: World) -> None:
    orders = Orders(world)

    @routes.get("/salesorders")
    async def summary() -> dict[str, Any]:
        rows = world.documents.page("resource = ?", (RESOURCE,), "created, id", (-1, 0))
        found = [{name: row.get(name) for name in SUMMARY} for row in map(json.loads, rows)]
        return {"salesorders": found, "count": len(found)}

    @routes.post("/salesorders", status_code=201)
    def place(asked: Placing) -> dict[str, Any]:
        try:
            placed = [deeds.place(world, asked, index) for index in range(asked.count)]
        except Refusal as refusal:
            raise _refuse(refusal) from refusal
        shown = ("salesorder_id", "salesorder_number", "order_status", "total", "last_modified_time")
        return {"salesorders": [{name: order[name] for name in shown} for order in placed]}

    @routes.put("/salesorders/{id_or_number}")
    async def edit(id_or_number: str, asked: Edit) -> Json:
        try:
            order_id = orders.find(id_or_number)["salesorder_id"]
            if asked.raw:
                return deeds.overwrite(world, order_id, asked)
            return orders.update(order_id, asked.changes, quiet=not asked.announce)
        except Refusal as refusal:
            raise _refuse(refusal) from refusal

    @routes.delete("/salesorders/{id_or_number}")
    async def remove(id_or_number: str) -> dict[str, str]:
        try:
            order = orders.find(id_or_number)
            orders.delete(order["salesorder_id"])
        except Refusal as refusal:
            raise _refuse(refusal) from refusal
        return {"deleted": order["salesorder_number"]}


def _spoilt_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/spoilt")
    async def spoilt_cases() -> dict[str, str]:
        return {case: what for case, (what, _) in CASES.items()}

    @routes.post("/spoilt", status_code=201)
    def spoilt(asked: Spoiling) -> list[dict[str, str]]:
        try:
            return place_spoilt(
                world, list(CASES) if asked.cases == "all" else asked.cases, announce=asked.announce
            )
        except KeyError as exc:
            raise HTTPException(404, str(exc.args[0])) from exc


def _document_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/documents/{resource}")
    async def documents(resource: str) -> dict[str, Any]:
        return {"documents": [json.loads(text) for text in world.documents.every(resource)]}

    @routes.get("/documents/{resource}/{record_id}")
    async def document(resource: str, record_id: str) -> Json:
        found = world.documents.get(resource, record_id)
        if found is None:
            raise HTTPException(404, f"no {resource} {record_id}")
        return found

    @routes.put("/documents/{resource}/{record_id}")
    async def keep(resource: str, record_id: str, body: Json) -> dict[str, str]:
        """Write any document as it is; it is its own list row, except for orders."""
        row = _order_row(world, record_id, body) if resource == RESOURCE else body
        world.documents.put(Record(resource, record_id, body, row))
        return {"kept": record_id}


def _order_row(world: World, order_id: str, order: Json) -> Json:
    """The list row of an order; one that is too damaged to have one keeps the row it had."""
    try:
        row = orderdocs.record(order).row
        Record(RESOURCE, order_id, order, row).values()
    except (KeyError, TypeError, ValueError, AttributeError):
        row = {}
    if row and all(isinstance(row[name], str) for name in SORTED_BY):
        return row
    return world.documents.row(RESOURCE, order_id) or {}


def _webhook_routes(routes: APIRouter, world: World) -> None:
    hooks = world.webhooks

    @routes.get("/webhooks")
    async def show() -> dict[str, Any]:
        return {
            "webhooks": [rule.model_dump(mode="json") for rule in hooks.rules()],
            "deliveries": hooks.counts(),
        }

    @routes.post("/webhooks", status_code=201)
    async def configure(rule: Webhook) -> dict[str, str]:
        hooks.configure(rule)
        return {"configured": rule.name}

    @routes.delete("/webhooks/{name}")
    async def remove(name: str) -> dict[str, bool]:
        return {"removed": hooks.remove(name)}

    @routes.get("/webhooks/histories")
    async def histories(
        status: str | None = None, entity_id: str | None = None, limit: int = 200
    ) -> dict[str, Any]:
        return {"histories": hooks.history(status=status, entity_id=entity_id, limit=limit)}

    @routes.post("/webhooks/histories/{number}/resend")
    async def resend(number: int) -> dict[str, bool]:
        return {"resent": hooks.resend(number)}

    @routes.post("/emit", status_code=202)
    def emit(asked: Emission) -> dict[str, int]:
        try:
            return deeds.emit(world, asked)
        except Refusal as refusal:
            raise _refuse(refusal) from refusal


def _switch_routes(routes: APIRouter, world: World, sender: Sender) -> None:
    @routes.get("/settings")
    async def settings() -> dict[str, Any]:
        return world.switches.present.model_dump(mode="json")

    @routes.post("/settings")
    async def turn(changes: Json) -> dict[str, Any]:
        try:
            present = world.switches.turn(changes)
        except ValidationError as exc:
            raise HTTPException(422, exc.errors(include_url=False, include_context=False)) from exc
        sender.start()
        return present.model_dump(mode="json")

    @routes.get("/counts")
    async def counts() -> dict[str, Any]:
        resources = ("items", "contacts", RESOURCE, "packages", "shipmentorders")
        return {
            **{name: world.documents.count(name) for name in resources},
            "calls_today": world.limits.used_today(ORGANIZATION_ID),
            "deliveries": world.webhooks.counts(),
        }


def _token_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/credentials")
    async def credentials() -> dict[str, str]:
        return {
            "organization_id": ORGANIZATION_ID,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
        }

    @routes.post("/tokens/code", status_code=201)
    async def consent(asked: Consent) -> dict[str, str]:
        return {"code": world.accounts.new_code(asked.scope)}

    @routes.post("/tokens/expire")
    async def expire() -> dict[str, str]:
        world.accounts.kill()
        return {"status": "every access token has expired"}

    @routes.post("/tokens/revoke")
    async def revoke() -> dict[str, str]:
        world.accounts.revoke(REFRESH_TOKEN)
        return {"status": "revoked"}

    @routes.post("/tokens/restore")
    async def restore() -> dict[str, str]:
        world.accounts.restore()
        return {"status": "restored"}
