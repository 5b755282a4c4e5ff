"""What the tests do at a Sage company: log on, enter orders, look into the tables, check the books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from include.sandbox.sage100 import database, settings
from include.sandbox.sage100.objects import Script

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
PASSWORD = "sandbox-sage-password"
NUMBERED = "0001001"
"""Alfreds Futterkiste, under a number."""
CODED = "ANATR"
"""Ana Trujillo, under Northwind's code."""


@dataclass
class Ref:
    """What COM calls a by-reference argument."""

    value: Any = None


@dataclass
class Sage:
    """A logged-on session of a program, with the tables beside it to look into."""

    home: Path
    script: Any
    session: Any
    pauses: list[float] = field(default_factory=list)

    def new(self, name: str) -> Any:
        return self.script.NewObject(name, self.session)

    @property
    def orders(self) -> Any:
        return self.new("SO_SalesOrder_bus")

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with database.opened(database.company_file(self.home)) as db:
            return [dict(row) for row in db.execute(sql, values)]

    def row(self, sql: str, *values: object) -> dict[str, Any]:
        (found,) = self.rows(sql, *values)
        return found

    def tell(self, sql: str, *values: object) -> None:
        with database.opened(database.company_file(self.home)) as db:
            assert db.execute(sql, values).rowcount == 1

    def switch(self, **changes: object) -> None:
        with database.opened(database.company_file(self.home)) as db:
            settings.write(db, settings.read(db).model_copy(update=changes))


def log_on(home: Path, *, user: str = "tradebridge", password: str = PASSWORD) -> Sage:
    """A session as the gateway opens it."""
    pauses: list[float] = []
    script = Script(clock=lambda: NOW, pause=pauses.append)
    assert script.Init(str(home)) == 1
    session = script.NewObject("SY_Session")
    assert session.nSetUser(user, password) == 1, session.sLastErrorMsg
    assert session.nSetCompany("ABC") == 1, session.sLastErrorMsg
    assert session.nSetDate("S/O", "20261121") == 1, session.sLastErrorMsg
    assert session.nSetModule("S/O") == 1
    assert session.nSetProgram(session.nLookupTask("SO_SalesOrder_ui")) == 1
    return Sage(home, script, session, pauses)


def fill(order: Any, values: Mapping[str, object]) -> None:
    """Set columns in order; each must be taken, with a warning or without."""
    for column, value in values.items():
        assert order.nSetValue(column, value) != 0, f"{column}: {order.sLastErrorMsg}"


def add_line(order: Any, item: str = "NW-0001", quantity: float = 3, **more: object) -> None:
    """One line, written into the order in memory."""
    lines = order.oLines
    assert lines.nAddLine() == 2, lines.sLastErrorMsg
    fill(lines, {"ItemCode$": item, "QuantityOrdered": quantity, **more})
    assert lines.nWrite() != 0, lines.sLastErrorMsg


def an_order(
    sage: Sage,
    items: Sequence[tuple[str, float]] = (("NW-0001", 3), ("NW-0002", 2)),
    *,
    number: str | None = None,
    customer: str = NUMBERED,
    **more: object,
) -> tuple[Any, str]:
    """An order that only lacks its nWrite, and its number."""
    order = sage.orders
    answer = Ref(number)
    if number is None:
        assert order.nGetNextSalesOrderNo(answer) == 1
    assert order.nSetKey(answer.value) == 2, order.sLastErrorMsg
    fill(
        order, {"ARDivisionNo$": "00", "CustomerNo$": customer, "CustomerPONo$": f"PO-{answer.value}"} | more
    )
    for item, quantity in items:
        add_line(order, item, quantity)
    return order, answer.value


def written(sage: Sage, *args: Any, **more: Any) -> str:
    """An order that stands; gives its number."""
    order, number = an_order(sage, *args, **more)
    assert order.nWrite() == 1, order.sLastErrorMsg
    return number


def reopened(sage: Sage, number: str) -> Any:
    """An existing order, open and locked."""
    order = sage.orders
    assert order.nSetKey(number) == 1, order.sLastErrorMsg
    return order


def stock(sage: Sage, item: str, warehouse: str = "000") -> tuple[float, float]:
    """Units on sales order and on back order."""
    sql = "SELECT * FROM IM_ItemWarehouse WHERE ItemCode = ? AND WarehouseCode = ?"
    row = sage.row(sql, item, warehouse)
    return row["QuantityOnSalesOrder"], row["QuantityOnBackOrder"]


def open_amount(sage: Sage, customer: str = NUMBERED) -> float:
    return sage.row("SELECT OpenOrderAmt FROM AR_Customer WHERE CustomerNo = ?", customer)["OpenOrderAmt"]


def books_balance(sage: Sage) -> int:
    """Every live order is whole, and stock, customers, history and log agree with them; gives their count."""
    headers = {row["SalesOrderNo"]: row for row in sage.rows("SELECT * FROM SO_SalesOrderHeader")}
    sums: dict[str, Decimal] = defaultdict(Decimal)
    committed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in sage.rows("SELECT * FROM SO_SalesOrderDetail"):
        assert line["SalesOrderNo"] in headers
        sums[line["SalesOrderNo"]] += Decimal(str(line["ExtensionAmt"]))
        if line["ItemType"] == "1":
            committed[line["ItemCode"], line["WarehouseCode"]] += Decimal(str(line["QuantityOrdered"]))
    owed: dict[str, Decimal] = defaultdict(Decimal)
    for number, header in headers.items():
        goods = Decimal(str(header["TaxableAmt"])) + Decimal(str(header["NonTaxableAmt"]))
        assert goods == sums[number] != 0
        extra = Decimal(str(header["FreightAmt"])) + Decimal(str(header["SalesTaxAmt"]))
        owed[header["CustomerNo"]] += goods + extra - Decimal(str(header["DiscountAmt"]))
    for row in sage.rows("SELECT * FROM IM_ItemWarehouse"):
        pair = row["ItemCode"], row["WarehouseCode"]
        assert Decimal(str(row["QuantityOnSalesOrder"])) == committed.pop(pair, Decimal(0))
    assert not committed
    for row in sage.rows("SELECT * FROM AR_Customer"):
        assert Decimal(str(row["OpenOrderAmt"])) == owed[row["CustomerNo"]]
    alive = sage.rows("SELECT SalesOrderNo FROM SO_SalesOrderHistoryHeader WHERE OrderStatus = 'A'")
    assert {row["SalesOrderNo"] for row in alive} == headers.keys()
    made = sage.rows("SELECT record FROM sandbox_effect WHERE kind = 'order_created'")
    assert len(made) == len({row["record"] for row in made})
    return len(headers)
