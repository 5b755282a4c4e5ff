"""B57: what becomes of orders whose goods are not there, and how they go when the goods come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from include.canonical import Reason
from include.pipelines.ports import World
from include.sandbox import northwind
from tests.pipeline.house import House
from tests.pipeline.outside import exact
from tests.pipeline.world import FLOW, run_once

MakeWorld = Callable[..., World]
STORY = next(order for order in northwind.orders() if order.customer.in_sage)
UNITS = 5


@pytest.fixture
def here(house: House, new_world: MakeWorld) -> World:
    house.tidy(0)
    return keeping(new_world(), out_of_stock="hold")


def keeping(world: World, **settings: str) -> World:
    return replace(world, settings={**world.settings, **settings})


def order(house: House, units: int) -> str:
    """An order of one line of so many units; its id."""
    like = house.zoho.place_one(like=f"SO-{STORY.number}")
    line = house.zoho.order(like)["line_items"][0]
    house.zoho.edit(like, line_items=[{**line, "quantity": units}])
    return like


def item(house: House, placed: str) -> str:
    (line, *_) = house.zoho.order(placed)["line_items"]
    return str(line["sku"])


def count(house: House, code: str, units: int) -> None:
    house.sage.post("/sage100/stock", {"ItemCode": code, "QuantityOnHand": units})


def receive(house: House, code: str, units: int) -> None:
    house.sage.post("/sage100/stock/receive", {"ItemCode": code, "Quantity": units})


def carried(house: House) -> list[str]:
    """Zoho's ids of the orders that stand in Sage, in the order they were written."""
    return [row["UDF_ZOHO_ORDER_ID"] for row in house.sage.orders()]


def in_line(world: World) -> list[str]:
    found = world.ledger.exceptions.list(flow=FLOW, state="open")
    assert {row.code for row in found} <= {Reason.OUT_OF_STOCK.value}
    return [row.record_key for row in reversed(found)]


def test_stock_that_comes_releases_once_and_in_order_of_arrival(house: House, here: World) -> None:
    placed = [order(house, units) for units in (UNITS, 3, 1)]
    code = item(house, placed[0])
    count(house, code, UNITS - 1)
    run = run_once(here)
    assert (run["parked"], in_line(here)) == (3, placed)
    (told, *_) = here.ledger.exceptions.list(flow=FLOW, record_key=placed[0])
    assert f"{UNITS} of {code} wanted, {UNITS - 1} left for it in warehouse 000" in told.message
    latest = order(house, 1)
    assert run_once(here)["parked"] == 1
    receive(house, code, 4)
    run = run_once(here)
    assert (run["loaded"], run["parked"]) == (2, 0)
    assert carried(house) == placed[:2]
    assert in_line(here) == [placed[2], latest]
    assert run_once(here)["received"] == 0
    receive(house, code, 2)
    run = run_once(here)
    assert (run["loaded"], carried(house), in_line(here)) == (2, [*placed, latest], [])
    assert house.sage.doubled() == []


def test_an_order_in_line_follows_the_shop(house: House, here: World) -> None:
    """Who wants less may go now; who wants nothing any more makes room."""
    first, second = order(house, UNITS), order(house, 1)
    count(house, item(house, first), 2)
    run_once(here)
    assert in_line(here) == [first, second]
    house.zoho.void(first)
    run_once(here)
    assert (run_once(here)["received"], carried(house), in_line(here)) == (1, [second], [])


def test_who_has_waited_too_long_makes_room_and_stays_with_a_person(house: House, here: World) -> None:
    here = keeping(here, stock_hold_days="7")
    first, second = order(house, UNITS), order(house, 1)
    count(house, item(house, first), 0)
    run_once(here)
    house.clock.pass_(days=8)
    third = order(house, 1)
    run_once(here)
    (told,) = here.ledger.exceptions.list(flow=FLOW, state="open", record_key=first)
    assert "has lost its place" in told.message
    assert run_once(here)["received"] == 0
    receive(house, item(house, first), 1)
    run_once(here)
    assert (carried(house), in_line(here)) == ([third], [first, second])


def test_a_part_goes_and_the_rest_is_on_back_order(house: House, here: World) -> None:
    here = keeping(here, **{f"out_of_stock.{FLOW}": "part"})
    placed = order(house, UNITS)
    count(house, item(house, placed), 2)
    run = run_once(here)
    assert (run["loaded"], run["parked"]) == (1, 0)
    (standing,) = house.sage.orders()
    (line,) = house.sage.rows(
        "SELECT * FROM SO_SalesOrderDetail WHERE SalesOrderNo = ? AND ItemType = '1'",
        standing["SalesOrderNo"],
    )
    assert (exact(line["QuantityOrdered"]), exact(line["QuantityBackordered"])) == (UNITS, UNITS - 2)
    level = house.sage.rows(
        "SELECT * FROM IM_ItemWarehouse WHERE ItemCode = ? AND WarehouseCode = '000'", line["ItemCode"]
    )[0]
    committed = (exact(level["QuantityOnSalesOrder"]), exact(level["QuantityOnBackOrder"]))
    assert committed == (Decimal(2), Decimal(3))


def test_as_sage_does_it_unless_the_site_says_otherwise(house: House, here: World) -> None:
    here = keeping(here, out_of_stock="back_order")
    placed = order(house, UNITS)
    count(house, item(house, placed), 0)
    assert run_once(here)["loaded"] == 1
