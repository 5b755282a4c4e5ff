"""What customers owe: open items in AR_OpenInvoice and the balances of AR_Customer.

``CurrentBalance`` is the sum of a customer's open items; ageing them is a task of its own in Sage and not
imitated. Whether orders, postings and receipts stamp the customer is not known: ``customer_stamps`` decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.sage100.records import Record, Stored, stored

if TYPE_CHECKING:
    from decimal import Decimal

    from include.sandbox.sage100.accounts import Accounts

Customer = tuple[str, str]
"""Division and number."""


class Receivables:
    """The balances of one company."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def add(self, customer: Customer, column: str, amount: Decimal, **also: str | Decimal) -> None:
        """Add to an amount of a customer; ``also`` sets further columns."""
        accounts, columns = self._accounts, self._accounts.tables["AR_Customer"].columns
        if accounts.switches.customer_stamps:
            stamp = accounts.stamp
            also |= {
                "DateUpdated": stamp.date, "TimeUpdated": stamp.time, "UserUpdatedKey": stamp.user_key,
            }  # fmt: skip
        wanted = [f"{column} = ROUND({column} + ?, 2)", *(f"{name} = ?" for name in also)]
        values: list[Stored] = [float(amount), *(stored(columns[n], v) for n, v in also.items())]
        accounts.db.execute(
            f"UPDATE AR_Customer SET {', '.join(wanted)} WHERE ARDivisionNo = ? AND CustomerNo = ?",  # noqa: S608
            (*values, *customer),
        )

    def open_item(self, customer: Customer, invoice_no: str, kind: str) -> Record | None:
        """An open item, paid or not."""
        return self._accounts.find("AR_OpenInvoice", *customer, invoice_no, kind)

    def charge(self, item: Record) -> None:
        """Enter a new open item."""
        self._accounts.save(item, created=True)
        customer = item.text("ARDivisionNo"), item.text("CustomerNo")
        today = self._accounts.stamp.date
        self.add(customer, "CurrentBalance", item.number("Balance"), DateLastActivity=today)

    def settle(self, item: Record, amount: Decimal) -> None:
        """Lower what is left of an open item; the row stays at zero."""
        item.put(Balance=item.number("Balance") - amount, PaymentsToday=item.number("PaymentsToday") + amount)
        self._accounts.save(item)
        customer = item.text("ARDivisionNo"), item.text("CustomerNo")
        today = self._accounts.stamp.date
        self.add(customer, "CurrentBalance", -amount, DateLastActivity=today)

    def note_payment(self, item: Record, amount: Decimal, kind: str, **given: str) -> Record:
        """Write a row of the payment history of an open item."""
        sql = (
            "SELECT count(*) FROM AR_TransactionPaymentHistory"
            " WHERE ARDivisionNo = ? AND CustomerNo = ? AND InvoiceNo = ? AND InvoiceType = ?"
        )
        (before,) = self._accounts.db.execute(sql, item.key).fetchone()
        today = self._accounts.stamp.date
        row = self._accounts.blank("AR_TransactionPaymentHistory", **given)
        row.take(item, (*item.table.primary, "InvoiceHistoryHeaderSeqNo"))
        row.put(
            SequenceNo=f"{before + 1:06d}",
            TransactionDate=today,
            PaymentDate=today,
            TransactionType=kind,
            TransactionAmt=amount,
        )
        return self._accounts.save(row)
