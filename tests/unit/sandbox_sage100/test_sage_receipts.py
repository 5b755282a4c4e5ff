"""Cash receipts by the objects: money is entered under a deposit, against open invoices."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox_sage100.desk import NUMBERED, Ref, Sage, fill

HEADER = "SELECT * FROM AR_CashReceiptsHeader"
LINES = "SELECT * FROM AR_CashReceiptsDetail ORDER BY LineKey"


@pytest.fixture
def owed(sage: Sage) -> Sage:
    """Two open invoices of one customer: 100.00 and 45.50."""
    for number, balance in (("0000901", 100), ("0000902", 45.5)):
        sage.tell(
            "INSERT INTO AR_OpenInvoice (ARDivisionNo, CustomerNo, InvoiceNo, InvoiceType, Balance)"
            " VALUES ('00', ?, ?, 'IN', ?)",
            NUMBERED, number, balance,
        )  # fmt: skip
    sage.tell("UPDATE AR_Customer SET CurrentBalance = 145.5 WHERE CustomerNo = ?", NUMBERED)
    return sage


def a_deposit(sage: Sage, bank: str = "A", **more: object) -> str:
    deposit, answer = sage.new("AR_CashReceiptsDeposit_bus"), Ref()
    assert deposit.nGetNextDepositNo(answer) == 1
    assert deposit.nSetKey(answer.value) == 2
    fill(deposit, {"BankCode$": bank, "DepositDate$": "20261121"} | more)
    assert deposit.nWrite() == 1, deposit.sLastErrorMsg
    return str(answer.value)


def opened(sage: Sage, deposit: str, check: str = "STRIPE-1", customer: str = NUMBERED) -> Any:
    receipt = sage.new("AR_CashReceipts_bus")
    key = {"DepositNo$": deposit, "ARDivisionNo$": "00", "CustomerNo$": customer, "CheckNo$": check}
    for column, value in key.items():
        assert receipt.nSetKeyValue(column, value) == 1, receipt.sLastErrorMsg
    assert receipt.nSetKey() == 2, receipt.sLastErrorMsg
    return receipt


def pay(receipt: Any, invoice: str, amount: float, kind: str = "IN") -> int:
    lines = receipt.oLines
    assert lines.nAddLine() == 2
    fill(lines, {"InvoiceNo$": invoice, "InvoiceType$": kind, "AmountPosted": amount})
    return int(lines.nWrite())


def test_a_receipt_stands_with_its_lines_and_pays_nothing_yet(owed: Sage) -> None:
    deposit = a_deposit(owed, CashDepositAmt=200)
    receipt = opened(owed, deposit)
    fill(receipt, {"PaymentType$": "VISA", "PostingAmt": 120.5, "UDF_SYNC_KEY$": "pay-1"})
    assert pay(receipt, "0000901", 75) == pay(receipt, "0000902", 45.5) == 1
    assert receipt.nWrite() == 1, receipt.sLastErrorMsg
    header = owed.row(HEADER)
    assert (header["DepositNo"], header["PaymentType"], header["PostingAmt"]) == (deposit, "VISA", 120.5)
    assert [(line["LineKey"], line["InvoiceNo"], line["AmountPosted"]) for line in owed.rows(LINES)] == [
        ("000001", "0000901", 75),
        ("000002", "0000902", 45.5),
    ]
    assert owed.row("SELECT DepositBalance FROM AR_CashReceiptsDeposit") == {"DepositBalance": 79.5}
    assert owed.row("SELECT Balance FROM AR_OpenInvoice WHERE InvoiceNo = '0000901'") == {"Balance": 100}


@pytest.mark.parametrize(
    ("invoice", "amount", "words"),
    [
        ("0000999", 10, "not on file"),
        ("0000901", 100.01, "100.00 are left"),
        ("0000901", 0, "above zero"),
        ("0000901", -5, "above zero"),
    ],
)
def test_a_line_pays_only_what_is_open(owed: Sage, invoice: str, amount: float, words: str) -> None:
    receipt = opened(owed, a_deposit(owed))
    assert pay(receipt, invoice, amount) == 0
    assert words in receipt.oLines.sLastErrorMsg


def test_two_receipts_cannot_pay_the_same_dollar(owed: Sage) -> None:
    deposit = a_deposit(owed)
    first = opened(owed, deposit)
    fill(first, {"PostingAmt": 60})
    assert pay(first, "0000901", 60) == first.nWrite() == 1
    second = opened(owed, deposit, "STRIPE-2")
    assert pay(second, "0000901", 40.01) == 0
    assert pay(second, "0000901", 40) == 1


def test_the_lines_must_post_what_was_received(owed: Sage) -> None:
    receipt = opened(owed, a_deposit(owed))
    fill(receipt, {"PostingAmt": 99.99})
    assert receipt.nWrite() == 0
    pay(receipt, "0000901", 100)
    assert receipt.nWrite() == 0
    assert "99.99 have been received" in receipt.sLastErrorMsg
    assert not owed.rows(HEADER)


def test_a_receipt_is_opened_again_and_deleted(owed: Sage) -> None:
    deposit = a_deposit(owed, CashDepositAmt=100)
    receipt = opened(owed, deposit)
    fill(receipt, {"PostingAmt": 100})
    assert pay(receipt, "0000901", 100) == receipt.nWrite() == 1
    for column, value in {"DepositNo$": deposit, "ARDivisionNo$": "00", "CustomerNo$": NUMBERED}.items():
        receipt.nSetKeyValue(column, value)
    receipt.nSetKeyValue("CheckNo$", "STRIPE-1")
    assert receipt.nSetKey() == 1
    assert receipt.oLines.nMoveFirst() == 1
    assert receipt.nDelete() == 1
    assert not owed.rows(HEADER) + owed.rows(LINES)
    assert owed.row("SELECT DepositBalance FROM AR_CashReceiptsDeposit") == {"DepositBalance": 100}


def test_deposit_bank_and_customer_must_be_on_file(sage: Sage) -> None:
    receipt = sage.new("AR_CashReceipts_bus")
    assert receipt.nSetKeyValue("DepositNo$", "77") == 0
    assert "DepositNo is not on file" in receipt.sLastErrorMsg
    for column, value in {
        "DepositNo$": a_deposit(sage),
        "ARDivisionNo$": "00",
        "CustomerNo$": "NOBODY",
    }.items():
        assert receipt.nSetKeyValue(column, value) == 1
    receipt.nSetKeyValue("CheckNo$", "1")
    assert receipt.nSetKey() == 0
    assert "CustomerNo is not on file" in receipt.sLastErrorMsg
    deposit = sage.new("AR_CashReceiptsDeposit_bus")
    assert deposit.nSetKey("88") == 2
    assert deposit.nSetValue("BankCode$", "Z") == 0


def test_where_batches_are_used_a_receipt_needs_one(owed: Sage) -> None:
    owed.switch(batch_entry=True)
    deposit = a_deposit(owed)
    receipt, answer = owed.new("AR_CashReceipts_bus"), Ref()
    key = {"DepositNo$": deposit, "ARDivisionNo$": "00", "CustomerNo$": NUMBERED, "CheckNo$": "1"}
    for column, value in key.items():
        receipt.nSetKeyValue(column, value)
    assert receipt.nSetKey() == 0
    assert "batch" in receipt.sLastErrorMsg
    assert receipt.nSelectBatch("00007") == 0
    assert receipt.nSelectNewBatch(answer, "N", "web payments") == 1
    assert (answer.value, receipt.nSelectBatch("00001")) == ("00001", 1)
    for column, value in key.items():
        receipt.nSetKeyValue(column, value)
    assert receipt.nSetKey() == 2
    fill(receipt, {"PostingAmt": 5})
    assert pay(receipt, "0000901", 5) == receipt.nWrite() == 1
    assert owed.row(HEADER)["BatchNo"] == "00001"
