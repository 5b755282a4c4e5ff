"""Cash receipts through ``AR_CashReceipts_bus``, under deposits through ``AR_CashReceiptsDeposit_bus``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.gateway.dialogue import Dialogue
from include.gateway.sequence import DEPOSIT_FIRST, RECEIPT_FIRST, RECEIPT_LINE_FIRST, Fields, in_order
from include.gateway.session import CASH_RECEIPT, DEPOSIT, SageSession
from include.gateway.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.gateway.dictionary import Table
    from include.gateway.messages import Finding, MessageTable
    from include.gateway.objects import BusinessObject

KEY = ("DepositNo", "ARDivisionNo", "CustomerNo", "CheckNo")


@dataclass(frozen=True, slots=True)
class ReceiptTables:
    """The columns of deposit, receipt and lines on this site."""

    deposit: Table
    header: Table
    detail: Table


class Receipts(Writer):
    """Writes deposits and receipts in one session."""

    def __init__(
        self, session: SageSession, tables: ReceiptTables, messages: MessageTable, *, retry_after: int
    ) -> None:
        super().__init__(session, messages, retry_after=retry_after)
        self._tables = tables

    def open_deposit(self, fields: Fields) -> str:
        """Write a new deposit under Sage's next number, which it gives.

        Raises:
            ProblemError: 422 refused, 423 locked, 503 no session; nothing was written.
        """
        deposit = self._session.business_object(DEPOSIT)
        talk = Dialogue(self._messages)
        number = self._open_next(
            deposit, talk, deposit.nGetNextDepositNo, field="DepositNo", doing="the next deposit number"
        )
        self._write_deposit(deposit, talk, fields)
        return number

    def change_deposit(self, number: str, fields: Fields) -> None:
        """Set columns of an open deposit.

        Raises:
            ProblemError: as :meth:`open_deposit`.
        """
        deposit = self._session.business_object(DEPOSIT)
        talk = Dialogue(self._messages)
        answer = deposit.nSetKey(number)
        self._demand(deposit, talk, answer, new=False, field="DepositNo", value=number)
        self._write_deposit(deposit, talk, fields)

    def create(self, deposit: str, header: Fields, lines: Sequence[Fields]) -> tuple[Finding, ...]:
        """Write a receipt with its lines; gives Sage's warnings.

        Raises:
            ProblemError: as :meth:`open_deposit`.
        """
        receipt = self._session.business_object(CASH_RECEIPT)
        talk = Dialogue(self._messages)
        self._open(receipt, talk, deposit, header, new=True)
        rest = {name: value for name, value in header.items() if name not in KEY}
        talk.set_fields(receipt, in_order(rest, RECEIPT_FIRST), self._tables.header, source="header")
        for position, line in enumerate(lines, start=1):
            self._add_line(receipt, talk, position, line)
        self._write(receipt, talk, doing="the receipt", lines=receipt.oLines)
        return tuple(talk.warnings)

    def delete(self, deposit: str, header: Fields) -> None:
        """Take an entered receipt back.

        Raises:
            ProblemError: as :meth:`open_deposit`.
        """
        receipt = self._session.business_object(CASH_RECEIPT)
        talk = Dialogue(self._messages)
        self._open(receipt, talk, deposit, header, new=False)
        self._carry_out(receipt, talk, receipt.nDelete, doing="the deletion")
        receipt.nClear()

    def _open(
        self, receipt: BusinessObject, talk: Dialogue, deposit: str, header: Fields, *, new: bool
    ) -> None:
        named = {name: str(header[name]) for name in KEY[1:]}
        answer = self._set_key(receipt, talk, DepositNo=deposit, **named)
        self._demand(receipt, talk, answer, new=new, field="CheckNo", value=named["CheckNo"])

    def _add_line(self, receipt: BusinessObject, talk: Dialogue, position: int, line: Fields) -> None:
        lines = receipt.oLines
        if not talk.heard(lines.nAddLine(), lines, "line", line=position, doing="a new line"):
            return
        before = len(talk.errors)
        fields = in_order(line, RECEIPT_LINE_FIRST)
        leading = frozenset({"InvoiceNo"})
        talk.set_fields(lines, fields, self._tables.detail, source="line", line=position, leading=leading)
        if len(talk.errors) == before:
            talk.heard(lines.nWrite(), lines, "line", line=position, doing="the line")

    def _write_deposit(self, deposit: BusinessObject, talk: Dialogue, fields: Fields) -> None:
        talk.set_fields(deposit, in_order(fields, DEPOSIT_FIRST), self._tables.deposit, source="header")
        self._write(deposit, talk, doing="the deposit")
