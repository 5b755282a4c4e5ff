"""What becomes of a won deal's order afterwards, on either side."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.connectors.salesforce import describe
from include.pipelines.mirrors import flows
from include.pipelines.mirrors.announce import Request
from include.pipelines.mirrors.ports import MirrorWorld
from tests.pipeline.house import House
from tests.pipeline.outside import Json
from tests.pipeline.salesforce import Carry, Goods, Org

STATUS = {
    "name": "Status", "label": "Status", "type": "picklist", "length": 255, "restrictedPicklist": True,
    "nillable": False,
}  # fmt: skip
ORDER_NUMBER = {
    "name": "Zoho_Salesorder_Number__c", "label": "Zoho Order", "type": "string", "length": 50,
}  # fmt: skip
ZOHO_STATUS = {"name": "Zoho_Order_Status__c", "label": "Zoho Order Status", "type": "string", "length": 40}


@pytest.fixture
def org(org: Org) -> Iterator[Org]:
    """An org whose fields a test may change; what was heard of another one's is forgotten."""
    describe.forget()
    yield org
    describe.forget()


@pytest.fixture
def deal(org: Org, carry: Carry) -> str:
    """A deal that was won and carried."""
    carry(flows.ZOHO_CATALOGUE)
    account = org.make("Account", Name="Gulf Coast Marine")
    carry(flows.SALESFORCE_CUSTOMERS)
    made = org.make(
        "Opportunity", AccountId=account, Name="Refit", StageName="Prospecting", CloseDate="2026-03-01"
    )
    org.win(made, **{"NW-0001": 3, "NW-0003": 2})
    assert carry(flows.SALESFORCE_WON)["loaded"] == 1
    return made


def the_order(zoho: Goods) -> Json:
    (order,) = zoho.orders()
    return order


def in_zoho(zoho: Goods, deed: str) -> None:
    """``ship``, ``void`` or whatever people do to the order in Zoho."""
    zoho.post("/clock", {"jump_seconds": 2})
    zoho.post(f"/zoho/salesorders/{the_order(zoho)['salesorder_id']}/{deed}", {})


def marks(org: Org, deal: str) -> tuple[object, object, str]:
    """What a deal says of its order, and when it was written last."""
    said = org.record("Opportunity", deal)
    return said["Zoho_Salesorder_Id__c"], said.get("Zoho_Salesorder_Number__c"), said["SystemModstamp"]


def told_calls(org: Org) -> int:
    """Calls so far that were to change several records of any kind."""
    rows = org.get("/requests", system="salesforce", limit=1)["counts"]
    return sum(
        int(row["n"])
        for row in rows
        if row["method"] == "PATCH" and str(row["shape"]).endswith("composite/sobjects")
    )


def test_a_deal_says_which_order_it_became_and_hears_no_echo(
    org: Org, zoho: Goods, carry: Carry, deal: str
) -> None:
    """C1, C11: a field that the org has not is left out; one made later is filled with the next look."""
    order = the_order(zoho)
    assert marks(org, deal)[:2] == (order["salesorder_id"], None)
    calls, writes = told_calls(org), zoho.writes()
    org.post("/salesforce/schema/Opportunity/fields", ORDER_NUMBER)
    describe.forget()
    carry(flows.SALESFORCE_WON, Request(keys=(deal,)))
    assert marks(org, deal)[:2] == (order["salesorder_id"], order["salesorder_number"])
    assert told_calls(org) == calls + 1
    stands = marks(org, deal)
    assert carry(flows.SALESFORCE_WON)["loaded"] == 0
    assert carry(flows.SALESFORCE_WON, Request(whole=True))["received"] == 0
    assert (marks(org, deal), told_calls(org), zoho.writes()) == (stands, calls + 1, writes)


