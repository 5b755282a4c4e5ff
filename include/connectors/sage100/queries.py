"""Every SQL statement that reads Sage 100; there is no SQL anywhere else in this package.

A :class:`Statement` names table and columns; :meth:`Statement.build` makes the text for the columns that
the site really has and for a chunk of values. A query is checked against the dialect whenever one is
built, and a test builds each statement of this module in all its shapes.

Lines are read beside their headers instead of joined to them: the driver joins by escape syntax only
and slowly, and two queries by key are two index walks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from include.connectors.sage100 import dialect
from include.connectors.sage100.marks import MARKS, SYNC_KEY

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

CHUNK = 200
"""Values in one ``IN (?, ...)``."""

_AGGREGATE = re.compile(r"(?P<function>COUNT|SUM|MIN|MAX)\((?P<column>\w+)\)")


@dataclass(frozen=True, slots=True)
class Query:
    """One statement as it goes to the driver.

    Attributes:
        name: what errors and tests call it.
        table: the one table that it reads.
        columns: what each column of the answer is, in order: a column's name, or ``COUNT(x)``.
        sql: the text, inside the dialect.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    sql: str

    def __post_init__(self) -> None:
        dialect.check(self.sql)


@dataclass(frozen=True, slots=True)
class Statement:
    """A read of one table, before the site and the chunk are known.

    Attributes:
        optional: columns that a site may lack (UDFs, columns that only some releases have).
        key: the column that a chunk of values, or a span, restricts; blank when the whole table is read.
        stamp: the date column that a window restricts; blank when the table has none.
        summed: ``COUNT(x)`` and ``SUM(x)`` columns of a statement grouped by ``columns``.
        order: columns that the rows are sorted by.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    key: str = ""
    stamp: str = ""
    summed: tuple[str, ...] = ()
    order: tuple[str, ...] = ()

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns without which the statement makes no sense."""
        return (*self.columns, *(aggregated(expression)[1] for expression in self.summed))

    def build(
        self, present: Collection[str], *, values: int = 0, since: date | None = None, spanned: bool = False
    ) -> Query:
        """The query for a site.

        Args:
            present: the columns the table has at this site.
            values: how many values restrict ``key``; 0 reads the whole table.
            since: the first day of the window over ``stamp``.
            spanned: ``key`` lies between two values.
        """
        extra = tuple(name for name in self.optional if name in present)
        columns = (*self.columns, *extra, *self.summed)
        sql = f"SELECT {', '.join(columns)} FROM {self.table}"  # noqa: S608 - names are this module's own
        if values:
            sql += f" WHERE {self.key} IN ({', '.join('?' * values)})"
        elif spanned:
            sql += f" WHERE {self.key} BETWEEN ? AND ?"
        elif since is not None:
            sql += f" WHERE {self.stamp} >= {{d '{since.isoformat()}'}}"
        if self.summed:
            sql += f" GROUP BY {', '.join((*self.columns, *extra))}"
        if self.order:
            sql += f" ORDER BY {', '.join(self.order)}"
        return Query(self.name, self.table, columns, sql)


def aggregated(expression: str) -> tuple[Literal["COUNT", "SUM", "MIN", "MAX", ""], str]:
    """``"SUM(ExtensionAmt)"`` -> ``("SUM", "ExtensionAmt")``; a plain column has no function."""
    found = _AGGREGATE.fullmatch(expression)
    return (found["function"], found["column"]) if found else ("", expression)  # type: ignore[return-value]


TERMS = Statement("terms", "AR_TermsCode", ("TermsCode", "TermsCodeDesc"))
WAREHOUSES = Statement("warehouses", "IM_Warehouse", ("WarehouseCode", "WarehouseDesc"))
SHIP_VIA = Statement("ship_via", "SO_ShippingRateHeader", ("ShippingCode", "ShippingCodeDesc"))
TAX_SCHEDULES = Statement("tax_schedules", "SY_SalesTaxSchedule", ("TaxSchedule", "TaxScheduleDesc"))
COUNTRIES = Statement("countries", "SY_Country", ("CountryCode", "CountryName"), ("ISOCountryCode",))
DIVISIONS = Statement("divisions", "AR_Division", ("ARDivisionNo", "DivisionDesc"))

