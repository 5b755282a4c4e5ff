"""What gateways took becomes Sage's cash receipts (B35, B44)."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from include.canonical import Reason
from include.translation import Translation, load
from tests.unit.mappings.flows import a_flow_site
from tests.unit.translation.factories import codes, the


def payment(**changes: object) -> dict[str, object]:
    return {
        "id": 55120, "orderNumber": "WEB-100457", "customerNumber": "C-10482", "gateway": "Stripe",
        "method": "card", "status": "captured", "currency": "USD", "amount": 2548.47,
        "capturedAmount": 2548.47,
        "refundedAmount": 0, "fee": 65.21, "transactionId": "pi_3PxSANDBOX0001",
        "payoutId": "po_SANDBOX_0302",
        "capturedAt": "2026-03-05T02:15:00.100Z", "updatedDate": "2026-03-05T02:15:00.100Z", "rowVersion": 1,
        "externalIds": {"sage100CashReceiptDepositNo": None},
    } | changes  # fmt: skip


def read(**changes: object) -> Translation:
    payload = json.dumps({"data": payment(**changes)}).encode()
    return load("clarity_ecommerce/payment").to_canonical(["55120"], [payload], a_flow_site())


def receipts(**changes: object) -> tuple[Translation, dict[str, dict[str, object]]]:
    mapping = load("sage100/cash_receipt")
    made = mapping.from_canonical(read(**changes).frames, a_flow_site())
    return made, mapping.to_documents(made.frames)


def test_a_payment_keeps_its_cents_and_the_companys_day() -> None:
    row = the(read().frames["payments"])
    assert (row["amount"], row["captured_amount"], row["fee"]) == (
        Decimal("2548.47"), Decimal("2548.47"), Decimal("65.21"),
    )  # fmt: skip
    assert (row["gateway"], row["state"], row["captured_on"].isoformat()) == (
        "stripe",
        "captured",
        "2026-03-04",
    )


def test_a_captured_payment_is_a_receipt_of_its_payout() -> None:
    made, documents = receipts()
    assert made.problems.empty
    assert documents == {
        "55120": {
            "deposit": {"BankCode": "A", "DepositDate": "2026-03-04", "DepositDesc": "po_SANDBOX_0302"},
            "header": {
                "ARDivisionNo": "01", "CustomerNo": "0010482", "CheckNo": "ANDBOX0001", "PaymentType": "STRP",
                "PostingAmt": Decimal("2548.47"), "Comment": "pi_3PxSANDBOX0001",
            },
            "lines": [{"InvoiceNo": "P055120", "InvoiceType": "PP", "AmountPosted": Decimal("2548.47")}],
        }
    }  # fmt: skip


def test_an_invoice_that_is_there_is_paid() -> None:
    site, mapping = a_flow_site(), load("sage100/cash_receipt")
    frame = read().frames["payments"].assign(invoice_number="0104512")
    documents = mapping.to_documents(mapping.from_canonical({"payments": frame}, site).frames)
    assert documents["55120"]["lines"] == [
        {"InvoiceNo": "0104512", "InvoiceType": "IN", "AmountPosted": Decimal("2548.47")}
    ]


def test_payments_without_a_payout_are_deposited_by_day_and_gateway() -> None:
    _, documents = receipts(payoutId=None)
    assert documents["55120"]["deposit"]["DepositDesc"] == "stripe 2026-03-04"


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "authorized", "capturedAmount": 0, "capturedAt": None},
        {"gateway": "OnAccount", "method": "on_account"},
    ],
)
def test_what_nobody_took_is_no_receipt(changes: dict[str, object]) -> None:
    made, documents = receipts(**changes)
    assert (documents, len(made.problems)) == ({}, 0)


def test_foreign_money_is_posted_in_the_companys() -> None:
    _, documents = receipts(currency="EUR", capturedAt="2026-09-26T12:00:00Z")
    assert documents["55120"]["header"]["PostingAmt"] == Decimal("2803.32")  # x 1.1, half up


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"gateway": "Klarna"}, (Reason.UNKNOWN_VALUE, "gateway")),
        ({"status": "lost"}, (Reason.UNKNOWN_VALUE, "status")),
        ({"amount": "12.345"}, (Reason.INVALID_FORMAT, "amount")),
        ({"orderNumber": ""}, (Reason.MISSING, "orderNumber")),
    ],
)
def test_what_we_do_not_know_is_set_aside(changes: dict[str, object], problem: tuple[str, str]) -> None:
    assert codes(read(**changes).problems) == [problem]


def test_a_receipt_waits_for_its_order() -> None:
    made, _ = receipts(orderNumber="WEB-9")
    assert set(codes(made.problems)) == {(Reason.NO_REFERENCE, "order_number")}
