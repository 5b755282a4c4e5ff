"""The reader on the tables of the Sage sandbox, through the real ODBC driver."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.connectors.sage100 import OdbcSettings, Reader, connect, dialect
from include.connectors.sage100.marks import ZOHO_MARKS

ROOT = Path(__file__).parents[2]


class Counted:
    """A real connection that notes every statement and catalogue call."""

    def __init__(self, inner: Any, sent: list[str]) -> None:
        self._inner, self._sent = inner, sent

    def cursor(self) -> Counted:
        return Counted(self._inner.cursor(), self._sent)

    def execute(self, sql: str, *values: object) -> None:
        dialect.check(sql)
        self._sent.append(sql)
        self._inner.execute(sql, *values)

    def columns(self, table: str | None = None) -> list[Any]:
        return list(self._inner.columns(table=table))

    def fetchall(self) -> list[Any]:
        return list(self._inner.fetchall())

    def close(self) -> None:
        self._inner.close()


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sage")
    command = [sys.executable, "-m", "include.sandbox.sage100", "load", "--home", str(home)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    file = home / "MAS_ABC.sqlite"
    with sqlite3.connect(file) as db:
        for place in range(200):
            _put_order(db, place)
    db.close()
    return file


def _put_order(db: sqlite3.Connection, place: int) -> None:
    """Half of the orders stand in history only."""
    table, detail, amount = (
        ("SO_SalesOrderHeader", "SO_SalesOrderDetail", "ExtensionAmt")
        if place % 2
        else ("SO_SalesOrderHistoryHeader", "SO_SalesOrderHistoryDetail", "LastExtensionAmt")
    )
    number = f"{place:07}"
    db.execute(
        f"INSERT INTO {table} (SalesOrderNo, CustomerPONo, UDF_ZOHO_ORDER_ID, OrderDate, FreightAmt)"
        " VALUES (?, ?, ?, '2026-01-31', 32.38)",
        (number, f"SO-{place}", f"Z{place}"),
    )
    for line in (1, 2, 3):
        keys = {"SalesOrderNo": number, "LineKey": f"{line:06}", amount: 0.1 * line}
        if place % 2 == 0:
            keys["SequenceNo"] = f"{line:014}"
        marks = ", ".join("?" * len(keys))
        db.execute(f"INSERT INTO {detail} ({', '.join(keys)}) VALUES ({marks})", tuple(keys.values()))


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
def reader(company: Path, sent: list[str]) -> Iterator[Reader]:
    text = OdbcSettings(driver="SQLite3", database=str(company)).connection_string()
    with Reader(lambda: Counted(connect(text), sent)) as made:
        yield made


def test_everything_that_is_read_is_there_with_all_its_udfs(reader: Reader) -> None:
    """A9, A19: the connection test finds nothing missing."""
    report = reader.check()
    assert report.ok
    assert "lacks" not in report.message


@pytest.mark.parametrize("orders", [2, 200])
def test_two_orders_cost_as_many_queries_as_two_hundred(reader: Reader, sent: list[str], orders: int) -> None:
    found = reader.orders_by_source([(f"Z{place}", f"SO-{place}") for place in range(orders)], ZOHO_MARKS)
    assert len(found) == orders
    assert set(found.state) == {"live", "history"}
    assert set(found.total) == {Decimal("32.98")}
    assert set(found.lines) == {3}
    assert len(sent) == 4


@pytest.mark.parametrize("orders", [1, 100])
def test_lines_of_one_order_cost_as_many_queries_as_of_a_hundred(
    reader: Reader, sent: list[str], orders: int
) -> None:
    lines = reader.order_lines([f"{place:07}" for place in range(1, 200, 2)][:orders])
    assert len(lines) == 3 * orders
    assert len(sent) == 1


@pytest.mark.parametrize("orders", [2, 200])
def test_orders_are_told_by_number_live_or_from_history(reader: Reader, sent: list[str], orders: int) -> None:
    """C8: at most three queries, however many are asked for."""
    numbers = [f"{place:07}" for place in range(orders)]
    told = {
        key: json.loads(document) for key, document in reader.order_records().documents(numbers) if document
    }
    assert set(told) == set(numbers)
    assert {order["state"] for order in told.values()} == {"live", "history"}
    for number, order in told.items():
        assert order["SalesOrderNo"] == number
        assert bool(order["lines"]) == (order["state"] == "live")
    assert len(sent) == 3
    assert list(reader.order_records().documents(["9999999"])) == [("9999999", None)]


def test_what_a_batch_needs_for_translation_is_one_query_a_table(reader: Reader, sent: list[str]) -> None:
    """A39, A43: references, items and aliases, customers."""
    references = reader.references()
    terms = dict(zip(references["terms"].key, references["terms"].value, strict=True))
    assert {"Due on Receipt": "00", "Net 30": "01", "Net 15": "02", "Net 60": "03"}.items() <= terms.items()
    ship_via = dict(zip(references["ship_via"].key, references["ship_via"].value, strict=True))
    assert ship_via["Speedy Express"] == "SPEEDY"
    countries = dict(zip(references["countries"].key, references["countries"].value, strict=True))
    assert (countries["US"], countries["DE"]) == ("USA", "DEU")
    assert {"/FREIGHT", "/ROUND", "/ADJ", "/C"} <= set(reader.items().ItemCode)
    assert not reader.aliases().empty
    assert not reader.customers().empty
    assert len(sent) == len(set(sent)) == len(references) + 3


def test_widths_are_those_of_the_release(reader: Reader) -> None:
    widths = reader.widths(["SO_SalesOrderHeader", "SO_SalesOrderDetail"])
    assert widths["SO_SalesOrderHeader", "CustomerPONo"].width == 30
    assert widths["SO_SalesOrderHeader", "UDF_ZOHO_VERSION"].width == 30
    assert widths["SO_SalesOrderDetail", "CommentText"].width == 2048
    price = widths["SO_SalesOrderDetail", "UnitPrice"]
    assert (price.type, price.width, price.scale) == ("decimal", 15, 6)