ITEMS = Statement(
    "items",
    "CI_Item",
    (
        "ItemCode",
        "ItemType",
        "ItemCodeDesc",
        "SalesUnitOfMeasure",
        "StandardUnitOfMeasure",
        "DefaultWarehouseCode",
        "ProductLine",
        "TaxClass",
        "InactiveItem",
        "UseInSO",
        "ProductType",
        "AllowBackOrders",
    ),
    ("UDF_UPC", "UDF_ZOHO_ITEM_ID", "UDF_SAFETY_STOCK"),
    key="ItemCode",
    order=("ItemCode",),
)
ALIASES = Statement(
    "aliases",
    "IM_AliasItem",
    ("AliasItemNo", "ItemCode", "Type", "ARDivisionNo", "CustomerNo"),
    order=("AliasItemNo", "ItemCode"),
)
CUSTOMERS = Statement(
    "customers",
    "AR_Customer",
    (
        "ARDivisionNo",
        "CustomerNo",
        "CustomerName",
        "EmailAddress",
        "TelephoneNo",
        "ZipCode",
        "City",
        "CountryCode",
        "TermsCode",
        "TaxSchedule",
        "CustomerStatus",
        "CreditHold",
        "CreditLimit",
        "CurrentBalance",
        "OpenOrderAmt",
    ),
    ("TaxExemptNo", *(marks.customer_id for marks in MARKS), SYNC_KEY),
    order=("ARDivisionNo", "CustomerNo"),
)

_ORDER_UDFS = (*(name for marks in MARKS for name in (marks.order_id, marks.version)), SYNC_KEY)
_ORDER_COLUMNS = (
    "SalesOrderNo",
    "CustomerPONo",
    "ARDivisionNo",
    "CustomerNo",
    "OrderDate",
    "OrderStatus",
    "DiscountAmt",
    "FreightAmt",
    "SalesTaxAmt",
)
ORDERS = Statement(
    "orders",
    "SO_SalesOrderHeader",
    _ORDER_COLUMNS,
    _ORDER_UDFS,
    key="CustomerPONo",
    order=("CustomerPONo", "SalesOrderNo"),
)
PAST_ORDERS = Statement(
    "past_orders",
    "SO_SalesOrderHistoryHeader",
    _ORDER_COLUMNS,
    _ORDER_UDFS,
    key="CustomerPONo",
    order=("CustomerPONo", "SalesOrderNo"),
)
ORDERS_BY_NUMBER = replace(ORDERS, name="orders_by_number", key="SalesOrderNo", order=("SalesOrderNo",))
PAST_ORDERS_BY_NUMBER = replace(
    PAST_ORDERS, name="past_orders_by_number", key="SalesOrderNo", order=("SalesOrderNo",)
)
ORDER_SUMS = Statement(
    "order_sums",
    "SO_SalesOrderDetail",
    ("SalesOrderNo",),
    key="SalesOrderNo",
    summed=("COUNT(LineKey)", "SUM(ExtensionAmt)"),
)
PAST_ORDER_SUMS = Statement(
    "past_order_sums",
    "SO_SalesOrderHistoryDetail",
    ("SalesOrderNo",),
    key="SalesOrderNo",
    summed=("COUNT(LineKey)", "SUM(LastExtensionAmt)"),
)
ORDER_LINES = Statement(
    "order_lines",
    "SO_SalesOrderDetail",
    (
        "SalesOrderNo",
        "LineKey",
        "LineSeqNo",
        "ItemCode",
        "ItemType",
        "ItemCodeDesc",
        "WarehouseCode",
        "UnitOfMeasure",
        "QuantityOrdered",
        "QuantityShipped",
        "QuantityBackordered",
        "UnitPrice",
        "LineDiscountPercent",
        "ExtensionAmt",
        "TaxClass",
        "CommentText",
    ),
    key="SalesOrderNo",
    order=("SalesOrderNo", "LineSeqNo"),
)

_OWNED = ("SalesOrderNo", "ARDivisionNo", "CustomerNo", "DepositAmt")
ORDER_OWNERS = Statement("order_owners", "SO_SalesOrderHeader", _OWNED, key="SalesOrderNo")
PAST_ORDER_OWNERS = Statement("past_order_owners", "SO_SalesOrderHistoryHeader", _OWNED, key="SalesOrderNo")

_RECEIPT = ("DepositNo", "ARDivisionNo", "CustomerNo", "CheckNo", "PaymentType", "Comment")
ENTERED_RECEIPTS = Statement(
    "entered_receipts",
    "AR_CashReceiptsHeader",
    (*_RECEIPT, "PostingAmt"),
    (SYNC_KEY,),
    key="CustomerNo",
    order=("DepositNo", "ARDivisionNo", "CustomerNo", "CheckNo"),
)
POSTED_RECEIPTS = Statement(
    "posted_receipts",
    "AR_CashReceiptsHistory",
    (*_RECEIPT, "DepositDate", "DepositDesc", "CashAmountApplied"),
    (SYNC_KEY,),
    key="CustomerNo",
    stamp="DepositDate",
    order=("DepositNo", "ARDivisionNo", "CustomerNo", "CheckNo", "SequenceNo"),
)
DEPOSITS = Statement(
    "deposits",
    "AR_CashReceiptsDeposit",
    ("DepositNo", "DepositDate", "DepositDesc"),
    key="DepositNo",
)
