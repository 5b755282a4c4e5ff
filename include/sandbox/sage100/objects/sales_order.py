# ruff: noqa: N802 - Sage's own names
"""SO_SalesOrder_bus: an order with its lines, written whole or not at all."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from include.sandbox.sage100 import database, effects
from include.sandbox.sage100.dictionary import Column, dictionary
from include.sandbox.sage100.history import History
from include.sandbox.sage100.objects.answers import ByRef, answered
from include.sandbox.sage100.objects.business import BusinessObject
from include.sandbox.sage100.objects.editor import not_on_file
from include.sandbox.sage100.objects.order_lines import OrderLines
from include.sandbox.sage100.records import Record, Value, delete, find, save, select
from include.sandbox.sage100.refusals import RefusedError
from include.sandbox.sage100.shipping import ON_INVOICE
from include.sandbox.sage100.totals import Tax, compute, order_total

if TYPE_CHECKING:
    from include.sandbox.sage100.objects.session import Session

DUPLICATE_PO = "This customer PO number already exists on one or more sales orders or invoices."
CREDIT_HOLD = "The customer is on credit hold."
CREDIT_LIMIT = "The customer's credit limit is exceeded."
IN_HISTORY = "The sales order is not on file; an order in history has had its number."

BEFORE_CUSTOMER = frozenset({"ARDivisionNo", "CustomerNo", "OrderType", "OrderDate"})
ADDRESS = ("Name", "Address1", "Address2", "Address3", "City", "State", "ZipCode", "CountryCode")
"""What follows BillTo and ShipTo in the header's columns."""
CUSTOMER_ADDRESS = (
    "CustomerName", "AddressLine1", "AddressLine2", "AddressLine3", "City", "State", "ZipCode", "CountryCode",
)  # fmt: skip
FROM_CUSTOMER = (
    "TermsCode", "TaxSchedule", "TaxExemptNo", "SalespersonDivisionNo", "SalespersonNo", "EmailAddress",
    "FaxNo", "BatchFax", "ResidentialAddress",
)  # fmt: skip
SHIP_TO = tuple(f"ShipTo{suffix}" for suffix in ADDRESS)


