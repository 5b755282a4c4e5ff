"""Shipping and invoice data entry: an order drawn into an invoice that is not posted yet.

The entry stands in SO_InvoiceHeader, -Detail and -Tracking. Its goods count as QuantityInShipping and stay
on hand and on the order; the order names the entry in CurrentInvoiceNo and may not be changed meanwhile.

A line is invoiced by the quantity that is shipped; what is not goes on back order. Charges without a
quantity and comments go with the first invoice of their order, and so does the order's freight.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from include.sandbox.sage100 import effects
from include.sandbox.sage100.refusals import NotNowError, RefusedError
from include.sandbox.sage100.stock import Stock
from include.sandbox.sage100.totals import ZERO, Tax, compute, extension, is_lump, order_total, share

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from include.sandbox.sage100.accounts import Accounts
    from include.sandbox.sage100.records import Record

HEADER, DETAIL, TRACKING = "SO_InvoiceHeader", "SO_InvoiceDetail", "SO_InvoiceTracking"
ORDER, ORDER_LINES = "SO_SalesOrderHeader", "SO_SalesOrderDetail"
SEQUENCE_STEP = 10_000_000
GOODS = frozenset({"1", "2"})
"""Item types that are packed: stocked and special items."""

ON_INVOICE = "The sales order is in invoice data entry."
ON_HOLD = "The sales order is on hold."
NOT_SHIPPED = "Only standard and back orders can be shipped."
NOTHING = "Nothing is shipped: every quantity is zero."
NOT_DRAWN = frozenset({"OrderStatus", "UDF_SYNC_KEY"})
"""Columns that order and invoice share by name only."""

Units = dict[tuple[str, str], Decimal]
"""Item and warehouse -> standard units."""


class Shipping:
    """The entries of one company."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._stock = Stock(accounts)

    # drawing an order

    def order(self, order_no: str, invoice_no: str = "") -> Record:
        """A live order that may be drawn into this invoice.

        Raises:
            NotOnFileError: there is no such live order.
            RefusedError: it is a quote, a master or a repeating order.
            NotNowError: it is on hold, on another invoice, or somebody has it open.
        """
        order = self._accounts.existing(ORDER, order_no)
        if order.text("OrderType") not in {"S", "B"}:
            raise RefusedError(NOT_SHIPPED)
        if order.text("OrderStatus") == "H":
            raise NotNowError(ON_HOLD)
        if order.text("CurrentInvoiceNo") not in {"", invoice_no}:
            raise NotNowError(ON_INVOICE)
        self._accounts.demand_free(ORDER, order_no)
        return order

    def next_number(self) -> str:
        """Take the next invoice number; it is used up."""
        return self._accounts.next_number("SO_Options", "S/O", "NextInvoiceNo", HEADER)

    def draw(self, invoice: Record, order: Record) -> None:
        """Fill the header of a new invoice from its order."""
        invoice.take(order, order.values.keys() - NOT_DRAWN - set(invoice.table.primary))
        customer = self._accounts.existing(
            "AR_Customer", order.text("ARDivisionNo"), order.text("CustomerNo")
        )
        invoice.take(customer, ("CustomerType",))
        today = self._accounts.stamp.date
        invoice.put(
            SalesOrderNo=order.key[0],
            InvoiceType="IN",
            InvoiceDate=invoice.text("InvoiceDate") or today,
            ShipDate=today,
        )

    def open_lines(
        self, invoice_no: str, order_no: str, quantities: Mapping[str, Decimal] | None
    ) -> list[Record]:
        """Every open line of an order as a line of the invoice.

        Args:
            invoice_no: the invoice.
            order_no: the order.
            quantities: LineKey of the order -> what is shipped of the line; None ships all. Goods that are
                not named stay behind, charges and comments go with the first invoice.

        Raises:
            RefusedError: a LineKey that the order has not, or more than is open.
        """
        lines = list(self._accounts.select(ORDER_LINES, "LineSeqNo", SalesOrderNo=order_no))
        unknown = sorted((quantities or {}).keys() - {line.text("LineKey") for line in lines})
        if unknown:
            raise RefusedError(f"The LineKey {unknown[0]} is not on the sales order.")
        drawn: list[Record] = []
        for line in lines:
            left = open_quantity(line)
            if not left and not is_lump(line):
                continue
            shipped = left
            if quantities is not None:
                packed = line.text("ItemType") in GOODS
                shipped = quantities.get(line.text("LineKey"), ZERO if packed else left)
            row = self._drawn(invoice_no, line, left, len(drawn) + 1)
            ship(row, shipped)
            drawn.append(row)
        return drawn

    def _drawn(self, invoice_no: str, line: Record, left: Decimal, position: int) -> Record:
        row = self._accounts.blank(DETAIL)
        row.take(line, line.values)
        row.put(
            InvoiceNo=invoice_no,
            LineKey=f"{position:06d}",
            LineSeqNo=f"{position * SEQUENCE_STEP:014d}",
            OrderLineKey=line.text("LineKey"),
            OrderWarehouse=line.text("WarehouseCode"),
            QuantityOrdered=left,
        )
        return row

    def enter(
        self,
        order_no: str,
        quantities: Mapping[str, Decimal] | None = None,
        *,
        ship_status: str = "",
        **header: str | Decimal,
    ) -> Record:
        """Draw an order into a new entry and write it; gives the invoice.

        Args:
            order_no: the order.
            quantities: as in :meth:`open_lines`.
            ship_status: ``S`` when the warehouse ships, blank in invoice data entry.
            header: what else the invoice says (ShipVia, FreightAmt, BatchNo).
        """
        order = self.order(order_no)
        invoice = self._accounts.blank(HEADER, InvoiceNo=self.next_number())
        self.draw(invoice, order)
        invoice.put(ShipStatus=ship_status, **header)
        lines = self.open_lines(invoice.key[0], order_no, quantities)
        self.price(invoice, lines)
        self.write(invoice, lines, created=True)
        if ship_status:
            self.note_day(invoice)
        return invoice

    # writing

    def price(self, invoice: Record, lines: Sequence[Record]) -> None:
        """Work out due date, discount, tax, deposit and cost of an invoice by what it ships.

        Raises:
            RefusedError: it ships nothing.
        """
        if not any(line.number("QuantityShipped") for line in lines):
            raise RefusedError(NOTHING)
        order = self._accounts.existing(ORDER, invoice.text("SalesOrderNo"))
        terms = self._accounts.find("AR_TermsCode", invoice.text("TermsCode"))
        if not invoice.number("DiscountRate"):
            order_lines = self._accounts.select(ORDER_LINES, SalesOrderNo=order.key[0])
            invoice.put(DiscountAmt=share(order.number("DiscountAmt"), lines, order_lines))
        tax = Tax.load(self._accounts.db, invoice.text("TaxSchedule"))
        compute(invoice, lines, tax, self._accounts.tables["SO_SalesOrderTaxDetail"])
        invoice.put(
            InvoiceDueDate=_after(
                invoice.text("InvoiceDate"), terms.number("DaysBeforeDue") if terms else ZERO
            ),
            DepositAmt=min(order.number("DepositAmt"), max(order_total(invoice), ZERO)),
            CostOfGoodsSoldAmt=sum((line.number("ExtendedCost") for line in lines), ZERO),
            NumberOfBackOrderLines=Decimal(sum(1 for line in lines if line.number("QuantityBackordered"))),
        )

    def write(self, invoice: Record, lines: Sequence[Record], *, created: bool) -> Record:
        """Write an entry that :meth:`price` has worked out; gives its order.

        Raises:
            NotNowError: not enough is on hand, or the order may not be drawn (any more).
        """
        order = self.order(invoice.text("SalesOrderNo"), invoice.key[0])
        before, after = self._in_shipping(invoice.key[0]), stocked_units(lines)
        for pair, units in after.items():
            self._stock.demand(*pair, units, beside=before.get(pair, ZERO))
        self._accounts.delete(DETAIL, *invoice.key)
        self._accounts.save(invoice, created=created)
        for line in lines:
            self._accounts.save(line)
        self._move(before, after)
        order.put(CurrentInvoiceNo=invoice.key[0], OrderStatus="O")
        self._accounts.save(order)
        kind = "invoice_entered" if created else "invoice_changed"
        effects.log(self._accounts.db, kind, invoice, len(lines), {})
        return order

    def note_day(self, invoice: Record) -> None:
        """List a shipment among those of the day."""
        row = self._accounts.blank("SO_DailyShipment")
        row.take(invoice, row.values.keys() - {"DateUpdated", "TimeUpdated", "UserUpdatedKey"})
        row.put(InvoiceTotal=order_total(invoice))
        self._accounts.save(row)

    def remove(self, invoice: Record) -> None:
        """Take an entry back: the order is open again, nothing is in shipping, its tracking is gone.

        Raises:
            NotNowError: somebody has invoice or order open.
        """
        self._accounts.demand_free(HEADER, *invoice.key)
        order = self.order(invoice.text("SalesOrderNo"), invoice.key[0])
        self._move(self._in_shipping(invoice.key[0]), {})
        for table in (HEADER, DETAIL, TRACKING, "SO_DailyShipment"):
            self._accounts.delete(table, *invoice.key)
        order.put(CurrentInvoiceNo="")
        self._accounts.save(order)
        effects.log(self._accounts.db, "invoice_deleted", invoice, 0, {})

    def _in_shipping(self, invoice_no: str) -> Units:
        return stocked_units(self._accounts.select(DETAIL, InvoiceNo=invoice_no))

    def _move(self, before: Units, after: Units) -> None:
        for pair in sorted(before.keys() | after.keys()):
            change = after.get(pair, ZERO) - before.get(pair, ZERO)
            if change:
                self._stock.move(*pair, QuantityInShipping=change)

    # tracking

    def track(self, invoice_no: str, tracking_id: str, *, package_no: str = "", comment: str = "") -> Record:
        """Enter a package, or correct one that stands. It stamps nothing: the table has no such columns.

        Raises:
            NotOnFileError: no such entry; it may have been posted.
            NotNowError: somebody has the invoice open.
        """
        invoice = self._accounts.existing(HEADER, invoice_no)
        self._accounts.demand_free(HEADER, invoice_no)
        packages = list(self._accounts.select(TRACKING, "PackageNo", InvoiceNo=invoice_no))
        last = int(packages[-1].text("PackageNo")) if packages else 0
        row = self._accounts.blank(TRACKING, InvoiceNo=invoice_no, PackageNo=package_no or f"{last + 1:04d}")
        row = self._accounts.find(TRACKING, *row.key) or row
        row.put(TrackingID=tracking_id, Comment=comment or row.text("Comment"))
        self._accounts.save(row)
        effects.log(self._accounts.db, "tracking_entered", invoice, 0, {})
        return row


