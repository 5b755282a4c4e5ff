"""Cash receipts: entered exactly once under their deposit, to the cent."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from include.gateway.messages import Finding
from include.gateway.problems import ProblemError
from include.gateway.receipt import Receipts
from include.gateway.receipt_models import ReceiptRequest
from include.gateway.service import Gateway
from include.gateway.settings import Settings
from include.gateway.worker import Job, Worker
from tests.unit.gateway.conftest import Company, codes

DAY = {"BankCode": "A", "DepositDate": "2026-11-20", "DepositDesc": "PAYOUT 77"}


def a_receipt(
    check: str = "CH1", *, key: str = "", deposit: dict[str, str] = DAY, lines: Any = None, **header: Any
) -> Job:
    """40.00 on account of the first customer."""
    whole = {"CustomerNo": "1001", "CheckNo": check, "PaymentType": "VISA", "PostingAmt": "40.00"} | header
    paid = lines or [{"InvoiceNo": check, "InvoiceType": "PP", "AmountPosted": whole["PostingAmt"]}]
    record = ReceiptRequest.model_validate({"deposit": deposit, "header": whole, "lines": paid})
    return Job("create_receipt", key=key or f"key-{check}", receipt=record)


@pytest.fixture
def owed(northwind: Company) -> Company:
    """Two open invoices of the first customer."""
    northwind.rows(
        "INSERT INTO AR_OpenInvoice (ARDivisionNo, CustomerNo, InvoiceNo, InvoiceType, Balance) VALUES"
        " ('00', '0001001', '0100001', 'IN', 100), ('00', '0001001', '0100002', 'IN', 60.6)"
    )
    return northwind


def deposits(company: Company) -> list[tuple[Any, ...]]:
    return company.rows("SELECT DepositNo, CashDepositAmt, DepositBalance FROM AR_CashReceiptsDeposit")


def receipts(company: Company) -> list[tuple[Any, ...]]:
    return company.rows("SELECT CheckNo, PostingAmt FROM AR_CashReceiptsHeader ORDER BY CheckNo")


def test_a_receipt_pays_invoices_under_a_deposit_of_its_own_sum(desk: Worker, owed: Company) -> None:
    lines = [
        {"InvoiceNo": "100001", "AmountPosted": "100.00"},
        {"InvoiceNo": "0100002", "AmountPosted": "60.59"},
    ]
    made = desk.reply(a_receipt(PostingAmt="160.59", lines=lines)).answer
    assert (made.status, made.body) == (
        201,
        {
            "status": "created",
            "stage": "entered",
            "DepositNo": "00001",
            "ARDivisionNo": "00",
            "CustomerNo": "0001001",
            "CheckNo": "CH1",
            "amount": "160.59",
            "warnings": [],
        },
    )
    assert deposits(owed) == [("00001", 160.59, 0)]
    assert owed.rows("SELECT InvoiceNo, AmountPosted FROM AR_CashReceiptsDetail ORDER BY LineKey") == [
        ("0100001", 100),
        ("0100002", 60.59),
    ]


def test_receipts_of_one_payout_share_its_deposit(desk: Worker, northwind: Company) -> None:
    """B8: one deposit a payout, to the cent."""
    for check in ("CH1", "CH2"):
        assert desk.reply(a_receipt(check)).answer.body["DepositNo"] == "00001"
    other = desk.reply(a_receipt("CH3", deposit=DAY | {"DepositDesc": "PAYOUT 78"})).answer
    assert other.body["DepositNo"] == "00002"
    named = desk.reply(a_receipt("CH4", deposit={"DepositNo": "2"})).answer
    assert named.body["DepositNo"] == "00002"
    assert deposits(northwind) == [("00001", 80, 0), ("00002", 80, 0)]


def test_a_deposit_that_was_given_its_amount_keeps_it_and_shows_what_is_missing(
    desk: Worker, northwind: Company
) -> None:
    desk.reply(a_receipt(deposit=DAY | {"CashDepositAmt": "55.50"}))
    assert deposits(northwind) == [("00001", 55.5, 15.5)]


def test_the_same_key_is_one_receipt_and_another_key_another_payment(
    desk: Worker, northwind: Company
) -> None:
    first = desk.reply(a_receipt(key="a")).answer
    again = desk.reply(a_receipt(key="a")).answer
    assert (again.status, again.body) == (200, first.body | {"status": "adopted"})
    capture = a_receipt(key="b", deposit=DAY | {"DepositDesc": "PAYOUT 78"}, lines=[
        {"InvoiceNo": "CH1B", "InvoiceType": "PP", "AmountPosted": "40.00"}
    ])  # fmt: skip
    assert desk.reply(capture).answer.status == 201
    assert receipts(northwind) == [("CH1", 40), ("CH1", 40)]


def test_a_receipt_that_was_posted_is_not_entered_again(desk: Worker, northwind: Company) -> None:
    """Posting empties the entry tables; the history knows the key."""
    desk.reply(a_receipt(key="a"))
    northwind.rows("DELETE FROM AR_CashReceiptsHeader")
    northwind.rows(
        "INSERT INTO AR_CashReceiptsHistory (BankCode, DepositNo, ARDivisionNo, CustomerNo, CheckNo,"
        " SequenceNo, CashAmountApplied, UDF_SYNC_KEY)"
        " VALUES ('A', '00001', '00', '0001001', 'CH1', '000001', 15, 'a'),"
        " ('A', '00001', '00', '0001001', 'CH1', '000002', 25, 'a')"
    )
    again = desk.reply(a_receipt(key="a")).answer
    assert (again.status, again.body["stage"], again.body["amount"]) == (200, "posted", "40.00")
    assert receipts(northwind) == []


@pytest.mark.parametrize(("amount", "status"), [("40.00", 200), ("39.99", 422)])
def test_what_a_clerk_entered_by_hand_is_the_same_money(
    desk: Worker, northwind: Company, amount: str, status: int
) -> None:
    desk.reply(a_receipt(key="a"))
    northwind.rows("UPDATE AR_CashReceiptsHeader SET UDF_SYNC_KEY = ''")
    answer = desk.reply(a_receipt(key="b", PostingAmt=amount)).answer
    assert answer.status == status
    if status == 422:
        assert codes(answer.body) == [("invalid_value", None, "CheckNo")]
    assert len(receipts(northwind)) == 1


def test_a_lost_answer_leaves_a_deposit_that_the_repeat_puts_right(desk: Worker, northwind: Company) -> None:
    """Killed between the receipt and its deposit's sum: the same key again adopts and settles."""
    desk.reply(a_receipt(key="a"))
    northwind.rows("UPDATE AR_CashReceiptsDeposit SET CashDepositAmt = 0, DepositBalance = -40")
    assert desk.reply(a_receipt(key="a")).answer.body["status"] == "adopted"
    assert deposits(northwind) == [("00001", 40, 0)]


