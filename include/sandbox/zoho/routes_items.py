"""``/items`` and ``/itemdetails`` over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from include.sandbox.zoho import customfields, itemdocs, listing
from include.sandbox.zoho.catalogue import MAIN
from include.sandbox.zoho.envelope import (
    MEDIA_TYPE,
    Call,
    Refusal,
    invalid_field,
    invalid_value,
    not_there,
    ready,
    success,
)
from include.sandbox.zoho.wire import Json, decimal, dumps, wire_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.zoho.webhooks import Event
    from include.sandbox.zoho.world import World

RESOURCE = "items"
MOST_DETAILS = 100


class ItemRoutes:
    """Handlers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._documents = world.documents

    def table(self) -> list[tuple[str, str, Callable[[Call], Response]]]:
        """Method, path, handler."""
        return [
            ("GET", "/items", self.listed),
            ("POST", "/items", self.create),
            ("GET", "/itemdetails", self.details),
            ("GET", "/items/{id}", self.detail),
            ("PUT", "/items/{id}", self.update),
            ("DELETE", "/items/{id}", self.delete),
            ("POST", "/items/{id}/active", self.activate),
            ("POST", "/items/{id}/inactive", self.deactivate),
            ("PUT", "/item/{id}/customfields", self.custom_fields),
        ]

    def listed(self, call: Call) -> Response:
        """Rows."""
        return Response(listing.listed(self._documents, listing.ITEMS, call.query), media_type=MEDIA_TYPE)

    def details(self, call: Call) -> Response:
        """Up to 100 full items."""
        ids = [part for part in call.query.get("item_ids", "").split(",") if part]
        if not ids or len(ids) > MOST_DETAILS:
            raise invalid_value("item_ids")
        return ready("items", f"[{','.join(self._documents.texts(RESOURCE, ids))}]")

    def detail(self, call: Call) -> Response:
        """One item."""
        text = self._documents.text(RESOURCE, call.ids["id"])
        if text is None:
            raise not_there("Item")
        return ready("item", text)

    def _get(self, item_id: str) -> Json:
        item = self._documents.get(RESOURCE, item_id)
        if item is None:
            raise not_there("Item")
        return item

    def create(self, call: Call) -> Response:
        """A new item with its opening stock; HTTP 200, unlike other creates."""
        body = call.fields()
        self._refuse_duplicate(body, "")
        now = self._world.now()
        item = itemdocs.new_item(self._documents.new_id(), now)
        item["source"] = "api"
        itemdocs.apply(item, body, now)
        stock = [(place["location_id"], place.get("initial_stock")) for place in body.get("locations") or []]
        if not stock and "initial_stock" in body:
            stock = [(MAIN.id, body["initial_stock"])]
        itemdocs.open_stock(item, [(str(place), decimal(amount)) for place, amount in stock])
        self._save(item, "created")
        return ready("item", dumps(item), message="The item has been added.")

    def _refuse_duplicate(self, body: Json, own_id: str) -> None:
        if not own_id and not str(body.get("name") or "").strip():
            raise invalid_field("name")
        for column in ("name", "sku"):
            value = str(body.get(column) or "")
            if value and self._documents.id_of(RESOURCE, column, value) not in {None, own_id}:
                raise Refusal(400, 1001, f'Item "{value}" already exists.')

    def update(self, call: Call) -> Response:
        """The item as it now is."""
        item = self._get(call.ids["id"])
        self._refuse_duplicate(call.fields(), item["item_id"])
        itemdocs.apply(item, call.fields(), self._world.now())
        self._save(item, "edited")
        return ready("item", dumps(item), message="Item details have been updated")

    def delete(self, call: Call) -> Response:
        """Gone, unless orders use it."""
        item = self._get(call.ids["id"])
        used = listing.condition(listing.SALES_ORDERS, {"item_id": item["item_id"]})
        if self._documents.page(" AND ".join(used.clauses), used.values, "id", (1, 0)):
            raise Refusal(400, 2049, "This item is part of other transactions. Mark it as inactive instead.")
        self._documents.delete(RESOURCE, item["item_id"])
        return success(message="The item has been deleted.")

    def activate(self, call: Call) -> Response:
        """To active."""
        return self._set_status(call, "active", "The item has been marked as Active.")

    def deactivate(self, call: Call) -> Response:
        """To inactive."""
        return self._set_status(call, "inactive", "The item has been marked as inactive.")

    def _set_status(self, call: Call, status: str, message: str) -> Response:
        item = self._get(call.ids["id"])
        item["status"] = status
        item["last_modified_time"] = wire_time(self._world.now())
        self._save(item, "edited")
        return success(message=message)

    def custom_fields(self, call: Call) -> Response:
        """A bare array of ``{customfield_id, value}``; the path says ``item``, singular."""
        if not isinstance(call.body, list):
            raise invalid_field("custom_fields")
        item = self._get(call.ids["id"])
        kept = customfields.values_of(item) | customfields.asked("item", {"custom_fields": call.body})
        item.update(customfields.filled("item", kept))
        item["last_modified_time"] = wire_time(self._world.now())
        self._save(item, "edited")
        return success(message="Custom Fields Updated Successfully")

    def _save(self, item: Json, event: Event) -> None:
        with self._world.control.database.transaction():
            self._documents.put(itemdocs.record(item))
            self._world.webhooks.announce("item", item["item_id"], event, dumps(item))
