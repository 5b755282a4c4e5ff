"""Sales orders written, seen from the wire: which calls follow which answer."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from include.canonical.reasons import Reason
from include.connectors.documents import Answer, Document
from include.connectors.zoho_inventory import ZohoSalesOrders
from include.connectors.zoho_inventory.sales_orders import _with_ids

from .conftest import Bench, Reply

KEY = "0068d00000ZzAbCAAV"
FIELDS = [{"api_name": "cf_salesforce_id"}, {"api_name": "cf_x"}]
PREFERENCES: Reply = (200, {}, {"code": 0, "preferences": {"customfields": {"salesorder": FIELDS}}})
OK: Reply = (200, {}, {"code": 0, "message": "ok"})
LOST: Reply = (502, {}, {"code": 1000, "message": "Internal error"})
TAKEN: Reply = (400, {}, {"code": 36004, "message": "This sales order number already exists."})
CALLS = {
    "POST /salesorders": "make",
    "PUT /salesorders/5": "change",
    "POST /salesorders/5/status/confirmed": "confirm",
    "GET /salesorders": "list",
    "GET /salesorders/5": "read",
}


def order(**members: Any) -> dict[str, Any]:
    whole = {
        "salesorder_id": "5",
        "salesorder_number": "N-1",
        "order_status": "draft",
        "reference_number": "R",
    }
    return {**whole, "custom_field_hash": {"cf_salesforce_id": KEY}, "line_items": [], **members}


def said(**members: Any) -> Reply:
    return 200, {}, {"code": 0, "message": "ok", "salesorder": order(**members)}


LISTED: Reply = (
    200,
    {},
    {"code": 0, "message": "ok", "salesorders": [order()], "page_context": {"has_more_page": False}},
)


def writing(bench: Bench, *replies: Reply, **members: Any) -> tuple[Answer, list[str]]:
    target = members.pop("target_id", "")
    bench.zoho.replies(*(() if target else (PREFERENCES,)), *replies)
    content = {"salesorder_number": "N-1", "reference_number": "R", "confirm": True, **members}
    orders = ZohoSalesOrders(bench.client(attempts=1), sleep=lambda _seconds: None)
    (answer,) = orders.write([Document(KEY, json.dumps(content), target, "k")])
    asked = [f"{r.method} {urlsplit(r.url).path.removeprefix('/inventory/v1')}" for r in bench.zoho.asked]
    return answer, [CALLS[call] for call in asked if call in CALLS]


def test_made_then_confirmed(bench: Bench) -> None:
    """C26."""
    answer, calls = writing(bench, said(), OK)
    assert (answer.status, answer.target_id, calls) == ("created", "5", ["make", "confirm"])
    made = next(r for r in bench.zoho.asked if r.method == "POST")
    assert "ignore_auto_number_generation=true" in str(made.url)
    assert "confirm" not in json.loads(made.body or b"")


@pytest.mark.parametrize(
    ("replies", "status", "calls"),
    [
        ([LOST, LISTED, said(), OK], "created", ["make", "list", "read", "confirm"]),
        ([TAKEN, LISTED, said(), OK], "adopted", ["make", "list", "read", "confirm"]),
        ([TAKEN, LISTED, said(order_status="confirmed")], "adopted", ["make", "list", "read"]),
        ([said(), LOST, said(order_status="confirmed")], "created", ["make", "confirm", "read"]),
        ([said(), LOST, said(), OK], "created", ["make", "confirm", "read", "confirm"]),
        ([said(), LOST, said(), LOST], "unknown", ["make", "confirm", "read", "confirm"]),
    ],
)
def test_what_got_lost_is_looked_for(
    bench: Bench, replies: list[Reply], status: str, calls: list[str]
) -> None:
    """C11."""
    answer, asked = writing(bench, *replies)
    assert (answer.status, asked) == (status, calls)


@pytest.mark.parametrize(
    ("standing", "status"),
    [
        ({"custom_field_hash": {"cf_salesforce_id": "another"}}, "refused"),
        ({"custom_field_hash": {}, "reference_number": "R", "order_status": "confirmed"}, "adopted"),
        ({"custom_field_hash": {}, "reference_number": "typed by hand"}, "refused"),
    ],
)
def test_an_order_is_ours_by_its_mark_or_else_its_reference(
    bench: Bench, standing: dict[str, Any], status: str
) -> None:
    answer, _ = writing(bench, TAKEN, LISTED, said(**standing))
    assert answer.status == status
    assert {each.reason for each in answer.errors} <= {Reason.DUPLICATE}


def test_an_order_that_was_voided_stays_so(bench: Bench) -> None:
    answer, calls = writing(bench, TAKEN, LISTED, said(order_status="void"), notes="n")
    assert calls == ["make", "list", "read"]
    assert [(each.reason, each.field) for each in answer.errors] == [
        (Reason.LOCKED_IN_TARGET, "order_status")
    ]
    answer, _ = writing(bench, said(order_status="void", notes=""), notes="n", target_id="5")
    assert [each.reason for each in answer.errors] == [Reason.LOCKED_IN_TARGET]


def test_lines_find_their_ids_item_by_item() -> None:
    standing = [
        {"line_item_id": "1", "item_id": "a"},
        {"line_item_id": "2", "item_id": "a"},
        {"line_item_id": "3", "item_id": "b"},
        {"line_item_id": "4", "item_id": "", "name": "free text"},
    ]
    wanted = [
        {"item_id": "b"},
        {"item_id": "a"},
        {"line_item_id": "1", "item_id": "a"},
        {"item_id": "a"},
        {"name": "x"},
    ]
    found = [line.get("line_item_id") for line in _with_ids(wanted, standing)]
    assert found == ["3", "2", "1", None, None]
