"""Invoices of Sage in Clarity's shop, and the shop's payments in Sage, over real ODBC and HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from include.pipelines.mirrors import flows
from include.pipelines.mirrors.flows import MirrorFlow
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.ports import World
from tests.pipeline.clarity import HEADS, Clarity, mirror_world, orders_world, shop
from tests.pipeline.house import House
from tests.pipeline.outside import Json, cents
from tests.pipeline.world import run_once

MakeMirror = Callable[[MirrorFlow], MirrorWorld]


@pytest.fixture
def clarity(house: House) -> Clarity:
    house.tidy()
    found = shop(house)
    found.open(orders=6)
    return found


@pytest.fixture
def mirror(house: House, clarity: Clarity) -> Iterator[MakeMirror]:
    made: list[MirrorWorld] = []

    def make(flow: MirrorFlow) -> MirrorWorld:
        made.append(mirror_world(house.doors, house.clock, flow))
        return made[-1]

    yield make
    for each in made:
        each.ledger.close()


@pytest.fixture
def orders(house: House, clarity: Clarity) -> Iterator[World]:
    made = orders_world(house.doors, house.clock)
    yield made
    made.ledger.close()
    made.reads.close()


def sold(house: House) -> tuple[Json, Json]:
    """An order of the shop as it stood in Sage, and the invoice it was shipped and posted with."""
    head = house.sage.rows(HEADS)[0]
    head["total"] = house.sage.total(head)
    posted = house.sage.post(f"/sage100/orders/{head['SalesOrderNo']}/ship", {"post": True})
    return head, posted["invoice"]


def test_an_invoice_reaches_the_shop_to_the_cent_and_follows_its_payment(
    house: House, clarity: Clarity, mirror: MakeMirror, orders: World
) -> None:
    """B35, B48: posted in Sage, shown in the shop under its customer and order; paid in Sage, paid there."""
    run_once(orders)
    head, posted = sold(house)
    here = mirror(flows.INVOICES)
    run = run_once(here)
    assert run.green
    assert run["loaded"] == 1
    number = f"{posted['InvoiceNo']}-IN"
    shown = clarity.document("invoices", number)
    order = clarity.document("orders", head["UDF_CLARITY_ORDER_NO"])
    total = head["total"]
    assert shown["orderNumber"] == order["orderNumber"]
    assert shown["customerNumber"] == order["customer"]["customerNumber"]
    assert cents(shown["totals"]["total"]) == cents(order["totals"]["grandTotal"]) == total
    assert (shown["status"], cents(shown["totals"]["balanceDue"])) == ("Open", total)
    assert run_once(here)["received"] == 0
    house.sage.post(
        "/sage100/payments",
        {
            "ARDivisionNo": head["ARDivisionNo"],
            "CustomerNo": head["CustomerNo"],
            "CheckNo": "4711",
            "invoices": [{"InvoiceNo": posted["InvoiceNo"], "Amount": "10.01"}],
        },
    )
    assert run_once(here)["loaded"] == 1
    shown = clarity.document("invoices", number)
    assert cents(shown["totals"]["balanceDue"]) == total - Decimal("10.01")
    assert shown["status"] == "PartiallyPaid"
    house.sage.post(
        "/sage100/payments",
        {
            "ARDivisionNo": head["ARDivisionNo"],
            "CustomerNo": head["CustomerNo"],
            "CheckNo": "4712",
            "invoices": [{"InvoiceNo": posted["InvoiceNo"], "Amount": str(total - Decimal("10.01"))}],
        },
    )
    assert run_once(here)["loaded"] == 1
    shown = clarity.document("invoices", number)
    assert (shown["status"], cents(shown["totals"]["balanceDue"])) == ("Paid", 0)


def test_an_invoice_of_somebody_elses_customer_is_passed_over(
    house: House, clarity: Clarity, mirror: MakeMirror, orders: World
) -> None:
    run_once(orders)
    _, posted = sold(house)
    with orders.ledger.database.begin("forget") as connection:
        connection.exec_driver_sql("DELETE FROM crosswalk WHERE entity = 'customer'")
    run = run_once(mirror(flows.INVOICES))
    assert (run["received"], run["unchanged"]) == (1, 1)
    assert clarity.effects(resource="invoices", number=f"{posted['InvoiceNo']}-IN") == []
