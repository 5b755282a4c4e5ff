"""Zoho's contacts as the one who is told: created once, changed by their parts, switched on and off.

Zoho knows no idempotency key. A contact that we create therefore bears the source's id in a custom field,
its mark, and Zoho itself takes each ``contact_name`` once. So a create that got no answer is looked for by
its mark, and one whose name is taken is ours if, and only if, the bearer of the name has our mark.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from include.canonical.reasons import Reason
from include.connectors.documents import Answer, Refusal
from include.connectors.zoho_inventory import persons
from include.connectors.zoho_inventory.custom_fields import CustomFields, gathered, names_of
from include.connectors.zoho_inventory.errors import DuplicateError, NotFoundError
from include.connectors.zoho_inventory.likeness import custom_values, dropped, holds
from include.connectors.zoho_inventory.pages import PAGE_SIZE
from include.connectors.zoho_inventory.refusals import RefusedError, after_effect, one_by_one
from include.connectors.zoho_inventory.wire import ZOHO_ID
from include.errors import OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.connectors.documents import Document, DocumentStatus
    from include.connectors.ports import Sleep
    from include.connectors.zoho_inventory.client import ZohoClient

ACTIVE, PERSONS, NAME = "is_active", "contact_persons", "contact_name"
LOOKS = (0.0, 2.0, 4.0)
"""Seconds before each look for a contact just made: Zoho's search lags about two seconds behind."""
LONGEST_FILTER = 100
"""Characters that a filter may have."""

