"""Contacts and their people, by API and by hand."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Receiver, Zoho, wait_until

BODY = {
    "contact_name": "Somebody",
    "contact_persons": [
        {"first_name": "A", "last_name": "One", "email": "a@one.example", "is_primary_contact": True},
        {"first_name": "B", "last_name": "Two", "email": "b@two.example"},
    ],
    "custom_fields": [{"api_name": "cf_salesforce_id", "value": "001"}],
}


def made(zoho: Zoho, **body: Any) -> dict[str, Any]:
    answer = zoho.post("/contacts", {**BODY, **body})
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["contact"])


def test_a_contact_is_created_active_with_its_people(zoho: Zoho) -> None:
    contact = made(zoho)
    assert (contact["status"], contact["source"]) == ("active", "api")
    assert [person["is_primary_contact"] for person in contact["contact_persons"]] == [True, False]
    assert (contact["first_name"], contact["email"]) == ("A", "a@one.example")
    assert zoho.get(f"/contacts/{contact['contact_id']}")["contact"] == contact


@pytest.mark.parametrize(
    ("name", "code"), [("", 4), ("somebody", 3062), ("SOMEBODY", 3062), ("x" * 201, 15), (None, 4)]
)
def test_names_are_unique_whatever_their_case(zoho: Zoho, name: str | None, code: int) -> None:
    made(zoho)
    answer = zoho.post("/contacts", {"contact_name": name})
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_put_replaces_the_people_and_leaves_the_rest(zoho: Zoho) -> None:
    contact = made(zoho)
    first, second = contact["contact_persons"]
    path = f"/contacts/{contact['contact_id']}"
    changed = zoho.put(path, {"contact_persons": [second, {"last_name": "Three"}]}).json()["contact"]
    assert [person["last_name"] for person in changed["contact_persons"]] == ["Two", "Three"]
    assert changed["contact_persons"][0]["contact_person_id"] == second["contact_person_id"]
    assert changed["custom_field_hash"]["cf_salesforce_id"] == "001"
    assert changed["email"] == "b@two.example"
    untouched = zoho.put(path, {"notes": "n"}).json()["contact"]
    assert untouched["contact_persons"] == changed["contact_persons"]
    assert zoho.call("GET", f"{path}/contactpersons/{first['contact_person_id']}").status_code == 404


def test_people_one_by_one(zoho: Zoho) -> None:
    contact = made(zoho)
    path = f"/contacts/{contact['contact_id']}/contactpersons"
    added = zoho.post("/contacts/contactpersons", {"contact_id": contact["contact_id"], "last_name": "Three"})
    assert added.status_code == 201
    person = added.json()["contact_person"]["contact_person_id"]
    assert (
        zoho.put(f"/contacts/contactpersons/{person}", {"phone": 123}).json()["contact_person"]["phone"]
        == "123"
    )
    assert zoho.post(f"/contacts/contactpersons/{person}/primary").is_success
    assert [each["is_primary_contact"] for each in zoho.get(path)["contact_persons"]] == [False, False, True]
    assert zoho.get(f"/contacts/{contact['contact_id']}")["contact"]["last_name"] == "Three"
    assert zoho.call("DELETE", f"/contacts/contactpersons/{person}").is_success
    assert [each["is_primary_contact"] for each in zoho.get(path)["contact_persons"]] == [True, False]
    assert zoho.call("DELETE", f"/contacts/contactpersons/{person}").status_code == 404


def test_addresses_are_added_and_edited(zoho: Zoho) -> None:
    contact = made(zoho, billing_address={"city": "Bern"})
    path = f"/contacts/{contact['contact_id']}/address"
    added = zoho.post(path, {"city": "Genf"}).json()["address_info"]["address_id"]
    assert zoho.put(f"{path}/{added}", {"zip": "1201"}).is_success
    found = zoho.get(path)["addresses"]
    assert [(each["city"], each["zip"]) for each in found] == [("Bern", ""), ("", ""), ("Genf", "1201")]
    assert zoho.put(f"{path}/1", {"zip": "1"}).status_code == 404


def test_a_contact_is_switched_off_and_on(zoho: Zoho) -> None:
    path = f"/contacts/{made(zoho)['contact_id']}"
    for status in ("inactive", "inactive", "active"):
        assert zoho.post(f"{path}/{status}").is_success
        assert zoho.get(path)["contact"]["status"] == status
    assert not zoho.get("/contacts", filter_by="Status.Inactive")["contacts"]


def test_several_are_deleted_or_none(zoho: Zoho) -> None:
    ids = [made(zoho, contact_name=name)["contact_id"] for name in ("X", "Y")]
    customer = zoho.order()["customer_id"]
    refused = zoho.call("DELETE", "/contacts", contact_ids=",".join([*ids, customer]))
    assert (refused.status_code, refused.json()["code"]) == (400, 3000)
    assert zoho.call("GET", f"/contacts/{ids[0]}").is_success
    assert zoho.call("DELETE", "/contacts", contact_ids=",".join(ids)).is_success
    assert zoho.call("GET", f"/contacts/{ids[0]}").status_code == 404


def test_lists_know_names_custom_fields_and_times(zoho: Zoho) -> None:
    contact = made(zoho)
    for filters in ({"contact_name": "Somebody"}, {"cf_salesforce_id": "001"}, {"search_text": "omebod"}):
        (row,) = zoho.get("/contacts", **filters)["contacts"]
        assert (row["contact_id"], row["cf_salesforce_id"]) == (contact["contact_id"], "001")
        assert "contact_persons" not in row
    assert not zoho.get("/contacts", cf_salesforce_id="002")["contacts"]
    since = zoho.get("/contacts", last_modified_time=contact["last_modified_time"])["contacts"]
    assert [row["contact_id"] for row in since] == [contact["contact_id"]]


def test_the_search_lags_behind_when_it_is_told_to(zoho: Zoho) -> None:
    zoho.tell("/zoho/settings", {"search_lag_seconds": 60})
    contact = made(zoho)
    assert not zoho.get("/contacts", contact_name="Somebody")["contacts"]
    assert zoho.get(f"/contacts/{contact['contact_id']}")["contact"] == contact
    assert zoho.post("/contacts", BODY).json()["code"] == 3062
    zoho.tell("/clock", {"jump_seconds": 61})
    assert zoho.get("/contacts", contact_name="Somebody")["contacts"]


def test_somebody_edits_a_contact_in_zoho(zoho: Zoho, receiver: Receiver) -> None:
    zoho.tell("/zoho/webhooks", {"name": "people", "entity": "contact", "url": receiver.url})
    name = zoho.tell("/zoho/contacts", {"body": {"contact_name": "By hand"}})["contact_name"]
    answer = zoho.http.put(
        f"/_sandbox/zoho/contacts/{name}", json={"changes": {"notes": "n", "is_active": False}}
    )
    assert (answer.json()["notes"], answer.json()["status"]) == ("n", "inactive")
    wait_until(lambda: len(receiver.taken) == 3)
    assert zoho.http.delete(f"/_sandbox/zoho/contacts/{name}").is_success
    assert zoho.http.delete(f"/_sandbox/zoho/contacts/{name}").status_code == 404


def test_the_organisation_says_which_custom_fields_it_has(zoho: Zoho) -> None:
    found = zoho.get("/settings/preferences")["preferences"]["customfields"]
    assert {"cf_salesforce_id", "cf_industry"} <= {field["api_name"] for field in found["contact"]}
    assert set(found) == {"salesorder", "item", "contact"}
