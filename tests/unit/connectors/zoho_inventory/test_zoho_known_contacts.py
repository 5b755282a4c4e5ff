"""C16: customers among Zoho's contacts, seen from the wire."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from include.connectors.zoho_inventory.known_contacts import KnownContact, ZohoKnownContacts
from include.errors import TransientError

from .conftest import Bench, Reply

NOT_FOUND: Reply = (404, {}, {"code": 1002, "message": "Contact does not exist."})


def page(*found: dict[str, Any], more: bool = False) -> Reply:
    return 200, {}, {"code": 0, "contacts": list(found), "page_context": {"has_more_page": more}}


def contact(number: int, **members: Any) -> dict[str, Any]:
    return {"contact_id": str(number), "contact_name": f"Firm {number}", "status": "active", **members}


def test_the_list_is_walked_whole_and_vendors_are_none(bench: Bench) -> None:
    mark = bench.client().settings.contact_mark_field
    bench.zoho.replies(
        page(contact(1, contact_type="customer", company_name="Firm 1"), contact(2, contact_type="vendor"),
             more=True),
        page(contact(3, status="inactive", email="a@b.example", mobile="1", phone="", **{mark: "001A"})),
    )  # fmt: skip
    found = ZohoKnownContacts(bench.client()).listed()
    assert found == [
        KnownContact("1", ("Firm 1",), is_active=True),
        KnownContact("3", ("Firm 3",), is_active=False, mark="001A", emails=("a@b.example",), phones=("1",)),
    ]
    asked = [parse_qs(urlsplit(r.url).query) for r in bench.zoho.asked]
    assert [each["page"] for each in asked] == [["1"], ["2"]]
    assert {each["filter_by"][0] for each in asked} == {"Status.All"}


def test_whole_contacts_tell_of_their_people_and_addresses_and_who_is_gone_is_absent(bench: Bench) -> None:
    people = [{"email": "ana@b.example", "phone": "2"}, {"email": "a@b.example", "mobile": "3"}]
    told = contact(
        1, company_name="Firm", email="a@b.example", contact_persons=people,
        billing_address={"zip": "77550", "phone": "4"}, shipping_address={"zip": "77550"},
    )  # fmt: skip
    bench.zoho.replies(NOT_FOUND, (200, {}, {"code": 0, "contact": told}))
    (found,) = ZohoKnownContacts(bench.client()).whole(["9", "1"])
    assert (found.names, found.emails) == (("Firm 1", "Firm"), ("a@b.example", "ana@b.example"))
    assert (found.phones, found.postal_codes) == (("2", "3", "4"), ("77550",))


def test_a_list_that_is_not_served_is_no_empty_list(bench: Bench) -> None:
    """Whoever takes it for empty makes every customer a second time."""
    bench.zoho.replies(*[(500, {}, {"code": 1000, "message": "Internal Error"})] * 10)
    with pytest.raises(TransientError):
        ZohoKnownContacts(bench.client()).listed()
