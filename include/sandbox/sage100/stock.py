"""What lies in the warehouses: every change of a quantity in IM_ItemWarehouse, and the item's total with it.

Whether Sage stamps ``DateUpdated`` then is not known: the switch ``stock_stamps`` decides. A person's count
or adjustment is a write like any other and stamps.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from include.sandbox.sage100.records import save, stored
from include.sandbox.sage100.refusals import NotNowError, RefusedError

if TYPE_CHECKING:
    from include.sandbox.sage100.accounts import Accounts
    from include.sandbox.sage100.records import Record

ZERO = Decimal(0)
NOT_ENOUGH = "The quantity on hand is not sufficient"
STAMPED = ("DateUpdated", "TimeUpdated", "UserUpdatedKey")


class Stock:
    """The stock of one company."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def row(self, item_code: str, warehouse: str) -> Record:
        """An item in a warehouse; blank where it never was."""
        found = self._accounts.find("IM_ItemWarehouse", item_code, warehouse)
        blank = self._accounts.blank("IM_ItemWarehouse", ItemCode=item_code, WarehouseCode=warehouse)
        return found or blank

    def move(self, item_code: str, warehouse: str, **changes: Decimal) -> None:
        """Add to quantities of an item in a warehouse, in standard units."""
        accounts, table = self._accounts, self._accounts.tables["IM_ItemWarehouse"]
        wanted = [f"{name} = ROUND({name} + ?, 6)" for name in changes]
        values: list[object] = [float(units) for units in changes.values()]
        if accounts.switches.stock_stamps:
            stamp = (accounts.stamp.date, accounts.stamp.time, accounts.stamp.user_key)
            wanted += [f"{name} = ?" for name in STAMPED]
            values += [stored(table.columns[n], v) for n, v in zip(STAMPED, stamp, strict=True)]
        done = accounts.db.execute(
            f"UPDATE IM_ItemWarehouse SET {', '.join(wanted)} WHERE ItemCode = ? AND WarehouseCode = ?",  # noqa: S608
            (*values, item_code, warehouse),
        )
        if not done.rowcount:
            row = self.row(item_code, warehouse)
            row.put(**{name: units.quantize(table.columns[name].step) for name, units in changes.items()})
            accounts.save(row, created=True)
        if "QuantityOnHand" in changes:
            self._total(item_code)

    def demand(self, item_code: str, warehouse: str, units: Decimal, *, beside: Decimal = ZERO) -> None:
        """Refuse to take more than lies there and is in nobody's shipment; ``beside`` is in one's own.

        Raises:
            NotNowError: there is not enough, and the site does not let stock fall below zero.
        """
        row = self.row(item_code, warehouse)
        free = row.number("QuantityOnHand") - row.number("QuantityInShipping") + beside
        if units > free and not self._accounts.switches.negative_stock:
            raise NotNowError(f"{NOT_ENOUGH}: {item_code} in {warehouse}, {free.normalize():f} are free.")

    # what a person does

    def count(self, item_code: str, warehouse: str, quantity: Decimal) -> Record:
        """Set what lies there after a count.

        Raises:
            NotOnFileError: item or warehouse are not on file.
            RefusedError: the item is not kept in stock.
        """
        self._known(item_code, warehouse)
        row = self.row(item_code, warehouse)
        row.put(QuantityOnHand=quantity.quantize(row.table.columns["QuantityOnHand"].step))
        row.put(LastPhysicalCountDate=self._accounts.stamp.date)
        self._accounts.save(row, created=not row.text("DateCreated"))
        self._total(item_code)
        return row

    def adjust(self, item_code: str, warehouse: str, change: Decimal) -> Record:
        """Add to what lies there, or take from it.

        Raises:
            NotOnFileError: item or warehouse are not on file.
            RefusedError: the item is not kept in stock.
            NotNowError: less than nothing would be left.
        """
        self._known(item_code, warehouse)
        if change < 0:
            self.demand(item_code, warehouse, -change)
        self.move(item_code, warehouse, QuantityOnHand=change)
        return self._accounts.save(self._accounts.existing("IM_ItemWarehouse", item_code, warehouse))

    def receive(self, item_code: str, warehouse: str, quantity: Decimal) -> Record:
        """Take goods in; raises as :meth:`adjust`."""
        row = self.adjust(item_code, warehouse, quantity)
        self.note(item_code, LastReceiptDate=self._accounts.stamp.date)
        return row

    def note(self, item_code: str, **dates: str) -> None:
        """Set dates of an item that follow its stock (``LastSoldDate``); they stamp nothing."""
        item = self._accounts.existing("CI_Item", item_code)
        item.put(**dates)
        save(self._accounts.db, item)

    def _known(self, item_code: str, warehouse: str) -> None:
        self._accounts.existing("IM_Warehouse", warehouse)
        if self._accounts.existing("CI_Item", item_code).text("ItemType") != "1":
            raise RefusedError(f"The item {item_code} is not kept in stock.")

    def _total(self, item_code: str) -> None:
        self._accounts.db.execute(
            "UPDATE CI_Item SET TotalQuantityOnHand = (SELECT ROUND(SUM(QuantityOnHand), 6)"
            " FROM IM_ItemWarehouse w WHERE w.ItemCode = CI_Item.ItemCode) WHERE ItemCode = ?",
            (item_code,),
        )
