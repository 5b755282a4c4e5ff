"""Invoices of Sage in Clarity's shop, and the shop's payments in Sage, over real ODBC and HTTP."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from include.connectors.documents import Answer, Document
from include.errors import ConfigurationError, TransientError
from include.pipelines.mirrors import flows
from include.pipelines.mirrors.payouts import report
from include.pipelines.mirrors.ports import RecordTarget
from include.pipelines.ports import World
from tests.pipeline.clarity import HEADS, Clarity, MakeMirror, payments_of, shop
from tests.pipeline.house import House
from tests.pipeline.outside import Json, cents
from tests.pipeline.world import run_once


@pytest.fixture
def clarity(house: House) -> Clarity:
    house.tidy()
    found = shop(house)
    found.open(orders=6)
    return found


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


def receipts(house: House) -> list[tuple[str, Decimal]]:
    """What stands in Sage of the gateways' payments, entered or posted."""
    entered = "SELECT Comment, PostingAmt FROM AR_CashReceiptsHeader"
    posted = "SELECT Comment, CashAmountApplied FROM AR_CashReceiptsHistory"
    rows = house.sage.rows(f"{entered} UNION ALL {posted} ORDER BY 1, 2")
    return [(row["Comment"], cents(row["PostingAmt"])) for row in rows]


def captured(clarity: Clarity, house: House) -> list[tuple[str, Decimal]]:
    """What gateways took for orders that Sage has."""
    orders = [clarity.document("orders", head["UDF_CLARITY_ORDER_NO"]) for head in house.sage.rows(HEADS)]
    paid = [each for order in orders for each in order["payments"] if each["gateway"] != "OnAccount"]
    return sorted(
        (each["transactionId"], cents(each["capturedAmount"])) for each in paid if each["capturedAmount"]
    )


def test_money_taken_is_a_receipt_once_and_money_held_is_none(
    house: House, clarity: Clarity, mirror: MakeMirror, orders: World
) -> None:
    """B35, B53: captured, captured in parts, gift card beside a card; authorised and on terms are nothing."""
    clarity.post("/clarity/cases", {"cases": ["gift_card_and_card"]})
    run_once(orders)
    here = mirror(flows.PAYMENTS)
    run = run_once(here)
    assert run.green
    assert receipts(house) == captured(clarity, house) != []
    assert run["loaded"] == len(receipts(house))
    assert run_once(here)["received"] == 0
    held = next(
        order
        for head in house.sage.rows(HEADS)
        if (order := clarity.document("orders", head["UDF_CLARITY_ORDER_NO"]))["payments"][0]["status"]
        == "authorized"
        and order["payments"][0]["gateway"] != "OnAccount"
    )
    for taken, counted in (("10.00", "10.00"), (None, None)):
        clarity.post(f"/clarity/orders/{held['orderNumber']}/capture", {"amount": taken} if taken else {})
        house.sage.post("/sage100/receipts")
        run = run_once(here)
        assert run.green
        assert run["loaded"] == 1
        of_order = [
            amount for comment, amount in receipts(house) if comment == held["payments"][0]["transactionId"]
        ]
        assert sum(of_order) == cents(counted or held["payments"][0]["amount"])


@dataclass
class Unheard:
    """The target with a line that breaks after the request: Sage has it, we hear nothing, or die."""

    target: RecordTarget
    dies: bool = False

    def write(self, documents: Sequence[Document]) -> Sequence[Answer]:
        answers = self.target.write(documents)
        if self.dies:
            raise TransientError("killed between the answer and our books")
        return [replace(answer, status="unknown", target_id="") for answer in answers]

    def standing(self, documents: Sequence[Document]) -> Mapping[str, str]:
        return self.target.standing(documents)


@pytest.mark.parametrize("dies", [False, True], ids=["no answer", "killed"])
def test_a_receipt_that_nobody_heard_of_is_not_entered_twice(
    house: House, clarity: Clarity, mirror: MakeMirror, orders: World, *, dies: bool
) -> None:
    run_once(orders)
    here = mirror(flows.PAYMENTS)
    run = run_once(replace(here, target=Unheard(here.target, dies=dies)))
    assert receipts(house) == captured(clarity, house) != []
    assert run["loaded"] == (0 if dies else len(receipts(house)))
    house.clock.pass_(hours=1)
    assert run_once(here).green
    assert receipts(house) == captured(clarity, house)
    assert here.ledger.writes.in_doubt(flows.PAYMENTS.name, sent_before=house.clock()) == []


def test_what_was_given_back_is_a_persons_to_book_and_what_has_no_order_waits(
    house: House, clarity: Clarity, mirror: MakeMirror, orders: World
) -> None:
    here = mirror(flows.PAYMENTS)
    run_once(orders)
    run_once(here)
    before = receipts(house)
    paid = next(
        order
        for head in house.sage.rows(HEADS)
        if (order := clarity.document("orders", head["UDF_CLARITY_ORDER_NO"]))["payments"][0][
            "capturedAmount"
        ]
    )
    clarity.post(f"/clarity/orders/{paid['orderNumber']}/refund", {"amount": "5.00"})
    (late,) = clarity.place(like=paid["orderNumber"])
    run = run_once(here)
    assert (run["parked"], run["waiting"], run["loaded"]) == (1, 1, 0)
    assert receipts(house) == before
    (told,) = here.ledger.exceptions.list(state="open")
    assert (told.field, told.value) == ("refundedAmount", "5.00")
    assert paid["payments"][0]["transactionId"] in told.remedy
    run_once(orders)
    house.clock.pass_(hours=1)
    assert run_once(here)["loaded"] == 1
    number = clarity.document("orders", late["orderNumber"])["payments"][0]["transactionId"]
    assert [comment for comment, _ in receipts(house)].count(number) == 1


def test_money_is_never_a_deposit_and_a_receipt(
    house: House, clarity: Clarity, mirror: MakeMirror, orders: World
) -> None:
    run_once(orders)
    here = mirror(flows.PAYMENTS)
    run = run_once(replace(here, settings={**here.settings, "clarity_deposit": "order"}))
    assert [type(error) for error in run.errors] == [ConfigurationError]
    assert receipts(house) == []


def test_one_cent_of_a_payout_is_found_and_named(
    house: House, clarity: Clarity, mirror: MakeMirror, orders: World
) -> None:
    """B8, B11: every payout agrees to the cent; a cent less in Sage is named."""
    run_once(orders)
    here = mirror(flows.PAYMENTS)
    run_once(here)
    heads = house.sage.rows(HEADS)
    paid = next(
        payment
        for head in heads
        for payment in clarity.document("orders", head["UDF_CLARITY_ORDER_NO"])["payments"]
        if payment["capturedAmount"]
    )
    zone = ZoneInfo(here.time_zone)
    day = datetime.fromisoformat(paid["capturedAt"]).astimezone(zone).date()
    gateway = payments_of(house.doors, here.ledger, house.clock)
    agreed = report(here, day, gateway.statements)
    assert agreed.payouts
    assert agreed.unexplained == ()
    with closing(sqlite3.connect(house.sage.database, timeout=30)) as db, db:
        less = "UPDATE AR_CashReceiptsHeader SET PostingAmt = ROUND(PostingAmt - 0.01, 2) WHERE Comment = ?"
        assert db.execute(less, (paid["transactionId"],)).rowcount == 1
    (named,) = report(here, day, gateway.statements).unexplained
    assert named.difference == Decimal("-0.01")
    assert f"payment {paid['id']} " in named.what
