"""What neither record says: whose contact, which item, and what a person must decide."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from include.errors import ConfigurationError, TransientError
from include.ledger import Intent, Told, WriteState
from include.pipelines.flows import SALESFORCE, SALESFORCE_CUSTOMERS, ZOHO_CATALOGUE, ZOHO_INVENTORY
from include.pipelines.mirrors import flows
from include.pipelines.mirrors.flows import MirrorFlow
from include.pipelines.mirrors.salesforce.fields import check_readable
from include.pipelines.mirrors.salesforce.sources import (
    Remembered,
    gone_opportunity,
)
from include.pipelines.ports import CUSTOMER, ITEM, ORDER
from tests.unit.mappings.salesforce_records import (
    ACCOUNT_ID,
    CONTACT_ID,
    ITEM_ID,
    OPPORTUNITY_ID,
    PRODUCT_ID,
    ZOHO_CONTACT,
    account,
    line,
    opportunity,
    private,
)
from tests.unit.mappings.test_zoho_catalogue import an_order, item
from tests.unit.pipelines.mirror_runs import Records
from tests.unit.pipelines.salesforce_bench import SECOND, Bench

# Customers ------------------------------------------------------------------------------------------


def test_who_is_gone_and_was_never_carried_is_left_out(customers: Bench) -> None:
    customers.put(account(IsDeleted=True))
    assert customers.run()["unchanged"] == 1
    assert customers.told() == {}


@pytest.mark.parametrize("away", ["recycle bin", "for good"])
def test_who_is_gone_is_inactive_and_nothing_else_is_told(customers: Bench, away: str) -> None:
    customers.put(account())
    customers.run()
    customers.target.told()
    if away == "for good":
        customers.source.held.clear()
    else:
        customers.put(account(IsDeleted=True, Name="Renamed on the way out", Contacts=[]), "2")
    customers.run()
    assert customers.told() == {ACCOUNT_ID: {"is_active": False}}
    customers.put(account(Website=None), "3")
    customers.run()
    assert customers.told() == {ACCOUNT_ID: {"is_active": True, "website": ""}}


def test_a_contact_at_an_account_is_the_accounts_business(customers: Bench) -> None:
    customers.put(private(AccountId=ACCOUNT_ID))
    assert customers.run()["unchanged"] == 1
    customers.put(account())
    customers.run()
    assert list(customers.told()) == [ACCOUNT_ID]


def test_a_private_contact_who_joins_an_account_is_no_contact_of_its_own(customers: Bench) -> None:
    customers.put(private())
    customers.put(account())
    customers.run()
    customers.target.told()
    customers.put(private(AccountId=ACCOUNT_ID), "2")
    customers.run()
    assert customers.told() == {CONTACT_ID: {"is_active": False}}


@pytest.mark.parametrize(
    ("before", "contact_of_survivor", "told"),
    [
        ({"loser"}, f"Z-{ACCOUNT_ID}", {}),
        ({"loser", "survivor"}, f"Z-{SECOND}", {ACCOUNT_ID: {"is_active": False}}),
        ({"survivor"}, f"Z-{SECOND}", {}),
        (set(), f"Z-{SECOND}", {}),
    ],
    ids=["the survivor inherits", "both had one", "the loser had none", "nobody had one"],
)
def test_what_a_merger_leaves(
    customers: Bench, before: set[str], contact_of_survivor: str, told: dict[str, Any]
) -> None:
    documents = {"loser": account(), "survivor": account(Id=SECOND, Name="Survivor")}
    for who in sorted(before):
        customers.put(documents[who])
    customers.run()
    customers.target.told()
    customers.put(account(IsDeleted=True, MasterRecordId=SECOND, Contacts=[]), "2")
    customers.put(documents["survivor"], "2")
    customers.run()
    assert {key: said for key, said in customers.told().items() if key != SECOND} == told
    links = customers.ledger.crosswalk.find(CUSTOMER, SALESFORCE, [SECOND], ZOHO_INVENTORY)
    assert links[SECOND].target_id == contact_of_survivor
    assert customers.run()["received"] == 0


def test_a_contact_that_salesforce_names_may_be_corrected_until_it_was_written(customers: Bench) -> None:
    customers.target.says = ["retry"]
    customers.put(account(Zoho_Contact_Id__c="1111"))
    with pytest.raises(TransientError):
        customers.run()
    customers.put(account(Zoho_Contact_Id__c=ZOHO_CONTACT), "2")
    customers.run()
    customers.put(account(Zoho_Contact_Id__c="2222"), "3")
    customers.run()
    assert [target_id for _, target_id, _ in customers.target.asked] == ["1111", ZOHO_CONTACT]


def test_one_contact_is_not_two_customers(customers: Bench) -> None:
    customers.put(account(Zoho_Contact_Id__c=ZOHO_CONTACT))
    customers.put(account(Id=SECOND, Name="Another", Zoho_Contact_Id__c=ZOHO_CONTACT))
    assert customers.run()["parked"] == 1
    assert list(customers.questions().values()) == ["customer.ambiguous"]


# Won opportunities ----------------------------------------------------------------------------------


def test_a_won_opportunity_is_told_with_its_customer_and_items(won: Bench) -> None:
    won.put(opportunity())
    assert won.run()["loaded"] == 1
    told = won.told()[OPPORTUNITY_ID]
    assert (told["customer_id"], told["line_items"][0]["item_id"]) == (ZOHO_CONTACT, ITEM_ID)


@pytest.mark.parametrize(
    "changes", [{"IsWon": False, "IsClosed": False}, {"IsDeleted": True}, {"IsWon": False}]
)
def test_what_was_never_carried_and_is_not_won_is_left_out(won: Bench, changes: dict[str, Any]) -> None:
    won.put(opportunity(**changes))
    assert won.run()["unchanged"] == 1
    assert (won.told(), won.questions()) == ({}, {})


@pytest.mark.parametrize(
    "changes", [{"IsWon": False, "IsClosed": False}, {"IsWon": False}, {"IsDeleted": True}, None]
)
def test_what_was_carried_and_is_won_no_more_is_a_persons(won: Bench, changes: dict[str, Any] | None) -> None:
    """C29: reopened, lost, deleted, and gone from the recycle bin."""
    won.put(opportunity())
    won.run()
    won.target.told()
    if changes is None:
        won.source.held.clear()
    else:
        won.put(opportunity(**changes), "2")
    assert won.run()["rejected"] == 1
    assert (won.told(), won.questions()) == ({}, {OPPORTUNITY_ID: "record.withdrawn"})
    won.put(opportunity(NextStep="won again"), "3")
    assert won.run()["rejected"] == 0
    assert won.questions() == {}


def test_what_may_have_been_carried_and_is_lost_is_a_persons_too(won: Bench) -> None:
    """Nobody heard whether Zoho made the order."""
    key = "0" * 64
    won.ledger.writes.intend([Intent(key, won.world.flow.name, ORDER, OPPORTUNITY_ID, "1#1", "hash")])
    won.ledger.writes.mark([key], WriteState.IN_DOUBT)
    won.put(opportunity(IsWon=False))
    won.run()
    assert won.questions() == {OPPORTUNITY_ID: "record.withdrawn"}


def test_an_order_waits_for_a_customer_who_is_on_the_way(won: Bench, customers: Bench) -> None:
    won.put(opportunity(AccountId=SECOND))
    counts = won.run()
    assert (counts["waiting"], won.questions()) == (1, {})
    assert won.ledger.inbox.unfinished(SALESFORCE_CUSTOMERS) == [SECOND]
    customers.put(account(Id=SECOND))
    assert customers.run()["loaded"] == 1
    won.clock.now = won.clock.now.replace(minute=5)
    assert won.run()["loaded"] == 1
    assert won.told()[OPPORTUNITY_ID]["customer_id"] == f"Z-{SECOND}"


def test_an_order_whose_customer_came_to_nothing_is_a_persons(won: Bench, customers: Bench) -> None:
    won.put(opportunity(AccountId=SECOND))
    won.run()
    customers.put(account(Id=SECOND, IsDeleted=True))
    assert customers.run()["unchanged"] == 1
    won.clock.now = won.clock.now.replace(minute=5)
    won.run()
    assert won.questions() == {OPPORTUNITY_ID: "reference.not_found"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"AccountId": None, "Account": None}, "field.missing"),
        ({"OpportunityLineItems": []}, "record.no_lines"),
        ({"OpportunityLineItems": [line(Quantity=0)]}, "field.out_of_range"),
    ],
)
def test_an_order_that_lacks_something_is_a_persons(won: Bench, changes: dict[str, Any], code: str) -> None:
    won.put(opportunity(**changes))
    won.run()
    assert won.questions() == {OPPORTUNITY_ID: code}


def test_a_product_that_is_two_items_is_a_question(won: Bench) -> None:
    won.link(ITEM, ZOHO_INVENTORY, "460000000026050", PRODUCT_ID)
    won.put(opportunity())
    won.run()
    assert won.questions() == {OPPORTUNITY_ID: "reference.ambiguous"}


NAMES = {
    "1": ("LMP-0220", "Deck lamp, amber"), "2": ("CBL-16", "Marine cable red"),
    "3": ("", "Amber deck lamp LED"), "4": ("LMP-100", "Reading lamp"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "name", "best", "reason"),
    [
        ("LMP-220", "Something else", "1", "code"),
        ("CBL 16", "Cable", "2", "code and name"),
        ("", "amber deck lamp led", "3", "name"),
        ("X-1", "Marine cable (red)", "2", "name"),
    ],
)
def test_the_likeliest_item_comes_first_with_its_reason(
    won: Bench, code: str, name: str, best: str, reason: str
) -> None:
    """C32: none is taken by itself, however alike."""
    told = [
        Told(
            ITEM,
            ZOHO_INVENTORY,
            key,
            SALESFORCE,
            json.dumps({"Product2": {"ProductCode": own, "Name": called}}),
        )
        for key, (own, called) in NAMES.items()
    ]
    won.ledger.told.keep(told)
    sold = line(
        Product2Id="01tX", ProductCode=code, Product2={"Id": "01tX", "Name": name, "ProductCode": code}
    )
    won.put(opportunity(OpportunityLineItems=[sold]))
    assert won.run()["parked"] == 1
    (question,) = won.ledger.exceptions.list(state="open")
    first = json.loads(question.candidates)[0]
    assert (first["value"], first["reason"]) == (best, reason)
    assert won.told() == {}


# The other way -------------------------------------------------------------------------------------


def test_an_item_that_is_gone_is_sold_no_more(bench: Callable[[MirrorFlow], Bench]) -> None:
    catalogue = bench(flows.ZOHO_CATALOGUE)
    catalogue.put(item())
    catalogue.run()
    catalogue.target.told()
    catalogue.source.held.clear()
    catalogue.run()
    assert catalogue.told() == {ITEM_ID: {"Product2": {"Zoho_Item_Id__c": ITEM_ID, "IsActive": False}}}


def test_stock_of_what_is_no_product_is_left_out(bench: Callable[[MirrorFlow], Bench]) -> None:
    stock = bench(flows.ZOHO_STOCK)
    stock.source.key = "item_id"
    stock.link(ITEM, ZOHO_INVENTORY, ITEM_ID, PRODUCT_ID)
    for key in (ITEM_ID, "2"):
        stock.put({"item_id": key, "sku": "", "stock": 5}, "5")
    assert stock.run()["loaded"] == 1
    assert list(stock.told()) == [ITEM_ID]


@pytest.fixture
def orders(bench: Callable[[MirrorFlow], Bench]) -> Bench:
    made = bench(flows.ZOHO_ORDERS)
    made.source.key = "salesorder_id"
    made.link(ITEM, ZOHO_INVENTORY, ITEM_ID, PRODUCT_ID)
    return made


ORDER_ID = str(an_order()["salesorder_id"])


def test_an_order_names_its_account_and_its_opportunity(orders: Bench) -> None:
    orders.link(CUSTOMER, SALESFORCE, SECOND, ZOHO_CONTACT, origin="merged by somebody")
    orders.link(CUSTOMER, SALESFORCE, ACCOUNT_ID, ZOHO_CONTACT)
    orders.link(ORDER, SALESFORCE, OPPORTUNITY_ID, ORDER_ID)
    orders.put(an_order())
    assert orders.run()["loaded"] == 1
    told = orders.told()[ORDER_ID]["Order"]
    assert (told["AccountId"], told["OpportunityId"]) == (ACCOUNT_ID, OPPORTUNITY_ID)


@pytest.mark.parametrize("buyer", ["", CONTACT_ID])
def test_an_order_of_nobodys_account_is_left_out(orders: Bench, buyer: str) -> None:
    if buyer:
        orders.link(CUSTOMER, SALESFORCE, buyer, ZOHO_CONTACT)
    orders.put(an_order())
    assert orders.run()["unchanged"] == 1
    assert orders.told() == {}


def test_a_void_order_that_salesforce_never_had_is_left_out(orders: Bench) -> None:
    orders.link(CUSTOMER, SALESFORCE, ACCOUNT_ID, ZOHO_CONTACT)
    orders.put(an_order(order_status="void"))
    assert orders.run()["unchanged"] == 1


def test_an_item_that_is_no_product_yet_is_asked_of_the_catalogue(orders: Bench) -> None:
    orders.link(CUSTOMER, SALESFORCE, ACCOUNT_ID, ZOHO_CONTACT)
    lines = [{**an_order()["line_items"][0], "item_id": "2"}]
    orders.put(an_order(line_items=lines))
    assert orders.run()["parked"] == 1
    assert orders.questions() == {ORDER_ID: "reference.not_found"}
    assert orders.ledger.inbox.unfinished(ZOHO_CATALOGUE) == ["2"]


# Fields --------------------------------------------------------------------------------------------


class Org:
    """An org that hides some fields."""

    def __init__(self, *hidden: str) -> None:
        self.hidden = set(hidden)

    def has(self, name: str, field: str) -> bool:
        return f"{name}.{field}" not in self.hidden

    def check_fields(self, name: str, fields: list[str]) -> None:
        if missing := [field for field in fields if not self.has(name, field)]:
            raise ConfigurationError(f"{name}: {missing}")


@pytest.mark.parametrize(
    ("mapping", "hidden"),
    [
        ("salesforce/customer", "Account.Phone"),
        ("salesforce/customer", "Account.BillingStreet"),
        ("salesforce/customer", "Contact.MailingStreet"),
        ("salesforce/customer", "Contact.Email"),
        ("salesforce/opportunity", "Opportunity.IsWon"),
        ("salesforce/opportunity", "OpportunityLineItem.UnitPrice"),
    ],
)
def test_a_field_that_is_hidden_is_no_empty_field(mapping: str, hidden: str) -> None:
    """C4: it would be emptied in Zoho."""
    with pytest.raises(ConfigurationError, match=hidden.split(".")[1]):
        check_readable(Org(hidden), mapping)


@pytest.mark.parametrize(
    "missing",
    ["Account.IsPersonAccount", "Account.PersonEmail", "Account.CurrencyIsoCode", "Account.BillingStateCode",
     "Account.Zoho_Contact_Id__c", "Account.FirstName", "Contact.Website"],
)  # fmt: skip
def test_what_only_some_orgs_have_may_be_missing(missing: str) -> None:
    check_readable(Org(missing), "salesforce/customer")


def test_the_field_of_the_number_must_be_readable() -> None:
    source = Records()
    source.put(opportunity(Quote__c="Q-7"), "1")
    named = Remembered(source, gone_opportunity, number_field="Quote__c")
    ((_, payload),) = named.documents([OPPORTUNITY_ID])
    assert json.loads(payload)["named"] == {"number": "Q-7"}
    with pytest.raises(ConfigurationError, match="Hidden__c"):
        list(Remembered(source, gone_opportunity, number_field="Hidden__c").documents([OPPORTUNITY_ID]))
