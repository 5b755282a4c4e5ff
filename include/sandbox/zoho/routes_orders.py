"""``/salesorders`` over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from include.sandbox.zoho import listing
from include.sandbox.zoho.envelope import MEDIA_TYPE, Call, invalid_field, not_there, ready, success
from include.sandbox.zoho.orders import RESOURCE, Orders
from include.sandbox.zoho.wire import Json, dumps

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.zoho.world import World

CONFIRMED = "Sales order status has been changed to 'Confirmed'."
VOIDED = "The status of the Sales Order has been changed to void."


class OrderRoutes:
    """Handlers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._orders = Orders(world)

    def table(self) -> list[tuple[str, str, Callable[[Call], Response]]]:
        """Method, path, handler; fixed paths before those with ids."""
        return [
            ("GET", "/salesorders", self.listed),
            ("POST", "/salesorders", self.create),
            ("PUT", "/salesorders", self.bulk_update),
            ("DELETE", "/salesorders", self.bulk_delete),
            ("POST", "/salesorders/status/confirmed", self.bulk_confirm),
            ("POST", "/salesorders/status/void", self.bulk_void),
            ("GET", "/salesorders/{id}", self.detail),
            ("PUT", "/salesorders/{id}", self.update),
            ("DELETE", "/salesorders/{id}", self.delete),
            ("POST", "/salesorders/{id}/status/confirmed", self.confirm),
            ("POST", "/salesorders/{id}/status/void", self.void),
            ("GET", "/salesorders/{id}/comments", self.comments),
            ("POST", "/salesorders/{id}/comments", self.comment),
        ]

    def listed(self, call: Call) -> Response:
        """Rows without lines."""
        return Response(self._world.listed(listing.SALES_ORDERS, call.query), media_type=MEDIA_TYPE)

    def detail(self, call: Call) -> Response:
        """One order."""
        text = self._world.documents.text(RESOURCE, call.ids["id"])
        if text is None:
            raise not_there("Sales Order")
        return ready("salesorder", text)

    def create(self, call: Call) -> Response:
        """A draft; HTTP 201."""
        own_number = call.flag("ignore_auto_number_generation")
        order = self._orders.create(call.fields(), own_number=own_number, quiet=self._quiet())
        return ready("salesorder", dumps(order), message="Sales Order has been created.", status=201)

    def update(self, call: Call) -> Response:
        """The order as it now is."""
        own_number = call.flag("ignore_auto_number_generation")
        order = self._orders.update(call.ids["id"], call.fields(), own_number=own_number, quiet=self._quiet())
        return ready("salesorder", dumps(order), message="Sales Order has been updated.")

    def _quiet(self) -> bool:
        return not self._world.switches.present.fire_on_api_writes

    def delete(self, call: Call) -> Response:
        """Gone."""
        self._orders.delete(call.ids["id"])
        return success(message="The Sales Order has been deleted.")

    def confirm(self, call: Call) -> Response:
        """Draft to confirmed; commits stock."""
        self._orders.set_status(call.ids["id"], "confirmed", quiet=self._quiet())
        return success(message=CONFIRMED)

    def void(self, call: Call) -> Response:
        """To void; releases stock."""
        self._orders.set_status(call.ids["id"], "void", quiet=self._quiet())
        return success(message=VOIDED)

    def comments(self, call: Call) -> Response:
        """Newest first."""
        return success("comments", self._orders.comments(call.ids["id"]))

    def comment(self, call: Call) -> Response:
        """One more; HTTP 201."""
        text = str(call.fields().get("description") or call.query.get("description") or "")
        comment = self._orders.comment(call.ids["id"], text)
        return success("comment", comment, message="Comments added.", status=201)

    def bulk_confirm(self, call: Call) -> Response:
        """Several at once, all or none."""
        return self._bulk(call, "confirmed", CONFIRMED)

    def bulk_void(self, call: Call) -> Response:
        """Several at once, all or none."""
        return self._bulk(call, "void", VOIDED)

    def _bulk(self, call: Call, status: str, message: str) -> Response:
        with self._world.control.database.transaction():
            for order_id in _ids(call.query.get("salesorder_ids")):
                self._orders.set_status(order_id, status, quiet=self._quiet())
        return success(message=message)

    def bulk_delete(self, call: Call) -> Response:
        """Several at once, all or none."""
        with self._world.control.database.transaction():
            for order_id in _ids(call.query.get("salesorder_ids")):
                self._orders.delete(order_id)
        return success(message="The Sales Orders have been deleted.")

    def bulk_update(self, call: Call) -> Response:
        """Custom fields of several orders: form ``bulk_update=true`` with a ``JSONString``."""
        fields: Json = call.fields()
        if str(fields.get("bulk_update", "")).lower() != "true":
            raise invalid_field("bulk_update")
        with self._world.control.database.transaction():
            for order_id in _ids(fields.get("salesorder_id")):
                self._orders.set_custom_fields(order_id, fields.get("custom_fields") or [])
        return success(message="Sales Orders have been updated.")


def _ids(text: object) -> list[str]:
    ids = [part.strip() for part in str(text or "").split(",") if part.strip()]
    if not ids:
        raise invalid_field("salesorder_ids")
    return ids
