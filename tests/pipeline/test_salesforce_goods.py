"""Goods and orders between Salesforce and Zoho: catalogue, stock, won deals, and where their orders stand."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from include.ledger import Ledger
from include.pipelines.mirrors import flows
from include.pipelines.mirrors.announce import Request
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.ports import ITEM, ORDER
from tests.pipeline.house import House
from tests.pipeline.outside import Json, cents
from tests.pipeline.salesforce import Carry, Goods, Org

GULF = {"Name": "Gulf Coast Marine", "BillingCity": "Galveston", "BillingCountry": "United States"}
WHOLE = Request(whole=True)
ALL = flows.SALESFORCE_FLOWS


def questions(house: House) -> list[str]:
    """Codes of what waits for a person."""
    ledger = Ledger.connect(house.doors.ledger)
    found = [each.code for each in ledger.exceptions.list(state="open")]
    ledger.close()
    return found


def a_deal(org: Org, account: str, **values: object) -> str:
    made = {"Name": "Spring refit", "StageName": "Prospecting", "CloseDate": "2026-03-01"} | values
    return org.make("Opportunity", AccountId=account, **made)


def test_every_item_is_a_product_with_its_price_once(org: Org, zoho: Goods, carry: Carry) -> None:
    """C9, C11: the second night writes nothing."""
    run = carry(flows.ZOHO_CATALOGUE)
    items = {each["item_id"]: each for each in zoho.items()}
    assert run["loaded"] == len(items)
    products = {each["Zoho_Item_Id__c"]: each for each in org.records("Product2")}
    prices = {each["Product2Id"]: cents(each["UnitPrice"]) for each in org.records("PricebookEntry")}
    assert products.keys() == items.keys()
    for key, item in items.items():
        product = products[key]
        assert (product["Name"], product["ProductCode"]) == (item["name"], item["sku"].strip() or None)
        assert prices[product["Id"]] == cents(item["rate"])
        assert product["IsActive"] is (item["status"] == "active")
    stamps = {each["Id"]: each["SystemModstamp"] for each in org.records("Product2")}
    assert carry(flows.ZOHO_CATALOGUE)["received"] == 0
    assert carry(flows.ZOHO_CATALOGUE, WHOLE)["loaded"] == 0
    assert {each["Id"]: each["SystemModstamp"] for each in org.records("Product2")} == stamps


def test_a_new_price_and_an_end_of_sale_are_told_by_night(org: Org, zoho: Goods, carry: Carry) -> None:
    carry(flows.ZOHO_CATALOGUE)
    zoho.post("/clock", {"jump_seconds": 2})
    priced = zoho.put("/zoho/items/NW-0001", {"changes": {"rate": 19.75}})
    (ended,) = [each for each in zoho.items() if each["sku"] == "NW-0002"]
    ended |= {"status": "inactive", "last_modified_time": priced["last_modified_time"]}
    zoho.put(f"/zoho/documents/items/{ended['item_id']}", ended)
    carry(flows.ZOHO_CATALOGUE)
    products = {each["ProductCode"]: each for each in org.records("Product2")}
    prices = {each["Product2Id"]: each for each in org.records("PricebookEntry")}
    assert Decimal(str(prices[products["NW-0001"]["Id"]]["UnitPrice"])) == Decimal("19.75")
    assert products["NW-0002"]["IsActive"] is False


def test_stock_that_moves_shows_on_the_product(org: Org, zoho: Goods, carry: Carry) -> None:
    """C7: moved by documents, of which no item tells."""
    carry(flows.ZOHO_CATALOGUE)
    carry(flows.ZOHO_STOCK)
    (item,) = [each for each in zoho.items() if each["sku"] == "NW-0001"]
    held = Decimal(str(item["actual_available_for_sale_stock"]))
    assert _stock(org, "NW-0001") == held
    zoho.post("/zoho/items/NW-0001/stock", {"difference": 5})
    run = carry(flows.ZOHO_STOCK)
    assert (run["received"], run["loaded"], _stock(org, "NW-0001")) == (1, 1, held + 5)
    assert carry(flows.ZOHO_STOCK)["received"] == 0


def _stock(org: Org, code: str) -> Decimal:
    (product,) = [each for each in org.records("Product2") if each["ProductCode"] == code]
    return Decimal(str(product["Zoho_Stock__c"]))


@pytest.fixture
def won(house: House, org: Org, zoho: Goods, carry: Carry) -> tuple[str, Json]:
    """A deal that was won and carried, and its order in Zoho: it waited for its customer."""
    carry(flows.ZOHO_CATALOGUE)
    account = org.make("Account", **GULF)
    deal = a_deal(org, account)
    org.win(deal, **{"NW-0001": 3, "NW-0003": 2})
    first = carry(flows.SALESFORCE_WON)
    assert first["loaded"] == 0
    carry(flows.SALESFORCE_CUSTOMERS, Request())
    house.clock.pass_(minutes=1)
    carry(flows.SALESFORCE_WON)
    (order,) = zoho.orders()
    return deal, order


def test_a_won_deal_is_a_confirmed_order_once(
    org: Org, zoho: Goods, worlds_of: dict[str, MirrorWorld], carry: Carry, won: tuple[str, Json]
) -> None:
    """C1, C26, C28: it waited for its customer, who was carried because of it."""
    deal, order = won
    assert (order["order_status"], order["salesorder_number"]) == ("confirmed", f"SF-{deal}")
    assert order["customer_name"] == "Gulf Coast Marine"
    assert cents(order["total"]) == cents(org.record("Opportunity", deal)["Amount"])
    assert [(each["sku"], int(each["quantity"])) for each in order["line_items"]] == [
        ("NW-0001", 3),
        ("NW-0003", 2),
    ]
    before = zoho.writes()
    org.change("Opportunity", deal, NextStep="Send flowers")
    assert carry(flows.SALESFORCE_WON)["unchanged"] == 1
    assert carry(flows.SALESFORCE_WON, WHOLE)["loaded"] == 0
    assert (zoho.writes(), len(zoho.orders())) == (before, 1)


def test_what_was_never_won_is_passed_over(org: Org, zoho: Goods, carry: Carry) -> None:
    deal = a_deal(org, org.make("Account", **GULF))
    carry(flows.SALESFORCE_WON)
    carry(flows.SALESFORCE_WON, Request(keys=(deal,)))
    assert zoho.orders() == []


@pytest.mark.parametrize("stage", ["Negotiation/Review", "Closed Lost"])
def test_a_deal_that_is_won_no_more_is_a_persons(
    house: House, org: Org, carry: Carry, won: tuple[str, Json], stage: str
) -> None:
    """C29: nothing is voided by itself; won again, it goes on."""
    deal, _ = won
    org.change("Opportunity", deal, StageName=stage)
    assert carry(flows.SALESFORCE_WON)["rejected"] == 1
    assert questions(house) == ["record.withdrawn"]
    (order,) = Goods(org.url).orders()
    assert order["order_status"] == "confirmed"
    org.change("Opportunity", deal, StageName="Closed Won")
    carry(flows.SALESFORCE_WON)
    assert questions(house) == []


def test_a_product_that_is_no_item_is_a_question_with_the_likeliest(
    org: Org, zoho: Goods, worlds_of: dict[str, MirrorWorld], carry: Carry
) -> None:
    """C28, C32: nothing is chosen by likeness."""
    carry(flows.ZOHO_CATALOGUE)
    (chai,) = [each for each in org.records("Product2") if each["ProductCode"] == "NW-0001"]
    twin = org.make("Product2", Name=f"{chai['Name']} (old)", ProductCode="NW-1", IsActive=True)
    (book,) = [each for each in org.records("Pricebook2") if each["IsStandard"]]
    org.make("PricebookEntry", Pricebook2Id=book["Id"], Product2Id=twin, UnitPrice="18", IsActive=True)
    deal = a_deal(org, org.make("Account", **GULF))
    carry(flows.SALESFORCE_CUSTOMERS)
    org.win(deal, **{"NW-1": 1})
    assert carry(flows.SALESFORCE_WON)["parked"] == 1
    here = worlds_of[flows.SALESFORCE_WON.name]
    (question,) = here.ledger.exceptions.list(state="open")
    assert (question.code, question.field, question.line) == ("reference.not_found", "Product2Id", 1)
    assert f'"{chai["Zoho_Item_Id__c"]}"' in question.candidates.split("}")[0]
    assert '"reason"' in question.candidates
    assert zoho.orders() == []


def test_where_an_order_stands_shows_in_salesforce(
    org: Org, zoho: Goods, carry: Carry, won: tuple[str, Json]
) -> None:
    deal, order = won
    carry(flows.ZOHO_ORDERS)
    (told,) = org.records("Order")
    assert (told["Zoho_Salesorder_Id__c"], told["OpportunityId"]) == (order["salesorder_id"], deal)
    assert (told["Status"], told["StatusCode"]) == ("Activated", "Activated")
    assert cents(told["TotalAmount"]) == cents(order["sub_total"])
    zoho.post("/clock", {"jump_seconds": 2})
    shipping = {"carrier": "FedEx", "tracking_number": "1Z999AA1"}
    zoho.post(f"/zoho/salesorders/{order['salesorder_id']}/ship", shipping)
    assert carry(flows.ZOHO_ORDERS)["loaded"] == 1
    (told,) = org.records("Order")
    assert (told["Zoho_Shipped_Status__c"], told["Zoho_Tracking_Numbers__c"]) == ("shipped", "1Z999AA1")
    assert carry(flows.ZOHO_ORDERS)["received"] == 0
    assert len(org.records("Order")) == 1


def test_an_order_of_somebody_whom_salesforce_does_not_have_is_passed_over(
    house: House, org: Org, carry: Carry
) -> None:
    house.zoho.place_one()
    run = carry(flows.ZOHO_ORDERS)
    assert (run["unchanged"], org.records("Order")) == (run["received"], [])


def test_every_write_replayed_twice_at_random_changes_nothing(
    org: Org, zoho: Goods, worlds_of: dict[str, MirrorWorld], carry: Carry, won: tuple[str, Json]
) -> None:
    """C11: whatever is announced again, in whatever order; C21: an audit row for every write."""
    carry(flows.ZOHO_ORDERS)
    carry(flows.ZOHO_STOCK)
    ledger = worlds_of[ALL[0].name].ledger
    keys = {flow: list(ledger.inbox.announced(flow.name)) for flow in ALL}
    stands = (
        zoho.contacts(),
        zoho.orders(),
        *(org.records(name) for name in ("Product2", "Order", "OrderItem")),
    )
    before = zoho.writes()
    again = [flow for flow in ALL for _ in range(2)]
    random.Random(7).shuffle(again)
    for flow in again:
        random.Random(len(flow.name)).shuffle(keys[flow])
        run = carry(flow, Request(keys=tuple(keys[flow])))
        assert run["loaded"] == 0
    now = (
        zoho.contacts(),
        zoho.orders(),
        *(org.records(name) for name in ("Product2", "Order", "OrderItem")),
    )
    assert (now, zoho.writes()) == (stands, before)
    audited = [(each.flow, each.record_key) for each in ledger.audit.latest("committed", limit=1000)]
    for flow in ALL:
        linked = ledger.crosswalk.find(flow.entity, flow.source, keys[flow], flow.target)
        assert {(flow.name, key) for key in linked} <= set(audited), flow.name
    assert len(ledger.crosswalk.renamed(ITEM, "zoho_inventory", "salesforce")) == len(zoho.items())
    assert len(ledger.crosswalk.renamed(ORDER, "salesforce", "zoho_inventory")) == 1
