"""CI_ItemCode_bus: items, their price and whether they may be sold."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from include.sandbox.sage100 import effects
from include.sandbox.sage100.objects.business import BusinessObject
from include.sandbox.sage100.records import Value, find
from include.sandbox.sage100.refusals import RefusedError

if TYPE_CHECKING:
    from include.sandbox.sage100.objects.session import Session
    from include.sandbox.sage100.records import Record

KEPT_BY_STOCK = (
    "TotalQuantityOnHand", "AverageUnitCost", "TotalInventoryValue", "LastSoldDate", "LastReceiptDate",
)  # fmt: skip
"""What moves of stock write while the item is open here."""
FROM_PRODUCT_LINE = (
    "ProductType", "Valuation", "PriceCode", "AllowBackOrders", "ExplodeKitItems", "StandardUnitOfMeasure",
    "PurchaseUnitOfMeasure", "SalesUnitOfMeasure", "ProcurementType", "InventoryCycle", "AllowTradeDiscount",
    "TaxClass",
)  # fmt: skip
USED_IN = ("SO_SalesOrderDetail", "SO_InvoiceDetail")


class Item(BusinessObject):
    """One item, by its ItemCode. It must exist in no document and no warehouse to be deleted."""

    bus: ClassVar[str] = "CI_ItemCode_bus"
    main: ClassVar[str] = "CI_Item"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._reactions = {"ProductLine": self._take_product_line, "StandardUnitPrice": self._not_negative}

    def _begin(self, record: Record) -> None:
        row = self._session.db.execute("SELECT DefaultWarehouseCode FROM SO_Options").fetchone()
        record.put(ItemType="1", DefaultWarehouseCode=row[0], UseInAR="Y", UseInSO="Y", UseInPO="Y")

    def _take_product_line(self, record: Record, value: Value) -> None:
        if self._state != "new":
            return
        line = find(self._session.db, self._session.table("IM_ProductLine"), str(value))
        if line is not None:
            record.take(line, [name for name in FROM_PRODUCT_LINE if line.text(name)])

    def _not_negative(self, _record: Record, value: Value) -> None:
        if not isinstance(value, str) and value < 0:
            raise RefusedError("The StandardUnitPrice may not be negative.")

    def _complete(self, record: Record) -> None:
        if record.text("ItemType") == "1" and not record.text("ProductLine"):
            raise RefusedError("The ProductLine is required.")

    def _commit(self, record: Record, *, created: bool) -> None:
        standing = find(self._session.db, self._table, *record.key)
        if standing is not None:
            record.take(standing, KEPT_BY_STOCK)
        super()._commit(record, created=created)
        effects.log(self._session.db, "item_created" if created else "item_changed", record, 0, {})

    def _remove(self, record: Record) -> None:
        db = self._session.db
        for table in USED_IN:
            if db.execute(f"SELECT 1 FROM {table} WHERE ItemCode = ? LIMIT 1", record.key).fetchone():  # noqa: S608
                raise RefusedError("The item is in use and cannot be deleted.")
        sql = "SELECT 1 FROM IM_ItemWarehouse WHERE ItemCode = ? AND QuantityOnHand <> 0 LIMIT 1"
        if db.execute(sql, record.key).fetchone():
            raise RefusedError("The item has stock and cannot be deleted.")
        super()._remove(record)
        effects.log(db, "item_deleted", record, 0, {})
