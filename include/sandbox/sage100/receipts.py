"""Cash receipts: money from customers, entered under a deposit, then posted against their open items.

Entered receipts stand in AR_CashReceiptsHeader and -Detail and change nothing else. Posting moves them to
AR_CashReceiptsHistory and AR_TransactionPaymentHistory, lowers the invoices and the customer's balance, and
leaves nothing in the entry tables. A prepayment (PP) has no invoice yet: it becomes an open item below zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.sage100 import effects
from include.sandbox.sage100.receivables import Customer, Receivables
from include.sandbox.sage100.refusals import NotNowError, RefusedError
from include.sandbox.sage100.totals import ZERO

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from include.sandbox.sage100.accounts import Accounts
    from include.sandbox.sage100.records import Record

PREPAYMENT = "PP"
PAYMENT = "P"
DEPOSIT, HEADER, DETAIL = "AR_CashReceiptsDeposit", "AR_CashReceiptsHeader", "AR_CashReceiptsDetail"


class Receipts:
    """The cash receipts of one company."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._owed = Receivables(accounts)

    def check_line(self, receipt: Record, line: Record) -> None:
        """Refuse a line that pays nothing, what is not open, or more than is left.

        Raises:
            RefusedError: with what is wrong.
        """
        amount, invoice = line.number("AmountPosted"), line.text("InvoiceNo")
        if amount <= 0:
            raise RefusedError("The AmountPosted must be above zero.")
        item = self._owed.open_item(_customer(receipt), invoice, line.text("InvoiceType"))
        if line.text("InvoiceType") == PREPAYMENT:
            if item is not None:
                raise RefusedError("The prepayment is on file already.")
            return
        if item is None:
            raise RefusedError("The InvoiceNo is not on file.")
        left = item.number("Balance") - self._entered_elsewhere(receipt, line)
        if amount > left:
            raise RefusedError(f"The AmountPosted exceeds the balance of the invoice: {left} are left.")

    def check(self, receipt: Record, lines: Sequence[Record]) -> None:
        """Refuse a receipt whose amount is not what its lines post.

        Raises:
            RefusedError: with what is wrong.
        """
        if not lines:
            raise RefusedError("The cash receipt must have at least one line.")
        named = {(line.text("InvoiceNo"), line.text("InvoiceType")) for line in lines}
        if len(named) < len(lines):
            raise RefusedError("An invoice may stand on one line of a cash receipt only.")
        for line in lines:
            self.check_line(receipt, line)
        posted = sum((line.number("AmountPosted") for line in lines), ZERO)
        if receipt.number("PostingAmt") != posted:
            raise RefusedError(
                f"The lines post {posted}, but {receipt.number('PostingAmt')} have been received."
            )

    def enter(self, receipt: Record, lines: Sequence[Record], *, created: bool) -> None:
        """Write a receipt with its lines, under its deposit."""
        self._accounts.delete(DETAIL, *receipt.key)
        self._accounts.save(receipt, created=created)
        for line in lines:
            self._accounts.save(line)
        self._balance(receipt.text("DepositNo"))
        effects.log(self._accounts.db, "receipt_entered", receipt, len(lines), {})

    def remove(self, receipt: Record) -> None:
        """Take an entered receipt back."""
        self._accounts.delete(HEADER, *receipt.key)
        self._accounts.delete(DETAIL, *receipt.key)
        self._balance(receipt.text("DepositNo"))
        effects.log(self._accounts.db, "receipt_removed", receipt, 0, {})

    def take(
        self,
        customer: Customer,
        lines: Sequence[tuple[str, str, Decimal]],
        *,
        bank: str,
        check: str,
        how: str,
    ) -> str:
        """Enter one receipt under a deposit of its own; gives the deposit's number.

        Args:
            customer: division and number.
            lines: invoice, its type and what is paid of it.
            bank: the bank's code.
            check: number of the check, or of the payment.
            how: the payment type.
        """
        number = self._accounts.next_number("AR_Options", "A/R", "NextDepositNo", DEPOSIT)
        total = sum((amount for _, _, amount in lines), ZERO)
        today = self._accounts.stamp.date
        deposit = self._accounts.blank(DEPOSIT, DepositNo=number, BankCode=bank, DepositDate=today)
        deposit.put(CashDepositAmt=total)
        self._accounts.save(deposit, created=True)
        key = {"DepositNo": number, "ARDivisionNo": customer[0], "CustomerNo": customer[1], "CheckNo": check}
        receipt = self._accounts.blank(HEADER, **key, PaymentType=how, PostingAmt=total)
        rows = [
            self._accounts.blank(
                DETAIL, **key, LineKey=f"{n:06d}", InvoiceNo=no, InvoiceType=kind, AmountPosted=amount
            )
            for n, (no, kind, amount) in enumerate(lines, start=1)
        ]
        self.check(receipt, rows)
        self.enter(receipt, rows, created=True)
        return number

    def post(self, deposit_no: str = "") -> list[Record]:
        """Post every entered receipt, or those of one deposit; gives the rows of the payment history.

        Raises:
            NotOnFileError: there is no such deposit.
            NotNowError: somebody has one of the receipts open.
        """
        where = {"DepositNo": deposit_no} if deposit_no else {}
        if deposit_no:
            self._accounts.existing(DEPOSIT, deposit_no)
        receipts = list(self._accounts.select(HEADER, **where))
        history = [row for receipt in receipts for row in self._post(receipt)]
        for number in {receipt.text("DepositNo") for receipt in receipts}:
            self._accounts.delete(DEPOSIT, number)
        return history

    def _post(self, receipt: Record) -> list[Record]:
        self._accounts.demand_free(HEADER, *receipt.key)
        deposit = self._accounts.existing(DEPOSIT, receipt.text("DepositNo"))
        lines = list(self._accounts.select(DETAIL, "LineKey", **_named(receipt)))
        rows = [self._apply(receipt, deposit, line) for line in lines]
        self._accounts.delete(HEADER, *receipt.key)
        self._accounts.delete(DETAIL, *receipt.key)
        today, paid = self._accounts.stamp.date, receipt.number("PostingAmt")
        self._owed.add(_customer(receipt), "CurrentBalance", ZERO, DateLastPayment=today, LastPaymentAmt=paid)
        effects.log(self._accounts.db, "receipt_posted", receipt, len(lines), {})
        return rows

    def _apply(self, receipt: Record, deposit: Record, line: Record) -> Record:
        item = self._owed.open_item(_customer(receipt), line.text("InvoiceNo"), line.text("InvoiceType"))
        if line.text("InvoiceType") == PREPAYMENT:
            item = self._prepaid(receipt, line)
        elif item is None or item.number("Balance") < line.number("AmountPosted"):
            raise NotNowError(f"The balance of {line.text('InvoiceNo')} no longer covers the receipt.")
        else:
            self._owed.settle(item, line.number("AmountPosted"))
        self._write_cash_history(receipt, deposit, line, item.number("Balance"))
        given = {name: receipt.text(name) for name in ("CheckNo", "PaymentType")}
        amount, deposit_no = line.number("AmountPosted"), receipt.text("DepositNo")
        return self._owed.note_payment(item, amount, PAYMENT, PaymentReference=deposit_no, **given)

    def _prepaid(self, receipt: Record, line: Record) -> Record:
        today = self._accounts.stamp.date
        item = self._accounts.blank("AR_OpenInvoice")
        item.take(receipt, ("ARDivisionNo", "CustomerNo", "CheckNo"))
        item.take(line, ("InvoiceNo", "InvoiceType"))
        item.put(InvoiceDate=today, PostingDate=today, Balance=-line.number("AmountPosted"))
        self._owed.charge(item)
        return item

    def _write_cash_history(self, receipt: Record, deposit: Record, line: Record, left: Decimal) -> None:
        customer = self._accounts.existing("AR_Customer", *_customer(receipt))
        row = self._accounts.blank("AR_CashReceiptsHistory")
        row.take(deposit, ("BankCode", "DepositDate", "DepositNo", "DepositType", "DepositDesc"))
        row.take(customer, ("CustomerName", "OpenItemCustomer"))
        row.take(receipt, receipt.values)
        row.take(line, ("InvoiceNo", "InvoiceType"))
        row.put(
            SequenceNo=line.text("LineKey"),
            PostingDate=self._accounts.stamp.date,
            TransactionType="PP" if line.text("InvoiceType") == PREPAYMENT else "PY",
            CashAmountApplied=line.number("AmountPosted"),
            InvoiceBalance=left,
        )
        self._accounts.save(row, created=True)

    def _entered_elsewhere(self, receipt: Record, line: Record) -> Decimal:
        """What other receipts already pay on this invoice, entered and not yet posted."""
        where = {n: line.text(n) for n in ("InvoiceNo", "InvoiceType")}
        division, number = _customer(receipt)
        rows = self._accounts.select(DETAIL, ARDivisionNo=division, CustomerNo=number, **where)
        return sum((r.number("AmountPosted") for r in rows if r.key[:4] != receipt.key), ZERO)

    def _balance(self, deposit_no: str) -> None:
        deposit = self._accounts.existing(DEPOSIT, deposit_no)
        receipts = self._accounts.select(HEADER, DepositNo=deposit_no)
        received = sum((receipt.number("PostingAmt") for receipt in receipts), ZERO)
        left = deposit.number("CashDepositAmt") - received
        deposit.put(CashBalanceAmt=left, DepositBalance=left)
        self._accounts.save(deposit)


def _customer(receipt: Record) -> tuple[str, str]:
    return receipt.text("ARDivisionNo"), receipt.text("CustomerNo")


def _named(receipt: Record) -> dict[str, str]:
    return dict(zip(receipt.table.primary, receipt.key, strict=True))
