"""Holds, items, receipts and quantities by the client: what is sent, and what comes of the answer."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from include.connectors.sage100 import CashReceiptWrite, ItemWrite, OrderWrite, ShipmentWrite, on_account
from include.errors import ConfigurationError, TransientError
from tests.unit.connectors.sage100.test_sage100_writer import CREATED, Gateway, always, each

Make = Callable[..., OrderWrite]
ITEM = {"status": "changed", "ItemCode": "A/1", "warnings": []}
RECEIPT = {
    "status": "created", "stage": "entered", "DepositNo": "00012", "ARDivisionNo": "00",
    "CustomerNo": "0001009", "CheckNo": "CH1", "amount": "40.00",
}  # fmt: skip
ROW = {
    "ItemCode": "A", "WarehouseCode": "000", "QuantityOnHand": "10.5", "QuantityOnSalesOrder": "3",
    "QuantityOnBackOrder": "0", "QuantityInShipping": "0", "QuantityOnPurchaseOrder": "0",
    "QuantityAvailable": "7.5",
}  # fmt: skip


@pytest.mark.parametrize("policy", ["refuse", "hold"])
def test_a_credit_policy_goes_with_the_order_and_a_hold_comes_back(policy: Any, an_order_write: Make) -> None:
    """B28."""
    held = CREATED | {"OrderStatus": "H", "warnings": [{"code": "credit_limit"}]}
    gateway = Gateway(each(lambda _: (201, held)))
    (result,) = gateway.client.create_orders([an_order_write("a", credit=policy, hold_reason="CREDT")])
    (sent,) = gateway.world.bodies[0]["records"]
    assert (sent["order"]["credit"], sent["order"]["hold_reason"]) == (policy, "CREDT")
    assert (result.status, result.on_hold, result.warnings[0].code) == ("created", True, "credit_limit")


@pytest.mark.parametrize("verb", ["hold", "release"])
def test_a_hold_is_put_on_the_live_order_under_its_key(verb: str, an_order_write: Make) -> None:
    status = "H" if verb == "hold" else "N"
    gateway = Gateway(always(200, CREATED | {"status": "changed", "OrderStatus": status}))
    move = getattr(gateway.client, f"{verb}_order")
    result = move(an_order_write("a", sales_order_no="0000123"), reason="STOCK")
    (request,) = gateway.world.requests
    assert (request.method, request.url) == ("POST", f"http://gateway/SO/SalesOrder/0000123/{verb}")
    assert (request.headers["Idempotency-Key"], gateway.world.bodies) == ("write-a", [{"reason": "STOCK"}])
    assert (result.status, result.on_hold) == ("changed", verb == "hold")


@pytest.mark.parametrize(("call", "method"), [("create_items", "POST"), ("change_items", "PUT")])
def test_items_go_in_batches(call: str, method: str) -> None:
    gateway = Gateway(each(lambda _: (200, ITEM)))
    write = ItemWrite("sku-1", "write-1", "A/1", {"StandardUnitPrice": "21"})
    (result,) = getattr(gateway.client, call)([write])
    assert (gateway.world.requests[0].method, gateway.world.requests[0].url) == (
        method,
        "http://gateway/CI/Item/batch",
    )
    assert gateway.world.bodies[0]["records"] == [
        {"idempotency_key": "write-1", "item": {"ItemCode": "A/1", "fields": {"StandardUnitPrice": "21"}}}
    ]
    assert (result.status, result.target_id) == ("changed", "A/1")


def test_a_receipt_is_named_by_its_four_keys() -> None:
    gateway = Gateway(each(lambda _: (201, RECEIPT)))
    deposit = {"BankCode": "A", "DepositDate": "2026-11-20"}
    header = {"CustomerNo": "0001009", "CheckNo": "CH1", "PostingAmt": "40.00"}
    write = CashReceiptWrite("pay-1", "write-1", deposit, header, [on_account("0000123", "40.00")])
    (result,) = gateway.client.create_cash_receipts([write])
    assert gateway.world.requests[0].url == "http://gateway/AR/CashReceipt/batch"
    assert gateway.world.bodies[0]["records"][0]["receipt"] == {
        "deposit": deposit,
        "header": header,
        "lines": [{"InvoiceNo": "0000123", "InvoiceType": "PP", "AmountPosted": "40.00"}],
    }
    assert (result.status, result.target_id) == ("created", "00012-00-0001009-CH1")
    assert result.totals == {"Total": Decimal("40.00")}


@pytest.mark.parametrize(
    ("call", "path"), [("create_shipments", "/SO/Shipment"), ("create_invoices", "/SO/Invoice")]
)
def test_goods_go_by_line_or_all_at_once(call: str, path: str) -> None:
    entered = {"status": "created", "stage": "entered", "InvoiceNo": "0100001", "SalesOrderNo": "0000123"}
    gateway = Gateway(each(lambda _: (201, entered)))
    header, packages = {"ShipVia": "UPS"}, [{"PackageNo": "0001"}]
    part = ShipmentWrite("s1", "write-1", "0000123", header, {"000001": "5"}, packages)
    (one, _) = getattr(gateway.client, call)([part, ShipmentWrite("s2", "write-2", "0000124")])
    assert gateway.world.requests[0].url == f"http://gateway{path}/batch"
    assert [record["invoice"] for record in gateway.world.bodies[0]["records"]] == [
        {
            "SalesOrderNo": "0000123",
            "header": header,
            "lines": [{"OrderLineKey": "000001", "QuantityShipped": "5"}],
            "packages": packages,
        },
        {"SalesOrderNo": "0000124", "header": {}, "lines": None, "packages": []},
    ]
    assert (one.status, one.target_id) == ("created", "0100001")


@pytest.mark.parametrize("body", [RECEIPT | {"amount": "much"}, ITEM])
def test_a_receipt_of_another_shape_is_in_doubt(body: Any) -> None:
    write = CashReceiptWrite("pay-1", "write-1")
    (result,) = Gateway(each(lambda _: (201, body))).client.create_cash_receipts([write])
    assert result.status == "unknown"


def asked(request: requests.PreparedRequest) -> dict[str, list[str]]:
    return parse_qs(urlsplit(str(request.url)).query)


def test_quantities_are_read_page_by_page_and_200_items_a_call() -> None:
    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], Any]:
        query = asked(request)
        if "AfterItemCode" not in query:
            first = ROW | {"ItemCode": query["ItemCode"][0]}
            return 200, {}, {"quantities": [first], "next": {"ItemCode": "X", "WarehouseCode": "001"}}
        assert (query["AfterItemCode"], query["AfterWarehouseCode"]) == (["X"], ["001"])
        return 200, {}, {"quantities": [ROW | {"ItemCode": "last"}], "next": None}

    gateway = Gateway(answer)
    found = list(gateway.client.quantities([f"I/{n}" for n in range(250)], ["000"]))
    assert [row.ItemCode for row in found] == ["I/0", "last", "I/200", "last"]
    assert (found[0].QuantityOnHand, found[0].QuantityAvailable) == (Decimal("10.5"), Decimal("7.5"))
    assert [len(asked(request)["ItemCode"]) for request in gateway.world.requests] == [200, 200, 50, 50]
    assert {tuple(asked(request)["WarehouseCode"]) for request in gateway.world.requests} == {("000",)}


def test_without_names_everything_is_asked_for() -> None:
    gateway = Gateway(always(200, {"quantities": [], "next": None}))
    assert list(gateway.client.quantities()) == []
    assert asked(gateway.world.requests[0]) == {}


def test_an_item_is_found_or_not() -> None:
    gateway = Gateway(always(200, {"fields": {"ItemCode": "A/1", "LastSoldDate": None}}))
    assert gateway.client.item("A/1") == {"ItemCode": "A/1", "LastSoldDate": None}
    assert asked(gateway.world.requests[0]) == {"ItemCode": ["A/1"]}
    assert Gateway(always(404, {})).client.item("A/1") is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (always(503, {}, **{"Retry-After": "7"}), TransientError),
        (always(504, {}), TransientError),
        (always(200, {"quantities": "many"}), TransientError),
        (always(404, {}), ConfigurationError),
        (always(400, {}), ConfigurationError),
    ],
)
def test_a_read_that_fails_is_told(answer: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        list(Gateway(answer).client.quantities())
