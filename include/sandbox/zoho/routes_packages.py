"""``/packages`` and ``/shipmentorders`` over HTTP.

Parents are named in the query; in a body they are ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from include.sandbox.zoho import listing
from include.sandbox.zoho.envelope import MEDIA_TYPE, Call, invalid_value, ready, success
from include.sandbox.zoho.packages import Packages
from include.sandbox.zoho.shipments import Shipments
from include.sandbox.zoho.wire import dumps

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.zoho.world import World


class PackageRoutes:
    """Handlers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._packages = Packages(world)

    def table(self) -> list[tuple[str, str, Callable[[Call], Response]]]:
        """Method, path, handler."""
        return [
            ("GET", "/packages", self.listed),
            ("POST", "/packages", self.create),
            ("DELETE", "/packages", self.bulk_delete),
            ("GET", "/packages/{id}", self.detail),
            ("DELETE", "/packages/{id}", self.delete),
        ]

    def listed(self, call: Call) -> Response:
        """Rows; most filters are ignored without a word."""
        return Response(self._world.listed(listing.PACKAGES, call.query), media_type=MEDIA_TYPE)

    def detail(self, call: Call) -> Response:
        """One package."""
        return ready("package", dumps(self._packages.get(call.ids["id"])))

    def create(self, call: Call) -> Response:
        """A package of the order in the query; HTTP 201."""
        package = self._packages.create(
            _parent(call),
            call.fields(),
            own_number=call.flag("ignore_auto_number_generation"),
            quiet=_quiet(self._world),
        )
        message = "Package created successfully. It's now time to ship!"
        return ready("package", dumps(package), message=message, status=201)

    def delete(self, call: Call) -> Response:
        """Gone, unless it was shipped."""
        self._packages.delete(call.ids["id"], quiet=_quiet(self._world))
        return success(message="Whooooosh! Package Deleted Successfully.")

    def bulk_delete(self, call: Call) -> Response:
        """Several at once, all or none."""
        with self._world.control.database.transaction():
            for package_id in _ids(call, "package_ids"):
                self._packages.delete(package_id, quiet=_quiet(self._world))
        return success(message="Whooooosh! Package Deleted Successfully.")


class ShipmentRoutes:
    """Handlers. There is no list: shipments are read through packages and orders."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._shipments = Shipments(world)

    def table(self) -> list[tuple[str, str, Callable[[Call], Response]]]:
        """Method, path, handler."""
        return [
            ("POST", "/shipmentorders", self.create),
            ("GET", "/shipmentorders/{id}", self.detail),
            ("PUT", "/shipmentorders/{id}", self.update),
            ("DELETE", "/shipmentorders/{id}", self.delete),
            ("POST", "/shipmentorders/{id}/status/delivered", self.deliver),
        ]

    def detail(self, call: Call) -> Response:
        """One shipment."""
        return ready("shipmentorder", dumps(self._shipments.get(call.ids["id"])))

    def create(self, call: Call) -> Response:
        """A shipment of the query's order and packages; HTTP 201."""
        shipment = self._shipments.create(
            _parent(call),
            _ids(call, "package_ids"),
            call.fields(),
            own_number=call.flag("ignore_auto_number_generation"),
            quiet=_quiet(self._world),
        )
        message = "Shipment order has been created."
        return ready("shipmentorder", dumps(shipment), message=message, status=201)

    def update(self, call: Call) -> Response:
        """The shipment as it now is; the query names order and packages again."""
        _parent(call)
        _ids(call, "package_ids")
        shipment = self._shipments.update(call.ids["id"], call.fields(), quiet=_quiet(self._world))
        return ready("shipmentorder", dumps(shipment), message="Shipment order has been updated.")

    def delete(self, call: Call) -> Response:
        """Gone; its packages stand unshipped."""
        self._shipments.delete(call.ids["id"], quiet=_quiet(self._world))
        return success(message="The shipment order has been deleted.")

    def deliver(self, call: Call) -> Response:
        """To delivered, once."""
        at = str(call.fields().get("delivered_date") or "")
        self._shipments.deliver(call.ids["id"], at, quiet=_quiet(self._world))
        return success(message="The shipment has been marked as delivered.")


def _quiet(world: World) -> bool:
    return not world.switches.present.fire_on_api_writes


def _parent(call: Call) -> str:
    order_id = call.query.get("salesorder_id", "")
    if not order_id:
        raise invalid_value("salesorder_id")
    return order_id


def _ids(call: Call, name: str) -> list[str]:
    ids = [part.strip() for part in call.query.get(name, "").split(",") if part.strip()]
    if not ids:
        raise invalid_value(name)
    return ids
