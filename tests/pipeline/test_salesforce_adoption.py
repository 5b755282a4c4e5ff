"""What stands on the other side already is linked, never made a second time; a doubt is a person's."""

from __future__ import annotations

import json

import pytest

from include.ledger import Link
from include.pipelines.flows import SALESFORCE, ZOHO_INVENTORY
from include.pipelines.mirrors import flows
from include.pipelines.mirrors.announce import Request
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.ports import CUSTOMER, ITEM
from tests.pipeline.house import House
from tests.pipeline.outside import Json, cents
from tests.pipeline.salesforce import Carry, Goods, Org

WHOLE = Request(whole=True)


# Products -------------------------------------------------------------------------------------------


@pytest.fixture
def catalogue(worlds_of: dict[str, MirrorWorld]) -> MirrorWorld:
    return worlds_of[flows.ZOHO_CATALOGUE.name]


def an_item(zoho: Goods, sku: str) -> Json:
    (found,) = [each for each in zoho.items() if each["sku"] == sku]
    return found


def of_code(org: Org, code: str) -> list[Json]:
    return [
        each for each in org.records("Product2") if (each["ProductCode"] or "").casefold() == code.casefold()
    ]


@pytest.mark.parametrize("code", ["NW-0001", "nw-0001"])
def test_a_product_of_an_items_code_is_adopted_with_its_price(
    org: Org, zoho: Goods, carry: Carry, code: str
) -> None:
    """C9: it keeps its id, so the opportunities that name it are whole; nothing is told a second time."""
    theirs = org.make("Product2", Name="Chai, typed by hand", ProductCode=code, IsActive=False)
    (book,) = [each for each in org.records("Pricebook2") if each["IsStandard"]]
    org.make("PricebookEntry", Pricebook2Id=book["Id"], Product2Id=theirs, UnitPrice="1", IsActive=True)
    assert carry(flows.ZOHO_CATALOGUE)["loaded"] == len(zoho.items())
    item = an_item(zoho, "NW-0001")
    (product,) = of_code(org, "NW-0001")
    assert (product["Id"], product["Zoho_Item_Id__c"]) == (theirs, item["item_id"])
    assert (product["Name"], product["IsActive"]) == (item["name"], True)
    (price,) = [each for each in org.records("PricebookEntry") if each["Product2Id"] == theirs]
    assert cents(price["UnitPrice"]) == cents(item["rate"])
    again = carry(flows.ZOHO_CATALOGUE, WHOLE)
    assert (again["loaded"], len(org.records("Product2"))) == (0, len(zoho.items()))


def test_of_two_products_of_one_code_a_person_chooses(
    org: Org, zoho: Goods, carry: Carry, catalogue: MirrorWorld
) -> None:
    """Neither is taken and no third is made, before or after; the chosen one is told by a replay."""
    twins = [org.make("Product2", Name=f"Chai {n}", ProductCode="NW-0001") for n in range(2)]
    run = carry(flows.ZOHO_CATALOGUE)
    assert (run["parked"], run["loaded"]) == (1, len(zoho.items()) - 1)
    (question,) = catalogue.ledger.exceptions.list(state="open")
    item = an_item(zoho, "NW-0001")
    assert (question.code, question.field) == ("reference.ambiguous", "ProductCode")
    assert question.record_key == item["item_id"]
    assert {each["value"] for each in json.loads(question.candidates)} == set(twins)
    assert len(of_code(org, "NW-0001")) == 2
    chosen = Link(ITEM, ZOHO_INVENTORY, item["item_id"], SALESFORCE, twins[1], origin="named by clerk")
    catalogue.ledger.crosswalk.bind([chosen])
    catalogue.ledger.exceptions.start_retry([question.id], actor="clerk")
    assert carry(flows.ZOHO_CATALOGUE)["loaded"] == 1
    named = {each["Id"]: each["Zoho_Item_Id__c"] for each in of_code(org, "NW-0001")}
    assert named == {twins[0]: None, twins[1]: item["item_id"]}
    assert catalogue.ledger.exceptions.list(state="open") == []
    assert carry(flows.ZOHO_CATALOGUE, WHOLE)["loaded"] == 0


def test_an_item_that_has_its_product_takes_no_other(org: Org, zoho: Goods, carry: Carry) -> None:
    carry(flows.ZOHO_CATALOGUE)
    theirs = org.make("Product2", Name="Chai, again", ProductCode="NW-0001")
    carry(flows.ZOHO_CATALOGUE, WHOLE)
    assert org.record("Product2", theirs)["Zoho_Item_Id__c"] is None


