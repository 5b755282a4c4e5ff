"""Who leaves: a contact its account, a record Salesforce."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from include.pipelines.flows import SALESFORCE, ZOHO_INVENTORY
from include.pipelines.mirrors import flows
from include.pipelines.mirrors.flows import MirrorFlow
from include.pipelines.ports import CUSTOMER, ITEM
from tests.unit.mappings.salesforce_records import (
    ACCOUNT_ID,
    CONTACT_ID,
    ITEM_ID,
    OPPORTUNITY_ID,
    PRODUCT_ID,
    ZOHO_CONTACT,
    account,
    opportunity,
    private,
)
from tests.unit.pipelines.salesforce_bench import SECOND, Bench

ANA = {
    "Id": CONTACT_ID,
    "FirstName": "Ana",
    "LastName": "Ruiz",
    "Email": "ana@gulf.example",
    "IsDeleted": False,
}


def people_told(customers: Bench) -> dict[str, list[tuple[str, bool]]]:
    """Names of the contact persons that Zoho was told of, and whether as deleted, by account."""
    return {
        key: [(each["first_name"], each.get("is_deleted", False)) for each in said["contact_persons"]]
        for key, said in customers.told().items()
        if "contact_persons" in said
    }


def test_an_account_that_a_contact_has_left_loses_the_person(customers: Bench) -> None:
    """C19: only the new account is announced; there and back again, each time."""
    customers.put(account(Contacts=[ANA]))
    customers.put(account(Id=SECOND, Name="Another", Contacts=[]))
    customers.run()
    customers.target.told()
    places = [(ACCOUNT_ID, SECOND), (SECOND, ACCOUNT_ID), (ACCOUNT_ID, SECOND)]
    for number, (old, new) in enumerate(places):
        names = {ACCOUNT_ID: "Gulf Coast Marine", SECOND: "Another"}
        held = customers.source.held[old]["version"]
        customers.put(account(Id=old, Name=names[old], Contacts=[]), held)
        customers.put(account(Id=new, Name=names[new], Contacts=[ANA]), f"moved {number}")
        customers.run()
        assert people_told(customers) == {new: [("Ana", False)]}
        customers.run()
        assert people_told(customers) == {old: [("Ana", True)]}
        customers.run()
        assert customers.told() == {}


def test_an_account_whose_contact_goes_its_own_way_loses_the_person(customers: Bench) -> None:
    customers.put(account(Contacts=[ANA]))
    customers.run()
    customers.target.told()
    customers.put(account(Contacts=[]))
    customers.put(private(), "2")
    customers.run()
    customers.target.told()
    customers.run()
    assert people_told(customers) == {ACCOUNT_ID: [("Ana", True)]}


@pytest.mark.parametrize("broken", [{"BillingCountry": "Atlantis"}, {"Name": None}])
def test_a_deleted_customer_need_say_no_more(customers: Bench, broken: dict[str, Any]) -> None:
    """Nobody mends the address of an account in the recycle bin."""
    customers.put(account())
    customers.run()
    customers.target.told()
    customers.put(account(IsDeleted=True, Contacts=[], **broken), "2")
    customers.run()
    assert (customers.told(), customers.questions()) == ({ACCOUNT_ID: {"is_active": False}}, {})


def test_a_deleted_deal_need_say_no_more_than_that(bench: Callable[[MirrorFlow], Bench]) -> None:
    won = bench(flows.SALESFORCE_WON)
    won.link(CUSTOMER, SALESFORCE, ACCOUNT_ID, ZOHO_CONTACT)
    won.link(ITEM, ZOHO_INVENTORY, ITEM_ID, PRODUCT_ID)
    won.put(opportunity())
    won.run()
    won.put(opportunity(IsDeleted=True, CloseDate=None, CurrencyIsoCode="???"), "2")
    won.run()
    assert won.questions() == {OPPORTUNITY_ID: "record.withdrawn"}
