"""Deposits and cash receipts as they stand: entered, or posted and gone from the entry tables."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.gateway.lookup import forms_of
from include.gateway.reading import Reading, number, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEPOSIT = "AR_CashReceiptsDeposit"
RECEIPT = "AR_CashReceiptsHeader"
RECEIPT_LINE = "AR_CashReceiptsDetail"
POSTED = "AR_CashReceiptsHistory"

DEPOSITS = "SELECT * FROM AR_CashReceiptsDeposit WHERE BankCode = ? ORDER BY DepositNo"
ONE_DEPOSIT = "SELECT * FROM AR_CashReceiptsDeposit WHERE DepositNo = ?"
IN_DEPOSIT = "SELECT PostingAmt FROM AR_CashReceiptsHeader WHERE DepositNo = ?"
ENTERED = (
    "SELECT * FROM AR_CashReceiptsHeader WHERE ARDivisionNo = ? AND CustomerNo = ? AND CheckNo = ?"
    " ORDER BY DepositNo"
)
ENTERED_LINES = (
    "SELECT InvoiceNo, AmountPosted FROM AR_CashReceiptsDetail"
    " WHERE DepositNo = ? AND ARDivisionNo = ? AND CustomerNo = ? AND CheckNo = ?"
)
HISTORY = (
    "SELECT * FROM AR_CashReceiptsHistory WHERE ARDivisionNo = ? AND CustomerNo = ? AND CheckNo = ?"
    " ORDER BY DepositNo"
)


@dataclass(frozen=True, slots=True)
class StandingReceipt:
    """A receipt in Sage and what it comes to. ``named``: deposit, division, customer and check."""

    named: tuple[str, str, str, str]
    amount: Decimal
    lines: tuple[Decimal, ...]
    posted: bool = False


class ReceiptLookup:
    """Questions about cash receipts, answered through ODBC."""

    def __init__(self, reading: Reading, *, sync_key: str) -> None:
        self._reading = reading
        self._sync_key = sync_key

    def receipt(self, header: Mapping[str, Any], key: str) -> StandingReceipt | None:
        """The receipt that this key wrote, or one without a key of the same customer, check and amount.

        The latter a clerk has entered, or the site's history keeps no key: it is the same money.

        Args:
            header: the columns of the request; ARDivisionNo, CustomerNo, CheckNo and PostingAmt are there.
            key: the idempotency key.
        """
        wanted = number(header["PostingAmt"])
        for found in (*self._asked(ENTERED, header), *self._asked(HISTORY, header)):
            standing = self._posted(found) if "SequenceNo" in found[0] else self._entered(found[0])
            stamp = found[0].get(self._sync_key)
            if stamp == key if stamp else standing.amount == wanted:
                return standing
        return None

    def at(self, deposit: str, header: Mapping[str, Any]) -> StandingReceipt | None:
        """The entered receipt of this deposit, customer and check."""
        found = [rows[0] for rows in self._asked(ENTERED, header) if rows[0]["DepositNo"] == deposit]
        return self._entered(found[0]) if found else None

    def deposit(self, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
        """The open deposit of this number, or of this bank, day and description."""
        if wanted.get("DepositNo"):
            number_ = str(wanted["DepositNo"])
            return next(iter(self._reading.rows(ONE_DEPOSIT, number_.zfill(5))), None)
        for row in self._reading.rows(DEPOSITS, str(wanted["BankCode"])):
            same_day = shown(row["DepositDate"]) == str(wanted["DepositDate"])
            if same_day and str(row["DepositDesc"] or "") == str(wanted.get("DepositDesc") or ""):
                return row
        return None

    def received(self, deposit: str) -> Decimal:
        """What the receipts of a deposit come to."""
        rows = self._reading.rows(IN_DEPOSIT, deposit)
        return sum((number(row["PostingAmt"]) for row in rows), Decimal(0))

    def _asked(self, sql: str, header: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
        """Rows by deposit: a check number may come again in another one."""
        division, check = str(header["ARDivisionNo"]), str(header["CheckNo"])
        by_deposit: dict[str, list[dict[str, Any]]] = {}
        for form in forms_of(str(header["CustomerNo"])):
            for row in self._reading.rows(sql, division, form, check):
                by_deposit.setdefault(str(row["DepositNo"]), []).append(row)
        return list(by_deposit.values())

    def _entered(self, row: Mapping[str, Any]) -> StandingReceipt:
        named = _named(row)
        lines = self._reading.rows(ENTERED_LINES, *named)
        amounts = tuple(number(line["AmountPosted"]) for line in lines)
        return StandingReceipt(named, number(row["PostingAmt"]), amounts)

    def _posted(self, rows: Sequence[Mapping[str, Any]]) -> StandingReceipt:
        amounts = tuple(number(row["CashAmountApplied"]) for row in rows)
        return StandingReceipt(_named(rows[0]), sum(amounts, Decimal(0)), amounts, posted=True)


def _named(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return str(row["DepositNo"]), str(row["ARDivisionNo"]), str(row["CustomerNo"]), str(row["CheckNo"])
