"""Credit asked before an order is written, to the cent and one order of a customer at a time (B28)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.gateway.credit import Credit
from include.gateway.key_locks import KeyLocks
from include.gateway.service import Gateway, names_of
from include.gateway.worker import Worker
from tests.unit.gateway.conftest import Company, an_order, codes, create

AMOUNTS = st.decimals(min_value=0, max_value=9_999_999, places=2)
CENT = Decimal("0.01")


def allow(company: Company, limit: str, **columns: str) -> None:
    given = {"CreditLimit": limit} | columns
    setting = ", ".join(f"{name} = ?" for name in given)
    company.rows(f"UPDATE AR_Customer SET {setting} WHERE CustomerNo = '0001001'", *given.values())


def remarks(body: Any) -> list[str]:
    return [warning["code"] for warning in body["warnings"]]


@given(balance=AMOUNTS, open_orders=AMOUNTS, amount=AMOUNTS)
def test_exactly_at_the_limit_passes_and_a_cent_more_does_not(
    balance: Decimal, open_orders: Decimal, amount: Decimal
) -> None:
    """B28: a property of all amounts that Sage can hold."""
    at_limit = Credit(
        on_hold=False, limit=balance + open_orders + amount, balance=balance, open_orders=open_orders
    )
    assert at_limit.against(amount) == []
    (over,) = at_limit.against(amount + CENT)
    assert (over.code, Decimal(str(over.value))) == ("credit_limit", balance + open_orders + amount + CENT)


@given(amount=AMOUNTS)
def test_a_hold_speaks_against_any_amount_and_no_limit_against_none(amount: Decimal) -> None:
    held = Credit(on_hold=True, limit=None, balance=Decimal(0), open_orders=Decimal(0))
    assert [finding.code for finding in held.against(amount)] == ["credit_hold"]


@pytest.mark.parametrize("columns", [{}, {"AgingCategory3": "15.00", "CurrentBalance": "20.00"}])
def test_balance_of_all_ages_and_open_orders_count(
    worker: Worker, company: Company, columns: dict[str, str]
) -> None:
    allow(company, "70.00" if not columns else "105.00", **columns)
    assert [worker.reply(create(number, credit="refuse")).answer.status for number in "12"] == [201, 201]
    third = worker.reply(create("3", credit="refuse")).answer
    assert (third.status, codes(third.body)) == (422, [("credit_limit", None, "CustomerNo")])
    assert len(company.orders()) == 2


def test_a_quote_and_a_closed_order_are_not_open(worker: Worker, company: Company) -> None:
    allow(company, "35.00")
    company.rows(
        "INSERT INTO SO_SalesOrderHeader (SalesOrderNo, ARDivisionNo, CustomerNo, OrderType, OrderStatus,"
        " TaxableAmt) VALUES ('0000800', '00', '0001001', 'Q', 'N', 500),"
        " ('0000801', '00', '0001001', 'S', 'C', 500), ('0000802', '00', '0001002', 'S', 'N', 500)"
    )
    quote = create("1", header={"OrderType": "Q"}, expect=None, credit="refuse")
    assert worker.reply(quote).answer.status == 201
    assert worker.reply(create("2", credit="refuse")).answer.status == 201


def test_discount_freight_and_tax_of_open_orders_count(worker: Worker, company: Company) -> None:
    allow(company, "62.50")
    company.rows(
        "INSERT INTO SO_SalesOrderHeader (SalesOrderNo, ARDivisionNo, CustomerNo, OrderType, OrderStatus,"
        " TaxableAmt, NonTaxableAmt, DiscountAmt, FreightAmt, SalesTaxAmt)"
        " VALUES ('0000800', '00', '0001001', 'B', 'O', 20, 5, 2.50, 4, 1.01)"
    )
    over = worker.reply(create(credit="refuse")).answer
    assert over.body["errors"][0]["value"] == "62.51"
    allow(company, "62.51")
    assert worker.reply(create(credit="refuse")).answer.status == 201


def test_a_site_may_take_sages_own_sum_of_open_orders(make_settings: Any, company: Company) -> None:
    worker = Worker(make_settings(open_orders="customer"))
    allow(company, "35.00", OpenOrderAmt="0.01")
    assert worker.reply(create(credit="refuse")).answer.status == 422
    worker.rest()


@pytest.mark.parametrize(("meaning", "status"), [("unlimited", 201), ("none", 422)])
def test_a_limit_of_zero_means_what_the_site_says(
    make_settings: Any, company: Company, meaning: str, status: int
) -> None:
    worker = Worker(make_settings(zero_credit_limit=meaning))
    allow(company, "0")
    assert worker.reply(create(credit="refuse")).answer.status == status
    worker.rest()


def test_a_held_customers_order_is_refused_held_or_left_to_sage(worker: Worker, company: Company) -> None:
    allow(company, "0", CreditHold="Y")
    refused = worker.reply(create("1", credit="refuse")).answer
    assert (refused.status, codes(refused.body)) == (422, [("credit_hold", None, "CustomerNo")])
    held = worker.reply(create("2", credit="hold", hold_reason="CREDT")).answer
    assert (held.status, held.body["OrderStatus"], remarks(held.body)) == (201, "H", ["credit_hold"])
    ignored = worker.reply(create("3")).answer
    assert (ignored.status, ignored.body["OrderStatus"], ignored.body["warnings"]) == (201, "N", [])
    rows = company.rows("SELECT OrderStatus, CancelReasonCode FROM SO_SalesOrderHeader ORDER BY SalesOrderNo")
    assert rows == [("H", "CREDT"), ("N", None)]


def test_an_order_that_stands_is_adopted_whatever_the_credit_is_now(worker: Worker, company: Company) -> None:
    allow(company, "35.00")
    assert worker.reply(create(key="a", credit="refuse")).answer.status == 201
    again = worker.reply(create(key="b", credit="refuse")).answer
    assert (again.status, again.body["status"]) == (200, "adopted")


def test_without_its_total_an_order_cannot_be_judged(worker: Worker, company: Company) -> None:
    allow(company, "35.00")
    answer = worker.reply(create(credit="refuse", expect=None)).answer
    assert (answer.status, codes(answer.body)) == (422, [("required", None, "expect")])


@pytest.mark.parametrize("policy", ["refuse", "hold"])
def test_of_many_orders_at_once_as_many_pass_as_fit(
    open_gateway: Callable[..., Gateway], company: Company, policy: str
) -> None:
    """B28: eight orders of 35.00 in parallel on three workers, room for two.

    The first one is slow between question and write: time enough for all others to ask.
    """
    allow(company, "70.00")
    company.fault("SO.nWrite", "pause:0.7")
    gateway = open_gateway(workers=3)
    with ThreadPoolExecutor(8) as threads:
        jobs = [create(str(number), credit=policy, hold_reason="CREDT") for number in range(8)]
        answers = list(threads.map(gateway.carry_out, jobs))
    passed = [answer for answer in answers if answer.body.get("OrderStatus") == "N"]
    assert len(passed) == 2
    free = company.rows("SELECT count(*) FROM SO_SalesOrderHeader WHERE OrderStatus = 'N'")
    assert free == [(2,)]
    assert len(company.orders()) == (2 if policy == "refuse" else 8)


def test_a_customer_has_one_name_however_it_is_written() -> None:
    def name(**header: Any) -> str:
        job = create(credit="hold", header=header)
        (found,) = [each for each in names_of(job, (), default_division="00") if each.startswith("customer:")]
        return found

    written = [{"CustomerNo": "1001"}, {"CustomerNo": "0001001", "ARDivisionNo": None}, {"ARDivisionNo": "0"}]
    assert {name(**header) for header in written} == {"customer:00|0001001"}
    assert name(CustomerNo="a0075") == name(CustomerNo="A0075") == "customer:00|A0075"
    assert not [n for n in names_of(create(), (), default_division="00") if n.startswith("customer:")]


def test_two_orders_of_one_customer_do_not_meet_between_question_and_write() -> None:
    """The lock is what makes it safe: while one holds the customer's name no other gets it."""
    locks = KeyLocks()
    names = [names_of(create(str(n), credit="refuse"), (), default_division="00") for n in (1, 2)]
    with locks.hold(names[0], seconds=0) as first, locks.hold(names[1], seconds=0) as second:
        assert (first, second) == (True, False)


def test_the_policy_is_part_of_the_request(open_gateway: Callable[..., Gateway]) -> None:
    gateway = open_gateway()
    gateway.carry_out(create(key="k"))
    answer = gateway.carry_out(create(key="k", credit="hold"))
    assert codes(answer.body) == [("key_reused", None, "Idempotency-Key")]
    assert an_order().credit == "ignore"