Contact = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ZohoContacts:
    """Contacts written from the body of ``POST``/``PUT /contacts``; only the members present are changed.

    Two members mean more than Zoho's own: ``is_active`` is the contact's status, and a person in
    ``contact_persons`` may be ``is_deleted``; people who are not named stay. ``cf_…`` members at the top are
    custom fields.

    Args:
        client: carries the calls.
        sleep: waits for Zoho's search.
    """

    client: ZohoClient
    sleep: Sleep = time.sleep
    custom: CustomFields = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "custom", CustomFields(self.client))

    @property
    def mark(self) -> str:
        """The custom field that names the source's record."""
        return self.client.settings.contact_mark_field

    def write(self, documents: Sequence[Document]) -> list[Answer]:
        """Create or change contacts, at one call each wherever nothing is amiss.

        Raises:
            ConfigurationError: Zoho has no such custom field; nothing has been written.
            IntegrationError: only while nothing has been answered; after that the documents left come back as
                ``retry``.
        """
        asked = {name for document in documents for name in names_of(document.members)}
        new = any(not document.target_id for document in documents)
        self.custom.require("contact", asked | ({self.mark} if new else set()))
        return one_by_one(documents, self._write)

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Contacts that were to be created and stand in Zoho as asked, by key.

        A change has no place here: what was perhaps changed is changed again.
        """
        found = {}
        for document in documents:
            members = gathered(document.members)
            row = None if document.target_id else self._find(document.key, str(members.get(NAME) or ""))
            contact = None if row is None else self._detail(str(row["contact_id"]))
            if contact is not None and _stands(contact, members):
                found[document.key] = str(contact["contact_id"])
        return found

    def _write(self, document: Document) -> Answer:
        body = gathered(document.members)
        active = body.pop(ACTIVE, None)
        if document.target_id:
            contact, status = self._change(document.target_id, body), "changed"
        else:
            contact, status = self._create(document.key, body)
        with after_effect():
            self._switch(contact, active)
        lost = dropped(contact, body)
        if lost:
            raise RefusedError(
                Refusal(
                    "dropped", Reason.READ_BACK_DIFFERS, lost[0], "Zoho took the value and did not keep it"
                )
            )
        answered: DocumentStatus = status  # type: ignore[assignment]  # one of the three above
        return Answer(document.idempotency_key, answered, str(contact["contact_id"]))

    def _create(self, key: str, body: Contact) -> tuple[Contact, str]:
        named = str(body.get(NAME) or "")
        whole = _marked(body, self.mark, key)
        if PERSONS in whole:
            whole[PERSONS] = persons.told(whole[PERSONS])
        try:
            return _contact(self.client.send_json("POST", "/contacts", whole).part("contact")), "created"
        except OutcomeUnknownError:
            row = self._look(key, named)
            if row is None:
                raise
            with after_effect():
                contact = self._detail(str(row["contact_id"]))
            if contact is None:
                raise
            return contact, "created"
        except DuplicateError as taken:
            return self._adopted(key, body, taken), "adopted"

    def _adopted(self, key: str, body: Contact, taken: DuplicateError) -> Contact:
        """The contact that has the name already, made equal, if it is ours.

        Raises:
            RefusedError: it is somebody else's.
            OutcomeUnknownError: no list shows it yet.
        """
        named = str(body.get(NAME) or "")
        row = self._look(key, named, bearer=True)
        if row is None:
            raise OutcomeUnknownError(
                f"contact {key}: Zoho has the name already and no list shows whose it is",
                retry_after=LOOKS[-1],
            ) from taken
        if self._mark_of(row) != key:
            message = (
                f"Zoho's contact {row['contact_id']} is called {named!r} already and is not of {key}; "
                "rename one of them, or link the two"
            )
            raise RefusedError(Refusal(str(taken.code), Reason.DUPLICATE, NAME, message)) from taken
        with after_effect():
            return self._change(str(row["contact_id"]), dict(body))

    def _change(self, contact_id: str, body: Contact) -> Contact:
        """Write the members present. The answer shows the people: the list is sent only when it differs."""
        if not ZOHO_ID.fullmatch(contact_id):
            raise NotFoundError(f"{contact_id[:40]!r} cannot be the id of a Zoho contact")
        wanted = body.pop(PERSONS, None)
        contact = self._put(contact_id, body) if body else self._detail(contact_id)
        if contact is None:
            raise NotFoundError(f"Zoho has no contact {contact_id}", code=1002)
        people = None if wanted is None else persons.merged(contact.get(PERSONS) or [], wanted)
        if people is not None:
            with after_effect():
                contact = self._put(contact_id, {PERSONS: people})
        return contact

    def _put(self, contact_id: str, body: Contact) -> Contact:
        path = f"/contacts/{contact_id}"
        return _contact(self.client.send_json("PUT", path, body, idempotent=True).part("contact"))

    def _switch(self, contact: Contact, active: bool | None) -> None:
        wanted = "active" if active else "inactive"
        if active is not None and contact.get("status") != wanted:
            path = f"/contacts/{contact['contact_id']}/{wanted}"
            self.client.send_json("POST", path, {}, idempotent=True)

    def _detail(self, contact_id: str) -> Contact | None:
        try:
            return _contact(self.client.get(f"/contacts/{contact_id}").part("contact"))
        except NotFoundError:
            return None

    def _look(self, key: str, named: str, *, bearer: bool = False) -> Contact | None:
        """A contact just made; its row, or None when no list shows it after a while."""
        for wait in LOOKS:
            if wait:
                self.sleep(wait)
            with after_effect():
                row = self._find(key, named, bearer=bearer)
            if row is not None:
                return row
        return None

    def _find(self, key: str, named: str, *, bearer: bool = False) -> Contact | None:
        """The row of the contact with our mark; ``bearer``: else of the one who has the name.

        Every filter is looked at again on the rows: Zoho ignores those it does not know.
        """
        for row in self._rows({self.mark: key}):
            if self._mark_of(row) == key:
                return row
        if not named:
            return None
        long = len(named) > LONGEST_FILTER
        for row in self._rows({f"{NAME}_startswith": named[:LONGEST_FILTER]} if long else {NAME: named}):
            same = " ".join(str(row.get(NAME) or "").split()).casefold() == " ".join(named.split()).casefold()
            if self._mark_of(row) == key or (bearer and same):
                return row
        return None

    def _rows(self, filters: Mapping[str, str]) -> list[Contact]:
        params = {**filters, "filter_by": "Status.All", "page": "1", "per_page": str(PAGE_SIZE)}
        return self.client.get("/contacts", params).read("contacts", list[Contact])

    def _mark_of(self, row: Contact) -> str:
        return str(custom_values(row).get(self.mark) or "")


_DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def _contact(raw: bytes) -> Contact:
    return dict(_DECODER.decode(raw))


def _marked(body: Contact, mark: str, key: str) -> Contact:
    """The body with our mark among its custom fields."""
    others = [entry for entry in body.get("custom_fields", ()) if entry.get("api_name") != mark]
    return {**body, "custom_fields": [*others, {"api_name": mark, "value": key}]}


def _stands(contact: Contact, members: Mapping[str, Any]) -> bool:
    said = {name: value for name, value in members.items() if name not in {ACTIVE, PERSONS}}
    active = members.get(ACTIVE)
    same_status = active is None or (contact.get("status") == "active") == bool(active)
    people = persons.merged(contact.get(PERSONS) or [], members.get(PERSONS) or [])
    return same_status and people is None and holds(contact, said)