# Customers ------------------------------------------------------------------------------------------

GULF = {
    "Name": "Gulf Coast Marine, Inc.", "Phone": "+1 409 555 0110", "BillingStreet": "12 Harbor Rd",
    "BillingCity": "Galveston", "BillingPostalCode": "77550", "BillingCountry": "United States",
}  # fmt: skip
KEPT = {"contact_name": "GULF COAST MARINE", "company_name": "GULF COAST MARINE", "contact_type": "customer"}
AT_HOME = {"billing_address": {"zip": "77550-1234", "country": "United States"}}
BY_MAIL = {"contact_persons": [{"first_name": "Ana", "last_name": "Ruiz", "email": "ANA@gulf.example"}]}
BY_PHONE = {"phone": "409-555-0110"}


@pytest.fixture
def customers(worlds_of: dict[str, MirrorWorld]) -> MirrorWorld:
    return worlds_of[flows.SALESFORCE_CUSTOMERS.name]


def kept(zoho: Goods, **values: object) -> str:
    """Somebody at Zoho has entered a contact; its id."""
    made: str = zoho.post("/zoho/contacts", {"body": KEPT | values})["contact_id"]
    return made


def gulf(zoho: Goods) -> dict[str, str]:
    """Ids of the contacts that are called so, by name."""
    return {
        each["contact_name"]: each["contact_id"]
        for each in zoho.contacts()
        if "gulf" in each["contact_name"].casefold()
    }


@pytest.mark.parametrize("shared", [AT_HOME, BY_MAIL, BY_PHONE], ids=["postal code", "e-mail", "telephone"])
def test_an_account_whose_contact_stands_in_zoho_is_linked(
    org: Org, zoho: Goods, carry: Carry, shared: dict[str, object]
) -> None:
    """C16, B7: written otherwise, and known by one thing more; told from then on, never made again."""
    theirs = kept(zoho, **shared)
    account = org.make("Account", **GULF)
    org.make("Contact", AccountId=account, FirstName="Ana", LastName="Ruiz", Email="ana@gulf.example")
    assert carry(flows.SALESFORCE_CUSTOMERS)["loaded"] == 1
    assert gulf(zoho) == {"Gulf Coast Marine, Inc.": theirs}
    org.change("Account", account, BillingCity="Austin")
    carry(flows.SALESFORCE_CUSTOMERS)
    assert zoho.contact("Gulf Coast Marine, Inc.")["billing_address"]["city"] == "Austin"
    before = zoho.writes()
    carry(flows.SALESFORCE_CUSTOMERS, WHOLE)
    assert (zoho.writes(), len(gulf(zoho))) == (before, 1)


def test_of_two_contacts_a_person_chooses(
    org: Org, zoho: Goods, carry: Carry, customers: MirrorWorld
) -> None:
    """C16: both are named, no third is made; the chosen one is told by a replay."""
    twins = [kept(zoho, **AT_HOME), kept(zoho, **AT_HOME, contact_name="Gulf Coast Marine (2)")]
    account = org.make("Account", **GULF)
    assert carry(flows.SALESFORCE_CUSTOMERS)["parked"] == 1
    (question,) = customers.ledger.exceptions.list(state="open")
    assert (question.code, question.field, question.value) == ("customer.ambiguous", "Id", account)
    assert {each["value"] for each in json.loads(question.candidates)} == set(twins)
    assert set(gulf(zoho).values()) == set(twins)
    chosen = Link(CUSTOMER, SALESFORCE, account, ZOHO_INVENTORY, twins[0], origin="named by clerk")
    customers.ledger.crosswalk.bind([chosen])
    customers.ledger.exceptions.start_retry([question.id], actor="clerk")
    assert carry(flows.SALESFORCE_CUSTOMERS)["loaded"] == 1
    assert gulf(zoho) == {"Gulf Coast Marine, Inc.": twins[0], "Gulf Coast Marine (2)": twins[1]}
    assert customers.ledger.exceptions.list(state="open") == []


def test_a_mere_likeness_is_a_question(org: Org, zoho: Goods, carry: Carry, customers: MirrorWorld) -> None:
    """C16: one name, and nothing else in common: nobody is linked and nobody made."""
    theirs = kept(zoho)
    org.make("Account", **GULF)
    assert carry(flows.SALESFORCE_CUSTOMERS)["parked"] == 1
    (question,) = customers.ledger.exceptions.list(state="open")
    assert [each["value"] for each in json.loads(question.candidates)] == [theirs]
    assert gulf(zoho) == {"GULF COAST MARINE": theirs}


