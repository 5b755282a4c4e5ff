"""What waits for another record between Salesforce and Zoho goes on as soon as that has come."""

from __future__ import annotations

from include.pipelines.mirrors import flows
from include.pipelines.mirrors.announce import Request
from include.pipelines.mirrors.ports import MirrorWorld
from tests.pipeline.salesforce import Carry, Goods, Org

PENDING = Request()
"""A run that the inbox has started."""


def a_won_deal(org: Org, account: str, **lines: int) -> str:
    deal = org.make(
        "Opportunity", AccountId=account, Name="Spring refit", StageName="Prospecting", CloseDate="2026-03-01"
    )
    org.win(deal, **lines)
    return deal


def test_a_deal_won_in_its_accounts_first_minute_goes_in_the_second_round(
    org: Org, worlds_of: dict[str, MirrorWorld], carry: Carry
) -> None:
    """C23, C26: nobody waits for a clock; the customer's arrival is what the order waited for."""
    zoho = Goods(org.url)
    carry(flows.ZOHO_CATALOGUE)
    a_won_deal(org, org.make("Account", Name="Gulf Coast Marine"), **{"NW-0001": 3})
    won = worlds_of[flows.SALESFORCE_WON.name]
    assert carry(flows.SALESFORCE_WON)["waiting"] == 1
    assert won.ledger.inbox.pending(flows.SALESFORCE_WON.name) == 0
    assert carry(flows.SALESFORCE_CUSTOMERS, PENDING)["loaded"] == 1
    assert won.ledger.inbox.pending(flows.SALESFORCE_WON.name) > 0
    assert carry(flows.SALESFORCE_WON, PENDING)["loaded"] == 1
    (order,) = zoho.orders()
    assert (order["order_status"], order["customer_name"]) == ("confirmed", "Gulf Coast Marine")
    assert carry(flows.SALESFORCE_WON)["loaded"] == 0
    assert len(zoho.orders()) == 1
