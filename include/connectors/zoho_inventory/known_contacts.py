"""Zoho's contacts as somebody sees them who looks for a customer among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.connectors.zoho_inventory.errors import NotFoundError
from include.connectors.zoho_inventory.likeness import custom_values
from include.connectors.zoho_inventory.pages import pages
from include.connectors.zoho_inventory.wire import decode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.connectors.zoho_inventory.client import ZohoClient

ADDRESSES, PERSONS = ("billing_address", "shipping_address"), "contact_persons"


@dataclass(frozen=True, slots=True)
class KnownContact:
    """A contact by what it may be known again.

    Attributes:
        names: what it is called, and its firm.
        mark: the source's record that it was made of, blank for none.
        postal_codes: of its addresses; a list shows none.
        emails: the contact's and, where the detail was read, its people's; ``phones`` likewise.
    """

    contact_id: str
    names: tuple[str, ...]
    is_active: bool
    mark: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    postal_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ZohoKnownContacts:
    """Reads customers among Zoho's contacts.

    Args:
        client: carries the calls; its settings name the field that bears our mark.
    """

    client: ZohoClient

    def listed(self) -> list[KnownContact]:
        """All of them, at one call for each 200, without addresses and people.

        Raises:
            IntegrationError: see :meth:`ZohoClient.get`; never taken as "none".
        """
        params = {
            "filter_by": "Status.All", "contact_type": "customer", "sort_column": "created_time",
            "sort_order": "A",
        }  # fmt: skip
        found: dict[str, KnownContact] = {}
        for page in pages(self.client, "/contacts", "contacts", params):
            for raw in page.rows:
                row = decode(raw, dict[str, Any], what="contacts")
                if row.get("contact_type", "customer") == "customer":
                    found[str(row["contact_id"])] = self._contact(row)
        return list(found.values())

    def whole(self, ids: Iterable[str]) -> list[KnownContact]:
        """Some of them with addresses and people, at one call each; who is gone is absent.

        Raises as :meth:`listed`.
        """
        found = []
        for contact_id in ids:
            try:
                raw = self.client.get(f"/contacts/{contact_id}").part("contact")
            except NotFoundError:
                continue
            found.append(self._contact(decode(raw, dict[str, Any], what="contact")))
        return found

    def _contact(self, row: dict[str, Any]) -> KnownContact:
        people = [row, *(row.get(PERSONS) or ())]
        addresses = [row[name] for name in ADDRESSES if isinstance(row.get(name), dict)]
        return KnownContact(
            contact_id=str(row["contact_id"]),
            names=_told([row], "contact_name", "company_name"),
            is_active=row.get("status", "active") == "active",
            mark=str(custom_values(row).get(self.client.settings.contact_mark_field) or ""),
            emails=_told(people, "email"),
            phones=_told([*people, *addresses], "phone", "mobile"),
            postal_codes=_told(addresses, "zip"),
        )


def _told(rows: Iterable[dict[str, Any]], *names: str) -> tuple[str, ...]:
    """What the rows say under the names, each once, blanks left out."""
    values = (str(row.get(name) or "").strip() for row in rows for name in names)
    return tuple(dict.fromkeys(value for value in values if value))
