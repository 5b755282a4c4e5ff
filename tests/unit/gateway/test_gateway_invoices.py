"""Shipments and invoices: an order's goods go once, with their packages, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from include.gateway.invoice import Invoices
from include.gateway.invoice_models import InvoiceRequest
from include.gateway.messages import Finding
from include.gateway.models import OrderRequest
from include.gateway.problems import Answer, ProblemError
from include.gateway.worker import Job, Worker
from include.sandbox.sage100 import database, faults
from tests.unit.gateway.conftest import Company, codes

PACKAGES = [
    {"PackageNo": "0001", "TrackingID": "1Z999AA1", "Weight": "2.50"},
    {"PackageNo": "0002", "TrackingID": "1Z999AA2"},
]


@pytest.fixture
def order(desk: Worker) -> str:
    """An order of 12 NW-0001 and 4 NW-0002."""
    lines = [
        {"ItemCode": "NW-0001", "QuantityOrdered": "12", "UnitPrice": "14.00"},
        {"ItemCode": "NW-0002", "QuantityOrdered": "4", "UnitPrice": "3.00"},
    ]
    header = {"CustomerNo": "0001001", "OrderDate": "2026-11-20", "CustomerPONo": "SO-1"}
    order = OrderRequest.model_validate({"header": header, "lines": lines})
    return str(desk.reply(Job("create_order", key="order", order=order)).answer.body["SalesOrderNo"])


def enter(
    worker: Worker, number: str, *, verb: Any = "create_shipment", key: str = "s", **also: Any
) -> Answer:
    request = InvoiceRequest.model_validate({"SalesOrderNo": number} | also)
    return worker.reply(Job(verb, key=key, invoice=request)).answer


def part(line: str, quantity: str) -> list[dict[str, str]]:
    return [{"OrderLineKey": line, "QuantityShipped": quantity}]


def shipped(company: Company) -> list[tuple[Any, ...]]:
    return company.rows("SELECT OrderLineKey, QuantityShipped FROM SO_InvoiceDetail ORDER BY LineKey")


def tracked(company: Company) -> list[tuple[Any, ...]]:
    return company.rows("SELECT PackageNo, TrackingID, Weight FROM SO_InvoiceTracking ORDER BY PackageNo")


@pytest.mark.parametrize(("verb", "ship_status"), [("create_shipment", "S"), ("create_invoice", "")])
def test_all_of_an_order_goes_with_its_packages(
    desk: Worker, northwind: Company, order: str, verb: str, ship_status: str
) -> None:
    made = enter(desk, order, verb=verb, packages=PACKAGES)
    told = made.body["status"], made.body["stage"], made.body["packages"]
    assert (made.status, told) == (201, ("created", "entered", 2))
    assert northwind.rows("SELECT SalesOrderNo, ShipStatus, UDF_SYNC_KEY FROM SO_InvoiceHeader") == [
        (order, ship_status, "s")
    ]
    assert shipped(northwind) == [("000001", 12), ("000002", 4)]
    assert tracked(northwind) == [("0001", "1Z999AA1", 2.5), ("0002", "1Z999AA2", 0)]
    assert northwind.rows("SELECT CurrentInvoiceNo FROM SO_SalesOrderHeader") == [(made.body["InvoiceNo"],)]


def test_a_part_goes_and_the_rest_stays(desk: Worker, northwind: Company, order: str) -> None:
    assert enter(desk, order, lines=part("000001", "5.5")).status == 201
    assert shipped(northwind)[0] == ("000001", 5.5)
    assert sum(quantity for _, quantity in shipped(northwind)) == 5.5


def test_the_same_key_is_one_shipment_and_packs_what_a_lost_answer_left(
    desk: Worker, northwind: Company, order: str
) -> None:
    first = enter(desk, order, packages=PACKAGES)
    northwind.rows("DELETE FROM SO_InvoiceTracking WHERE PackageNo = '0002'")
    northwind.rows("UPDATE SO_InvoiceTracking SET TrackingID = 'OLD'")
    again = enter(desk, order, packages=PACKAGES)
    assert (again.status, again.body) == (200, first.body | {"status": "adopted"})
    assert [package[1] for package in tracked(northwind)] == ["1Z999AA1", "1Z999AA2"]
    other = enter(desk, order, key="t")
    assert (other.status, codes(other.body)[0][0]) == (422, "locked_in_erp")
    assert len(northwind.rows("SELECT * FROM SO_InvoiceHeader")) == 1


def test_what_was_posted_is_not_shipped_again(desk: Worker, northwind: Company, order: str) -> None:
    number = enter(desk, order).body["InvoiceNo"]
    northwind.rows("DELETE FROM SO_InvoiceHeader")
    northwind.rows(
        "INSERT INTO AR_InvoiceHistoryHeader (InvoiceNo, HeaderSeqNo, SalesOrderNo, UDF_SYNC_KEY)"
        " VALUES (?, '000001', ?, 's')",
        number,
        order,
    )
    again = enter(desk, order, packages=PACKAGES)
    assert (again.status, again.body["stage"], again.body["InvoiceNo"]) == (200, "posted", number)
    assert [warning["field"] for warning in again.body["warnings"]] == ["PackageNo"]


def test_a_held_order_does_not_go(desk: Worker, northwind: Company, order: str) -> None:
    desk.reply(Job("hold_order", number=order, reason="STOCK"))
    answer = enter(desk, order)
    assert (answer.status, codes(answer.body)[0][0]) == (422, "order_on_hold")
    assert shipped(northwind) == []


@pytest.mark.parametrize(
    ("also", "found"),
    [
        ({"lines": part("000009", "1")}, ("not_on_file", 1, "OrderLineKey")),
        ({"lines": part("000001", "12.5")}, ("invalid_value", 1, "QuantityShipped")),
        ({"header": {"Nope": "1"}}, ("invalid_value", None, "Nope")),
        (
            {"packages": [{"PackageNo": "0001", "TrackingID": "\u732b"}]},
            ("invalid_value", None, "TrackingID"),
        ),
    ],
)
def test_a_refused_shipment_leaves_nothing(
    desk: Worker, northwind: Company, order: str, also: dict[str, Any], found: tuple[Any, ...]
) -> None:
    answer = enter(desk, order, **also)
    assert (answer.status, codes(answer.body)) == (422, [found])
    assert northwind.rows("SELECT count(*) FROM SO_InvoiceHeader") == [(0,)]
    assert northwind.rows("SELECT CurrentInvoiceNo FROM SO_SalesOrderHeader") == [("",)]


def test_an_order_that_is_not_there_does_not_go(desk: Worker) -> None:
    assert enter(desk, "0000999").status == 404


def test_a_package_that_is_locked_is_packed_by_the_repeat(
    desk: Worker, northwind: Company, order: str
) -> None:
    with database.opened(northwind.home / "MAS_ABC.sqlite") as db:
        faults.add(db, faults.NewFault(kind="lock_held", match="0042", times=2))
    packages = [{"PackageNo": "0042", "TrackingID": "1Z"}]
    first = enter(desk, order, packages=packages)
    assert (first.status, codes(first.body)[0][0]) == (504, "locked")
    again = enter(desk, order, packages=packages)
    assert (again.status, again.body["status"]) == (200, "adopted")
    assert tracked(northwind) == [("0042", "1Z", 0)]
    assert len(northwind.rows("SELECT * FROM SO_InvoiceHeader")) == 1


def test_a_package_that_is_refused_takes_the_entry_back(
    desk: Worker, northwind: Company, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise ProblemError(422, "no", errors=[Finding("invalid_value", "header", "no", field="TrackingID")])

    monkeypatch.setattr(Invoices, "pack", refuse)
    answer = enter(desk, order, packages=PACKAGES)
    assert (answer.status, codes(answer.body)) == (422, [("invalid_value", None, "TrackingID")])
    assert northwind.rows("SELECT count(*) FROM SO_InvoiceHeader") == [(0,)]
    assert northwind.rows("SELECT CurrentInvoiceNo FROM SO_SalesOrderHeader") == [("",)]
