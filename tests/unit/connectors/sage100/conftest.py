"""A company in small: real tables in SQLite, read through the real ODBC driver."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.connectors.sage100 import OdbcSettings, OrderWrite, Reader, connect, dialect

_ORDER = (
    "SalesOrderNo CHAR(7), OrderDate DATE, OrderStatus CHAR(1), ARDivisionNo CHAR(2), CustomerNo CHAR(20),"
    "CustomerPONo CHAR(30), DiscountAmt DECIMAL(11,2), FreightAmt DECIMAL(11,2), SalesTaxAmt DECIMAL(11,2),"
    "DepositAmt DECIMAL(12,2),"
    "UDF_ZOHO_ORDER_ID CHAR(19), UDF_ZOHO_VERSION CHAR(30), UDF_SYNC_KEY CHAR(64)"
)
_RECEIPT = (
    "DepositNo CHAR(5), ARDivisionNo CHAR(2), CustomerNo CHAR(20), CheckNo CHAR(10), PaymentType CHAR(5),"
    "Comment CHAR(30), UDF_SYNC_KEY CHAR(64)"
)
TABLES = {
    "AR_TermsCode": "TermsCode CHAR(2), TermsCodeDesc CHAR(30)",
    "IM_Warehouse": "WarehouseCode CHAR(3), WarehouseDesc CHAR(30)",
    "SO_ShippingRateHeader": "ShippingCode CHAR(15), ShippingCodeDesc CHAR(30)",
    "SY_SalesTaxSchedule": "TaxSchedule CHAR(9), TaxScheduleDesc CHAR(30)",
    "SY_Country": "CountryCode CHAR(3), CountryName CHAR(50)",
    "AR_Division": "ARDivisionNo CHAR(2), DivisionDesc CHAR(30)",
    "CI_Item": (
        "ItemCode CHAR(30), ItemType CHAR(1), ItemCodeDesc CHAR(30), SalesUnitOfMeasure CHAR(4),"
        "StandardUnitOfMeasure CHAR(4), DefaultWarehouseCode CHAR(3), ProductLine CHAR(4), TaxClass CHAR(2),"
        "InactiveItem CHAR(1), UseInSO CHAR(1), ProductType CHAR(1), AllowBackOrders CHAR(1),"
        "UDF_UPC CHAR(14)"
    ),
    "IM_AliasItem": (
        "ItemCode CHAR(30), AliasItemNo CHAR(30), Type CHAR(1), ARDivisionNo CHAR(2), CustomerNo CHAR(20)"
    ),
    "AR_Customer": (
        "ARDivisionNo CHAR(2), CustomerNo CHAR(20), CustomerName CHAR(50), EmailAddress CHAR(250),"
        "TelephoneNo CHAR(20), ZipCode CHAR(10), City CHAR(30), CountryCode CHAR(3), TermsCode CHAR(2),"
        "TaxSchedule CHAR(9), CustomerStatus CHAR(1), CreditHold CHAR(1), CreditLimit DECIMAL(13,2),"
        "CurrentBalance DECIMAL(13,2), OpenOrderAmt DECIMAL(13,2), UDF_ZOHO_CONTACT_ID CHAR(19)"
    ),
    "SO_SalesOrderHeader": _ORDER,
    "SO_SalesOrderDetail": (
        "SalesOrderNo CHAR(7), LineKey CHAR(6), LineSeqNo CHAR(14), ItemCode CHAR(30), ItemType CHAR(1),"
        "ItemCodeDesc CHAR(30), WarehouseCode CHAR(3), UnitOfMeasure CHAR(4), QuantityOrdered DECIMAL(15,6),"
        "QuantityShipped DECIMAL(15,6), QuantityBackordered DECIMAL(15,6), UnitPrice DECIMAL(15,6),"
        "LineDiscountPercent DECIMAL(8,3), ExtensionAmt DECIMAL(11,2),"
        "TaxClass CHAR(2), CommentText VARCHAR(2048)"
    ),
    "SO_SalesOrderHistoryHeader": _ORDER,
    "SO_SalesOrderHistoryDetail": (
        "SalesOrderNo CHAR(7), SequenceNo CHAR(14), LineKey CHAR(6), LastExtensionAmt DECIMAL(11,2)"
    ),
    "AR_CashReceiptsDeposit": "DepositNo CHAR(5), DepositDate DATE, DepositDesc CHAR(30)",
    "AR_CashReceiptsHeader": f"{_RECEIPT}, PostingAmt DECIMAL(12,2)",
    "AR_CashReceiptsHistory": (
        f"{_RECEIPT}, DepositDate DATE, DepositDesc CHAR(30), CashAmountApplied DECIMAL(12,2)"
    ),
}


@dataclass
class Company:
    """The tables as a test fills them, and a reader that counts what it sends."""

    file: Path
    sent: list[str] = field(default_factory=list)
    catalogue_calls: list[str] = field(default_factory=list)

    def run(self, sql: str, *values: object) -> None:
        db = sqlite3.connect(self.file, isolation_level=None)
        db.execute("PRAGMA synchronous = OFF")
        db.execute(sql, values)
        db.close()

    def add(self, table: str, **columns: object) -> None:
        marks = ", ".join("?" * len(columns))
        self.run(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", *columns.values())

    def connection_string(self) -> str:
        return OdbcSettings(driver="SQLite3", database=str(self.file)).connection_string()

    def connect(self) -> Any:
        return CountingConnection(connect(self.connection_string()), self)

    def reader(self, **options: int) -> Reader:
        return Reader(self.connect, **options)


class CountingConnection:
    """A real connection whose statements are noted and held against the dialect."""

    def __init__(self, inner: Any, company: Company) -> None:
        self._inner, self._company = inner, company

    def cursor(self) -> CountingCursor:
        return CountingCursor(self._inner.cursor(), self._company)

    def close(self) -> None:
        self._inner.close()


class CountingCursor:
    def __init__(self, inner: Any, company: Company) -> None:
        self._inner, self._company = inner, company

    def execute(self, sql: str, *values: object) -> None:
        dialect.check(sql)
        self._company.sent.append(sql)
        self._inner.execute(sql, *values)

    def columns(self, table: str | None = None) -> list[Any]:
        self._company.catalogue_calls.append(table or "")
        return list(self._inner.columns(table=table))

    def fetchall(self) -> list[Any]:
        return list(self._inner.fetchall())

    def close(self) -> None:
        self._inner.close()


@pytest.fixture
def company(tmp_path: Path) -> Company:
    made = Company(tmp_path / "MAS_ABC.sqlite")
    db = sqlite3.connect(made.file)
    db.execute("PRAGMA synchronous = OFF")
    for table, columns in TABLES.items():
        db.execute(f"CREATE TABLE {table} ({columns})")
    db.commit()
    db.close()
    return made


@pytest.fixture
def reader(company: Company) -> Iterator[Reader]:
    with company.reader() as made:
        yield made


@pytest.fixture
def an_order(company: Company) -> Callable[..., None]:
    """Put one order into the live tables, or into history."""

    def put(
        number: str, source_id: str, po: str, extensions: tuple[str, ...] = ("10.00",), **more: object
    ) -> None:
        past = more.pop("past", False)
        header = {
            "SalesOrderNo": number,
            "CustomerPONo": po,
            "UDF_ZOHO_ORDER_ID": source_id,
            "ARDivisionNo": "00",
            "CustomerNo": "0001009",
            "OrderDate": "2026-01-31",
            "OrderStatus": "N",
            "DiscountAmt": 0,
            "FreightAmt": 0,
            "SalesTaxAmt": 0,
            "UDF_ZOHO_VERSION": "v1",
            "UDF_SYNC_KEY": f"key-{source_id}",
        } | more
        company.add("SO_SalesOrderHistoryHeader" if past else "SO_SalesOrderHeader", **header)
        table = "SO_SalesOrderHistoryDetail" if past else "SO_SalesOrderDetail"
        amount = "LastExtensionAmt" if past else "ExtensionAmt"
        for place, extension in enumerate(extensions, start=1):
            company.add(table, **{"SalesOrderNo": number, "LineKey": f"{place:06}", amount: extension})

    return put


@pytest.fixture
def an_order_write() -> Callable[..., OrderWrite]:
    def make(key: str = "4815000000044220", **more: Any) -> OrderWrite:
        facts = {
            "idempotency_key": f"write-{key}",
            "header": {"ARDivisionNo": "00", "CustomerNo": "0001009"},
            "lines": [{"ItemCode": "QUESO", "QuantityOrdered": "12", "UnitPrice": "14"}],
            "expected_lines": 1,
            "expected_total": Decimal("168.00"),
        } | more
        return OrderWrite(key=key, **facts)

    return make


@pytest.fixture
def driver_error() -> Callable[[str, str], Exception]:
    import pyodbc

    return lambda state, text: pyodbc.Error(state, f"[{state}] {text}")
