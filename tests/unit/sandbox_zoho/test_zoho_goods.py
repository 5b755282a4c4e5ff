"""Packages, shipments, invoices and counted stock, and what they do to orders and items."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Zoho

WEST = {"location_id": "5129873000071000015"}


def lines(order: dict[str, Any], share: int = 1) -> list[dict[str, Any]]:
    return [
        {"so_line_item_id": line["line_item_id"], "quantity": line["quantity"] // share}
        for line in order["line_items"]
    ]


def item(zoho: Zoho, order: dict[str, Any]) -> dict[str, Any]:
    return dict(zoho.get(f"/items/{order['line_items'][0]['item_id']}")["item"])


def packed(zoho: Zoho, order: dict[str, Any], share: int = 1) -> dict[str, Any]:
    answer = zoho.post("/packages", {"line_items": lines(order, share)}, salesorder_id=order["salesorder_id"])
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["package"])


def shipped(zoho: Zoho, order: dict[str, Any], *packages: dict[str, Any]) -> dict[str, Any]:
    answer = zoho.post(
        "/shipmentorders",
        {"delivery_method": "UPS", "tracking_number": "1Z"},
        salesorder_id=order["salesorder_id"],
        package_ids=",".join(package["package_id"] for package in packages),
    )
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["shipmentorder"])


def test_an_order_goes_out_in_two_parts(zoho: Zoho) -> None:
    order = zoho.order()
    before = item(zoho, order)
    first = packed(zoho, order, 2)
    assert (first["status"], first["total_quantity"]) == (
        "not_shipped",
        sum(li["quantity"] for li in lines(order, 2)),
    )
    now = zoho.order()
    assert (now["shipped_status"], now["status"]) == ("pending", "confirmed")
    assert now["line_items"][0]["quantity_packed"] == order["line_items"][0]["quantity"] // 2
    assert item(zoho, order) == before
    shipped(zoho, order, first)
    assert zoho.order()["shipped_status"] == zoho.order()["status"] == "partially_shipped"
    left = [
        {"so_line_item_id": line["line_item_id"], "quantity": line["quantity"] - line["quantity_packed"]}
        for line in zoho.order()["line_items"]
    ]
    rest = zoho.post("/packages", {"line_items": left}, salesorder_id=order["salesorder_id"]).json()[
        "package"
    ]
    second = shipped(zoho, order, rest)
    now = zoho.order()
    assert (now["shipped_status"], len(now["packages"])) == ("shipped", 2)
    assert {each["shipment_order"]["tracking_number"] for each in now["packages"]} == {"1Z"}
    gone = item(zoho, order)
    quantity = order["line_items"][0]["quantity"]
    assert gone["actual_available_stock"] == before["actual_available_stock"] - quantity
    assert gone["actual_available_for_sale_stock"] == before["actual_available_for_sale_stock"]
    assert gone["stock_on_hand"] == before["stock_on_hand"]
    assert gone["last_modified_time"] == before["last_modified_time"]
    path = f"/shipmentorders/{second['shipment_id']}"
    assert zoho.post(f"{path}/status/delivered", {"delivered_date": "2026-11-22 10:00"}).is_success
    assert zoho.get(path)["shipmentorder"]["delivery_date"] == "2026-11-22"
    assert zoho.post(f"{path}/status/delivered").json()["code"] == 37135
    assert zoho.order()["shipped_status"] == "shipped"
    zoho.tell("/zoho/salesorders/SO-10248/deliver")
    assert zoho.order()["shipped_status"] == "fulfilled"


def test_the_order_is_named_in_the_query_and_nowhere_else(zoho: Zoho) -> None:
    order = zoho.order()
    answer = zoho.post("/packages", {"line_items": lines(order), "salesorder_id": order["salesorder_id"]})
    assert (answer.status_code, answer.json()["code"]) == (400, 2)


@pytest.mark.parametrize("quantity", [0, -1, 100_000])
def test_no_more_is_packed_than_was_ordered(zoho: Zoho, quantity: int) -> None:
    order = zoho.order()
    asked = [{"so_line_item_id": order["line_items"][0]["line_item_id"], "quantity": quantity}]
    assert (
        zoho.post("/packages", {"line_items": asked}, salesorder_id=order["salesorder_id"]).status_code == 400
    )


def test_a_draft_cannot_be_packed(zoho: Zoho) -> None:
    order = zoho.order()
    body = {"customer_id": order["customer_id"], "line_items": [{"name": "Something", "rate": 5}]}
    draft = zoho.post("/salesorders", body).json()["salesorder"]
    answer = zoho.post("/packages", {"line_items": lines(draft)}, salesorder_id=draft["salesorder_id"])
    assert answer.status_code == 400


def test_a_shipment_taken_back_puts_the_goods_on_the_shelf(zoho: Zoho) -> None:
    order = zoho.order()
    before = item(zoho, order)
    package = packed(zoho, order)
    shipment = shipped(zoho, order, package)
    refused = zoho.call("DELETE", f"/packages/{package['package_id']}")
    assert refused.status_code == 400
    assert zoho.call("DELETE", f"/shipmentorders/{shipment['shipment_id']}").is_success
    assert item(zoho, order) == before
    assert zoho.get(f"/packages/{package['package_id']}")["package"]["status"] == "not_shipped"
    assert zoho.call("DELETE", f"/packages/{package['package_id']}").is_success
    assert (zoho.order()["packages"], zoho.order()["line_items"][0]["quantity_packed"]) == ([], 0)


def test_the_list_of_packages_ignores_its_filters(zoho: Zoho) -> None:
    package = packed(zoho, zoho.order())
    other = packed(zoho, zoho.order("SO-10249"))
    for filters in ({"salesorder_id": package["salesorder_id"]}, {"package_number": "none"}):
        found = zoho.get("/packages", **filters)["packages"]
        assert {row["package_id"] for row in found} == {package["package_id"], other["package_id"]}
    assert "line_items" not in found[0]
    assert zoho.call("GET", "/shipmentorders").status_code == 405


def test_own_numbers_are_taken_once(zoho: Zoho) -> None:
    order = zoho.order()
    query = {"salesorder_id": order["salesorder_id"], "ignore_auto_number_generation": "true"}
    body = {"line_items": lines(order, 2), "package_number": "P-1"}
    assert zoho.post("/packages", body, **query).json()["package"]["package_number"] == "P-1"
    assert "already exists" in zoho.post("/packages", body, **query).json()["message"]
    assert zoho.post("/packages", {"line_items": lines(order, 2)}, **query).json()["code"] == 4


def test_what_is_packed_stays_as_it_was_sold(zoho: Zoho) -> None:
    order = zoho.order()
    packed(zoho, order)
    path = f"/salesorders/{order['salesorder_id']}"
    for body in (
        {"line_items": order["line_items"][1:]},
        {"line_items": [{**line, "quantity": 1} for line in order["line_items"]]},
        {"customer_id": zoho.order("SO-10249")["customer_id"]},
    ):
        assert zoho.put(path, body).status_code == 400, body
    more = [{**line, "quantity": line["quantity"] + 1} for line in order["line_items"]]
    assert zoho.put(path, {"line_items": more, "notes": "more"}).is_success
    assert zoho.post(f"{path}/status/void").status_code == 400
    assert zoho.call("DELETE", path).status_code == 400


def test_an_invoice_moves_accounting_stock(zoho: Zoho) -> None:
    order = zoho.order()
    before = item(zoho, order)
    assert zoho.tell("/zoho/salesorders/SO-10248/invoice") == {"invoiced_status": "invoiced"}
    after, quantity = item(zoho, order), order["line_items"][0]["quantity"]
    assert after["stock_on_hand"] == before["stock_on_hand"] - quantity
    assert after["actual_available_stock"] == before["actual_available_stock"]
    assert zoho.order()["line_items"][0]["quantity_invoiced"] == quantity


def test_counted_stock_is_moved_by_the_difference(zoho: Zoho) -> None:
    order = zoho.order()
    before = item(zoho, order)
    line = {"item_id": before["item_id"], "quantity_adjusted": -2.5}
    body = {"reason": "Damaged", "reference_number": "A-1", "line_items": [line, {**line, **WEST}]}
    made = zoho.post("/inventoryadjustments", body)
    assert made.status_code == 200
    after = item(zoho, order)
    for name in ("stock_on_hand", "actual_available_stock", "actual_available_for_sale_stock"):
        assert after[name] == before[name] - 5
    assert [place["location_stock_on_hand"] for place in after["locations"]][1] == -2.5
    assert after["last_modified_time"] == before["last_modified_time"]
    rows = zoho.get("/inventoryadjustments", search_text="A-1")["inventory_adjustments"]
    assert [row["quantity_adjusted"] for row in rows] == [-2.5, -2.5]
    path = f"/inventoryadjustments/{rows[0]['inventory_adjustment_id']}"
    assert zoho.get(path)["inventory_adjustment"]["reason"] == "Damaged"
    assert zoho.call("DELETE", path).is_success
    assert item(zoho, order) == before
    assert not zoho.get("/inventoryadjustments")["inventory_adjustments"]


@pytest.mark.parametrize(
    "change", [{"line_items": []}, {"adjustment_type": "none"}, {"location_id": "1"}, {"reason": "x" * 51}]
)
def test_adjustments_that_make_no_sense(zoho: Zoho, change: dict[str, Any]) -> None:
    line = {"item_id": item(zoho, zoho.order())["item_id"], "quantity_adjusted": 1}
    assert zoho.post("/inventoryadjustments", {"line_items": [line], **change}).status_code == 400


def test_somebody_counts_and_edits_in_zoho(zoho: Zoho) -> None:
    sku = item(zoho, zoho.order())["sku"]
    before = item(zoho, zoho.order())["stock_on_hand"]
    zoho.tell(f"/zoho/items/{sku}/stock", {"difference": 3})
    assert item(zoho, zoho.order())["stock_on_hand"] == before + 3
    changed = zoho.http.put(f"/_sandbox/zoho/items/{sku}", json={"changes": {"rate": 77}})
    assert changed.json()["rate"] == 77.0
    assert zoho.tell("/zoho/items", {"body": {"name": "Extra", "initial_stock": 4}})["stock_on_hand"] == 4.0
    assert zoho.http.put("/_sandbox/zoho/items/none", json={"changes": {}}).status_code == 404


def test_the_kinds_of_scope_cover_goods(zoho: Zoho) -> None:
    code = zoho.tell("/zoho/tokens/code", {"scope": "ZohoInventory.packages.READ"})["code"]
    grant = {
        "grant_type": "authorization_code",
        "client_id": "1000.SANDBOX",
        "client_secret": "sandbox-secret",
    }
    answer = zoho.http.post("/oauth/v2/token", params={**grant, "code": code})
    zoho.token = answer.json()["access_token"]
    assert zoho.call("GET", "/packages").is_success
    assert zoho.call("GET", "/inventoryadjustments").status_code == 401
    assert zoho.call("POST", "/shipmentorders").status_code == 401
