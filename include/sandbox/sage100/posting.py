"""The sales journal's update: entries become invoices that last, goods leave, orders end or go on.

Per invoice, in one transaction: history header, lines and tracking are written and the entry is gone, so
that tracking stands in exactly one of its two tables; the open item is charged; stock falls; and the order
loses what was shipped. An order with nothing left leaves the live tables and is C in the history; another
goes on with the rest on back order.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from include.sandbox.sage100 import effects
from include.sandbox.sage100.history import History
from include.sandbox.sage100.receivables import Receivables
from include.sandbox.sage100.refusals import NotNowError, RefusedError
from include.sandbox.sage100.shipping import (
    DETAIL,
    HEADER,
    ORDER,
    ORDER_LINES,
    TRACKING,
    open_quantity,
    stocked_units,
)
from include.sandbox.sage100.stock import Stock
from include.sandbox.sage100.totals import ZERO, Tax, compute, extension, is_lump, order_total

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from include.sandbox.sage100.accounts import Accounts
    from include.sandbox.sage100.records import Record

PAST, PAST_LINES, PAST_TRACKING = (
    "AR_InvoiceHistoryHeader", "AR_InvoiceHistoryDetail", "AR_InvoiceHistoryTracking",
)  # fmt: skip
LINK = "SO_ARInvoiceHistoryLink"
TAXES = "SO_SalesOrderTaxDetail"
MODULE, JOURNAL = "S/O", "SO"
DEPOSIT = "D"
CLOSED = "The date is not within an open fiscal period."


class Journal:
    """The sales journal of one company."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._stock = Stock(accounts)
        self._owed = Receivables(accounts)
        self._history = History(accounts.db, accounts.tables)

    def entries(self, batches: Iterable[str] = ()) -> list[str]:
        """Numbers of the entries that would be posted: all, or those of some batches."""
        wanted = set(batches)
        rows = self._accounts.select(HEADER, "InvoiceNo")
        return [row.key[0] for row in rows if not wanted or row.text("BatchNo") in wanted]

    def post(self, invoice_nos: Sequence[str], posting_date: str = "") -> list[Record]:
        """Post entries; gives their history headers.

        Raises:
            NotOnFileError: there is no such entry.
            RefusedError: the date lies in a closed period.
            NotNowError: somebody has an invoice or its order open, or its number is still owed for.
        """
        day = posting_date or self._accounts.stamp.date
        if day <= self._accounts.switches.closed_through:
            raise RefusedError(CLOSED)
        (last,) = self._accounts.db.execute(f"SELECT max(JournalNoGLBatchNo) FROM {PAST}").fetchone()  # noqa: S608
        journal_no = f"{int(last or 0) + 1:06d}"
        return [self._post(self._accounts.existing(HEADER, no), day, journal_no) for no in invoice_nos]

    def _post(self, invoice: Record, day: str, journal_no: str) -> Record:
        order_no = invoice.text("SalesOrderNo")
        self._accounts.demand_free(HEADER, *invoice.key)
        self._accounts.demand_free(ORDER, order_no)
        order = self._accounts.existing(ORDER, order_no)
        lines = list(self._accounts.select(DETAIL, "LineKey", InvoiceNo=invoice.key[0]))
        past = self._write_past(invoice, lines, day, journal_no)
        self._relieve(lines)
        self._charge(invoice, past, day)
        moved = self._carry_on(order, invoice, lines)
        for table in (HEADER, DETAIL, TRACKING):
            self._accounts.delete(table, *invoice.key)
        effects.log(self._accounts.db, "invoice_posted", invoice, len(lines), moved)
        return past

    # the invoice

    def _write_past(self, invoice: Record, lines: Sequence[Record], day: str, journal_no: str) -> Record:
        past = self._accounts.blank(PAST)
        past.take(invoice, invoice.values)
        past.put(
            HeaderSeqNo=self._next_sequence(invoice.key[0]),
            ModuleCode=MODULE,
            SourceJournal=JOURNAL,
            JournalNoGLBatchNo=journal_no,
            TransactionDate=day,
            ShippingInvoice="Y" if invoice.text("ShipStatus") else "N",
            TaxableSalesAmt=invoice.number("TaxableAmt"),
            NonTaxableSalesAmt=invoice.number("NonTaxableAmt"),
            CostOfSalesAmt=invoice.number("CostOfGoodsSoldAmt"),
            AmountSubjectToDiscount=invoice.number("TaxableSubjectToDiscount")
            + invoice.number("NonTaxableSubjectToDiscount"),
        )
        packages = list(self._accounts.select(TRACKING, "PackageNo", InvoiceNo=invoice.key[0]))
        past.put(NumberOfPackages=invoice.number("NumberofPackages") or Decimal(len(packages)))
        self._accounts.save(past, created=True)
        for position, line in enumerate(lines, start=1):
            self._write_line(past, line, f"{position:06d}")
        for package in packages:
            row = self._accounts.blank(PAST_TRACKING)
            row.take(package, package.values)
            row.put(HeaderSeqNo=past.text("HeaderSeqNo"))
            self._accounts.save(row)
        return past

    def _next_sequence(self, invoice_no: str) -> str:
        """An invoice number may come again; its headers are told apart by this."""
        sql = f"SELECT count(*) FROM {PAST} WHERE InvoiceNo = ?"  # noqa: S608
        return f"{self._accounts.db.execute(sql, (invoice_no,)).fetchone()[0]:06d}"

    def _write_line(self, past: Record, line: Record, sequence: str) -> None:
        row = self._accounts.blank(PAST_LINES)
        row.take(line, line.values)
        row.put(HeaderSeqNo=past.text("HeaderSeqNo"), DetailSeqNo=sequence)
        self._accounts.save(row)
        if not (line.number("QuantityShipped") and self._accounts.switches.keep_history):
            return
        link = self._accounts.blank(LINK)
        link.take(line, ("UnitOfMeasure", "QuantityShipped", "UnitPrice"))
        link.put(
            SalesOrderNo=past.text("SalesOrderNo"),
            SequenceNo=line.text("SOHistoryDetlSeqNo"),
            InvoiceNo=past.text("InvoiceNo"),
            InvoiceHistoryHeaderSeqNo=past.text("HeaderSeqNo"),
            InvoiceHistoryDetailSeqNo=sequence,
            InvoiceDate=past.text("InvoiceDate"),
        )
        self._accounts.save(link)

    # goods and money

    def _relieve(self, lines: Sequence[Record]) -> None:
        for (item_code, warehouse), units in stocked_units(lines).items():
            self._stock.move(item_code, warehouse, QuantityOnHand=-units, QuantityInShipping=-units)
            self._stock.note(item_code, LastSoldDate=self._accounts.stamp.date)

    def _charge(self, invoice: Record, past: Record, day: str) -> None:
        item = self._accounts.blank("AR_OpenInvoice")
        item.take(past, past.values)
        former = self._accounts.find("AR_OpenInvoice", *item.key)
        if former is not None and former.number("Balance"):
            raise NotNowError(f"An earlier invoice {item.text('InvoiceNo')} of this customer is still open.")
        item.put(
            InvoiceDiscountDate=past.text("DiscountDueDate"),
            InvoiceHistoryHeaderSeqNo=past.text("HeaderSeqNo"),
            PostingDate=day,
            PostingReference=f"{JOURNAL}-{past.text('JournalNoGLBatchNo')}",
            TaxableAmt=invoice.number("TaxableAmt"),
            NonTaxableAmt=invoice.number("NonTaxableAmt"),
            Balance=order_total(invoice) - invoice.number("DepositAmt"),
        )
        self._owed.charge(item)
        if invoice.number("DepositAmt"):
            given = {"PaymentType": invoice.text("PaymentType"), "CheckNo": invoice.text("CheckNoForDeposit")}
            self._owed.note_payment(item, invoice.number("DepositAmt"), DEPOSIT, **given)

    # the order

    def _carry_on(self, order: Record, invoice: Record, shipped: Sequence[Record]) -> dict[str, list[str]]:
        """Take what was invoiced off the order; gives the change of its commitment, for the log."""
        lines = list(self._accounts.select(ORDER_LINES, "LineSeqNo", SalesOrderNo=order.key[0]))
        before = effects.standing(order, lines)
        invoiced = {line.text("OrderLineKey"): line.number("QuantityShipped") for line in shipped}
        for line in lines:
            _take_off(line, invoiced.get(line.text("LineKey"), ZERO))
        left = [line for line in lines if open_quantity(line)]
        self._note_invoice(order, invoice)
        for table in (ORDER_LINES, TAXES):
            self._accounts.delete(table, *order.key)
        if left:
            taxes = self._go_on(order, left, [line for line in lines if line not in left])
            after = effects.standing(order, left)
        else:
            self._accounts.delete(ORDER, *order.key)
            self._accounts.delete("SO_SalesOrderPayment", *order.key)
            taxes, after = [], effects.NOTHING
        if self._accounts.switches.keep_history:
            stamp, total = self._accounts.stamp, order_total(invoice)
            self._history.mirror(order, lines, taxes, stamp, invoiced=total, complete=not left)
        return effects.apply(self._accounts, before, after)

    def _note_invoice(self, order: Record, invoice: Record) -> None:
        order.put(
            CurrentInvoiceNo="",
            LastInvoiceOrderNo=invoice.key[0],
            LastInvoiceOrderDate=invoice.text("InvoiceDate"),
            FreightAmt=max(order.number("FreightAmt") - invoice.number("FreightAmt"), ZERO),
            DepositAmt=order.number("DepositAmt") - invoice.number("DepositAmt"),
        )
        if not order.number("DiscountRate"):
            order.put(DiscountAmt=order.number("DiscountAmt") - invoice.number("DiscountAmt"))

    def _go_on(self, order: Record, left: list[Record], gone: list[Record]) -> list[Record]:
        """Write the rest of an order, on back order; gives its tax detail."""
        if order.text("OrderType") == "S":
            order.put(OrderType=self._accounts.switches.part_shipped_type)
        order.put(OrderStatus="O")
        tax = Tax.load(self._accounts.db, order.text("TaxSchedule"))
        taxes = compute(order, left, tax, self._accounts.tables[TAXES])
        self._accounts.save(order)
        kept = [line for line in gone if line.number("QuantityShipped")]
        for row in [*left, *(kept if self._accounts.switches.shipped_lines == "stay" else []), *taxes]:
            self._accounts.save(row)
        return taxes


def _take_off(line: Record, quantity: Decimal) -> None:
    """Note what an invoice has shipped of an order's line; the rest is on back order."""
    if is_lump(line):
        return
    line.put(QuantityShipped=line.number("QuantityShipped") + quantity)
    left = open_quantity(line)
    line.put(QuantityBackordered=left, ExtensionAmt=extension(line, left))
