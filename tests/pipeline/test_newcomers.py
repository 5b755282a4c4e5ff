"""A34: fifty first orders of one new customer, carried by several processes at once, make one customer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from include.pipelines.announce import Request
from include.pipelines.ports import CUSTOMER, TARGET, World
from include.sandbox import northwind
from include.sandbox.zoho.story import contact_id
from tests.pipeline.agreement import differences
from tests.pipeline.errands import Errand, start
from tests.pipeline.house import House
from tests.pipeline.world import FLOW, SOURCE, run_once

MakeWorld = Callable[..., World]
PROCESSES, ORDERS = 5, 50


def test_fifty_first_orders_in_five_processes_make_one_customer(house: House, new_world: MakeWorld) -> None:
    house.tidy(0)
    first = next(order for order in northwind.orders() if not order.customer.in_sage)
    placed = house.zoho.place(like=f"SO-{first.number}", count=ORDERS)
    orders = [order["salesorder_id"] for order in placed]
    here = new_world()
    run_once(here, max_batches=0)
    share = {"batch_size": ORDERS // PROCESSES, "max_batches": 1, "tries": 3}
    errand = Errand(house.doors, house.clock.ahead, Request(), share)
    running = [start(errand) for _ in range(PROCESSES)]
    for process in running:
        process.join(120)
    assert [process.exitcode for process in running] == [0] * PROCESSES
    made = Counter(effect["kind"] for effect in house.sage.effects())
    assert made == {"customer_created": 1, "order_created": ORDERS}
    assert differences(house.zoho, house.sage, orders) == []
    assert here.ledger.inbox.tally(FLOW) == {"loaded": ORDERS}
    contact = contact_id(first.customer)
    link = here.ledger.crosswalk.find(CUSTOMER, SOURCE, [contact], TARGET)[contact]
    assert {order["customer"] for order in house.sage.orders()} == {link.target_id}


def test_a_customer_whose_creator_died_is_created_by_the_next(house: House, new_world: MakeWorld) -> None:
    """The claim is leased: who holds it and is dead holds it for two minutes."""
    house.tidy(0)
    first = next(order for order in northwind.orders() if not order.customer.in_sage)
    house.zoho.place(like=f"SO-{first.number}")
    dying = start(
        Errand(
            house.doors,
            house.clock.ahead,
            environment={"TRADEBRIDGE_FAILPOINT": "create_customers:before_send"},
        )
    )
    dying.join(120)
    assert dying.exitcode == -9
    house.zoho.place(like=f"SO-{first.number}")
    house.clock.pass_(minutes=3)
    here = new_world()
    assert run_once(here)["loaded"] == 1
    house.clock.pass_(minutes=13)
    assert run_once(here)["loaded"] == 1
    assert len(house.sage.effects("customer_created")) == 1
