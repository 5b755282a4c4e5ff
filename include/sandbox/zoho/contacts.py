"""What can be done to a contact and its persons, by API or by the sandbox's own hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.zoho import contactdocs
from include.sandbox.zoho.envelope import Refusal, invalid_field, not_there
from include.sandbox.zoho.wire import Json, dumps, wire_time

if TYPE_CHECKING:
    from include.sandbox.zoho.webhooks import Event
    from include.sandbox.zoho.world import World

RESOURCE = "contacts"
LONGEST_NAME = 200
HAS_PERSON = (
    "resource = 'contacts' AND EXISTS "
    "(SELECT 1 FROM json_each(documents.body, '$.contact_persons') AS person WHERE "
    "json_extract(person.value, '$.contact_person_id') = ?)"
)


class Contacts:
    """The contacts of one world. Each change and what it announces are one transaction."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._documents = world.documents

    def get(self, contact_id: str) -> Json:
        """One contact, to work on.

        Raises:
            Refusal: there is none.
        """
        contact = self._documents.get(RESOURCE, contact_id)
        if contact is None:
            raise not_there("Contact")
        return contact

    def find(self, id_or_name: str) -> Json:
        """One contact by its id or its name."""
        found = self._documents.id_of(RESOURCE, "name", id_or_name)
        return self.get(found or id_or_name)

    def of_person(self, person_id: str) -> Json:
        """The contact that a person belongs to.

        Raises:
            Refusal: nobody has this id.
        """
        found = self._documents.chosen_ids(HAS_PERSON, (person_id,))
        if not found:
            raise not_there("Contact person")
        return self.get(found[0])

    def create(self, body: Json, *, source: str = "api", quiet: bool = False) -> Json:
        """A new contact, active.

        Raises:
            Refusal: no name, a name that somebody has, or a value that makes no sense.
        """
        with self._world.control.database.transaction():
            if not str(body.get("contact_name") or "").strip():
                raise invalid_field("contact_name")
            self._refuse_name(body, "")
            now = self._world.now()
            number = self._documents.next_number("zoho.contact_number", 1001)
            contact = contactdocs.new_contact(self._documents.new_id(), number, now)
            contact["source"] = source
            contactdocs.apply(contact, body, now, self._documents.new_id)
            self.save(contact, "created", quiet=quiet)
        return contact

    def _refuse_name(self, body: Json, own_id: str) -> None:
        if "contact_name" not in body:
            return
        name = str(body["contact_name"] or "").strip()
        if not name:
            raise invalid_field("contact_name")
        if len(name) > LONGEST_NAME:
            raise Refusal(
                400, 15, f"Please ensure that the contact_name has less than {LONGEST_NAME} characters."
            )
        if self._documents.id_of(RESOURCE, "name", name) not in {None, own_id}:
            raise Refusal(
                400, 3062, f'The customer "{name}" already exists. Please specify a different name.'
            )

    def update(self, contact_id: str, body: Json, *, quiet: bool = False) -> Json:
        """Change a contact; ``contact_persons``, when given, is the full new list.

        Raises:
            Refusal: no such contact, or a value makes no sense.
        """
        with self._world.control.database.transaction():
            contact = self.get(contact_id)
            self._refuse_name(body, contact_id)
            contactdocs.apply(contact, body, self._world.now(), self._documents.new_id)
            self.save(contact, "edited", quiet=quiet)
        return contact

    def set_status(self, contact_id: str, status: str, *, quiet: bool = False) -> Json:
        """To ``active`` or ``inactive``; doing it twice changes nothing else.

        Raises:
            Refusal: no such contact.
        """
        with self._world.control.database.transaction():
            contact = self.get(contact_id)
            contact["status"] = status
            self.touch(contact, "status", quiet=quiet)
        return contact

    def delete(self, contact_id: str) -> None:
        """Remove a contact that no order names.

        Raises:
            Refusal: no such contact, or it is part of transactions.
        """
        with self._world.control.database.transaction():
            contact = self.get(contact_id)
            if self._documents.id_of("salesorders", "party", contact_id):
                raise Refusal(400, 3000, "This contact is part of transactions. Mark it as inactive instead.")
            self._documents.delete(RESOURCE, contact_id)
            self._world.webhooks.announce("contact", contact_id, "deleted", dumps(contact))

    def touch(self, contact: Json, event: Event = "edited", *, quiet: bool = False) -> None:
        """Keep a contact that was changed in place, stamped with the present."""
        contact["last_modified_time"] = wire_time(self._world.now())
        self.save(contact, event, quiet=quiet)

    def save(self, contact: Json, event: Event, *, quiet: bool = False) -> None:
        """Keep a contact and announce it."""
        self._documents.put(contactdocs.record(contact))
        if not quiet:
            self._world.webhooks.announce("contact", contact["contact_id"], event, dumps(contact))
