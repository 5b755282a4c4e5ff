"""C19, C24, C25, C27: Salesforce's accounts, people and private contacts as Zoho's contacts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.canonical import Reason
from include.translation import load
from include.translation.loading import MAPPINGS
from tests.unit.mappings.salesforce_records import (
    ACCOUNT_ID,
    account,
    carried,
    contact,
    person,
    private,
    read,
    site,
)

PERSON_ACCOUNT = {
    "IsPersonAccount": True, "Name": "Ruiz, Ana", "Salutation": "Ms.", "FirstName": "Ana", "LastName": "Ruiz",
    "PersonEmail": "ana@home.example", "PersonMobilePhone": "+1 512 555 0100", "Contacts": [],
}  # fmt: skip


def test_a_business_is_its_accounts_name_with_its_people() -> None:
    assert contact(account()) == {
        "contact_name": "Gulf Coast Marine",
        "company_name": "Gulf Coast Marine",
        "contact_type": "customer",
        "customer_sub_type": "business",
        "website": "https://gulf.example",
        "is_active": True,
        "billing_address": {
            "address": "12 Harbor Rd", "street2": "Ste 4", "city": "Galveston", "state": "Texas",
            "state_code": "TX", "zip": "77550", "country": "United States", "country_code": "US",
            "phone": "+1 409 555 0110",
        },
        "contact_persons": [
            {"salutation": "Ms.", "first_name": "Ana", "last_name": "Ruiz", "email": "ana@gulf.example",
             "mobile": "+1 409 555 0111", "designation": "Buyer"},
            {"salutation": "Ms.", "first_name": "Nguyen", "mobile": "+1 409 555 0111",
             "designation": "Buyer"},
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last", "order", "name"),
    [
        ("Ana", "Ruiz", "first_last", "Ana Ruiz"),
        ("Ana", "Ruiz", "last_first", "Ruiz Ana"),
        ("Ana", "Ruiz", "hu", "Ruiz Ana"),
        ("Ana", "Ruiz", "EN ", "Ana Ruiz"),
        ("  Ana  Maria ", " Ruiz ", "first_last", "Ana Maria Ruiz"),
        (None, "Ruiz", "first_last", "Ruiz"),
        ("", "Ruiz", "last_first", "Ruiz"),
        ("Ana", None, "first_last", "Ana"),
        ("Ana", "   ", "last_first", "Ana"),
    ],
)
@pytest.mark.parametrize("kind", ["private contact", "person account"])
def test_a_person_is_first_and_last_name(
    kind: str, first: str | None, last: str | None, order: str, name: str
) -> None:
    """C27: trimmed, a missing part leaves no blank, the order is the site's."""
    names = {"FirstName": first, "LastName": last}
    document = private(**names) if kind == "private contact" else account(**PERSON_ACCOUNT | names)
    found = contact(document, salesforce_name_order=order)
    assert (found["contact_name"], found["customer_sub_type"]) == (name, "individual")
    assert "company_name" not in found


def test_a_person_is_their_own_contact_person() -> None:
    (own,) = contact(account(**PERSON_ACCOUNT))["contact_persons"]
    assert own == {
        "salutation": "Ms.", "first_name": "Ana", "last_name": "Ruiz", "email": "ana@home.example",
        "phone": "+1 409 555 0110", "mobile": "+1 512 555 0100",
    }  # fmt: skip
    (own,) = contact(private())["contact_persons"]
    assert (own["email"], own["mobile"]) == ("ana@gulf.example", "+1 409 555 0111")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (account(Name="  "), Reason.MISSING),
        (private(FirstName=None, LastName=" "), Reason.MISSING),
        (account(BillingCountry="Atlantis"), Reason.UNKNOWN_VALUE),
        (account(CurrencyIsoCode="XTS"), Reason.NO_REFERENCE),
    ],
    ids=["an account without a name", "a person without one", "an unknown country", "an unknown currency"],
)
def test_what_is_missing_or_unknown_goes_to_a_person(document: dict[str, object], code: Reason) -> None:
    """Rule 5: never a default."""
    _, codes = carried("salesforce/customer", "zoho_inventory/customer_write", document)
    assert set(codes) == {code}


