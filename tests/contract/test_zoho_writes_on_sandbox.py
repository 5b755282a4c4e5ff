"""Contacts written to the Zoho sandbox over real HTTP, and what goes wrong on the way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.canonical.reasons import Reason
from include.connectors.documents import Answer, Document
from include.errors import ConfigurationError, RateLimitedError
from tests.contract.zoho_site import Site, northwind, serving

ACCOUNT = "0018d00002XyAbCAAV"
OTHER = "0018d00002XyAbDAAV"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Northwind's items and customers, and its first orders."""
    return northwind(tmp_path_factory.mktemp("told"), 6)


@pytest.fixture
def site(told: Path, tmp_path: Path) -> Iterator[Site]:
    """A sandbox of one's own."""
    shutil.copy(told, tmp_path / told.name)
    with serving(tmp_path) as made:
        yield made


def document(key: str = ACCOUNT, target_id: str = "", /, **members: Any) -> Document:
    named = {} if target_id else {"contact_name": "Ümlaut & Söhne GmbH"}
    return Document(key, json.dumps({**named, **members}), target_id, f"write-of-{key}")


def only(answers: list[Answer]) -> Answer:
    (answer,) = answers
    return answer


PEOPLE = [
    {
        "first_name": "Ngozi",
        "last_name": "Okafor",
        "email": "ngozi@umlaut.example",
        "is_primary_contact": True,
    },
    {"first_name": "Ian", "last_name": "Petrov", "email": "ian@umlaut.example"},
]
WHOLE = {
    "company_name": "Ümlaut & Söhne",
    "payment_terms": 30,
    "credit_limit": 25000.5,
    "billing_address": {"attention": "Buchhaltung", "address": "Lindwurmstraße 44", "city": "München"},
    "contact_persons": PEOPLE,
    "is_active": True,
    "cf_industry": "Outdoor",
    "custom_fields": [
        {"api_name": "cf_vip", "value": True},
        {"api_name": "cf_annual_revenue", "value": 12.5},
    ],
}


def test_a_contact_is_created_with_everything_at_one_call(site: Site) -> None:
    """C19, C20, C24, A8."""
    answer = only(site.contacts().write([document(**WHOLE)]))
    assert (answer.status, answer.key) == ("created", f"write-of-{ACCOUNT}")
    made = site.contact(answer.target_id)
    assert (made["contact_name"], made["company_name"]) == ("Ümlaut & Söhne GmbH", "Ümlaut & Söhne")
    assert (made["credit_limit"], made["payment_terms"], made["status"]) == (25000.5, 30, "active")
    assert made["billing_address"]["address"] == "Lindwurmstraße 44"
    assert [person["email"] for person in made["contact_persons"]] == [each["email"] for each in PEOPLE]
    hashed = made["custom_field_hash"]
    assert hashed["cf_salesforce_id"] == ACCOUNT
    assert (hashed["cf_industry"], hashed["cf_vip_unformatted"]) == ("Outdoor", True)
    assert hashed["cf_annual_revenue_unformatted"] == 12.5
    assert site.asked() == {"POST /oauth/v2/token": 1, "GET /settings/preferences": 1, "POST /contacts": 1}


def test_only_the_members_present_are_changed(site: Site) -> None:
    contacts = site.contacts()
    made = only(contacts.write([document(**WHOLE)])).target_id
    before = site.contact(made)
    assert only(contacts.write([document(ACCOUNT, made, notes="prefers mail")])).status == "changed"
    after = site.contact(made)
    differing = {name for name in after if after[name] != before[name]}
    assert differing <= {"notes", "last_modified_time"}
    assert after["notes"] == "prefers mail"


@pytest.mark.parametrize(("before", "asked"), [(True, False), (False, True), (True, True), (False, False)])
def test_the_status_is_switched_only_where_it_differs(site: Site, before: bool, asked: bool) -> None:
    """C25."""
    contacts = site.contacts()
    made = only(contacts.write([document(is_active=before)])).target_id
    first = site.asked()
    assert only(contacts.write([document(ACCOUNT, made, is_active=asked, notes="x")])).target_id == made
    assert site.contact(made)["status"] == ("active" if asked else "inactive")
    called = site.asked() - first
    assert called.pop("PUT /contacts") == 1
    assert called == ({} if before == asked else {f"POST /contacts/{'active' if asked else 'inactive'}": 1})