class SalesOrder(BusinessObject):
    """One sales order and its ``oLines``."""

    bus: ClassVar[str] = "SO_SalesOrder_bus"
    main: ClassVar[str] = "SO_SalesOrderHeader"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._tables = dictionary(session.settings.release)
        self._history = History(session.db, self._tables)
        self.options: dict[str, str] = {}
        self.oLines = OrderLines(self)
        self._reactions = {
            "ARDivisionNo": self._keep_division,
            "CustomerNo": self._load_customer,
            "ShipToCode": self._load_ship_to,
            "CustomerPONo": self._check_po,
            "DiscountAmt": self._drop_discount_rate,
        }

    # for the lines

    def customer(self) -> str:
        """The customer; refuses while there is none."""
        number = self._editable().text("CustomerNo")
        if not number:
            raise RefusedError("The CustomerNo is required.")
        return number

    # opening

    @answered
    def nGetNextSalesOrderNo(self, answer: ByRef) -> int:
        """Take the next order number; it is used up, whether or not an order comes of it."""
        db = self._session.db
        with database.writing(db):
            row = db.execute("SELECT NextSalesOrderNo FROM SO_Options WHERE ModuleCode = 'S/O'").fetchone()
            number = int(row[0])
            while self._taken(f"{number:07d}"):
                number += 1
            db.execute(
                "UPDATE SO_Options SET NextSalesOrderNo = ? WHERE ModuleCode = 'S/O'", (f"{number + 1:07d}",)
            )
        answer.value = f"{number:07d}"
        return 1

    def _taken(self, number: str) -> bool:
        live = find(self._session.db, self._table, number)
        return live is not None or self._history.header(number) is not None

    def _begin(self, record: Record) -> None:
        if self._history.header(record.text("SalesOrderNo")):
            raise RefusedError(IN_HISTORY)
        today = self._session.date
        record.put(OrderType="S", OrderDate=today, ShipExpireDate=today)

    def _opened(self, record: Record) -> None:
        row = self._session.db.execute("SELECT * FROM SO_Options WHERE ModuleCode = 'S/O'").fetchone()
        self.options = dict(row)
        if self._state == "new":
            record.put(WarehouseCode=self.options["DefaultWarehouseCode"])
        order_no = record.text("SalesOrderNo")
        self.oLines.load(order_no, self._history.last_line_key(order_no))

    # what follows from a value

    def _permit(self, record: Record, column: Column) -> None:
        if not record.text("CustomerNo") and column.name not in BEFORE_CUSTOMER:
            raise RefusedError("The CustomerNo must be set first.")

    def _keep_division(self, record: Record, value: Value) -> None:
        if record.text("CustomerNo") and value != record.text("ARDivisionNo"):
            raise RefusedError("The ARDivisionNo may not be changed.")

    def _load_customer(self, record: Record, value: Value) -> None:
        if record.text("CustomerNo") == value:
            return
        if self._state == "existing" or self.oLines.rows:
            raise RefusedError("The CustomerNo may not be changed.")
        if not record.text("ARDivisionNo"):
            raise RefusedError("The ARDivisionNo must be set first.")
        key = record.text("ARDivisionNo"), str(value)
        customer = find(self._session.db, self._tables["AR_Customer"], *key)
        if customer is None:
            raise not_on_file("CustomerNo")
        if customer.text("CustomerStatus") == "I":
            raise RefusedError("The customer is inactive.")
        if customer.text("CreditHold") == "Y":
            self._credit(record, self._session.settings.credit_hold, CREDIT_HOLD)
        self._take_customer(record, customer)

    def _take_customer(self, record: Record, customer: Record) -> None:
        for suffix, source in zip(ADDRESS, CUSTOMER_ADDRESS, strict=True):
            value = customer.values[source]
            record.values[f"BillTo{suffix}"] = record.values[f"ShipTo{suffix}"] = value
        record.take(customer, FROM_CUSTOMER)
        record.put(ShipVia=customer.text("ShipMethod"))
        if self.options["AllowDiscountRate"] == "Y":
            record.put(DiscountRate=customer.number("CustomerDiscountRate"))
        primary = customer.text("PrimaryShipToCode")
        record.put(CustomerNo=customer.text("CustomerNo"), ShipToCode=primary)
        if primary:
            self._load_ship_to(record, primary)

    def _load_ship_to(self, record: Record, value: Value) -> None:
        if not value:
            return
        key = record.text("ARDivisionNo"), record.text("CustomerNo"), str(value)
        ship_to = find(self._session.db, self._tables["SO_ShipToAddress"], *key)
        if ship_to is None:
            raise not_on_file("ShipToCode")
        record.take(ship_to, SHIP_TO)
        given = [name for name in ("WarehouseCode", "TaxSchedule", "ShipVia") if ship_to.text(name)]
        record.take(ship_to, given)

    def _check_po(self, record: Record, value: Value) -> None:
        mode = self._session.settings.duplicate_po
        if mode == "off" or not value or not self._po_known(record, str(value)):
            return
        if mode == "refuse":
            raise RefusedError(DUPLICATE_PO)
        self._warn(DUPLICATE_PO)

    def _po_known(self, record: Record, po: str) -> bool:
        key = (record.text("ARDivisionNo"), record.text("CustomerNo"), po, record.text("SalesOrderNo"))
        where = "ARDivisionNo = ? AND CustomerNo = ? AND CustomerPONo = ? AND SalesOrderNo <> ?"
        for table in ("SO_SalesOrderHeader", "SO_InvoiceHeader", "AR_InvoiceHistoryHeader"):
            sql = f"SELECT 1 FROM {table} WHERE {where} LIMIT 1"  # noqa: S608
            if self._session.db.execute(sql, key).fetchone():
                return True
        return False

    def _drop_discount_rate(self, record: Record, _value: Value) -> None:
        record.put(DiscountRate=Decimal(0))

    def _credit(self, record: Record, mode: str, message: str) -> None:
        if mode == "off":
            return
        if mode == "refuse":
            raise RefusedError(message)
        if mode == "hold":
            record.put(OrderStatus="H")
        self._warn(message)

    # writing

    def _complete(self, record: Record) -> None:
        if not self.oLines.rows:
            raise RefusedError("The sales order must have at least one line.")
        if record.text("CurrentInvoiceNo"):
            raise RefusedError(ON_INVOICE)
        tax = Tax.load(self._session.db, record.text("TaxSchedule"))
        detail = self._tables["SO_SalesOrderTaxDetail"]
        self._taxes = compute(record, self.oLines.rows, tax, detail)
        for name in ("TaxableAmt", "NonTaxableAmt", "SalesTaxAmt", "DiscountAmt"):
            if abs(record.number(name)) >= self._table.columns[name].capacity:
                raise RefusedError(f"The {name} is too large.")
        self._check_limit(record)

    def _check_limit(self, record: Record) -> None:
        if record.text("OrderType") not in {"S", "B"} or self._session.settings.credit_limit == "off":
            return
        row = self._session.db.execute(
            "SELECT CreditLimit, CurrentBalance + AgingCategory1 + AgingCategory2 + AgingCategory3"
            " + AgingCategory4 + OpenOrderAmt FROM AR_Customer WHERE ARDivisionNo = ? AND CustomerNo = ?",
            (record.text("ARDivisionNo"), record.text("CustomerNo")),
        ).fetchone()
        limit, owed = Decimal(str(row[0])), Decimal(str(row[1])).quantize(Decimal("0.01"))
        before = self._before(record).open_amount
        if limit and owed - before + order_total(record) > limit:
            self._credit(record, self._session.settings.credit_limit, CREDIT_LIMIT)

    def _before(self, record: Record) -> effects.Standing:
        """The standing of the order as the tables have it."""
        old = find(self._session.db, self._table, *record.key)
        if old is None:
            return effects.NOTHING
        lines = self._tables["SO_SalesOrderDetail"]
        return effects.standing(old, select(self._session.db, lines, {"SalesOrderNo": record.key[0]}))

    def _commit(self, record: Record, *, created: bool) -> None:
        db, stamp, lines = self._session.db, self._session.stamp(), self.oLines.rows
        before = self._before(record)
        delete(db, self._tables["SO_SalesOrderDetail"], *record.key)
        delete(db, self._tables["SO_SalesOrderTaxDetail"], *record.key)
        for tax in self._taxes:
            stamp.mark(tax, created=created)
        save(db, record, *lines, *self._taxes)
        after = effects.standing(record, lines)
        moved = effects.apply(self._session.accounts(), before, after)
        if self._session.settings.keep_history:
            self._history.mirror(record, lines, self._taxes, stamp)
        effects.log(db, "order_created" if created else "order_changed", record, len(lines), moved)
        self.oLines.forget()

    def _remove(self, record: Record) -> None:
        db, stamp = self._session.db, self._session.stamp()
        if record.text("CurrentInvoiceNo"):
            raise RefusedError(ON_INVOICE)
        before = self._before(record)
        for name in (
            "SO_SalesOrderHeader",
            "SO_SalesOrderDetail",
            "SO_SalesOrderTaxDetail",
            "SO_SalesOrderPayment",
        ):
            delete(db, self._tables[name], *record.key)
        moved = effects.apply(self._session.accounts(), before, effects.NOTHING)
        if self._session.settings.keep_history:
            self._history.close(record, stamp)
        effects.log(db, "order_cancelled", record, len(self.oLines.rows), moved)

    def _close(self) -> None:
        super()._close()
        self.oLines.empty()
