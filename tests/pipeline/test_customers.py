"""Clarity's customers in Sage 100, over real HTTP, ODBC and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest

from include.pipelines.mirrors import flows
from include.pipelines.mirrors.announce import Request
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.ports import CUSTOMER, TARGET
from tests.pipeline.clarity import Clarity, mirror_world, orders_world, shop
from tests.pipeline.house import House
from tests.pipeline.outside import Json
from tests.pipeline.world import run_once

ORDERS = 12
MINE = "SELECT * FROM AR_Customer WHERE UDF_CLARITY_CUSTOMER_ID <> '' ORDER BY CustomerNo"
ONE = "SELECT * FROM AR_Customer WHERE ARDivisionNo = ? AND CustomerNo = ?"


@pytest.fixture
def clarity(house: House) -> Clarity:
    house.tidy()
    found = shop(house)
    found.open()
    return found


@pytest.fixture
def here(house: House, clarity: Clarity) -> Iterator[MirrorWorld]:
    made = mirror_world(house.doors, house.clock, flows.CUSTOMERS)
    yield made
    made.ledger.close()


@pytest.fixture
def back(house: House, clarity: Clarity) -> Iterator[MirrorWorld]:
    made = mirror_world(house.doors, house.clock, flows.ACCOUNTS)
    yield made
    made.ledger.close()


class Meeting:
    """Sage's reader for two flows: neither goes on before both have seen the customers as they are."""

    def __init__(self, reads: Any, both: Barrier) -> None:
        self._reads, self._both = reads, both

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reads, name)

    def customers(self) -> Any:
        found = self._reads.customers()
        with suppress(BrokenBarrierError):
            self._both.wait(30)
        self._both.abort()
        return found


def linked(world: MirrorWorld, customer: Json) -> str:
    """The ERP's number under which a customer is known."""
    key = str(customer["id"])
    return world.ledger.crosswalk.find(CUSTOMER, world.flow.source, [key], TARGET)[key].target_id


def in_sage(house: House, number: str) -> Json:
    (row,) = house.sage.rows(ONE, *number.split("-", 1))
    return row


def address(**changes: str) -> list[Json]:
    where = {
        "kind": "billing",
        "line1": "7 Quay",
        "city": "Galveston",
        "regionCode": "TX",
        "countryCode": "US",
    }
    return [{**where, "postalCode": "77550", **changes}]


def test_customers_are_recognised_or_created_once(house: House, clarity: Clarity, here: MirrorWorld) -> None:
    """B35: who is there is linked, who is not is created; a second look writes nothing."""
    before = house.sage.number("SELECT COUNT(*) FROM AR_Customer")
    run = run_once(here)
    assert run.green
    made = house.sage.rows(MINE)
    assert made
    assert house.sage.number("SELECT COUNT(*) FROM AR_Customer") == before + len(made)
    again = run_once(here, Request(whole=True))
    assert again["loaded"] == 0
    assert len(house.sage.rows(MINE)) == len(made)
    assert house.sage.doubled() == []


def test_an_order_and_a_customer_at_once_make_one_customer(
    house: House, clarity: Clarity, here: MirrorWorld
) -> None:
    """B7, B51: both flows have looked, both find nobody, and both ask for the same newcomers."""
    clarity.post("/load", {"story": "clarity", "limit": ORDERS})
    orders = orders_world(house.doors, house.clock)
    both = Barrier(2)
    flows_at_once = (
        replace(here, erp=Meeting(here.erp, both)),
        replace(orders, reads=Meeting(orders.reads, both)),
    )
    try:
        with ThreadPoolExecutor(2) as threads:
            runs = list(threads.map(run_once, flows_at_once))
        assert both.broken
        assert all(run.green for run in runs)
        assert runs[1]["loaded"] == ORDERS
        made = [row["UDF_CLARITY_CUSTOMER_ID"] for row in house.sage.rows(MINE)]
        assert len(set(made)) == len(made) == len(house.sage.effects("customer_created"))
        owners = here.ledger.crosswalk.find(CUSTOMER, here.flow.source, made, TARGET)
        assert {key: link.target_id for key, link in owners.items()} == {
            row["UDF_CLARITY_CUSTOMER_ID"]: f"{row['ARDivisionNo']}-{row['CustomerNo']}"
            for row in house.sage.rows(MINE)
        }
    finally:
        orders.ledger.close()
        orders.reads.close()


