"""What people at Sage's screens do to an order or the stock, as far as the integration meets it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from include.sandbox.sage100 import records
from include.sandbox.sage100.objects.values import accept, column_of
from include.sandbox.sage100.records import Record
from include.sandbox.sage100.refusals import RefusedError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from include.sandbox.sage100.audit import Stamp
    from include.sandbox.sage100.dictionary import Table

Mark = Literal["picked", "printed", "invoiced"]


class Clerk:
    """A person at a screen of one company. The caller holds the transaction."""

    def __init__(self, db: sqlite3.Connection, tables: dict[str, Table], stamp: Stamp) -> None:
        self._db = db
        self._tables = tables
        self._stamp = stamp

    def mark(self, order_no: str, marks: Iterable[Mark]) -> Record:
        """Print the picking sheet, print the order, enter its invoice.

        Raises:
            KeyError: there is no such live order.
        """
        order = self._existing("SO_SalesOrderHeader", order_no)
        for mark in marks:
            if mark == "picked":
                order.put(PickingSheetPrinted="Y")
            elif mark == "printed":
                order.put(SalesOrderPrinted="Y", OrderStatus="O")
            else:
                self._enter_invoice(order)
        return self._save(order)

    def count_stock(self, item_code: str, warehouse: str, quantity: int) -> Record:
        """Set what lies in a warehouse after a count, and the item's total with it.

        Raises:
            KeyError: item or warehouse are not on file.
        """
        self._existing("IM_Warehouse", warehouse)
        item = self._existing("CI_Item", item_code)
        table = self._tables["IM_ItemWarehouse"]
        row = records.find(self._db, table, item_code, warehouse)
        row = row or Record.blank(table, {"ItemCode": item_code, "WarehouseCode": warehouse})
        row.put(QuantityOnHand=accept(table.columns["QuantityOnHand"], quantity))
        self._save(row)
        stocked = records.select(self._db, table, {"ItemCode": item_code})
        item.put(TotalQuantityOnHand=sum((r.number("QuantityOnHand") for r in stocked), Decimal(0)))
        self._save(item)
        return row

    def change(self, table: str, key: Iterable[str], values: Mapping[str, str | int | float]) -> Record:
        """Set columns of a record under the dictionary's rules of form and width.

        Raises:
            KeyError: no such table or record.
            RefusedError: a value that Sage would not keep.
        """
        return self._save(self._filled(self._existing(table, *key), values))

    def enter(self, table: str, values: Mapping[str, str | int | float]) -> Record:
        """Type a new record: an alias of an item, a terms code.

        Raises:
            KeyError: no such table.
            RefusedError: a value that Sage would not keep, or the record exists.
        """
        record = self._filled(Record.blank(self._tables[table]), values)
        if records.find(self._db, record.table, *record.key) is not None:
            raise RefusedError(f"{table} {'|'.join(record.key)} is on file already.")
        self._stamp.mark(record, created=True)
        records.save(self._db, record)
        return record

    def _filled(self, record: Record, values: Mapping[str, str | int | float]) -> Record:
        columns = {column.name: column for column in record.table.columns.values()}
        for name, value in values.items():
            column = columns.get(name) or column_of(record.table, name)
            record.values[column.name] = accept(column, value)
        return record

    def _enter_invoice(self, order: Record) -> None:
        number = order.text("CurrentInvoiceNo") or self._next_invoice_no()
        order.put(CurrentInvoiceNo=number, OrderStatus="O")
        invoice = Record.blank(self._tables["SO_InvoiceHeader"])
        invoice.take(order, order.values)
        invoice.put(InvoiceNo=number, InvoiceType="IN", InvoiceDate=self._stamp.date)
        self._save(invoice)
        lines = records.select(self._db, self._tables["SO_SalesOrderDetail"], {"SalesOrderNo": order.key[0]})
        for line in lines:
            row = Record.blank(self._tables["SO_InvoiceDetail"])
            row.take(line, line.values)
            row.put(InvoiceNo=number, OrderLineKey=line.text("LineKey"))
            row.put(QuantityShipped=line.number("QuantityOrdered"))
            self._save(row)

    def _next_invoice_no(self) -> str:
        options = self._existing("SO_Options", "S/O")
        number = options.text("NextInvoiceNo")
        options.put(NextInvoiceNo=f"{int(number) + 1:07d}")
        self._save(options)
        return number

    def _existing(self, table: str, *key: str) -> Record:
        record = records.find(self._db, self._tables[table], *key)
        if record is None:
            raise KeyError(f"{table} has no {'|'.join(key)}")
        return record

    def _save(self, record: Record) -> Record:
        self._stamp.mark(record, created=False)
        records.save(self._db, record)
        return record
