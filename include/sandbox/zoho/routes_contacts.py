"""``/contacts`` (and its aliases ``/customers``, ``/vendors``) over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from include.sandbox.zoho import contactdocs, listing
from include.sandbox.zoho.envelope import MEDIA_TYPE, Call, Refusal, invalid_field, not_there, ready, success
from include.sandbox.zoho.wire import Json, dumps, wire_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.zoho.webhooks import Event
    from include.sandbox.zoho.world import World

RESOURCE = "contacts"


class ContactRoutes:
    """Handlers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._documents = world.documents

    def table(self) -> list[tuple[str, str, Callable[[Call], Response]]]:
        """Method, path, handler."""
        return [
            ("GET", "/contacts", self.listed),
            ("GET", "/customers", self.customers),
            ("GET", "/vendors", self.vendors),
            ("POST", "/contacts", self.create),
            ("GET", "/contacts/{id}", self.detail),
            ("PUT", "/contacts/{id}", self.update),
            ("DELETE", "/contacts/{id}", self.delete),
            ("POST", "/contacts/{id}/active", self.activate),
            ("POST", "/contacts/{id}/inactive", self.deactivate),
            ("GET", "/contacts/{id}/address", self.addresses),
            ("POST", "/contacts/{id}/address", self.add_address),
            ("GET", "/contacts/{id}/contactpersons", self.persons),
            ("GET", "/contacts/{id}/contactpersons/{person}", self.person),
        ]

    def listed(self, call: Call) -> Response:
        """Rows."""
        return Response(listing.listed(self._documents, listing.CONTACTS, call.query), media_type=MEDIA_TYPE)

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
        text = self._documents.text(RESOURCE, call.ids["id"])
        if text is None:
            raise not_there("Contact")
        return ready("contact", text)

    def _get(self, contact_id: str) -> Json:
        contact = self._documents.get(RESOURCE, contact_id)
        if contact is None:
            raise not_there("Contact")
        return contact

    def create(self, call: Call) -> Response:
        """A new contact; HTTP 201."""
        body = call.fields()
        name = str(body.get("contact_name") or "").strip()
        if not name:
            raise invalid_field("contact_name")
        self._refuse_duplicate(name, "")
        now = self._world.now()
        number = self._documents.next_number("zoho.contact_number", 1001)
        contact = contactdocs.new_contact(self._documents.new_id(), number, now)
        contactdocs.apply(contact, body, now, self._documents.new_id)
        self._save(contact, "created")
        return ready("contact", dumps(contact), message="The contact has been added.", status=201)

    def _refuse_duplicate(self, name: str, own_id: str) -> None:
        if name and self._documents.id_of(RESOURCE, "name", name) not in {None, own_id}:
            raise Refusal(
                400, 3062, f'The customer "{name}" already exists. Please specify a different name.'
            )

    def update(self, call: Call) -> Response:
        """The contact as it now is."""
        contact = self._get(call.ids["id"])
        self._refuse_duplicate(str(call.fields().get("contact_name") or ""), contact["contact_id"])
        contactdocs.apply(contact, call.fields(), self._world.now(), self._documents.new_id)
        self._save(contact, "edited")
        return ready("contact", dumps(contact), message="Contact information has been saved.")

    def delete(self, call: Call) -> Response:
        """Gone, unless orders name it."""
        contact = self._get(call.ids["id"])
        if self._documents.id_of("salesorders", "party", contact["contact_id"]):
            raise Refusal(400, 3000, "This contact is part of transactions. Mark it as inactive instead.")
        self._documents.delete(RESOURCE, contact["contact_id"])
        return success(message="The contact has been deleted.")

    def activate(self, call: Call) -> Response:
        """To active."""
        return self._set_status(call, "active", "The contact has been marked as active.")

    def deactivate(self, call: Call) -> Response:
        """To inactive."""
        return self._set_status(call, "inactive", "The contact has been marked as inactive.")

    def _set_status(self, call: Call, status: str, message: str) -> Response:
        contact = self._get(call.ids["id"])
        contact["status"] = status
        contact["last_modified_time"] = wire_time(self._world.now())
        self._save(contact, "status")
        return success(message=message)

    def addresses(self, call: Call) -> Response:
        """Billing, shipping and further addresses."""
        contact = self._get(call.ids["id"])
        return success(
            "addresses", [contact["billing_address"], contact["shipping_address"], *contact["addresses"]]
        )

    def add_address(self, call: Call) -> Response:
        """A further address; HTTP 201."""
        contact = self._get(call.ids["id"])
        made = {"address_id": self._documents.new_id(), **dict.fromkeys(contactdocs.ADDRESS, "")}
        made.update(contactdocs.address(call.fields()))
        contact["addresses"].append(made)
        contact["last_modified_time"] = wire_time(self._world.now())
        self._save(contact, "edited")
        return success("address_info", made, message="Address added", status=201)

    def persons(self, call: Call) -> Response:
        """All contact persons."""
        return success("contact_persons", self._get(call.ids["id"])["contact_persons"])

    def person(self, call: Call) -> Response:
        """One contact person."""
        for person in self._get(call.ids["id"])["contact_persons"]:
            if person["contact_person_id"] == call.ids["person"]:
                return success("contact_person", person)
        raise not_there("Contact person")

    def _save(self, contact: Json, event: Event) -> None:
        with self._world.control.database.transaction():
            self._documents.put(contactdocs.record(contact))
            self._world.webhooks.announce("contact", contact["contact_id"], event, dumps(contact))
