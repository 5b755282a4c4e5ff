"""What sales people do in Salesforce walks through Zoho into the ERP, told by real change events."""

from __future__ import annotations

import os
import signal
from decimal import Decimal
from typing import Any

import pytest

from include.standalone.sales import CATALOGUE, CUSTOMERS, WON
from tests.e2e.site import Site

pytestmark = pytest.mark.e2e

TOLD_BACK = "zoho_orders_to_salesforce"
SEVERAL = {"NW-0001": 3, "NW-0003": 2}
"""Goods that Zoho sells and Sage has, and how many of each."""


def test_an_account_is_a_contact_of_zoho_with_its_person(site: Site) -> None:
    """C1, C17-C20: by a change event, in a run that the event has woken; an edit tells what was edited."""
    before = woken(site)
    account = enter_account(site, "Fourth Coffee", "Reed")
    contact = site.wait_until(lambda: contact_of(site, "Fourth Coffee", "Reed"), "the contact in Zoho")
    site.wait_until(lambda: woken(site) - before, "the run that the event has woken")

    note = {"changes": {"notes": "Ring twice."}}
    site.control("PUT", f"/zoho/contacts/{contact['contact_id']}", note)
    change(site, "Account", account, Phone="206-555-0199")

    def told() -> bool:
        contact = contact_of(site, "Fourth Coffee", "Reed")
        return (contact["billing_address"]["phone"], contact["notes"]) == ("206-555-0199", "Ring twice.")

    site.wait_until(told, "both edits to stand in Zoho")


def test_what_changes_while_nobody_listens_is_heard_afterwards(site: Site) -> None:
    """C3, C12: the subscriber is killed; the next one goes on behind the last event that was kept."""
    [triggerer] = [each for each in site.state().sessions["triggerer"] if each.is_alive()]
    os.kill(triggerer.pid, signal.SIGKILL)
    account = enter_account(site, "Trey Research", "Ortiz")
    site.wait_until(lambda: contact_of(site, "Trey Research", "Ortiz"), "the contact in Zoho")
    site.wait_settled([account])
    assert "loaded" in site.outcomes(account, CUSTOMERS)


def test_a_won_deal_is_an_order_in_zoho_and_then_in_sage(site: Site) -> None:
    """C1, C26, C28: confirmed in Zoho, booked in Sage through the flow of Zoho's orders, and told back."""
    assert site.finished(site.trigger(CATALOGUE), CATALOGUE) == "success"
    account = enter_account(site, "Southridge Video", "Hart")
    deal = win(site, account)
    order = site.wait_until(lambda: confirmed(site, deal), "the order in Zoho")
    amount = Decimal(record(site, "Opportunity", deal)["Amount"])
    assert Decimal(str(order["total"])) == amount
    [booked] = site.wait_until(lambda: site.in_sage(order["salesorder_id"]), "the order in Sage")
    assert (booked.total, {code: count for code, count, _, _ in booked.lines}) == (amount, SEVERAL)
    site.trigger(TOLD_BACK)
    [told] = site.wait_until(lambda: orders_of(site, deal), "the order in Salesforce")
    assert (told["Zoho_Salesorder_Id__c"], told["AccountId"]) == (order["salesorder_id"], account)


def test_a_deal_reopened_after_it_was_won_is_a_persons(site: Site) -> None:
    """C29: nothing is voided by itself."""
    deal = win(site, enter_account(site, "Woodgrove Bank", "Adams"))
    order = site.wait_until(lambda: confirmed(site, deal), "the order in Zoho")
    change(site, "Opportunity", deal, StageName="Negotiation/Review")
    [question] = site.wait_until(lambda: site.exceptions_of(deal), "the question")
    assert (question["code"], question["flow"]) == ("record.withdrawn", WON)
    assert site.order(order["salesorder_id"])["order_status"] == "confirmed"


# Salesforce -----------------------------------------------------------------------------------------


def enter_account(site: Site, name: str, last_name: str) -> str:
    """Somebody enters a company with one person; the account's id."""
    company = {"Name": name, "BillingStreet": "1 Pike St", "BillingCity": "Seattle", "BillingState": "WA"}
    company |= {"BillingPostalCode": "98101", "BillingCountry": "USA"}
    person = {"FirstName": "Ann", "LastName": last_name, "AccountId": "$0"}
    steps = [
        {"do": "insert", "object": "Account", "values": company},
        {"do": "insert", "object": "Contact", "values": person},
    ]
    return str(site.control("POST", "/salesforce/transaction", {"steps": steps})["ids"][0])


def win(site: Site, account: str) -> str:
    """A deal is won; its id."""
    values = {"Name": "Opening order", "AccountId": account, "StageName": "Prospecting"}
    values["CloseDate"] = "2026-12-31"
    deal = str(site.control("POST", "/salesforce/records/Opportunity", {"values": values})["id"])
    lines = [{"product_code": code, "quantity": str(count)} for code, count in SEVERAL.items()]
    site.control("POST", f"/salesforce/opportunities/{deal}/win", {"lines": lines})
    return deal


def change(site: Site, name: str, record_id: str, **values: str) -> None:
    site.control("PATCH", f"/salesforce/records/{name}/{record_id}", {"values": values})


def record(site: Site, name: str, record_id: str) -> Any:
    return site.control("GET", f"/salesforce/records/{name}/{record_id}")


def orders_of(site: Site, deal: str) -> list[Any]:
    found = site.control("GET", "/salesforce/records/Order")["records"]
    return [each for each in found if each["OpportunityId"] == deal]


# Zoho and the flows ---------------------------------------------------------------------------------


def contact_of(site: Site, name: str, last_name: str) -> Any:
    """The one contact of that name, once its person is there too."""
    found = [
        each
        for each in site.control("GET", "/zoho/documents/contacts")["documents"]
        if each["contact_name"] == name
    ]
    assert len(found) <= 1
    people = [each["last_name"] for one in found for each in one["contact_persons"]]
    return found[0] if people == [last_name] else None


def confirmed(site: Site, deal: str) -> Any:
    """The one order that was made of a deal, once it is confirmed."""
    sql = "SELECT target_id FROM crosswalk WHERE entity = 'sales_order' AND source_id = :deal"
    orders = [site.order(order_id) for (order_id,) in site.ask("tradebridge", sql, deal=deal)]
    assert len(orders) <= 1
    return next((each for each in orders if each["order_status"] == "confirmed"), None)


def woken(site: Site) -> set[str]:
    """Runs of the customers' flow that no schedule has started."""
    ids = {str(each["dag_run_id"]) for each in site.runs(CUSTOMERS)}
    return {run_id for run_id in ids if run_id.startswith("webhook__")}
