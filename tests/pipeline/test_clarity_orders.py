"""Clarity's orders through every stage into the emulated Sage, over real HTTP, ODBC and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from include.pipelines.announce import Request
from include.pipelines.ports import ORDER, TARGET, World
from tests.pipeline.clarity import HEADS, ONE_ORDER, Clarity, differences, orders_world, shop
from tests.pipeline.errands import Errand, start
from tests.pipeline.house import House
from tests.pipeline.outside import Json
from tests.pipeline.world import run_once

ORDERS = 12


@pytest.fixture
def clarity(house: House) -> Clarity:
    house.tidy()
    found = shop(house)
    found.open(orders=ORDERS)
    return found


@pytest.fixture
def here(house: House, clarity: Clarity) -> Iterator[World]:
    made = orders_world(house.doors, house.clock)
    yield made
    made.ledger.close()
    made.reads.close()


def carried(house: House) -> dict[str, Json]:
    return {head["UDF_CLARITY_ORDER_NO"]: head for head in house.sage.rows(HEADS)}


def test_a_sweep_carries_the_shops_orders_to_the_cent(house: House, clarity: Clarity, here: World) -> None:
    """B1, B38-B41, B48, B50: each order once, with its lines, taxes, freight and discounts."""
    run = run_once(here)
    assert run.green
    assert (run["received"], run["loaded"]) == (ORDERS, ORDERS)
    assert len(carried(house)) == ORDERS
    assert differences(house, clarity) == []
    again = run_once(here)
    assert again["loaded"] == 0
    assert len(house.sage.rows(HEADS)) == ORDERS


def test_one_event_five_times_at_once_is_one_order(house: House, clarity: Clarity, here: World) -> None:
    """B20: same_event_five_times; three workers at once, whatever each of them finds."""
    (placed,) = clarity.place()
    event = clarity.announcement(placed["orderNumber"])
    with ThreadPoolExecutor(5) as threads:
        kept = list(threads.map(lambda _: here.ledger.inbox.keep(here.flow.name, event), range(5)))
    assert sum(bool(each) for each in kept) == 1
    errand = Errand(house.doors, house.clock.ahead, Request(), flow=here.flow.name)
    workers = [start(errand) for _ in range(3)]
    for worker in workers:
        worker.join(90)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert list(carried(house)) == [placed["orderNumber"]]
    assert len(house.sage.effects("order_created")) == 1


def test_an_edit_and_a_cancellation_follow_their_order(house: House, clarity: Clarity, here: World) -> None:
    run_once(here)
    edited, cancelled, *_ = sorted(carried(house))
    clarity.edit(edited, quantities={1: Decimal(7)})
    clarity.edit(cancelled, status="Cancelled")
    run = run_once(here)
    assert run.green
    assert run["loaded"] == 2
    assert cancelled not in carried(house)
    lines = house.sage.lines(carried(house)[edited]["SalesOrderNo"])
    assert Decimal(str(lines[0]["QuantityOrdered"])) == 7
    assert differences(house, clarity) == []


def test_a_sweep_reads_no_order_again_whose_announced_version_was_carried(
    house: House, clarity: Clarity, here: World
) -> None:
    """B14. Lists show no version of an order: the webhook said what they show of it. An edit is read."""
    run_once(here)
    quiet, edited = (each["orderNumber"] for each in clarity.place(count=2))
    here.ledger.inbox.keep_many(here.flow.name, map(clarity.announcement, (quiet, edited)))
    assert run_once(here, Request())["loaded"] == 2
    clarity.edit(edited, quantities={1: Decimal(7)})
    before = clarity.calls()[ONE_ORDER]
    run = run_once(here)
    assert (run["received"], run["unchanged"], run["loaded"]) == (2, 1, 1)
    assert clarity.calls()[ONE_ORDER] == before + 1
    assert differences(house, clarity) == []
    assert run_once(here)["received"] == 0


def test_an_update_may_come_before_its_creation(house: House, clarity: Clarity, here: World) -> None:
    """B20. The API says what is carried; the older announcement finds it carried."""
    run_once(here)
    (placed,) = clarity.place()
    number = placed["orderNumber"]
    created = clarity.announcement(number)
    clarity.edit(number, quantities={1: Decimal(7)})
    outcomes = []
    for delivery in (clarity.announcement(number), created):
        here.ledger.inbox.keep(here.flow.name, delivery)
        run = run_once(here, Request())
        outcomes.append((run["loaded"], run["unchanged"]))
    assert outcomes == [(1, 0), (0, 1)]
    assert differences(house, clarity) == []
    assert [each["kind"] for each in house.sage.effects() if each["po"] == number] == ["order_created"]


def test_an_order_that_sage_has_picked_is_not_cancelled(house: House, clarity: Clarity, here: World) -> None:
    run_once(here)
    number, head = min(carried(house).items())
    house.sage.mark(head["SalesOrderNo"], "picked")
    clarity.edit(number, status="Cancelled")
    run = run_once(here)
    assert run["parked"] == 1
    (told,) = here.ledger.exceptions.list(state="open")
    assert told.record_label == number
    assert number in carried(house)


def test_without_our_books_an_order_is_known_by_its_purchase_order(
    house: House, clarity: Clarity, here: World
) -> None:
    """The buyer's number stands in CustomerPONo, ours in a UDF: both are asked before anything is made."""
    (placed,) = clarity.place(changes={"purchaseOrderNumber": "PO-4711"})
    number = placed["orderNumber"]
    run_once(here)
    assert carried(house)[number]["CustomerPONo"] == "PO-4711"
    with here.ledger.database.begin("forget") as connection:
        for table in ("crosswalk", "writes", "inbox"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    run = run_once(here, Request(numbers=(number,)))
    assert run.green
    assert run["received"] == 1
    assert [row["UDF_CLARITY_ORDER_NO"] for row in house.sage.rows(HEADS)].count(number) == 1


def test_two_shops_know_their_own_orders(house: House, clarity: Clarity, here: World) -> None:
    """An order of another shop under the same PO number is somebody else's."""
    run_once(here)
    (first, *_) = house.sage.rows(HEADS)
    links = here.ledger.crosswalk.find(ORDER, "clarity_ecommerce", [first["UDF_CLARITY_ORDER_ID"]], TARGET)
    assert links[first["UDF_CLARITY_ORDER_ID"]].target_id == first["SalesOrderNo"]
    assert first["UDF_ZOHO_ORDER_ID"] == ""
