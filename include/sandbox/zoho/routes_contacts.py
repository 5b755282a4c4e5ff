"""``/contacts`` (and its aliases ``/customers``, ``/vendors``) over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from include.sandbox.zoho import contactdocs, listing
from include.sandbox.zoho.contacts import RESOURCE, Contacts
from include.sandbox.zoho.envelope import MEDIA_TYPE, Call, invalid_field, not_there, ready, success
from include.sandbox.zoho.wire import dumps

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.zoho.world import World


class ContactRoutes:
    """Handlers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._contacts = Contacts(world)

    def table(self) -> list[tuple[str, str, Callable[[Call], Response]]]:
        """Method, path, handler."""
        return [
            ("GET", "/contacts", self.listed),
            ("GET", "/customers", self.customers),
            ("GET", "/vendors", self.vendors),
            ("POST", "/contacts", self.create),
            ("DELETE", "/contacts", self.bulk_delete),
            ("GET", "/contacts/{id}", self.detail),
            ("PUT", "/contacts/{id}", self.update),
            ("DELETE", "/contacts/{id}", self.delete),
            ("POST", "/contacts/{id}/active", self.activate),
            ("POST", "/contacts/{id}/inactive", self.deactivate),
            ("GET", "/contacts/{id}/address", self.addresses),
            ("POST", "/contacts/{id}/address", self.add_address),
            ("PUT", "/contacts/{id}/address/{address}", self.edit_address),
        ]

    def _quiet(self) -> bool:
        return not self._world.switches.present.fire_on_api_writes

    def listed(self, call: Call) -> Response:
        """Rows."""
        return Response(self._world.listed(listing.CONTACTS, call.query), media_type=MEDIA_TYPE)

    def customers(self, call: Call) -> Response:
        """Rows of customers."""
        call.query["contact_type"] = "customer"
        return self.listed(call)

    def vendors(self, call: Call) -> Response:
        """Rows of vendors."""
        call.query["contact_type"] = "vendor"
        return self.listed(call)

    def detail(self, call: Call) -> Response:
        """One contact."""
        text = self._world.documents.text(RESOURCE, call.ids["id"])
        if text is None:
            raise not_there("Contact")
        return ready("contact", text)

    def create(self, call: Call) -> Response:
        """A new contact; HTTP 201."""
        contact = self._contacts.create(call.fields(), quiet=self._quiet())
        return ready("contact", dumps(contact), message="The contact has been added.", status=201)

    def update(self, call: Call) -> Response:
        """The contact as it now is."""
        contact = self._contacts.update(call.ids["id"], call.fields(), quiet=self._quiet())
        return ready("contact", dumps(contact), message="Contact information has been saved.")

    def delete(self, call: Call) -> Response:
        """Gone, unless orders name it."""
        self._contacts.delete(call.ids["id"])
        return success(message="The contact has been deleted.")

    def bulk_delete(self, call: Call) -> Response:
        """Several at once, all or none."""
        ids = [part for part in call.query.get("contact_ids", "").split(",") if part]
        if not ids:
            raise invalid_field("contact_ids")
        with self._world.control.database.transaction():
            for contact_id in ids:
                self._contacts.delete(contact_id)
        return success(message="The contacts have been deleted.")

    def activate(self, call: Call) -> Response:
        """To active."""
        self._contacts.set_status(call.ids["id"], "active", quiet=self._quiet())
        return success(message="The contact has been marked as active.")

    def deactivate(self, call: Call) -> Response:
        """To inactive."""
        self._contacts.set_status(call.ids["id"], "inactive", quiet=self._quiet())
        return success(message="The contact has been marked as inactive.")

    def addresses(self, call: Call) -> Response:
        """Billing, shipping and further addresses."""
        contact = self._contacts.get(call.ids["id"])
        return success("addresses", contactdocs.addresses(contact))

    def add_address(self, call: Call) -> Response:
        """A further address; HTTP 201."""
        with self._world.control.database.transaction():
            contact = self._contacts.get(call.ids["id"])
            made = {"address_id": self._world.documents.new_id(), **dict.fromkeys(contactdocs.ADDRESS, "")}
            made.update(contactdocs.address(call.fields()))
            contact["addresses"].append(made)
            self._contacts.touch(contact, quiet=self._quiet())
        return success("address_info", made, message="Address added", status=201)

    def edit_address(self, call: Call) -> Response:
        """One address as it now is."""
        with self._world.control.database.transaction():
            contact = self._contacts.get(call.ids["id"])
            for address in contactdocs.addresses(contact):
                if address["address_id"] == call.ids["address"]:
                    address.update(contactdocs.address(call.fields()))
                    self._contacts.touch(contact, quiet=self._quiet())
                    return success("address_info", address, message="Address updated")
        raise not_there("Address")
