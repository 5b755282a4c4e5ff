"""Organisation, settings, webhook history, and lists that exist mainly to ignore filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from include.sandbox.zoho import catalogue, customfields, listing
from include.sandbox.zoho.envelope import MEDIA_TYPE, Call, not_there, success
from include.sandbox.zoho.wire import ORGANIZATION_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.zoho.listing import Listing
    from include.sandbox.zoho.world import World

ENTITIES = ("salesorder", "item", "contact")


class SettingsRoutes:
    """Handlers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> list[tuple[str, str, Callable[[Call], Response]]]:
        """Method, path, handler."""
        plain = [("GET", path, _fixed(key, rows)) for path, key, rows in _tables()]
        lists = [
            ("GET", f"/{each.resource}", self._list(each)) for each in (listing.SALES_RETURNS, listing.BILLS)
        ]
        return [
            *plain,
            *lists,
            ("GET", "/organizations/{id}", self.organization),
            ("GET", "/users/me", self.me),
            ("GET", "/settings/currencies/{id}", self.currency),
            ("GET", "/settings/webhooks/histories", self.histories),
            ("POST", "/settings/webhooks/histories/{id}/resend", self.resend),
        ]

    def organization(self, call: Call) -> Response:
        """The only one."""
        if call.ids["id"] != ORGANIZATION_ID:
            raise not_there("Organization")
        return success("organization", catalogue.organization())

    def me(self, call: Call) -> Response:
        """Who the token belongs to."""
        return success("user", catalogue.user())

    def currency(self, call: Call) -> Response:
        """One currency."""
        found = catalogue.CURRENCIES.get(call.ids["id"])
        if found is None:
            raise not_there("Currency")
        return success("currency", catalogue.currency(found))

    def histories(self, call: Call) -> Response:
        """Webhook deliveries, newest first."""
        wanted = {"Status.Failed": "failed", "Status.Success": "success"}.get(call.query.get("filter_by", ""))
        found = self._world.webhooks.history(status=wanted, entity_id=call.query.get("entity_id"))
        return success("webhook_histories", found)

    def resend(self, call: Call) -> Response:
        """Send a delivery again."""
        if not call.ids["id"].isdecimal() or not self._world.webhooks.resend(int(call.ids["id"])):
            raise not_there("Webhook history")
        return success(message="The webhook has been triggered.")

    def _list(self, each: Listing) -> Callable[[Call], Response]:
        def listed(call: Call) -> Response:
            return Response(self._world.listed(each, call.query), media_type=MEDIA_TYPE)

        return listed


def _fixed(key: str, rows: Any) -> Callable[[Call], Response]:
    def answer(call: Call) -> Response:
        return success(key, rows)

    return answer


def _tables() -> list[tuple[str, str, Any]]:
    places = catalogue.LOCATIONS.values()
    return [
        ("/organizations", "organizations", [catalogue.organization()]),
        ("/locations", "locations", [catalogue.location(place) for place in places]),
        ("/settings/warehouses", "warehouses", [catalogue.warehouse(place) for place in places]),
        (
            "/settings/currencies",
            "currencies",
            [catalogue.currency(each) for each in catalogue.CURRENCIES.values()],
        ),
        ("/settings/taxes", "taxes", [catalogue.tax(each) for each in catalogue.TAXES.values()]),
        ("/settings/preferences", "preferences", {"customfields": _custom_fields()}),
        ("/users", "users", [catalogue.user()]),
    ]


def _custom_fields() -> dict[str, list[dict[str, Any]]]:
    return {
        entity: [
            {
                "customfield_id": field.id,
                "api_name": field.api_name,
                "label": field.label,
                "data_type": field.data_type,
                "index": field.index,
                "is_active": True,
                "is_mandatory": False,
            }
            for field in customfields.DEFINED[entity]
        ]
        for entity in ENTITIES
    }
