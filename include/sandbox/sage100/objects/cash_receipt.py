# ruff: noqa: N802 - Sage's own names
"""AR_CashReceiptsDeposit_bus and AR_CashReceipts_bus: a deposit, and the receipts that came with it.

The deposit names bank and date and is written first. A receipt is named by deposit, division, customer and
check number; its lines say which invoices are paid. Both are entries: nothing is paid until they are posted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from include.sandbox.sage100 import database
from include.sandbox.sage100.objects.answers import ByRef, answered
from include.sandbox.sage100.objects.batches import BatchedEntry
from include.sandbox.sage100.objects.business import BusinessObject
from include.sandbox.sage100.objects.editor import not_on_file
from include.sandbox.sage100.objects.lines import Lines
from include.sandbox.sage100.receipts import DETAIL, HEADER, Receipts
from include.sandbox.sage100.refusals import RefusedError

if TYPE_CHECKING:
    from include.sandbox.sage100.objects.session import Session
    from include.sandbox.sage100.records import Record


class Deposit(BusinessObject):
    """One deposit in a bank."""

    bus: ClassVar[str] = "AR_CashReceiptsDeposit_bus"
    main: ClassVar[str] = "AR_CashReceiptsDeposit"

    @answered
    def nGetNextDepositNo(self, answer: ByRef) -> int:
        """Take the next deposit number; it is used up."""
        db = self._session.db
        with database.writing(db):
            accounts = self._session.accounts()
            answer.value = accounts.next_number("AR_Options", "A/R", "NextDepositNo", self.main)
        return 1

    def _begin(self, record: Record) -> None:
        record.put(DepositDate=self._session.date)

    def _complete(self, record: Record) -> None:
        where = {"DepositNo": record.text("DepositNo")}
        receipts = self._session.accounts().select(HEADER, **where)
        left = record.number("CashDepositAmt") - sum(r.number("PostingAmt") for r in receipts)
        record.put(CashBalanceAmt=left, DepositBalance=left)

    def _remove(self, record: Record) -> None:
        if self._session.accounts().find(HEADER, *record.key):
            raise RefusedError("The deposit has cash receipts and cannot be deleted.")
        super()._remove(record)


class ReceiptLines(Lines):
    """The invoices that one receipt pays."""

    leading: ClassVar[str] = "InvoiceNo"

    def __init__(self, receipt: CashReceipts) -> None:
        super().__init__(receipt, receipt.session.table(DETAIL))

    def load(self, receipt: Record) -> None:
        """Take the lines of a receipt as they stand."""
        where = dict(zip(receipt.table.primary, receipt.key, strict=True))
        self.rows = list(self._session.accounts().select(DETAIL, "LineKey", **where))
        self.forget()

    def _complete(self, line: Record) -> None:
        Receipts(self._session.accounts()).check_line(self._document.header(), line)

    def _name(self, line: Record) -> None:
        last = max((int(row.text("LineKey")) for row in self.rows), default=0)
        line.take(self._document.header(), self._document.header().table.primary)
        line.put(LineKey=f"{last + 1:06d}")


class CashReceipts(BatchedEntry):
    """One receipt and its ``oLines``. Its four keys are given by ``nSetKeyValue``."""

    bus: ClassVar[str] = "AR_CashReceipts_bus"
    main: ClassVar[str] = HEADER
    module: ClassVar[str] = "A/R"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.oLines = ReceiptLines(self)

    def _begin(self, record: Record) -> None:
        customer = self._session.accounts().find(
            "AR_Customer", record.text("ARDivisionNo"), record.text("CustomerNo")
        )
        if customer is None:
            raise not_on_file("CustomerNo")
        record.put(BatchNo=self._chosen_batch(), PaymentType=customer.text("DefaultPaymentType"))

    def _opened(self, record: Record) -> None:
        self.oLines.load(record)

    def _complete(self, record: Record) -> None:
        Receipts(self._session.accounts()).check(record, self.oLines.rows)

    def _commit(self, record: Record, *, created: bool) -> None:
        accounts = self._session.accounts()
        if accounts.find("AR_CashReceiptsDeposit", record.text("DepositNo")) is None:
            raise not_on_file("DepositNo")
        Receipts(accounts).enter(record, self.oLines.rows, created=created)
        self.oLines.forget()

    def _remove(self, record: Record) -> None:
        Receipts(self._session.accounts()).remove(record)

    def _close(self) -> None:
        super()._close()
        self.oLines.empty()
