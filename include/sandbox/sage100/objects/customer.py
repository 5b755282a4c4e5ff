# ruff: noqa: N802 - Sage's own names
"""AR_Customer_bus: customers, with the next free number when the site gives them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from include.sandbox.sage100 import database, effects
from include.sandbox.sage100.objects.answers import ByRef, ComError, answered
from include.sandbox.sage100.objects.business import BusinessObject
from include.sandbox.sage100.objects.values import CUSTOMER_NO_LENGTH
from include.sandbox.sage100.records import find
from include.sandbox.sage100.refusals import RefusedError

if TYPE_CHECKING:
    from include.sandbox.sage100.records import Record

SORT_FIELD_WIDTH = 10
KEPT_BY_TRADE = (
    "OpenOrderAmt", "CurrentBalance", "LastPaymentAmt", "DateLastPayment", "DateLastActivity",
)  # fmt: skip
"""What orders, postings and receipts write while the customer is open here."""


class Customer(BusinessObject):
    """One customer. Its key is division and number, both given by ``nSetKeyValue``."""

    bus: ClassVar[str] = "AR_Customer_bus"
    main: ClassVar[str] = "AR_Customer"

    @answered
    def nGetNextCustomerNo(self, answer: ByRef) -> int:
        """Take the next customer number; it is used up. Not every site has this.

        Raises:
            ComError: the site has no such method.
        """
        if not self._session.settings.customer_numbers:
            raise ComError("Error 90: nGetNextCustomerNo is not known")
        db = self._session.db
        with database.writing(db):
            row = db.execute("SELECT NextCustomerNo FROM AR_Options WHERE ModuleCode = 'A/R'").fetchone()
            number = int(row[0])
            while self._taken(number):
                number += 1
            db.execute(
                "UPDATE AR_Options SET NextCustomerNo = ? WHERE ModuleCode = 'A/R'", (_numbered(number + 1),)
            )
        answer.value = _numbered(number)
        return 1

    def _taken(self, number: int) -> bool:
        sql = "SELECT 1 FROM AR_Customer WHERE CustomerNo = ? LIMIT 1"
        return self._session.db.execute(sql, (_numbered(number),)).fetchone() is not None

    def _begin(self, record: Record) -> None:
        record.put(DateEstablished=self._session.date)

    def _complete(self, record: Record) -> None:
        if not record.text("SortField"):
            record.put(SortField=record.text("CustomerName").upper()[:SORT_FIELD_WIDTH].rstrip())

    def _commit(self, record: Record, *, created: bool) -> None:
        standing = find(self._session.db, self._table, *record.key)
        if standing is not None:
            record.take(standing, KEPT_BY_TRADE)
        super()._commit(record, created=created)
        effects.log(self._session.db, "customer_created" if created else "customer_changed", record, 0, {})

    def _remove(self, record: Record) -> None:
        sql = "SELECT 1 FROM SO_SalesOrderHeader WHERE ARDivisionNo = ? AND CustomerNo = ? LIMIT 1"
        if self._session.db.execute(sql, record.key).fetchone():
            raise RefusedError("The customer has open sales orders and cannot be deleted.")
        super()._remove(record)


def _numbered(number: int) -> str:
    return f"{number:0{CUSTOMER_NO_LENGTH}d}"
