"""What waits for another record between Salesforce and Zoho goes on as soon as that has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from include.pipelines.mirrors import flows
from include.pipelines.mirrors.announce import Request
from include.pipelines.mirrors.ports import MirrorWorld
from tests.pipeline.house import House
from tests.pipeline.salesforce import Goods, Org, worlds
from tests.pipeline.world import Run, run_once

Carry = Callable[..., Run]
PENDING = Request()
"""A run that the inbox has started."""


@pytest.fixture
def org(house: House) -> Org:
    house.tidy()
    return Org(house.doors.zoho)


@pytest.fixture
def worlds_of(house: House, org: Org) -> Iterator[dict[str, MirrorWorld]]:
    with worlds(house) as make:
        yield {flow.name: make(flow) for flow in flows.SALESFORCE_FLOWS}


@pytest.fixture
def carry(worlds_of: dict[str, MirrorWorld]) -> Carry:
    def carry(flow: flows.MirrorFlow, request: Request | None = None) -> Run:
        run = run_once(worlds_of[flow.name], request)
        assert run.green, (flow.name, run.errors, run.met)
        return run

    return carry


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