def test_the_shop_changes_what_it_owns_and_nothing_else(
    house: House, clarity: Clarity, here: MirrorWorld
) -> None:
    run_once(here)
    customer = clarity.document("customers", "C-10001")
    number = linked(here, customer)
    before = in_sage(house, number)
    clarity.change(
        "customers",
        "C-10001",
        email="new@shop.example",
        addresses=address(),
        paymentTerms="NET60",
        creditLimit=1,
    )
    run = run_once(here)
    assert (run["received"], run["loaded"]) == (1, 1)
    after = in_sage(house, number)
    assert (after["EmailAddress"], after["AddressLine1"], after["City"], after["State"]) == (
        "new@shop.example",
        "7 Quay",
        "Galveston",
        "TX",
    )
    assert after["AddressLine2"] == ""
    owned = ("CustomerName", "TermsCode", "TaxSchedule", "CreditLimit", "CreditHold", "SalespersonNo")
    assert {name: after[name] for name in owned} == {name: before[name] for name in owned}
    assert run_once(here)["received"] == 0


def test_a_merger_hands_the_erps_customer_to_the_survivor(
    house: House, clarity: Clarity, here: MirrorWorld
) -> None:
    run_once(here)
    old, kept = (clarity.document("customers", number) for number in ("C-10001", "C-10002"))
    survivor = linked(here, kept)
    assert linked(here, old) != survivor
    before = house.sage.number("SELECT COUNT(*) FROM AR_Customer")
    clarity.post("/clarity/customers/C-10001/merge", {"into": "C-10002"})
    assert run_once(here).green
    assert linked(here, old) == survivor
    assert house.sage.number("SELECT COUNT(*) FROM AR_Customer") == before


def test_sage_tells_its_number_and_credit_and_hears_no_echo(
    house: House, clarity: Clarity, here: MirrorWorld, back: MirrorWorld
) -> None:
    """Whom nobody linked is told nothing; what we wrote in either system is no news in the other."""
    assert run_once(back)["received"] == 0
    run_once(here)
    number = linked(here, clarity.document("customers", "C-10002"))
    run = run_once(back)
    assert run.green
    assert run["loaded"] > 0
    told = clarity.document("customers", "C-10002")
    assert told["externalIds"]["sage100CustomerNo"] == number
    echo = run_once(here)
    assert echo["received"] == echo["unchanged"]
    assert run_once(back)["loaded"] == 0
    house.sage.change("AR_Customer", number.split("-", 1), CreditLimit=1234.5, CreditHold="Y")
    run = run_once(back)
    assert (run["received"], run["loaded"]) == (1, 1)
    held = clarity.document("customers", "C-10002")
    assert (held["creditLimit"], held["creditHold"]) == (1234.5, True)
    assert held["email"] == told["email"]


def test_every_account_of_a_customer_is_told(
    house: House, clarity: Clarity, here: MirrorWorld, back: MirrorWorld
) -> None:
    run_once(here)
    number = linked(here, clarity.document("customers", "C-10001"))
    clarity.change("customers", "C-10002", externalIds={})
    with here.ledger.database.begin("share") as connection:
        connection.exec_driver_sql(
            f"UPDATE crosswalk SET target_id = '{number}' WHERE source_id = '10002' AND entity = 'customer'"
        )
    assert run_once(back).green
    for account in ("C-10001", "C-10002"):
        assert clarity.document("customers", account)["externalIds"]["sage100CustomerNo"] == number
