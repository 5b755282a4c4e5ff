"""The history mirror: SO_SalesOrderHistoryHeader and -Detail follow every write of an order.

History keeps what the live tables lose: cancelled lines, the first quantity and price, orders that are gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.sage100.records import Record, delete, find, save, select
from include.sandbox.sage100.totals import ZERO, extension, is_lump

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from include.sandbox.sage100.audit import Stamp
    from include.sandbox.sage100.dictionary import Table

QUOTES = frozenset({"Q", "P"})
RENAMED = {
    "LastInvoiceDate": "LastInvoiceOrderDate",
    "LastInvoiceNo": "LastInvoiceOrderNo",
    "TaxSubjToDiscPrcntTotSubjTo": "TaxSubjToDiscPrcntOfTotSubjTo",
}


class History:
    """The mirror of one company."""

    def __init__(self, db: sqlite3.Connection, tables: Mapping[str, Table]) -> None:
        self._db = db
        self._headers = tables["SO_SalesOrderHistoryHeader"]
        self._lines = tables["SO_SalesOrderHistoryDetail"]
        self._taxes = tables["SO_SalesOrderHistoryTaxDetail"]

    def header(self, order_no: str) -> Record | None:
        """An order's history, if there is one."""
        return find(self._db, self._headers, order_no)

    def last_line_key(self, order_no: str) -> int:
        """The highest LineKey an order ever used: keys of deleted lines do not come again."""
        sql = "SELECT max(LineKey) FROM SO_SalesOrderHistoryDetail WHERE SalesOrderNo = ?"
        return int(self._db.execute(sql, (order_no,)).fetchone()[0] or 0)

    def mirror(
        self,
        header: Record,
        lines: Iterable[Record],
        taxes: Iterable[Record],
        stamp: Stamp,
        *,
        invoiced: Decimal = ZERO,
        complete: bool = False,
    ) -> None:
        """Bring the history of an order up to date.

        Args:
            header: the order.
            lines: all that is live, and what a posting has just shipped whole.
            taxes: its tax detail.
            stamp: who and when.
            invoiced: the total of the invoice that has just been posted.
            complete: the posting shipped the last of it: status C.
        """
        past = self.header(header.text("SalesOrderNo"))
        status = "Q" if header.text("OrderType") in QUOTES else "A"
        self._save_header(header, past, "C" if complete else status, stamp, invoiced)
        old = {r.text("LineKey"): r for r in select(self._db, self._lines, _order(header))}
        live = {line.text("LineKey"): line for line in lines}
        for key, line in live.items():
            self._save_line(line, old.get(key), original=past is None)
        for key in old.keys() - live.keys():
            self._cancel(old[key], header.text("CancelReasonCode"))
        delete(self._db, self._taxes, header.text("SalesOrderNo"))
        for tax in taxes:
            row = Record.blank(self._taxes)
            row.take(tax, tax.values)
            save(self._db, row)

    def close(self, header: Record, stamp: Stamp) -> None:
        """The order is deleted: it lives on here as X, a quote as Z."""
        past = self.header(header.text("SalesOrderNo"))
        status = "Z" if header.text("OrderType") in QUOTES else "X"
        self._save_header(header, past, status, stamp, ZERO)
        for row in select(self._db, self._lines, _order(header)):
            self._cancel(row, header.text("CancelReasonCode"))

    def _save_header(
        self, header: Record, past: Record | None, status: str, stamp: Stamp, invoiced: Decimal
    ) -> None:
        row = past or Record.blank(self._headers)
        kept = {"InvoicedAmt"} | ({"DateCreated", "TimeCreated", "UserCreatedKey"} if past else set())
        row.take(header, row.values.keys() - kept)
        row.put(InvoicedAmt=row.number("InvoicedAmt") + invoiced)
        row.put(OrderStatus=status, **{ours: header.values[live] for ours, live in RENAMED.items()})
        stamp.mark(row, created=past is None)
        save(self._db, row)

    def _save_line(self, line: Record, past: Record | None, *, original: bool) -> None:
        row = past or Record.blank(
            self._lines,
            {
                "SequenceNo": line.text("SOHistoryDetlSeqNo"),
                "OriginalLine": "Y" if original else "N",
                "QuantityOrderedOriginal": line.number("QuantityOrdered"),
                "OriginalUnitPrice": line.number("UnitPrice"),
            },
        )
        row.take(line, line.values.keys() - {"SequenceNo"})
        row.put(
            CancelledLine="N",
            QuantityOrderedRevised=line.number("QuantityOrdered"),
            LastUnitPrice=line.number("UnitPrice"),
            LastExtensionAmt=_whole(line),
        )
        save(self._db, row)

    def _cancel(self, row: Record, reason: str) -> None:
        shipped = row.number("QuantityShipped") and not row.number("QuantityBackordered")
        if row.text("CancelledLine") != "Y" and not shipped:
            row.put(CancelledLine="Y", CancelReasonCode=reason)
            save(self._db, row)


def _whole(line: Record) -> Decimal:
    """A line's amount with what has been shipped of it."""
    if is_lump(line):
        return line.number("ExtensionAmt")
    return extension(line, line.number("QuantityOrdered"))


def _order(header: Record) -> dict[str, str]:
    return {"SalesOrderNo": header.text("SalesOrderNo")}
