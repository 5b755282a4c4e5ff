"""``/items`` and ``/itemdetails`` over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from include.sandbox.zoho import listing
from include.sandbox.zoho.envelope import (
    MEDIA_TYPE,
    Call,
    invalid_field,
    invalid_value,
    not_there,
    ready,
    success,
)
from include.sandbox.zoho.items import RESOURCE, Items
from include.sandbox.zoho.wire import dumps

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.zoho.world import World

MOST_DETAILS = 100


class ItemRoutes:
    """Handlers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._documents = world.documents
        self._items = Items(world)

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
        return Response(self._world.listed(listing.ITEMS, call.query), media_type=MEDIA_TYPE)

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

    def create(self, call: Call) -> Response:
        """A new item with its opening stock; HTTP 200, unlike other creates."""
        item = self._items.create(call.fields(), quiet=self._quiet())
        return ready("item", dumps(item), message="The item has been added.")

    def update(self, call: Call) -> Response:
        """The item as it now is."""
        item = self._items.update(call.ids["id"], call.fields(), quiet=self._quiet())
        return ready("item", dumps(item), message="Item details have been updated")

    def delete(self, call: Call) -> Response:
        """Gone, unless orders use it."""
        self._items.delete(call.ids["id"])
        return success(message="The item has been deleted.")

    def activate(self, call: Call) -> Response:
        """To active."""
        self._items.set_status(call.ids["id"], "active", quiet=self._quiet())
        return success(message="The item has been marked as Active.")

    def deactivate(self, call: Call) -> Response:
        """To inactive."""
        self._items.set_status(call.ids["id"], "inactive", quiet=self._quiet())
        return success(message="The item has been marked as inactive.")

    def custom_fields(self, call: Call) -> Response:
        """A bare array of ``{customfield_id, value}``; the path says ``item``, singular."""
        if not isinstance(call.body, list):
            raise invalid_field("custom_fields")
        self._items.set_custom_fields(call.ids["id"], call.body, quiet=self._quiet())
        return success(message="Custom Fields Updated Successfully")

    def _quiet(self) -> bool:
        return not self._world.switches.present.fire_on_api_writes
