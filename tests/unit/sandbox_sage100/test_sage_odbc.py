"""What a real ODBC driver makes of the tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyodbc  # noqa: TID253 - the driver is what is tested
import pytest

from include.sandbox.sage100 import database
from include.sandbox.sage100.dictionary import dictionary
from include.sandbox.sage100.settings import Settings
from include.sandbox.sage100.story import load
from tests.unit.sandbox_sage100.desk import NUMBERED, Sage, an_order, written


def connected(home: Path) -> pyodbc.Connection:
    return pyodbc.connect(f"Driver=SQLite3;Database={database.company_file(home)};", autocommit=True)


@pytest.fixture
def odbc(home: Path) -> Iterator[pyodbc.Connection]:
    connection = connected(home)
    yield connection
    connection.close()


def widths(connection: pyodbc.Connection, table: str) -> dict[str, Any]:
    return {row.column_name: row for row in connection.cursor().columns(table=table)}


def test_sqlcolumns_gives_every_width_of_the_dictionary(odbc: pyodbc.Connection) -> None:
    for name in ("AR_Customer", "SO_SalesOrderHeader", "SO_SalesOrderDetail", "CI_Item"):
        seen = widths(odbc, name)
        for column in dictionary()[name].columns.values():
            row = seen[column.name]
            assert row.type_name == column.declared
            if column.kind == "text":
                assert row.column_size == column.width
        assert len(seen) == len(dictionary()[name].columns)


def test_a_company_of_2018_has_narrower_columns(tmp_path: Path) -> None:
    load(tmp_path, switches=Settings(release="2018"))
    connection = connected(tmp_path)
    seen = widths(connection, "AR_Customer")
    longest = connection.execute("SELECT MAX({fn LENGTH(CustomerName)}) FROM AR_Customer").fetchval()
    connection.close()
    assert (seen["CustomerName"].column_size, seen["EmailAddress"].column_size) == (30, 50)
    assert longest == 30


@pytest.mark.parametrize(
    "quantity",
    [
        Decimal("99999999.999999"),
        Decimal("0.000001"),
        Decimal("12345678.901234"),
        Decimal("0.1"),
        Decimal(40_000_000),
    ],
)
def test_quantities_and_prices_come_back_to_the_last_of_their_fourteen_digits(
    sage: Sage, odbc: pyodbc.Connection, quantity: Decimal
) -> None:
    order, number = an_order(sage, [])
    lines = order.oLines
    assert lines.nAddLine() == 2
    for column, value in (("ItemCode$", "NW-0001"), ("QuantityOrdered", float(quantity)), ("UnitPrice", 0.1)):
        assert lines.nSetValue(column, value) == 1
    assert lines.nWrite() == order.nWrite() == 1
    sql = "SELECT QuantityOrdered, UnitPrice FROM SO_SalesOrderDetail WHERE SalesOrderNo = ?"
    ordered, price = odbc.execute(sql, number).fetchone()
    assert (Decimal(ordered), Decimal(price)) == (quantity, Decimal("0.1"))


def test_a_thousand_small_commitments_add_up_exactly(sage: Sage, odbc: pyodbc.Connection) -> None:
    for _ in range(10):
        written(sage, [("NW-0001", 0.000001), ("NW-0001", 0.1)] * 10)
    sql = (
        "SELECT QuantityOnSalesOrder FROM IM_ItemWarehouse WHERE ItemCode = 'NW-0001' ORDER BY WarehouseCode"
    )
    assert Decimal(odbc.execute(sql).fetchval()) == Decimal("10.000100")


def test_dates_are_dates_and_a_blank_one_is_null(sage: Sage, odbc: pyodbc.Connection) -> None:
    number = written(sage)
    sql = "SELECT OrderDate, LastInvoiceOrderDate FROM SO_SalesOrderHeader WHERE SalesOrderNo = ?"
    assert tuple(odbc.execute(sql, number).fetchone()) == (date(2026, 11, 21), None)
    since = "SELECT COUNT(SalesOrderNo) FROM SO_SalesOrderHeader WHERE DateUpdated >= {d '2026-11-21'}"
    assert odbc.execute(since).fetchval() == 1


def test_no_text_or_number_is_null(sage: Sage, odbc: pyodbc.Connection) -> None:
    written(sage)
    for name in ("AR_Customer", "SO_SalesOrderHeader", "SO_SalesOrderHistoryDetail", "IM_ItemWarehouse"):
        table = dictionary()[name]
        rows = odbc.execute(f"SELECT * FROM {name}").fetchall()
        columns = [c for c in table.columns.values() if c.kind != "date"]
        assert rows
        assert all(getattr(row, c.name) is not None for row in rows for c in columns)


def test_a_customers_po_is_found_by_key_and_not_by_a_scan(sage: Sage) -> None:
    plan = sage.rows(
        "EXPLAIN QUERY PLAN SELECT SalesOrderNo FROM SO_SalesOrderHeader"
        " WHERE ARDivisionNo = '00' AND CustomerNo = ? AND CustomerPONo = 'SO-1'",
        NUMBERED,
    )
    assert "USING" in plan[0]["detail"]
    assert "CustomerPONo=?" in plan[0]["detail"]
