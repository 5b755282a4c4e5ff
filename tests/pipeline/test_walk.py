"""Sixty of Northwind's orders walk through, and Sage holds each of them once, to the cent (issue 2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from include.connectors.zoho_inventory.wire import read_time
from include.ledger import WriteState
from include.pipelines.announce import Request
from include.pipelines.ports import CUSTOMER, ORDER, TARGET, World
from include.sandbox import northwind
from include.sandbox.zoho.story import contact_id
from tests.pipeline.agreement import differences, dollars, wrong_customers
from tests.pipeline.house import House
from tests.pipeline.world import FLOW, SOURCE, run_once, world

ORDERS = 60


@pytest.fixture(scope="module")
def walked(house: House) -> tuple[House, dict[str, int]]:
    """The house after sixty orders went through; for tests that only look."""
    house.tidy(ORDERS)
    here = world(house.doors, house.clock)
    run = run_once(here)
    here.ledger.close()
    here.reads.close()
    assert run.errors == ()
    return house, dict(run.counts)


def test_every_order_stands_in_sage_once_with_zohos_lines_and_cents(
    walked: tuple[House, dict[str, int]],
) -> None:
    house, _ = walked
    orders = house.zoho.orders()
    assert len(orders) == ORDERS == len(house.sage.orders())
    assert differences(house.zoho, house.sage, [order["salesorder_id"] for order in orders]) == []
    held = sum((house.sage.total(order) for order in house.sage.orders()), Decimal(0))
    assert held == dollars(orders) > 0


def test_each_buyer_is_one_customer_and_nobody_got_another_ones_order(
    walked: tuple[House, dict[str, int]],
) -> None:
    """A33, A34."""
    house, _ = walked
    buyers = {order.customer.code: order.customer for order in northwind.orders()[:ORDERS]}
    newcomers = [customer for customer in buyers.values() if not customer.in_sage]
    created = house.sage.effects("customer_created")
    assert sorted(effect["order_id"] for effect in created) == sorted(contact_id(each) for each in newcomers)
    assert len(newcomers) > 5
    assert wrong_customers(house.sage) == []


def test_every_sage_order_was_written_by_one_effect(walked: tuple[House, dict[str, int]]) -> None:
    house, _ = walked
    effects = house.sage.effects("order_created", "order_changed", "order_cancelled")
    assert [effect["kind"] for effect in effects] == ["order_created"] * ORDERS
    assert house.sage.doubled() == []
    assert len({effect["sync_key"] for effect in effects}) == ORDERS


def test_the_report_balances(walked: tuple[House, dict[str, int]], new_world: Callable[..., World]) -> None:
    _, counts = walked
    assert counts["received"] == counts["loaded"] == ORDERS == sum(counts.values()) - counts["received"]
    (report,) = [each for each in new_world().ledger.reports.list(FLOW) if each.counts["loaded"]]
    assert report.counts == counts


def test_the_ledger_knows_of_each_order_what_it_became(
    walked: tuple[House, dict[str, int]], new_world: Callable[..., World]
) -> None:
    house, _ = walked
    ledger = new_world().ledger
    versions = {order["salesorder_id"]: order["last_modified_time"] for order in house.zoho.orders()}
    numbers = {order["UDF_ZOHO_ORDER_ID"]: order["SalesOrderNo"] for order in house.sage.orders()}
    links = ledger.crosswalk.find(ORDER, SOURCE, list(versions), TARGET)
    assert {key: (link.target_id, link.source_version) for key, link in links.items()} == {
        key: (numbers[key], version) for key, version in versions.items()
    }
    keys = [row["UDF_SYNC_KEY"] for row in house.sage.rows("SELECT UDF_SYNC_KEY FROM SO_SalesOrderHeader")]
    written = ledger.writes.get(keys)
    assert {write.state for write in written.values()} == {WriteState.COMMITTED}
    assert len(written) == ORDERS
    assert ledger.exceptions.count(FLOW) == 0
    assert ledger.audit.verify().broken_at is None


def test_zoho_is_asked_once_for_each_order_and_once_for_the_list(
    house: House, new_world: Callable[..., World]
) -> None:
    house.tidy(ORDERS)
    house.zoho.forget_calls()
    assert run_once(new_world())["loaded"] == ORDERS
    assert house.zoho.calls("/salesorders") == {"GET /salesorders": 1, "GET /salesorders/{id}": ORDERS}


def _window(house: House) -> tuple[datetime, datetime]:
    times = [read_time(order["last_modified_time"]) for order in house.zoho.orders()]
    known = [at for at in times if at is not None]
    return min(known), max(known) + timedelta(seconds=1)


@pytest.mark.parametrize("recheck", [False, True], ids=["a backfill", "a backfill that compares"])
def test_a_window_that_was_carried_is_carried_again_and_nothing_is_written(
    house: House, new_world: Callable[..., World], recheck: bool
) -> None:
    """Rule 7. It costs no detail calls either, unless it was asked to compare."""
    house.tidy(ORDERS)
    here = new_world()
    run_once(here)
    before = house.sage.effects()
    house.zoho.forget_calls()
    since, until = _window(house)
    for _ in range(2):
        again = run_once(here, Request(since=since, until=until, recheck=recheck))
        assert again.green
        assert (again["received"], again["unchanged"]) == (ORDERS, ORDERS)
    assert house.sage.effects() == before
    assert house.zoho.calls("/salesorders/{id}").total() == (2 * ORDERS if recheck else 0)


def test_orders_asked_for_by_number_are_looked_at_again(
    house: House, new_world: Callable[..., World]
) -> None:
    house.tidy(10)
    here = new_world()
    run_once(here)
    before = house.sage.effects()
    again = run_once(here, Request(numbers=("SO-10248", "SO-10250", "SO-99999")))
    assert (again["received"], again["unchanged"]) == (2, 2)
    assert house.sage.effects() == before


def test_a_new_buyer_is_recognised_by_its_second_order(house: House, new_world: Callable[..., World]) -> None:
    house.tidy(0)
    here = new_world()
    first = next(order for order in northwind.orders() if not order.customer.in_sage)
    contact = contact_id(first.customer)
    for _ in range(2):
        house.zoho.place(like=f"SO-{first.number}")
        assert run_once(here)["loaded"] == 1
    (created,) = house.sage.effects("customer_created")
    links = here.ledger.crosswalk.find(CUSTOMER, SOURCE, [contact], TARGET)
    assert links[contact].target_id == created["record"].replace("|", "-")
    assert {order["customer"] for order in house.sage.orders()} == {links[contact].target_id}