def test_people_entered_in_zoho_stay(site: Site) -> None:
    contacts = site.contacts()
    made = only(contacts.write([document(**WHOLE)])).target_id
    standing = site.contact(made)["contact_persons"]
    colleague = {"first_name": "Added", "last_name": "InZoho", "email": "by@hand.example", "phone": "1"}
    changes = {"changes": {"contact_persons": [*standing, colleague]}}
    site.tell(f"/zoho/contacts/{made}", changes, "PUT")
    newer = [{**PEOPLE[0], "phone": "+49 89 1"}, {**PEOPLE[1], "is_deleted": True}, {"last_name": "Newcomer"}]
    first = site.asked()
    assert only(contacts.write([document(ACCOUNT, made, contact_persons=newer)])).status == "changed"
    people = {each["last_name"]: each for each in site.contact(made)["contact_persons"]}
    assert set(people) == {"Okafor", "InZoho", "Newcomer"}
    assert people["Okafor"]["contact_person_id"] == standing[0]["contact_person_id"]
    assert (people["Okafor"]["phone"], people["InZoho"]["phone"]) == ("+49 89 1", "1")
    assert [name for name, each in people.items() if each["is_primary_contact"]] == ["Okafor"]
    assert (site.asked() - first) == {"GET /contacts": 1, "PUT /contacts": 1}
    again = site.asked()
    only(contacts.write([document(ACCOUNT, made, contact_persons=newer, notes="n")]))
    assert (site.asked() - again) == {"PUT /contacts": 1}


def test_many_changes_cost_one_call_each_and_nothing_else(site: Site) -> None:
    """C5: 10,000 changed contacts are 10,000 calls; here fewer."""
    contacts = site.contacts()
    documents = [
        document(f"{n:018d}", contact_name=f"Customer {n}", contact_persons=PEOPLE) for n in range(60)
    ]
    made = contacts.write(documents)
    assert {answer.status for answer in made} == {"created"}
    first = site.asked()
    changed = [
        replace(each, target_id=answer.target_id, content=json.dumps({**each.members, "notes": "n"}))
        for each, answer in zip(documents, made, strict=True)
    ]
    assert {answer.status for answer in site.contacts().write(changed)} == {"changed"}
    assert (site.asked() - first) == {"PUT /contacts": 60}


def test_a_create_whose_answer_is_lost_is_one_contact(site: Site) -> None:
    """C11, C34: sent, taken, and the line cut."""
    before = site.count("contacts")
    site.tell("/zoho/settings", {"search_lag_seconds": 2})
    site.fault("close_after", method="POST", path="*/contacts")
    answer = only(site.contacts().write([document(**WHOLE)]))
    assert answer.status == "created"
    assert site.count("contacts") == before + 1
    assert site.contact(answer.target_id)["custom_field_hash"]["cf_salesforce_id"] == ACCOUNT
    assert site.asked()["POST /contacts"] == 1
    assert 2.0 in site.slept


def test_a_create_nobody_can_find_is_in_doubt_and_then_adopted(site: Site) -> None:
    """C11: the search lags longer than we look."""
    before = site.count("contacts")
    site.tell("/zoho/settings", {"search_lag_seconds": 3600})
    site.fault("close_after", method="POST", path="*/contacts")
    contacts = site.contacts()
    asked = document(**WHOLE)
    assert only(contacts.write([asked])).status == "unknown"
    assert contacts.standing([asked]) == {}
    assert only(contacts.write([asked])).status == "unknown"
    site.tell("/clock", {"jump_seconds": 3600})
    standing = contacts.standing([asked])
    assert set(standing) == {ACCOUNT}
    answer = only(contacts.write([asked]))
    assert (answer.status, answer.target_id) == ("adopted", standing[ACCOUNT])
    assert site.count("contacts") == before + 1


def test_a_create_that_never_arrived_does_not_stand(site: Site) -> None:
    site.fault("close_before", method="POST", path="*/contacts")
    contacts = site.contacts()
    asked = document(**WHOLE)
    assert only(contacts.write([asked])).status in {"unknown", "created"}
    assert set(contacts.standing([asked])) <= {ACCOUNT}
    only(contacts.write([asked]))
    assert set(contacts.standing([asked])) == {ACCOUNT}


def test_what_stands_otherwise_does_not_stand_as_asked(site: Site) -> None:
    contacts = site.contacts()
    made = only(contacts.write([document(**WHOLE)])).target_id
    assert contacts.standing([document(**WHOLE)]) == {ACCOUNT: made}
    for other in ({"is_active": False}, {"notes": "other"}, {"contact_persons": [{"last_name": "New"}]}):
        assert contacts.standing([document(**{**WHOLE, **other})]) == {}
    assert contacts.standing([document(ACCOUNT, made, **WHOLE)]) == {}


