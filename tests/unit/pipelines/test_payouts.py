"""Payouts beside Sage's receipts: agreement is silent, one cent is named (B8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from include.connectors.clarity_ecommerce.payments import Statement
from include.connectors.sage100.receipts import Receipt
from include.pipelines.mirrors.payouts import Taken, reconcile

DAY = date(2026, 3, 4)
CARD = Taken(
    "55120", "WEB-1", "stripe", "pi_1", "po_1", "USD",
    captured=Decimal("30.00"), refunded=Decimal("5.00"), fee=Decimal("1.17"), worth=Decimal("30.00"),
)  # fmt: skip
WALLET = replace(
    CARD, payment="55121", transaction="pi_2", captured=Decimal("12.34"), refunded=Decimal(0),
    fee=Decimal("0.66"), worth=Decimal("12.34"),
)  # fmt: skip
SAID = Statement(Decimal("42.34"), Decimal("5.00"), Decimal("1.83"), Decimal("35.51"))


def receipt(number: str, amount: str, day: date = DAY) -> Receipt:
    return Receipt(f"00001-00-1-{number}", "00-1", "po_1", day, Decimal(amount), number, "key")


BOOKED = [receipt("pi_1", "10.00", date(2026, 3, 1)), receipt("pi_1", "20.00"), receipt("pi_2", "12.34")]


def test_a_payout_that_agrees_has_nothing_unexplained() -> None:
    found = reconcile(DAY, [CARD, WALLET], BOOKED, {"po_1": SAID})
    (payout,) = found.payouts
    assert (payout.taken, payout.refunds, payout.fees, payout.net, payout.in_sage) == (
        SAID.gross, SAID.refunds, SAID.fees, SAID.net, SAID.gross,
    )  # fmt: skip
    assert found.unexplained == ()
    assert found.as_json()["payouts"][0]["net"] == "35.51"


def test_a_cent_is_found_and_named() -> None:
    found = reconcile(DAY, [CARD, WALLET], [*BOOKED[:2], receipt("pi_2", "12.33")], {"po_1": SAID})
    (one,) = found.unexplained
    assert one.difference == Decimal("-0.01")
    assert "payment 55121" in one.what


def test_a_cent_in_the_gateways_statement_is_named() -> None:
    said = Statement(SAID.gross, SAID.refunds, Decimal("1.84"), Decimal("35.50"))
    found = reconcile(DAY, [CARD, WALLET], BOOKED, {"po_1": said})
    assert [each.difference for each in found.unexplained] == [Decimal("0.01"), Decimal("-0.01")]
    assert "fees 1.84" in found.unexplained[0].what


def test_a_receipt_of_ours_without_a_payment_is_named_and_a_clerks_is_not() -> None:
    stray, clerks = receipt("pi_9", "1.00"), replace(receipt("CHECK 7", "9.00"), sync_key="")
    found = reconcile(DAY, [CARD, WALLET], [*BOOKED, stray, clerks], {}, known=["pi_3"])
    assert [(each.payout, each.difference) for each in found.unexplained] == [("po_1", Decimal("1.00"))]