@pytest.mark.parametrize("kind", ["close_before", "close_after"])
def test_an_order_stands_once_whatever_becomes_of_the_answer(
    house: House, org: Org, zoho: Goods, carry: Carry, kind: str
) -> None:
    """C1, C34: what could not be said is said later, and the order is not made again."""
    carry(flows.ZOHO_CATALOGUE)
    account = org.make("Account", Name="Gulf Coast Marine")
    carry(flows.SALESFORCE_CUSTOMERS)
    made = org.make(
        "Opportunity", AccountId=account, Name="Refit", StageName="Prospecting", CloseDate="2026-03-01"
    )
    org.win(made, **{"NW-0001": 3})
    rule = {"kind": kind, "system": "salesforce", "method": "PATCH", "path": "*/composite/sobjects"}
    org.post("/faults", rule)
    assert carry(flows.SALESFORCE_WON)["waiting"] == 1
    assert the_order(zoho)["order_status"] == "confirmed"
    writes = zoho.writes()
    org.delete("/faults")
    house.clock.pass_(minutes=5)
    assert carry(flows.SALESFORCE_WON)["waiting"] == 0
    assert marks(org, made)[0] == the_order(zoho)["salesorder_id"]
    assert zoho.writes() == writes


@pytest.mark.parametrize(
    ("word", "status"),
    [("Cancelled", "Cancelled"), ("On paper", "Activated")],
    ids=["an org with a word for it", "an org without"],
)
def test_a_void_order_says_so_as_far_as_the_org_can(
    org: Org, carry: Carry, deal: str, word: str, status: str
) -> None:
    """C1: by the table `order_status`, and in Zoho's own word where there is a field for it."""
    zoho = Goods(org.url)
    described = STATUS | {"picklistValues": [{"value": each} for each in ("Draft", "Activated", word)]}
    org.post("/salesforce/schema/Order/fields", described)
    org.post("/salesforce/schema/Order/fields", ZOHO_STATUS)
    describe.forget()
    carry(flows.ZOHO_ORDERS)
    (told,) = org.records("Order")
    assert (told["Status"], told["Zoho_Order_Status__c"]) == ("Activated", "confirmed")
    in_zoho(zoho, "void")
    assert carry(flows.ZOHO_ORDERS)["loaded"] == 1
    (told,) = org.records("Order")
    assert (told["Status"], told["Zoho_Order_Status__c"]) == (status, "void")
    assert carry(flows.ZOHO_ORDERS)["received"] == 0


def test_an_org_without_the_fields_is_told_the_rest(org: Org, zoho: Goods, carry: Carry, deal: str) -> None:
    carry(flows.ZOHO_ORDERS)
    in_zoho(zoho, "void")
    carry(flows.ZOHO_ORDERS)
    (told,) = org.records("Order")
    assert (told["Status"], "Zoho_Order_Status__c" in told) == ("Activated", False)


def questions(worlds_of: dict[str, MirrorWorld]) -> dict[str, str]:
    """What waits for a person: messages by code."""
    ledger = worlds_of[flows.SALESFORCE_WON.name].ledger
    return {each.code: each.message for each in ledger.exceptions.list(state="open")}


@pytest.mark.parametrize("state", ["confirmed", "shipped", "void"])
def test_a_deal_that_is_won_no_more_is_a_question_wherever_its_order_stands(
    org: Org, worlds_of: dict[str, MirrorWorld], carry: Carry, deal: str, state: str
) -> None:
    """C29: the question says where the order stands; won again it clears itself, unless the order is void."""
    zoho = Goods(org.url)
    if state != "confirmed":
        in_zoho(zoho, {"shipped": "ship", "void": "void"}[state])
    org.change("Opportunity", deal, StageName="Closed Lost")
    assert carry(flows.SALESFORCE_WON)["rejected"] == 1
    (code, message), *others = questions(worlds_of).items()
    assert (code, others) == ("record.withdrawn", [])
    assert state in message
    before = zoho.writes()
    org.change("Opportunity", deal, StageName="Closed Won")
    run = carry(flows.SALESFORCE_WON)
    assert zoho.writes() == before
    if state == "void":
        assert run["parked"] == 1
        assert "is void" in questions(worlds_of)["target.locked"]
    else:
        assert questions(worlds_of) == {}
