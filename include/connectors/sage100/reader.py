"""Reads of Sage 100 over ODBC: reference tables, items, customers, and orders that already stand there.

Every method sends a fixed number of queries, or a fixed number for each 200 keys; none sends one per
record. A read of several queries is never a snapshot (the driver knows no transaction): what is decided on
it is verified again by whoever writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import pandas as pd

from include.connectors.sage100 import queries, receipts, standing
from include.connectors.sage100.changes import Customers, Invoices, Items, Shipments, WarehouseStock
from include.connectors.sage100.changes.statements import STOCK
from include.connectors.sage100.database import ENDPOINT, Database
from include.connectors.sage100.orders import Orders
from include.connectors.sage100.records import CheckReport
from include.connectors.sage100.references import LOOK_UPS, look_up

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import date
    from types import TracebackType

    import pyarrow as pa

    from include.connectors.ports import Breaker
    from include.connectors.sage100.changes import ServerClock
    from include.connectors.sage100.dictionary import ColumnSpec
    from include.connectors.sage100.marks import ShopMarks
    from include.connectors.sage100.odbc import Connection
    from include.connectors.sage100.receipts import Owner, Receipt

STATEMENTS = tuple(value for value in vars(queries).values() if isinstance(value, queries.Statement))
"""Everything that may be read."""


class Reader:
    """Reads one company.

    Frames are Arrow-backed (``pd.ArrowDtype``) under Sage's own column names: text without trailing
    blanks and never null, amounts as decimals of the dictionary's scale, blank dates null. Every method may
    raise TransientError (connection trouble), AuthenticationError (user refused) or ConfigurationError
    (a table or column is not there; it is named).

    Args:
        connect: makes a DB-API connection; called on the first read and after trouble.
        chunk: keys in one query.
        breaker: knows for all processes whether the server answers.
        endpoint: the server's name among all endpoints.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        chunk: int = queries.CHUNK,
        breaker: Breaker | None = None,
        endpoint: str = ENDPOINT,
    ) -> None:
        self.endpoint = endpoint
        self._database = Database(connect, chunk=chunk, breaker=breaker, endpoint=endpoint)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Log off."""
        self._database.close()

    def ping(self) -> None:
        """Log on anew; raises as every read does."""
        self._database.ping()

    def check(self) -> CheckReport:
        """The connection test: log on, and compare all that is ever read with the site's dictionary.

        Columns that may be missing (UDFs) are named when they are: what works with less is said.
        """
        self._database.fetch(queries.TERMS)
        missing: set[str] = set()
        for statement in STATEMENTS:
            there = self._database.require(statement)
            missing |= {f"{statement.table}.{name}" for name in statement.optional if name not in there}
        tables = len({statement.table for statement in STATEMENTS})
        lacking = f"; the site lacks {', '.join(sorted(missing))}" if missing else ""
        return CheckReport(ok=True, message=f"{tables} tables are readable{lacking}")

    def widths(self, tables: Iterable[str]) -> dict[tuple[str, str], ColumnSpec]:
        """Width, scale and type of every column of the tables, by (table, column)."""
        return {
            (table, column): spec
            for table in tables
            for column, spec in self._database.columns(table).items()
        }

    def references(self) -> dict[str, pd.DataFrame]:
        """Terms, warehouses, ship_via, tax_schedules, countries, divisions: each a ``REFERENCE_FRAME``."""
        return {name: look_up(name, self._database.fetch(statement)) for name, statement in LOOK_UPS.items()}

    def items(self, codes: Sequence[str] | None = None) -> pd.DataFrame:
        """The item catalogue, or the items of some codes. UDF columns that the site lacks are blank."""
        return _frame(self._database.fetch(queries.ITEMS, codes))

    def aliases(self) -> pd.DataFrame:
        """Other names of items: AliasItemNo -> ItemCode, with Type and, for a customer's own, its key."""
        return _frame(self._database.fetch(queries.ALIASES))

    def customers(self) -> pd.DataFrame:
        """All customers, as matching and credit checks need them.

        The whole table in one query: Sage has no key on e-mail or telephone, so any narrower question
        reads the whole file too.
        """
        return _frame(self._database.fetch(queries.CUSTOMERS))

    def orders_by_source(self, orders: Sequence[tuple[str, str]], marks: ShopMarks) -> pd.DataFrame:
        """Orders that already stand in Sage, live or in history.

        Args:
            orders: (source id, customer PO number) of each.
            marks: columns in which an order says which of the shop's it is.

        Returns:
            ``standing.STANDING_FRAME``; keys that Sage does not know have no row.
        """
        return standing.find(self._database, orders, marks)

    def stock_records(self) -> WarehouseStock:
        """What lies of each item in each warehouse, to be polled."""
        return WarehouseStock(self._database)

    def stock(self, codes: Sequence[str]) -> pd.DataFrame:
        """What lies of some items in each warehouse; what was never there has no row."""
        return _frame(self._database.fetch(STOCK, codes))

    def customer_records(self, clock: ServerClock, linked: Callable[[], Collection[str]]) -> Customers:
        """Customers that the shop knows (``linked``), to be polled."""
        return Customers(self._database, clock, linked)

    def item_records(self, clock: ServerClock) -> Items:
        """Items with their prices, to be polled."""
        return Items(self._database, clock)

    def shipment_records(self, clock: ServerClock) -> Shipments:
        """Shipments before and after posting, to be polled."""
        return Shipments(self._database, clock)

    def invoice_records(self, clock: ServerClock) -> Invoices:
        """Posted invoices with their balances, to be polled."""
        return Invoices(self._database, clock)

    def order_records(self) -> Orders:
        """Sales orders with their lines, by number."""
        return Orders(self._database)

    def order_owners(self, orders: Iterable[str]) -> dict[str, Owner]:
        """Customers of orders by SalesOrderNo, live or in history."""
        return receipts.owners(self._database, orders)

    def receipts_of(self, customers: Iterable[str]) -> list[Receipt]:
        """All cash receipts of customers (``01-D3600``), entered or posted."""
        return receipts.standing(self._database, customers)

    def receipts_since(self, day: date) -> list[Receipt]:
        """Cash receipts of deposits since a day, entered or posted."""
        return receipts.received(self._database, day)

    def order_lines(self, numbers: Sequence[str]) -> pd.DataFrame:
        """Lines of live orders by SalesOrderNo, in their order on the document."""
        return _frame(self._database.fetch(queries.ORDER_LINES, numbers))


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame
