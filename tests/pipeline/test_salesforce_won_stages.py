"""Stages that an org counts as won though Salesforce does not, whoever looks at the opportunity."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.pipelines.mirrors import flows
from include.pipelines.mirrors.announce import Request
from include.pipelines.mirrors.ports import MirrorWorld
from tests.pipeline.house import House
from tests.pipeline.salesforce import Goods, Org, worlds
from tests.pipeline.world import Run, run_once

VERBAL = "Negotiation/Review"
"""A stage of the category Open: ``IsWon`` is false."""


@pytest.fixture
def won(house: House, org: Org) -> Iterator[MirrorWorld]:
    """The flow of an org where a word given is a deal; its customer and its products have been carried."""
    with worlds(house, salesforce_won_stages=f"Verbal; {VERBAL}") as make:
        for flow in (flows.ZOHO_CATALOGUE, flows.SALESFORCE_CUSTOMERS):
            run_once(make(flow))
        yield make(flows.SALESFORCE_WON)


def a_deal(house: House, org: Org, stage: str = "Prospecting") -> str:
    """One with a product, which has been looked at already; then it comes to the stage."""
    account = org.make("Account", Name="Gulf Coast Marine")
    deal = org.make(
        "Opportunity", AccountId=account, Name="Refit", StageName="Prospecting", CloseDate="2026-03-01"
    )
    org.win(deal, **{"NW-0001": 3})
    org.change("Opportunity", deal, StageName=stage)
    with worlds(house) as make:
        run_once(make(flows.SALESFORCE_CUSTOMERS))
    return deal


def green(run: Run) -> Run:
    assert run.green, (run.errors, run.met)
    return run


@pytest.mark.parametrize("asked", ["sweep", "sweep of the lines", "whole", "keys"])
def test_a_stage_that_means_won_is_won_for_every_kind_of_look(
    house: House, org: Org, won: MirrorWorld, asked: str
) -> None:
    """C29: the setting speaks wherever ``IsWon`` would."""
    deal = a_deal(house, org)
    assert green(run_once(won))["received"] == 0
    org.change("Opportunity", deal, StageName=VERBAL)
    request = {"whole": Request(whole=True), "keys": Request(keys=(deal,))}.get(asked)
    if asked == "sweep of the lines":
        (line,) = org.records("OpportunityLineItem")
        org.change("OpportunityLineItem", line["Id"], Quantity=4)
    assert green(run_once(won, request))["loaded"] == 1
    (order,) = Goods(org.url).orders()
    assert (order["salesorder_number"], order["order_status"]) == (f"SF-{deal}", "confirmed")


def test_what_only_salesforce_calls_won_is_not(house: House, org: Org, won: MirrorWorld) -> None:
    deal = a_deal(house, org, "Closed Won")
    assert org.record("Opportunity", deal)["IsWon"] is True
    assert green(run_once(won, Request(whole=True)))["received"] == 0
    assert green(run_once(won, Request(keys=(deal,))))["loaded"] == 0
    assert Goods(org.url).orders() == []
