"""C11, C20, C26: what passes between Salesforce and Zoho survives the death of its worker anywhere.

As :mod:`tests.chaos.test_failpoints_of_clarity`, with other stories: an account is entered, changed, deleted;
a deal is won; an item is news; stock moves; an order is made. `make test` kills at all points of a write to
Zoho, `make chaos` everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from include import failpoints
from include.pipelines.mirrors.announce import Request
from include.pipelines.mirrors.flows import (
    SALESFORCE_CUSTOMERS,
    SALESFORCE_WON,
    ZOHO_CATALOGUE,
    ZOHO_ORDERS,
    ZOHO_STOCK,
    MirrorFlow,
)
from tests.chaos.survival import Marker
from tests.chaos.test_failpoints_of_clarity import Story, crossings, die_once, writes
from tests.pipeline.errands import world_of
from tests.pipeline.house import House
from tests.pipeline.outside import cents
from tests.pipeline.salesforce import Goods, Org
from tests.pipeline.world import run_once

NAME, CITY = "Gulf Coast Marine", "Austin"
NOTE = "Ring twice"
TOLD = ("entered", "changed", "won")
"""The stories of which `make test` tries every point of a write; of the others it takes the last."""


@dataclass(frozen=True)
class OrgStory(Story):
    """A story that begins with an empty org."""

    def begin(self, house: House) -> None:
        """A new world, up to the run that shall be interrupted."""
        house.tidy()
        self.tell(house)


def org(house: House) -> Org:
    return Org(house.doors.zoho)


def goods(house: House) -> Goods:
    return Goods(house.doors.zoho)


def carry(house: House, flow: MirrorFlow) -> None:
    """A run that is left alone."""
    here = world_of(flow.name, house.doors, house.clock)
    with closing(here.ledger):
        assert run_once(here, Request(poll=True)).green


def enter(house: House) -> None:
    account = org(house).make("Account", Name=NAME, BillingCity="Galveston", BillingCountry="US")
    org(house).make("Contact", AccountId=account, FirstName="Ana", LastName="Ruiz", Email="a@gulf.example")


def the_account(house: House) -> str:
    (account,) = [each["Id"] for each in org(house).records("Account") if each["Name"] == NAME]
    return str(account)


def change(house: House) -> None:
    enter(house)
    carry(house, SALESFORCE_CUSTOMERS)
    contact = goods(house).contact(NAME)["contact_id"]
    goods(house).put(f"/zoho/contacts/{contact}", {"changes": {"notes": NOTE}})
    org(house).change("Account", the_account(house), BillingCity=CITY)


def delete(house: House) -> None:
    change(house)
    carry(house, SALESFORCE_CUSTOMERS)
    org(house).do("delete", "Account", the_account(house))


def win(house: House) -> None:
    carry(house, ZOHO_CATALOGUE)
    enter(house)
    carry(house, SALESFORCE_CUSTOMERS)
    deal = org(house).make(
        "Opportunity",
        AccountId=the_account(house),
        Name="Refit",
        StageName="Prospecting",
        CloseDate="2026-03-01",
    )
    org(house).win(deal, **{"NW-0001": 3})


def nothing(house: House) -> None:
    """The catalogue is news as it is."""


def count(house: House) -> None:
    carry(house, ZOHO_CATALOGUE)
    carry(house, ZOHO_STOCK)
    goods(house).post("/zoho/items/NW-0001/stock", {"difference": 5})


def order(house: House) -> None:
    win(house)
    carry(house, SALESFORCE_WON)


def assert_entered(house: House) -> None:
    """Once, with its person once."""
    (person,) = goods(house).contact(NAME)["contact_persons"]
    assert person["email"] == "a@gulf.example"


def assert_changed(house: House) -> None:
    """Both edits stand: no crash makes us tell what has not changed."""
    found = goods(house).contact(NAME)
    assert (found["billing_address"]["city"], found["notes"]) == (CITY, NOTE)


def assert_inactive(house: House) -> None:
    assert goods(house).contact(NAME)["status"] == "inactive"


def assert_one_order(house: House) -> None:
    (made,) = goods(house).orders()
    (deal,) = [each for each in org(house).records("Opportunity") if each["IsWon"]]
    assert (made["order_status"], cents(made["total"])) == ("confirmed", cents(deal["Amount"]))


def assert_catalogue(house: House) -> None:
    products = [each["Zoho_Item_Id__c"] for each in org(house).records("Product2")]
    assert sorted(products) == sorted(each["item_id"] for each in goods(house).items())
    assert len(org(house).records("PricebookEntry")) == len(products)


def assert_counted(house: House) -> None:
    (item,) = [each for each in goods(house).items() if each["sku"] == "NW-0001"]
    (product,) = [each for each in org(house).records("Product2") if each["ProductCode"] == "NW-0001"]
    assert cents(product["Zoho_Stock__c"]) == cents(item["actual_available_for_sale_stock"])


def assert_ordered(house: House) -> None:
    (made,) = org(house).records("Order")
    (line,) = org(house).records("OrderItem")
    assert (made["Status"], line["OrderId"], cents(line["Quantity"])) == ("Activated", made["Id"], cents(3))


def story(
    name: str, flow: MirrorFlow, tell: Callable[[House], None], judge: Callable[[House], None]
) -> OrgStory:
    return OrgStory(name, flow.name, tell, judge)


STORIES = (
    story("entered", SALESFORCE_CUSTOMERS, enter, assert_entered),
    story("changed", SALESFORCE_CUSTOMERS, change, assert_changed),
    story("deleted", SALESFORCE_CUSTOMERS, delete, assert_inactive),
    story("won", SALESFORCE_WON, win, assert_one_order),
    story("items", ZOHO_CATALOGUE, nothing, assert_catalogue),
    story("counted", ZOHO_STOCK, count, assert_counted),
    story("ordered", ZOHO_ORDERS, order, assert_ordered),
)
FLOWS = {each.flow for each in STORIES}


def some(house: House, told: OrgStory) -> list[tuple[str, str]]:
    """What `make test` tries of a story."""
    points = writes(house, told)
    return points if told.name in TOLD else points[-1:]


@pytest.mark.parametrize("told", STORIES, ids=str)
def test_a_worker_killed_at_a_write_leaves_one_exact_record(
    house: House, subtests: pytest.Subtests, tmp_path: Path, told: OrgStory
) -> None:
    marker = Marker(tmp_path / "worker")
    assert {point for _, point in writes(house, told)} == set(failpoints.POINTS)
    for where in some(house, told):
        with subtests.test(where=where):
            die_once(house, told, where, marker)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("told", STORIES, ids=str)
def test_a_worker_killed_anywhere_leaves_one_exact_record(
    house: House, subtests: pytest.Subtests, tmp_path: Path, told: OrgStory
) -> None:
    marker = Marker(tmp_path / "worker")
    for where in crossings(house, told):
        with subtests.test(where=where):
            die_once(house, told, where, marker)
