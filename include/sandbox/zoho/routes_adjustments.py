"""``/inventoryadjustments`` over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from include.sandbox.zoho import listing
from include.sandbox.zoho.adjustments import Adjustments
from include.sandbox.zoho.envelope import MEDIA_TYPE, Call, ready, success
from include.sandbox.zoho.wire import dumps

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.zoho.world import World


class AdjustmentRoutes:
    """Handlers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._adjustments = Adjustments(world)

    def table(self) -> list[tuple[str, str, Callable[[Call], Response]]]:
        """Method, path, handler."""
        return [
            ("GET", "/inventoryadjustments", self.listed),
            ("POST", "/inventoryadjustments", self.create),
            ("GET", "/inventoryadjustments/{id}", self.detail),
            ("DELETE", "/inventoryadjustments/{id}", self.delete),
        ]

    def listed(self, call: Call) -> Response:
        """A row per line."""
        return Response(self._world.listed(listing.ADJUSTMENTS, call.query), media_type=MEDIA_TYPE)

    def create(self, call: Call) -> Response:
        """Stock is moved by the difference; HTTP 200, unlike other creates."""
        made = self._adjustments.create(call.fields())
        return ready("inventory_adjustment", dumps(made), message="Inventory adjustment has been added")

    def detail(self, call: Call) -> Response:
        """One adjustment."""
        return ready("inventory_adjustment", dumps(self._adjustments.get(call.ids["id"])))

    def delete(self, call: Call) -> Response:
        """Taken back."""
        self._adjustments.delete(call.ids["id"])
        return success(message="The inventory adjustment has been deleted.")
