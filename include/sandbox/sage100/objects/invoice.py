# ruff: noqa: N802 - Sage's own names
"""SO_Invoice_bus and SO_Shipping_bus: an order drawn into an invoice, until the journal posts it.

The sequence that programs use: select a batch where the site has batches, take a number, ``nSetKey``, set
``SalesOrderNo$``, let ``oLines`` copy the order's lines, set what is shipped of each, ``nWrite``. Packages
are written afterwards with SO_InvoiceTracking_bus.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from include.sandbox.sage100 import database
from include.sandbox.sage100.objects.answers import ByRef, answered
from include.sandbox.sage100.objects.batches import BatchedEntry
from include.sandbox.sage100.objects.business import BusinessObject
from include.sandbox.sage100.objects.editor import not_on_file
from include.sandbox.sage100.objects.lines import Lines
from include.sandbox.sage100.objects.values import accept, formed
from include.sandbox.sage100.refusals import NotOnFileError, RefusedError
from include.sandbox.sage100.shipping import DETAIL, HEADER, TRACKING, Shipping, ship
from include.sandbox.sage100.totals import ZERO

if TYPE_CHECKING:
    from include.sandbox.sage100.dictionary import Column
    from include.sandbox.sage100.objects.session import Session
    from include.sandbox.sage100.records import Record, Value

BEFORE_ORDER = frozenset({"SalesOrderNo", "InvoiceDate", "UDF_SYNC_KEY"})
FROM_ORDER = frozenset(
    {"ARDivisionNo", "CustomerNo", "OrderType", "InvoiceType", "BatchNo", "DiscountAmt", "DepositAmt"}
)
"""What the order says and the invoice may not."""
SETTABLE = frozenset({"QuantityShipped", "ItemCodeDesc", "CommentText"})


class InvoiceLines(Lines):
    """The lines of one invoice: each an open line of its order."""

    leading: ClassVar[str] = "ItemCode"

    def __init__(self, invoice: Invoice) -> None:
        super().__init__(invoice, invoice.session.table(DETAIL))
        self._reactions = {"QuantityShipped": self._ship}

    def load(self, invoice_no: str) -> None:
        """Take the lines of an entry as they stand."""
        self.rows = list(self._session.accounts().select(DETAIL, "LineKey", InvoiceNo=invoice_no))
        self.forget()

    @answered
    def nCopyLinesFromSalesOrder(self, order_no: str, ship_all: str = "Y") -> int:
        """Take every open line of the invoice's order: all of it shipped with ``Y``, none with ``N``."""
        invoice = self._document.editable()
        number = formed(invoice.table.columns["SalesOrderNo"], order_no)
        if not number or number != invoice.text("SalesOrderNo"):
            raise RefusedError("The SalesOrderNo is not the invoice's.")
        if self.rows:
            raise RefusedError("The lines have been copied already.")
        shipping = Shipping(self._session.accounts())
        self.rows = shipping.open_lines(invoice.key[0], number, None)
        if ship_all != "Y":
            for row in self.rows:
                ship(row, ZERO)
        return self._go(0)

    def _ship(self, line: Record, value: Value) -> None:
        ship(line, Decimal(value))

    def _permit(self, record: Record, column: Column) -> None:
        if column.name not in SETTABLE:
            raise RefusedError(f"The {column.name} comes from the sales order.")

    def _may_add(self) -> None:
        self._document.editable()
        raise RefusedError("A line of an invoice comes from its sales order.")

    def _may_remove(self, line: Record) -> None:
        raise RefusedError("A line that is not shipped has the QuantityShipped 0.")


class Invoice(BatchedEntry):
    """One entry and its ``oLines``."""

    bus: ClassVar[str] = "SO_Invoice_bus"
    main: ClassVar[str] = HEADER
    module: ClassVar[str] = "S/O"
    ship_status: ClassVar[str] = ""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.oLines = InvoiceLines(self)
        self._reactions = {"SalesOrderNo": self._draw}

    @answered
    def nGetNextInvoiceNo(self, answer: ByRef) -> int:
        """Take the next invoice number; it is used up, whether or not an invoice comes of it."""
        with database.writing(self._session.db):
            answer.value = Shipping(self._session.accounts()).next_number()
        return 1

    def _begin(self, record: Record) -> None:
        record.put(InvoiceDate=self._session.date, BatchNo=self._chosen_batch())

    def _opened(self, record: Record) -> None:
        self.oLines.load(record.key[0])

    def _permit(self, record: Record, column: Column) -> None:
        if not record.text("SalesOrderNo") and column.name not in BEFORE_ORDER:
            raise RefusedError("The SalesOrderNo must be set first.")
        if column.name in FROM_ORDER:
            raise RefusedError(f"The {column.name} comes from the sales order.")

    def _draw(self, record: Record, value: Value) -> None:
        if record.text("SalesOrderNo"):
            raise RefusedError("The SalesOrderNo may not be changed.")
        shipping = Shipping(self._session.accounts())
        try:
            order = shipping.order(str(value), record.key[0])
        except NotOnFileError:
            raise not_on_file("SalesOrderNo") from None
        batch = record.text("BatchNo")
        shipping.draw(record, order)
        record.put(ShipStatus=self.ship_status, BatchNo=batch)

    def _complete(self, record: Record) -> None:
        if not record.text("SalesOrderNo"):
            raise RefusedError("The SalesOrderNo is required.")
        Shipping(self._session.accounts()).price(record, self.oLines.rows)

    def _commit(self, record: Record, *, created: bool) -> None:
        shipping = Shipping(self._session.accounts())
        shipping.write(record, self.oLines.rows, created=created)
        if record.text("ShipStatus"):
            shipping.note_day(record)
        self.oLines.forget()

    def _remove(self, record: Record) -> None:
        Shipping(self._session.accounts()).remove(record)

    def _close(self) -> None:
        super()._close()
        self.oLines.empty()


class Shipment(Invoice):
    """The same entry, made by the warehouse."""

    bus: ClassVar[str] = "SO_Shipping_bus"
    ship_status: ClassVar[str] = "S"


class InvoiceTracking(BusinessObject):
    """One package of an entry. Its keys InvoiceNo and PackageNo are given by ``nSetKeyValue``."""

    bus: ClassVar[str] = "SO_InvoiceTracking_bus"
    main: ClassVar[str] = TRACKING

    @answered
    def nRemoveTrackingRecords(self, invoice_no: str) -> int:
        """Remove every package of an entry, to write them anew."""
        self._session.refresh()
        number = str(accept(self._table.columns["InvoiceNo"], invoice_no))
        with database.writing(self._session.db):
            self._demand_entry(number)
            self._session.accounts().delete(TRACKING, number)
        return 1

    def _begin(self, record: Record) -> None:
        if not record.text("PackageNo").isdecimal():
            raise RefusedError("The PackageNo must be numeric.")
        self._demand_entry(record.text("InvoiceNo"))

    def _commit(self, record: Record, *, created: bool) -> None:
        self._demand_entry(record.text("InvoiceNo"))
        super()._commit(record, created=created)

    def _demand_entry(self, invoice_no: str) -> None:
        """The invoice must stand, and in nobody else's hands: a posting would take its packages along."""
        accounts = self._session.accounts()
        if accounts.find(HEADER, invoice_no) is None:
            raise not_on_file("InvoiceNo")
        accounts.demand_free(HEADER, invoice_no)