def test_a_name_that_somebody_else_has_is_refused_with_both(site: Site) -> None:
    """C20: names are Zoho's key; another's contact is not taken over."""
    contacts = site.contacts()
    taken = only(contacts.write([document()])).target_id
    answer = only(contacts.write([document(OTHER)]))
    (refusal,) = answer.errors
    assert (answer.status, refusal.code, refusal.reason) == ("refused", "3062", Reason.DUPLICATE)
    assert refusal.field == "contact_name"
    assert taken in refusal.message
    assert OTHER in refusal.message
    site.tell("/zoho/contacts", {"body": {"contact_name": "Typed by hand"}})
    assert only(contacts.write([document(OTHER, contact_name="typed BY hand")])).status == "refused"
    assert site.contact(taken)["custom_field_hash"]["cf_salesforce_id"] == ACCOUNT


@pytest.mark.parametrize(
    ("members", "reason", "field"),
    [
        ({"contact_name": ""}, Reason.MISSING, "contact_name"),
        ({"payment_terms": "soon"}, Reason.INVALID_FORMAT, "payment_terms"),
        ({"contact_name": "x" * 201}, Reason.TOO_LONG, "contact_name"),
    ],
)
def test_what_zoho_refuses_is_set_aside_and_its_siblings_are_not(
    site: Site, members: dict[str, Any], reason: Reason, field: str
) -> None:
    """C31."""
    refused, created = site.contacts().write([document(**members), document(OTHER, contact_name="Sibling")])
    assert (refused.status, created.status) == ("refused", "created")
    assert [(each.reason, each.field) for each in refused.errors] == [(reason, field)]


def test_a_contact_that_is_gone_is_refused(site: Site) -> None:
    answer = only(site.contacts().write([document(ACCOUNT, "5129873000000999999", notes="n")]))
    assert (answer.status, answer.errors[0].reason) == ("refused", Reason.NO_REFERENCE)


def test_a_custom_field_that_is_not_there_stops_everything_before_it_starts(site: Site) -> None:
    """A8, C5."""
    before = site.count("contacts")
    with pytest.raises(ConfigurationError, match=r"cf_industri on contacts.*cf_industry"):
        site.contacts().write([document(cf_industri="Outdoor")])
    with pytest.raises(ConfigurationError, match="cf_no_mark"):
        site.contacts(contact_mark_field="cf_no_mark").write([document()])
    assert site.count("contacts") == before


def test_a_block_parks_what_is_left(site: Site) -> None:
    """43: an hour for the whole organisation."""
    contacts = site.contacts()
    assert only(contacts.write([document(contact_name="First")])).status == "created"
    site.fault("limit", code=43, method="POST", path="*/contacts", skip=1)
    two = [document(OTHER, contact_name="Second"), document("3", contact_name="Third")]
    done, later = contacts.write([*two])
    assert (done.status, later.status) == ("created", "retry")
    assert (later.retry_after or 0) > 3000
    with pytest.raises(RateLimitedError):
        site.contacts().write([document("4", contact_name="Fourth")])
    assert site.slept == []


@pytest.mark.parametrize("kind", ["limit", "expired_token"])
def test_what_passes_is_waited_out(site: Site, kind: str) -> None:
    """1070 and a token that has just expired."""
    rule = {"code": 1070} if kind == "limit" else {}
    site.fault(kind, method="POST", path="*/contacts", **rule)
    assert only(site.contacts().write([document(**WHOLE)])).status == "created"


@pytest.mark.parametrize("kind", ["truncate", "malformed", "status_after", "status"])
def test_whatever_becomes_of_the_answer_there_is_one_contact(site: Site, kind: str) -> None:
    """C34: an answer cut short, or none of Zoho's; an outage after the effect, and before."""
    before = site.count("contacts")
    site.fault(kind, status=502, method="POST", path="*/contacts")
    contacts = site.contacts()
    asked = document(**WHOLE)
    first = only(contacts.write([asked]))
    assert first.status == ("unknown" if kind == "status" else "created")
    if first.status == "unknown":
        assert contacts.standing([asked]) == {}
        assert only(contacts.write([asked])).status == "created"
    assert site.count("contacts") == before + 1
    assert set(contacts.standing([asked])) == {ACCOUNT}


def test_a_lossy_line_carries_every_contact_once(site: Site) -> None:
    """C34: three of ten answers are lost; what is in doubt is read back, the rest is asked again."""
    before = site.count("contacts")
    site.fault("close_after", method="POST", path="*/contacts", times=None, probability=0.3, seed=4)
    site.fault("close_before", method="*", path="*", system="zoho", times=None, probability=0.2, seed=5)
    contacts = site.contacts()
    left = {
        each.key: each for n in range(25) for each in [document(f"{n:018d}", contact_name=f"Customer {n}")]
    }
    for _round in range(8):
        for key in contacts.standing(list(left.values())):
            del left[key]
        answers = contacts.write(list(left.values())) if left else []
        done = {"created", "adopted"}
        left = {
            each.key: each
            for each, answer in zip(list(left.values()), answers, strict=True)
            if answer.status not in done
        }
    assert not left
    assert site.count("contacts") == before + 25