def open_quantity(line: Record) -> Decimal:
    """What is left of an order's line."""
    return line.number("QuantityOrdered") - line.number("QuantityShipped")


def ship(line: Record, quantity: Decimal) -> None:
    """Say how much of an invoice's line is shipped; the rest goes on back order.

    Raises:
        RefusedError: below zero, or more than is open.
    """
    ordered = line.number("QuantityOrdered")
    least, most = sorted((ZERO, ordered))
    if not least <= quantity <= most:
        raise RefusedError(
            f"The QuantityShipped of {line.text('ItemCode')} must be between 0 and {ordered.normalize():f}."
        )
    line.put(QuantityShipped=quantity, QuantityBackordered=ordered - quantity)
    if not is_lump(line):
        line.put(ExtensionAmt=extension(line, quantity))
    line.put(ExtendedCost=(quantity * line.number("UnitCost")).quantize(Decimal("0.01")))


def stocked_units(lines: Iterable[Record]) -> Units:
    """What lines take from the warehouses: nothing for drop shipments and what is not kept in stock."""
    units: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.text("ItemType") == "1" and line.text("DropShip") != "Y" and line.number("QuantityShipped"):
            pair = line.text("ItemCode"), line.text("WarehouseCode")
            units[pair] += line.number("QuantityShipped") * line.number("UnitOfMeasureConvFactor")
    return dict(units)


def _after(day: str, days: Decimal) -> str:
    due = datetime.strptime(day, "%Y%m%d") + timedelta(days=int(days))  # noqa: DTZ007 - a calendar date
    return f"{due:%Y%m%d}"
