"""B28: a customer's credit is asked for before an order is written, also when several runs write at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest

from include.canonical import Reason
from include.pipelines.announce import Request
from include.pipelines.ports import World
from include.sandbox import northwind
from tests.pipeline.house import House
from tests.pipeline.outside import cents
from tests.pipeline.world import FLOW, Run, run_once

MakeWorld = Callable[..., World]
FIRST = next(order for order in northwind.orders() if order.customer.in_sage)


def asking(world: World, **settings: str) -> World:
    return replace(world, settings={**world.settings, **settings})


@pytest.fixture
def total(house: House, new_world: MakeWorld) -> Decimal:
    """What one order of the customer comes to; two stand in the shop, one in Sage."""
    house.tidy(0)
    house.zoho.place(like=f"SO-{FIRST.number}")
    run_once(new_world())
    house.zoho.place(like=f"SO-{FIRST.number}", count=2)
    run_once(new_world(), max_batches=0)
    (standing,) = house.sage.orders()
    return house.sage.total(standing)


def customer(house: House) -> list[str]:
    division, number = house.sage.orders()[0]["customer"].split("-", 1)
    return [division, number]


def limit(house: House, amount: Decimal) -> None:
    house.sage.change("AR_Customer", customer(house), CreditLimit=float(amount))  # as Sage's screen takes it


def both_at_once(house: House, new_world: MakeWorld, **settings: str) -> list[Run]:
    """A run for each, at once; and one for what a busy gateway has given back."""
    worlds = [asking(new_world(), **settings) for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda here: run_once(here, Request(), batch_size=1, max_batches=1), worlds))
    house.clock.pass_(minutes=5)
    return [*runs, run_once(worlds[0], Request())]


def told(runs: list[Run], count: str) -> int:
    return sum(run.counts.get(count, 0) for run in runs)


def test_of_two_orders_at_once_of_which_one_fits_one_passes(
    house: House, new_world: MakeWorld, total: Decimal
) -> None:
    limit(house, 2 * total)
    runs = both_at_once(house, new_world, credit_check="refuse")
    assert (told(runs, "loaded"), told(runs, "parked")) == (1, 1)
    assert len(house.sage.orders()) == 2
    (refused,) = new_world().ledger.exceptions.list(flow=FLOW, state="open")
    assert refused.code == Reason.CREDIT_LIMIT.value
    assert f"open orders {2 * total} and this order {total} come to {3 * total}" in refused.message
    assert refused.remedy.startswith("Raise the limit in Sage")


def test_or_both_are_written_and_one_is_on_hold(house: House, new_world: MakeWorld, total: Decimal) -> None:
    limit(house, 2 * total)
    runs = both_at_once(house, new_world, **{"credit_check": "ignore", f"credit_check.{FLOW}": "hold"})
    assert (told(runs, "loaded"), told(runs, "on_hold")) == (2, 1)
    assert sorted(order["OrderStatus"] for order in house.sage.orders()) == ["H", "N", "N"]


def test_an_edit_in_the_shop_does_not_take_the_hold_away(
    house: House, new_world: MakeWorld, total: Decimal
) -> None:
    limit(house, total)
    here = asking(new_world(), credit_check="hold")
    assert run_once(here).counts["on_hold"] == 2
    held = [order for order in house.sage.orders() if order["OrderStatus"] == "H"]
    house.zoho.edit(held[0]["UDF_ZOHO_ORDER_ID"], shipping_charge="1.00")
    assert run_once(here)["loaded"] == 1
    changed = house.sage.order_of(held[0]["UDF_ZOHO_ORDER_ID"])
    assert (changed["OrderStatus"], cents(changed["FreightAmt"])) == ("H", Decimal(1))


def test_exactly_at_the_limit_passes_and_a_customer_on_hold_does_not(
    house: House, new_world: MakeWorld, total: Decimal
) -> None:
    limit(house, 3 * total)
    here = asking(new_world(), credit_check="refuse")
    assert run_once(here)["loaded"] == 2
    limit(house, Decimal(0))
    house.sage.change("AR_Customer", customer(house), CreditHold="Y")
    house.zoho.place(like=f"SO-{FIRST.number}")
    assert run_once(here)["parked"] == 1
    (refused,) = here.ledger.exceptions.list(flow=FLOW, state="open")
    assert refused.code == Reason.CREDIT_HOLD.value
    house.sage.change("AR_Customer", customer(house), CreditHold="N")
    here.ledger.exceptions.start_retry([refused.id])
    assert run_once(here)["loaded"] == 1