def test_a_person_who_writes_from_a_firms_address_is_not_the_firm(
    org: Org, zoho: Goods, carry: Carry, customers: MirrorWorld
) -> None:
    """C16: linked, the firm's contact would be called by the person's name."""
    theirs = kept(zoho, **BY_MAIL)
    org.make("Contact", FirstName="Bo", LastName="Alone", Email="ana@gulf.example")
    assert carry(flows.SALESFORCE_CUSTOMERS)["parked"] == 1
    (question,) = customers.ledger.exceptions.list(state="open")
    assert [each["value"] for each in json.loads(question.candidates)] == [theirs]
    assert gulf(zoho) == {"GULF COAST MARINE": theirs}


def test_who_shares_nothing_is_made(org: Org, zoho: Goods, carry: Carry) -> None:
    """C16: neither another branch nor a neighbour is the customer."""
    kept(zoho, contact_name="Pacific Marine", company_name="Pacific Marine", **AT_HOME)
    org.make("Account", **GULF)
    assert carry(flows.SALESFORCE_CUSTOMERS)["loaded"] == 1
    assert len(gulf(zoho)) == 1


def test_two_accounts_of_one_customer_make_one_contact(
    house: House, org: Org, zoho: Goods, carry: Carry, customers: MirrorWorld
) -> None:
    """C16: the second waits for the first, and then a person merges the two in Salesforce."""
    first = org.make("Account", **GULF)
    second = org.make("Account", **{**GULF, "Name": "Gulf Coast Marine"})
    assert carry(flows.SALESFORCE_CUSTOMERS)["loaded"] == 1
    house.clock.pass_(minutes=1)
    assert carry(flows.SALESFORCE_CUSTOMERS)["parked"] == 1
    (question,) = customers.ledger.exceptions.list(state="open")
    both = {first, second}
    assert question.record_key in both
    assert (both - {question.record_key}).pop() in question.message
    assert len(gulf(zoho)) == 1


# Won deals ------------------------------------------------------------------------------------------


def test_a_deal_of_an_unclear_account_and_product_goes_when_both_were_chosen(
    house: House, org: Org, zoho: Goods, carry: Carry, customers: MirrorWorld
) -> None:
    """C28, C32, C16: parked whole, with candidates; loaded as the clerk said after a replay, once."""
    ledger = customers.ledger
    carry(flows.ZOHO_CATALOGUE)
    twins = [kept(zoho, **AT_HOME), kept(zoho, **AT_HOME, contact_name="Gulf Coast Marine (2)")]
    account = org.make("Account", **GULF)
    unclear = org.make("Product2", Name="Chai (old)", ProductCode="NW-1", IsActive=True)
    (book,) = [each for each in org.records("Pricebook2") if each["IsStandard"]]
    org.make("PricebookEntry", Pricebook2Id=book["Id"], Product2Id=unclear, UnitPrice="18", IsActive=True)
    values = {"Name": "Refit", "StageName": "Prospecting", "CloseDate": "2026-03-01"}
    deal = org.make("Opportunity", AccountId=account, **values)
    carry(flows.SALESFORCE_CUSTOMERS)
    org.win(deal, **{"NW-1": 1, "NW-0003": 2})
    carry(flows.SALESFORCE_WON)
    asked = {each.field: each for each in ledger.exceptions.list(state="open")}
    assert zoho.orders() == []
    offered = json.loads(asked["Product2Id"].candidates)
    item = an_item(zoho, "NW-0001")
    assert (asked["Product2Id"].value, offered[0]["value"]) == (unclear, item["item_id"])
    ledger.crosswalk.bind(
        [
            Link(CUSTOMER, SALESFORCE, account, ZOHO_INVENTORY, twins[1], origin="named by clerk"),
            Link(ITEM, SALESFORCE, unclear, ZOHO_INVENTORY, item["item_id"], origin="named by clerk"),
        ]
    )
    ledger.exceptions.start_retry([each.id for each in asked.values()], actor="clerk")
    carry(flows.SALESFORCE_CUSTOMERS)
    house.clock.pass_(minutes=1)
    assert carry(flows.SALESFORCE_WON)["loaded"] == 1
    (order,) = zoho.orders()
    assert order["customer_id"] == twins[1]
    assert [(each["sku"], int(each["quantity"])) for each in order["line_items"]] == [
        ("NW-0001", 1),
        ("NW-0003", 2),
    ]
    assert ledger.exceptions.list(state="open") == []
    carry(flows.SALESFORCE_WON, WHOLE)
    assert len(zoho.orders()) == 1
