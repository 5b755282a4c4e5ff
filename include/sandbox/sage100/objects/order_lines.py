"""``oLines`` of a sales order: what an item brings into a line, and what a line may say."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from include.sandbox.sage100.objects.editor import not_on_file
from include.sandbox.sage100.objects.lines import Lines
from include.sandbox.sage100.records import Record, Value, find, select
from include.sandbox.sage100.refusals import RefusedError
from include.sandbox.sage100.shipping import open_quantity
from include.sandbox.sage100.totals import extension

if TYPE_CHECKING:
    from include.sandbox.sage100.dictionary import Column
    from include.sandbox.sage100.objects.sales_order import SalesOrder

SEQUENCE_STEP = 10_000_000
SPECIAL = "2"
CHARGE = "3"
COMMENT = "4"
UNITS = {
    "StandardUnitOfMeasure": "",
    "SalesUnitOfMeasure": "SalesUMConvFctr",
    "PurchaseUnitOfMeasure": "PurchaseUMConvFctr",
}


class OrderLines(Lines):
    """The lines of one :class:`SalesOrder`."""

    leading: ClassVar[str] = "ItemCode"

    def __init__(self, order: SalesOrder) -> None:
        super().__init__(order, order.session.table("SO_SalesOrderDetail"))
        self._order = order
        self._items = self._session.table("CI_Item")
        self._last_key = 0
        self._reactions = {
            "ItemCode": self._load_item,
            "UnitPrice": self._override_price,
            "UnitOfMeasure": self._change_unit,
            "QuantityOrdered": self._check_quantity,
            "ExtensionAmt": self._charge_only,
        }

    def load(self, order_no: str, last_key: int) -> None:
        """Take the lines of an order as they stand; ``last_key`` is the highest LineKey ever used."""
        self.rows = list(select(self._session.db, self._table, {"SalesOrderNo": order_no}, "LineSeqNo"))
        self._last_key = max([last_key, *(int(row.text("LineKey")) for row in self.rows)])
        self.forget()

    def _may_add(self) -> None:
        self._order.customer()

    def _may_remove(self, line: Record) -> None:
        if line.number("QuantityShipped"):
            raise RefusedError("The line has been shipped and cannot be deleted.")

    def _complete(self, line: Record) -> None:
        if line.text("ItemType") != CHARGE or line.number("QuantityOrdered"):
            line.put(ExtensionAmt=extension(line, open_quantity(line)))
        if abs(line.number("ExtensionAmt")) >= self._table.columns["ExtensionAmt"].capacity:
            raise RefusedError("The ExtensionAmt is too large.")
        self._check_stock(line)

    def _name(self, line: Record) -> None:
        self._last_key += 1
        last = int(self.rows[-1].text("LineSeqNo")) if self.rows else 0
        sequence = f"{last + SEQUENCE_STEP:014d}"
        line.put(
            SalesOrderNo=self._order.header().text("SalesOrderNo"),
            LineKey=f"{self._last_key:06d}",
            LineSeqNo=sequence,
            SOHistoryDetlSeqNo=f"{self._last_key * SEQUENCE_STEP:014d}",
        )

    def _check_stock(self, line: Record) -> None:
        if line.text("ItemType") != "1" or self._order.options["CheckQtyOnHand"] != "Y":
            return
        row = self._session.db.execute(
            "SELECT QuantityOnHand - QuantityOnSalesOrder - QuantityOnBackOrder FROM IM_ItemWarehouse"
            " WHERE ItemCode = ? AND WarehouseCode = ?",
            (line.text("ItemCode"), line.text("WarehouseCode")),
        ).fetchone()
        available = Decimal(str(row[0])) if row else Decimal(0)
        if line.number("QuantityOrdered") * line.number("UnitOfMeasureConvFactor") <= available:
            return
        message = "Entry exceeds available quantity."
        if self._session.settings.over_quantity == "refuse":
            raise RefusedError(message)
        self._warn(message)

    # what follows from a value

    def _load_item(self, line: Record, value: Value) -> None:
        code = str(value)
        if code.startswith("*"):
            line.put(ItemType=SPECIAL, UnitOfMeasureConvFactor=Decimal(1), TaxClass="NT")
            line.put(WarehouseCode=self._order.header().text("WarehouseCode"))
            return
        item = find(self._session.db, self._items, code)
        if item is None:
            raise not_on_file("ItemCode")
        self._check_item(item)
        self._take_item(line, item)

    def _check_item(self, item: Record) -> None:
        if item.text("ItemType") != COMMENT and item.text("UseInSO") != "Y":
            raise RefusedError("The item is not set up for sales order entry.")
        if item.text("InactiveItem") != "Y":
            return
        if self._session.settings.inactive_item == "refuse":
            raise RefusedError("The item is inactive.")
        self._warn("The item is inactive.")

    def _take_item(self, line: Record, item: Record) -> None:
        factor = item.number("SalesUMConvFctr") or Decimal(1)
        header = self._order.header()
        stocked = item.text("ItemType") == "1"
        warehouse = header.text("WarehouseCode") or item.text("DefaultWarehouseCode")
        line.take(item, ("ItemType", "ItemCodeDesc", "TaxClass", "Valuation", "DropShip", "CommodityCode"))
        line.put(
            UnitOfMeasure=item.text("SalesUnitOfMeasure"),
            UnitOfMeasureConvFactor=factor,
            UnitPrice=item.number("StandardUnitPrice") * factor,
            UnitCost=item.number("AverageUnitCost"),
            WarehouseCode=warehouse if stocked else "",
            Discount=item.text("AllowTradeDiscount") or "N",
            PriceOverridden="N",
        )
        if item.text("ItemType") == COMMENT:
            line.put(CommentText=item.text("CommentText"))

    def _override_price(self, line: Record, _value: Value) -> None:
        line.put(PriceOverridden="Y")

    def _check_quantity(self, line: Record, value: Value) -> None:
        if value and line.text("ItemType") == COMMENT:
            raise RefusedError("A comment line has no quantity.")
        left = Decimal(value) - line.number("QuantityShipped")
        if line.number("QuantityShipped") and left <= 0:
            raise RefusedError("The QuantityOrdered must be above what has been shipped.")
        if line.number("QuantityBackordered"):
            line.put(QuantityBackordered=left)

    def _charge_only(self, line: Record, _value: Value) -> None:
        if line.text("ItemType") != CHARGE:
            raise RefusedError("The ExtensionAmt may not be changed.")

    def _change_unit(self, line: Record, value: Value) -> None:
        item = find(self._session.db, self._items, line.text("ItemCode"))
        if item is None or item.text("ItemType") != "1":
            return
        units = {item.text(name): item.number(f) if f else Decimal(1) for name, f in reversed(UNITS.items())}
        if value not in units:
            raise RefusedError("The UnitOfMeasure is not valid for this item.")
        factor = units[str(value)] or Decimal(1)
        line.put(UnitOfMeasureConvFactor=factor)
        if line.text("PriceOverridden") != "Y":
            line.put(UnitPrice=item.number("StandardUnitPrice") * factor)

    # the current line

    def _permit(self, record: Record, column: Column) -> None:
        if column.name != "ItemCode" and not record.text("ItemCode"):
            raise RefusedError("The ItemCode must be set first.")
