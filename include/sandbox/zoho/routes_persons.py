"""``/contacts/contactpersons`` over HTTP: the people of a contact, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.zoho import contactdocs
from include.sandbox.zoho.contacts import Contacts
from include.sandbox.zoho.envelope import Call, not_there, success
from include.sandbox.zoho.fields import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from include.sandbox.zoho.wire import Json
    from include.sandbox.zoho.world import World


class PersonRoutes:
    """Handlers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._contacts = Contacts(world)

    def table(self) -> list[tuple[str, str, Callable[[Call], Response]]]:
        """Method, path, handler."""
        return [
            ("GET", "/contacts/{id}/contactpersons", self.listed),
            ("GET", "/contacts/{id}/contactpersons/{person}", self.detail),
            ("POST", "/contacts/contactpersons", self.create),
            ("PUT", "/contacts/contactpersons/{person}", self.update),
            ("DELETE", "/contacts/contactpersons/{person}", self.delete),
            ("POST", "/contacts/contactpersons/{person}/primary", self.make_primary),
        ]

    def listed(self, call: Call) -> Response:
        """All persons of a contact."""
        return success("contact_persons", self._contacts.get(call.ids["id"])["contact_persons"])

    def detail(self, call: Call) -> Response:
        """One person."""
        return success("contact_person", _person(self._contacts.get(call.ids["id"]), call.ids["person"]))

    def create(self, call: Call) -> Response:
        """One more; HTTP 201."""
        body = call.fields()
        with self._world.control.database.transaction():
            contact = self._contacts.get(str(body.get("contact_id") or ""))
            made = contactdocs.person({**body, "contact_person_id": ""}, self._world.documents.new_id)
            made["is_primary_contact"] = not contact["contact_persons"]
            contact["contact_persons"].append(made)
            self._keep(contact)
        return success("contact_person", made, message="The contact person has been added.", status=201)

    def update(self, call: Call) -> Response:
        """The person as they now are."""
        body = call.fields()
        with self._world.control.database.transaction():
            contact = self._contacts.of_person(call.ids["person"])
            person = _person(contact, call.ids["person"])
            person.update({name: plain(body[name]) for name in contactdocs.PERSON if name in body})
            self._keep(contact)
        return success("contact_person", person, message="The contact person details have been saved.")

    def delete(self, call: Call) -> Response:
        """Gone."""
        with self._world.control.database.transaction():
            contact = self._contacts.of_person(call.ids["person"])
            contact["contact_persons"].remove(_person(contact, call.ids["person"]))
            self._keep(contact)
        return success(message="The contact person has been deleted.")

    def make_primary(self, call: Call) -> Response:
        """The one whom the contact itself shows."""
        with self._world.control.database.transaction():
            contact = self._contacts.of_person(call.ids["person"])
            for person in contact["contact_persons"]:
                person["is_primary_contact"] = person["contact_person_id"] == call.ids["person"]
            self._keep(contact)
        return success(message="This contact person has been marked as your primary contact person.")

    def _keep(self, contact: Json) -> None:
        contactdocs.show_primary(contact)
        self._contacts.touch(contact, quiet=not self._world.switches.present.fire_on_api_writes)


def _person(contact: Json, person_id: str) -> Json:
    for person in contact["contact_persons"]:
        if person["contact_person_id"] == person_id:
            found: Json = person
            return found
    raise not_there("Contact person")
