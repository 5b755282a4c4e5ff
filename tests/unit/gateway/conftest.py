"""A company of the small Sage, a gateway over it, and requests to send."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from include.gateway.models import CustomerRequest, OrderRequest
from include.gateway.service import Gateway
from include.gateway.settings import Settings
from include.gateway.worker import Job, Worker
from include.sandbox.sage100.story import load
from tests.unit.gateway import fake_sage


class Company:
    """What stands in a Sage, and the faults ordered for the small one."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        db = sqlite3.connect(self.home / "MAS_ABC.sqlite")
        try:
            with db:
                return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def orders(self) -> list[str]:
        return [
            row[0] for row in self.rows("SELECT SalesOrderNo FROM SO_SalesOrderHeader ORDER BY SalesOrderNo")
        ]

    def fault(self, at: str, do: str, *, times: int = 1, match: str = "") -> None:
        path = self.home / "faults.json"
        faults = json.loads(path.read_text()) if path.exists() else []
        path.write_text(json.dumps([*faults, {"at": at, "do": do, "times": times, "match": match}]))


@pytest.fixture
def company(tmp_path: Path) -> Company:
    fake_sage.TRANSCRIPT.clear()
    home = tmp_path / "home"
    home.mkdir()
    fake_sage.make(home)
    return Company(home)


@pytest.fixture
def make_settings(company: Company, tmp_path: Path) -> Callable[..., Settings]:
    def make(**changes: Any) -> Settings:
        usual = {
            "tokens": "first-token,second-token",
            "objects": "tests.unit.gateway.fake_sage:Script",
            "home": str(company.home),
            "company": "ABC",
            "user": "tradebridge",
            "password": "right",
            "odbc": f"Driver=SQLite3;Database={company.home}/MAS_ABC.sqlite;",
            "state": tmp_path / "state",
            "lock_retry_seconds": 0.01,
        }
        return Settings(**(usual | changes))

    return make


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings()


@pytest.fixture
def worker(settings: Settings) -> Iterator[Worker]:
    """A worker in this process, so that its calls can be read in the transcript."""
    worker = Worker(settings)
    yield worker
    worker.rest()


@pytest.fixture
def northwind(tmp_path: Path) -> Company:
    """A company of the emulated Sage, with its goods and customers."""
    home = tmp_path / "northwind"
    home.mkdir()
    load(home, password="right")
    return Company(home)


@pytest.fixture
def emulated(northwind: Company, make_settings: Callable[..., Settings]) -> Callable[..., Settings]:
    """Settings of a gateway over that company."""

    def make(**changes: Any) -> Settings:
        usual = {
            "objects": "include.sandbox.sage100.objects:Script",
            "home": str(northwind.home),
            "odbc": f"Driver=SQLite3;Database={northwind.home}/MAS_ABC.sqlite;",
        }
        return make_settings(**(usual | changes))

    return make


@pytest.fixture
def desk(emulated: Callable[..., Settings]) -> Iterator[Worker]:
    """A worker in this process over the emulated Sage."""
    worker = Worker(emulated())
    yield worker
    worker.rest()


@pytest.fixture
def open_gateway(make_settings: Callable[..., Settings]) -> Iterator[Callable[..., Gateway]]:
    opened: list[Gateway] = []

    def make(**changes: Any) -> Gateway:
        gateway = Gateway(make_settings(**changes))
        gateway.open()
        opened.append(gateway)
        return gateway

    yield make
    for gateway in opened:
        gateway.close()


def an_order(number: str = "1", **changes: Any) -> OrderRequest:
    """Two lines, 35.00; ``header`` changes are merged, anything else replaces."""
    header = {
        "ARDivisionNo": "00",
        "CustomerNo": "0001001",
        "OrderDate": "2026-11-20",
        "CustomerPONo": f"SO-{number}",
        "UDF_ZOHO_ORDER_ID": f"4815{number}",
    } | changes.pop("header", {})
    lines = [
        {"ItemCode": "WIDGET", "QuantityOrdered": "3", "UnitPrice": "10.00"},
        {"ItemCode": "GADGET", "QuantityOrdered": "2", "UnitPrice": "2.50"},
    ]
    expect = {"lines": 2, "total": "35.00"}
    return OrderRequest.model_validate({"header": header, "lines": lines, "expect": expect} | changes)


def create(number: str = "1", *, key: str | None = None, resumed: bool = False, **changes: Any) -> Job:
    """A job that creates an order."""
    return Job("create_order", key=key or f"key-{number}", order=an_order(number, **changes), resumed=resumed)


def a_customer(contact: str = "77", *, key: str | None = None, **fields: Any) -> Job:
    """A job that creates a customer."""
    whole = {"CustomerName": "Vins et alcools", "TermsCode": "01", "UDF_ZOHO_CONTACT_ID": contact} | fields
    customer = CustomerRequest.model_validate({"CustomerNo": None, "fields": whole})
    return Job("create_customer", key=key or f"contact-{contact}", customer=customer)


def codes(body: Any) -> list[tuple[Any, ...]]:
    """Errors of an answer in short: code, line, field."""
    return [(error["code"], error["line"], error["field"]) for error in body["errors"]]
