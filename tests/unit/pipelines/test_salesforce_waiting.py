"""Who waits for a customer or a product that is on its way, and goes on by itself once it has come."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from include.pipelines.flows import SALESFORCE, SALESFORCE_CUSTOMERS, SALESFORCE_WON, ZOHO_INVENTORY
from include.pipelines.mirrors import flows
from include.pipelines.mirrors.flows import MirrorFlow
from include.pipelines.ports import CUSTOMER, ITEM
from tests.unit.mappings.salesforce_records import (
    ACCOUNT_ID,
    ITEM_ID,
    OPPORTUNITY_ID,
    PRODUCT_ID,
    account,
    opportunity,
)
from tests.unit.mappings.test_zoho_catalogue import an_order, item
from tests.unit.pipelines.salesforce_bench import Bench

ORDER_ID = str(an_order()["salesorder_id"])


@pytest.fixture
def catalogue(bench: Callable[[MirrorFlow], Bench]) -> Bench:
    made = bench(flows.ZOHO_CATALOGUE)
    made.put(item())
    return made


@pytest.fixture
def won(bench: Callable[[MirrorFlow], Bench]) -> Bench:
    made = bench(flows.SALESFORCE_WON)
    made.link(ITEM, ZOHO_INVENTORY, ITEM_ID, PRODUCT_ID)
    return made


def test_an_opportunity_that_waits_is_due_as_soon_as_its_customer_has_come(
    won: Bench, customers: Bench
) -> None:
    won.put(opportunity())
    customers.put(account())
    assert won.run()["waiting"] == 1
    assert won.ledger.inbox.pending(SALESFORCE_WON) == 0
    assert customers.run()["loaded"] == 1
    assert won.run()["loaded"] == 1
    assert list(won.told()) == [OPPORTUNITY_ID]


def test_a_customer_who_comes_to_nothing_makes_its_opportunity_a_question_at_once(
    won: Bench, customers: Bench
) -> None:
    won.put(opportunity())
    won.run()
    customers.put(account(IsDeleted=True))
    customers.run()
    won.run()
    assert won.questions() == {OPPORTUNITY_ID: "reference.not_found"}


def test_a_question_for_a_customer_who_has_come_at_last_answers_itself(won: Bench, customers: Bench) -> None:
    won.put(opportunity())
    won.run()
    customers.put(account(IsDeleted=True))
    customers.run()
    won.run()
    customers.put(account(), "2")
    customers.run()
    assert [each.field for each in won.ledger.exceptions.list(state="retrying")] == ["AccountId"]
    assert won.run()["loaded"] == 1
    assert won.questions() == {}


def test_a_customer_who_is_set_aside_wakes_nobody(won: Bench, customers: Bench) -> None:
    won.put(opportunity())
    won.run()
    customers.put(account(BillingCountry="Atlantis"))
    assert customers.run()["parked"] > 0
    assert won.ledger.inbox.pending(SALESFORCE_WON) == 0
    customers.put(account(), "2")
    won.ledger.exceptions.start_retry([each.id for each in won.ledger.exceptions.list(SALESFORCE_CUSTOMERS)])
    customers.run()
    assert won.ledger.inbox.pending(SALESFORCE_WON) > 0


def test_what_lacks_a_product_goes_on_once_the_catalogue_has_it(
    bench: Callable[[MirrorFlow], Bench], catalogue: Bench
) -> None:
    """C28: on either side, and only of the item that has come."""
    orders, won = bench(flows.ZOHO_ORDERS), bench(flows.SALESFORCE_WON)
    orders.source.key = "salesorder_id"
    orders.link(CUSTOMER, SALESFORCE, ACCOUNT_ID, str(an_order()["customer_id"]))
    orders.put(an_order())
    other = [{**an_order()["line_items"][0], "item_id": "2"}]
    orders.put({**an_order(), "salesorder_id": "7", "line_items": other})
    assert orders.run()["parked"] == 2
    lines = [{**line, "Product2Id": f"Z-{ITEM_ID}"} for line in opportunity()["OpportunityLineItems"]]
    won.put(opportunity(OpportunityLineItems=lines))
    assert won.run()["parked"] == 1
    assert catalogue.run()["loaded"] == 1
    assert orders.run()["loaded"] == 1
    assert list(orders.told()) == [ORDER_ID]
    assert won.run()["loaded"] == 1
    assert {(each.record_key, each.field) for each in orders.ledger.exceptions.list(state="open")} == {
        ("7", "item_id")
    }