@pytest.mark.parametrize(("trouble", "status"), [(422, 201), (423, 504), (503, 504)])
def test_a_deposit_that_takes_no_amount_does_not_make_the_receipt_unwritten(
    desk: Worker, northwind: Company, monkeypatch: pytest.MonkeyPatch, trouble: int, status: int
) -> None:
    """What stands in Sage is never answered as refused or as not begun."""

    def fail(*_: Any) -> None:
        raise ProblemError(trouble, "no", errors=[Finding("invalid_value", "header", "no")])

    with monkeypatch.context() as patch:
        patch.setattr(Receipts, "change_deposit", fail)
        answer = desk.reply(a_receipt(key="a")).answer
    assert answer.status == status
    assert [each["code"] for each in answer.body.get("warnings", ())] == ["invalid_value"] * (status == 201)
    assert desk.reply(a_receipt(key="a")).answer.body["status"] == "adopted"
    assert (receipts(northwind), deposits(northwind)) == ([("CH1", 40)], [("00001", 40, 0)])


REFUSED = [
    ({"CustomerNo": "NOBODY"}, None, [("not_on_file", None)]),
    ({"PaymentType": "SHELL"}, None, [("not_on_file", None)]),
    ({"CheckNo": None}, None, [("required", None)]),
    ({"PostingAmt": "forty"}, [{"InvoiceNo": "1", "AmountPosted": "1"}], [("invalid_value", None)]),
    ({}, [{"InvoiceNo": "0100001", "AmountPosted": "39.99"}], [("invalid_value", None)]),
    ({}, [{"InvoiceNo": "0999999", "AmountPosted": "40"}], [("not_on_file", 1)]),
    ({"PostingAmt": "100.01"}, [{"InvoiceNo": "0100001", "AmountPosted": "100.01"}], [("invalid_value", 1)]),
    ({}, [{"AmountPosted": "40"}], [("required", 1)]),
]


@pytest.mark.parametrize(("header", "lines", "found"), REFUSED)
def test_a_refused_receipt_leaves_nothing(
    desk: Worker, owed: Company, header: dict[str, Any], lines: Any, found: list[Any]
) -> None:
    answer = desk.reply(
        a_receipt(lines=lines or [{"InvoiceNo": "0100001", "AmountPosted": "40"}], **header)
    ).answer
    assert (answer.status, [error[:2] for error in codes(answer.body)]) == (422, found)
    assert receipts(owed) == []
    assert all(amount == 0 for _, amount, _ in deposits(owed))


@pytest.mark.parametrize(
    ("deposit", "found"),
    [
        ({"BankCode": "A"}, ("required", "DepositDate")),
        ({"BankCode": "Z", "DepositDate": "2026-11-20"}, ("not_on_file", "BankCode")),
        ({"DepositNo": "77"}, ("not_on_file", "DepositNo")),
    ],
)
def test_a_deposit_must_be_one(desk: Worker, deposit: dict[str, str], found: tuple[str, str]) -> None:
    answer = desk.reply(a_receipt(deposit=deposit)).answer
    assert (answer.status, [(code, field) for code, _, field in codes(answer.body)]) == (422, [found])


def test_without_the_udf_the_site_is_misconfigured(desk: Worker, northwind: Company) -> None:
    northwind.rows("ALTER TABLE AR_CashReceiptsHeader RENAME COLUMN UDF_SYNC_KEY TO UDF_OTHER")
    answer = desk.reply(a_receipt()).answer
    assert (answer.status, codes(answer.body)[0][0]) == (503, "misconfigured")


def test_receipts_at_once_make_one_deposit_and_each_key_one_receipt(
    emulated: Callable[..., Settings], northwind: Company
) -> None:
    """Four payments, each asked for three times in parallel."""
    gateway = Gateway(emulated(workers=2))
    gateway.open()
    jobs = [a_receipt(f"CH{number % 4}") for number in range(12)]
    with ThreadPoolExecutor(6) as threads:
        statuses = [answer.status for answer in threads.map(gateway.carry_out, jobs)]
    gateway.close()
    assert set(statuses) <= {200, 201, 409}
    assert receipts(northwind) == [(f"CH{number}", 40) for number in range(4)]
    assert deposits(northwind) == [("00001", 160, 0)]