def test_an_unknown_order_of_names_is_no_default() -> None:
    _, codes = carried(
        "salesforce/customer", "zoho_inventory/customer_write", private(), salesforce_name_order="tlh"
    )
    assert Reason.UNKNOWN_VALUE in codes


@pytest.mark.parametrize(
    ("changes", "active"),
    [
        ({}, True),
        ({"IsActive": False}, False),
        ({"IsDeleted": True}, False),
        ({"IsDeleted": True, "IsActive": False}, False),
    ],
)
@pytest.mark.parametrize("kind", [account, private])
def test_who_is_active(kind, changes: dict[str, object], active: bool) -> None:
    """C25: as the field says that the connection names; whoever is deleted is not active."""
    assert contact(kind(**changes))["is_active"] is active


def test_a_known_currency_is_named_by_zohos_id() -> None:
    assert contact(account(CurrencyIsoCode="eur"))["currency_id"] == "460000000000109"


def test_an_address_is_billed_where_the_record_says_it() -> None:
    mailing = {
        "BillingStreet": None, "BillingCity": None, "BillingPostalCode": None, "BillingState": None,
        "BillingCountry": None, "PersonMailingStreet": "5 Elm St", "PersonMailingCity": "Austin",
        "PersonMailingCountry": "US",
    }  # fmt: skip
    assert contact(private())["billing_address"]["city"] == "Austin"
    assert contact(account(**PERSON_ACCOUNT | mailing))["billing_address"]["address"] == "5 Elm St"
    assert contact(account(**PERSON_ACCOUNT))["billing_address"]["city"] == "Galveston"


def test_a_persons_own_shadow_and_deleted_people_are_nobodys_contact_persons() -> None:
    shadow = account(**PERSON_ACCOUNT | {"Contacts": [person(Email="shadow@home.example")]})
    assert [each["email"] for each in contact(shadow)["contact_persons"]] == ["ana@home.example"]
    left = account(Contacts=[person("003A", IsDeleted=True)])
    assert contact(left)["contact_persons"] == []


WORDS = st.text(st.characters(categories=["L"]), min_size=1, max_size=20)


@settings(deadline=None, max_examples=40)
@given(names=st.lists(WORDS, min_size=1, max_size=4), blanks=st.sampled_from([" ", "\t", "  "]))
def test_a_name_keeps_its_words(names: list[str], blanks: str) -> None:
    """C24: of Account.Name nothing is lost but blanks, and a second time nothing at all."""
    once = read("salesforce/customer", account(Name=blanks.join(["", *names, ""])), site())
    (name,) = once.frames["customers"].name
    assert name.split() == " ".join(names).split()
    (again,) = read("salesforce/customer", account(Name=name), site()).frames["customers"].name
    assert again == name


@settings(deadline=None, max_examples=40)
@given(first=WORDS, last=WORDS, order=st.sampled_from(["first_last", "last_first"]))
def test_both_names_are_in_the_name(first: str, last: str, order: str) -> None:
    """C27."""
    name = contact(private(FirstName=first, LastName=last), salesforce_name_order=order)["contact_name"]
    expected = [first, last] if order == "first_last" else [last, first]
    assert name == " ".join(" ".join(expected).split())


def test_a_field_of_the_orgs_own_is_two_lines(tmp_path: Path) -> None:
    """C4, C5: any field of Salesforce's to any of Zoho's."""
    root = tmp_path / "mappings"
    shutil.copytree(MAPPINGS, root)
    said_in(
        root / "salesforce/customer.yaml", "    extensions:\n", "      plan: {from: Plan__c, apply: upper}\n"
    )
    fields = "      contact_type: {constant: customer}\n"
    said_in(root / "zoho_inventory/customer_write.yaml", fields, "      cf_plan: {from: extensions.plan}\n")
    inbound, outbound = (
        load(name, root) for name in ("salesforce/customer", "zoho_inventory/customer_write")
    )
    payload = json.dumps(account(Plan__c="gold")).encode()
    ours = inbound.to_canonical([ACCOUNT_ID], [payload], site())
    theirs = outbound.from_canonical(ours.frames, site())
    assert outbound.to_documents(theirs.frames)[ACCOUNT_ID]["cf_plan"] == "GOLD"


def said_in(path: Path, after: str, line: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert after in text
    path.write_text(text.replace(after, after + line, 1), encoding="utf-8")
