"""What people at Sage's screens do to records, as far as the integration meets it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from include.sandbox.sage100.objects.values import accept, column_of
from include.sandbox.sage100.refusals import NotOnFileError, RefusedError
from include.sandbox.sage100.shipping import Shipping

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.sandbox.sage100.accounts import Accounts
    from include.sandbox.sage100.records import Record

Given = str | int | float | Decimal
Mark = Literal["picked", "printed", "invoiced"]


class Clerk:
    """A person at a screen of one company. The caller holds the transaction."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def mark(self, order_no: str, marks: Iterable[Mark]) -> Record:
        """Print the picking sheet, print the order, enter its invoice.

        Raises:
            NotOnFileError: there is no such live order.
            RefusedError: its invoice cannot be entered.
        """
        for mark in marks:
            order = self._accounts.existing("SO_SalesOrderHeader", order_no)
            if mark == "picked":
                order.put(PickingSheetPrinted="Y")
            elif mark == "printed":
                order.put(SalesOrderPrinted="Y", OrderStatus="O")
            else:
                Shipping(self._accounts).enter(order_no)
                continue
            self._accounts.save(order)
        return self._accounts.existing("SO_SalesOrderHeader", order_no)

    def change(self, table: str, key: Iterable[str], values: Mapping[str, Given]) -> Record:
        """Set columns of a record under the dictionary's rules of form and width.

        Raises:
            NotOnFileError: no such table or record.
            RefusedError: a value that Sage would not keep.
        """
        self._known(table)
        return self._accounts.save(self._filled(self._accounts.existing(table, *key), values))

    def enter(self, table: str, values: Mapping[str, Given]) -> Record:
        """Type a new record: an alias of an item, a terms code.

        Raises:
            NotOnFileError: no such table.
            RefusedError: a value that Sage would not keep, or the record exists.
        """
        self._known(table)
        record = self._filled(self._accounts.blank(table), values)
        if self._accounts.find(table, *record.key) is not None:
            raise RefusedError(f"{table} {'|'.join(record.key)} is on file already.")
        return self._accounts.save(record, created=True)

    def _known(self, table: str) -> None:
        if table not in self._accounts.tables:
            raise NotOnFileError(f"There is no table {table}.")

    def _filled(self, record: Record, values: Mapping[str, Given]) -> Record:
        columns = {column.name: column for column in record.table.columns.values()}
        for name, value in values.items():
            column = columns.get(name) or column_of(record.table, name)
            record.values[column.name] = accept(column, value)
        return record
