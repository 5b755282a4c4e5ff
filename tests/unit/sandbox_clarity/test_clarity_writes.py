"""Writes: the status machine, shipments, stock, batches, versions and idempotency."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from .conftest import Clarity


def patched(clarity: Clarity, order: dict, **body: Any) -> httpx.Response:
    return clarity.call("PATCH", f"/orders/{order['id']}", body=body)


def shipment(order: dict, number: str = "SHP-1", **changes: Any) -> dict:
    line = order["lines"][0]
    return {
        "shipmentNumber": number, "orderNumber": order["orderNumber"], "trackingNumbers": ["1Z1"],
        "carrier": "UPS", "lines": [{"orderLineNumber": 1, "sku": line["sku"], "quantity": 2}], **changes,
    }  # fmt: skip


def effects(clarity: Clarity, **wanted: str) -> list[tuple[str, str, str]]:
    found = clarity.ask("/clarity/effects", **wanted)["effects"]
    return [(row["resource"], row["action"], row["actor"]) for row in found]


# -- orders --------------------------------------------------------------------------------------


def test_an_order_walks_its_statuses_and_says_who_moved_it(clarity: Clarity) -> None:
    order = clarity.order()
    for status in ("Backordered", "PartiallyShipped", "Shipped", "Completed"):
        assert patched(clarity, order, status=status).json()["data"]["status"] == status
    history = clarity.order()["statusHistory"]
    assert [(step["status"], step["by"]) for step in history][-1] == ("Completed", "api:sage100-connector")
    refused = patched(clarity, order, status="Processing")
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid_status_transition")
    assert refused.json()["detail"] == "Order WEB-110248 is Completed; it cannot go to Processing."


def test_the_same_status_again_is_no_change(clarity: Clarity) -> None:
    order = clarity.order()
    assert patched(clarity, order, status="Processing").json()["data"]["rowVersion"] == order["rowVersion"]
    assert effects(clarity) == []


def test_hold_release_and_cancel(clarity: Clarity) -> None:
    one = f"/orders/{clarity.order()['id']}"
    held = clarity.call("POST", f"{one}/hold", body={"reason": "credit"}).json()["data"]
    assert (held["status"], held["statusHistory"][-1]["reason"]) == ("OnHold", "credit")
    assert clarity.call("POST", f"{one}/release", body={}).json()["data"]["status"] == "Processing"
    assert clarity.call("POST", f"{one}/release", body={}).json()["code"] == "invalid_status_transition"
    assert clarity.call("POST", f"{one}/cancel", body={}).json()["data"]["status"] == "Cancelled"


def test_acknowledging_twice_is_fine_and_otherwise_a_conflict(clarity: Clarity) -> None:
    path = f"/orders/{clarity.order()['id']}/acknowledge"
    body = {"consumer": "sage100", "externalNumber": "0021457"}
    for _ in range(2):
        answer = clarity.call("POST", path, body=body)
        assert answer.json()["data"]["externalIds"] == {"sage100SalesOrderNo": "0021457"}
    refused = clarity.call("POST", path, body={**body, "externalNumber": "0021458"}).json()
    assert (refused["code"], refused["existingId"]) == ("duplicate", "0021457")
    assert effects(clarity, action="acknowledged") == [("orders", "acknowledged", "api:sage100-connector")]


def test_notes_and_attributes_are_added_to_those_there(clarity: Clarity) -> None:
    order = clarity.order()
    patched(clarity, order, notes=[{"visibility": "warehouse", "text": "fragile"}], attributes={"a": 1})
    after = patched(clarity, order, attributes={"b": 2}).json()["data"]
    assert (after["notes"][0]["text"], after["attributes"]) == ("fragile", {"a": 1, "b": 2})


def test_what_is_not_there(clarity: Clarity) -> None:
    for path, code in (
        ("/orders/1", "order_not_found"), ("/orders/by-number/WEB-999999", "order_not_found"),
        ("/customers/1", "customer_not_found"), ("/products/by-sku/NOPE", "product_not_found"),
        ("/shipments/1", "shipment_not_found"), ("/payouts/po_1", "payout_not_found"),
        ("/nowhere", "path_not_found"),
    ):  # fmt: skip
        answer = clarity.call("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    wrong = clarity.call("DELETE", "/orders")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")


# -- shipments and invoices ----------------------------------------------------------------------


def test_a_shipment_is_created_corrected_and_voided(clarity: Clarity) -> None:
    order = clarity.order()
    made = clarity.call("POST", "/shipments", body=shipment(order, notifyCustomer=True))
    assert made.status_code == 201
    record = made.json()["data"]
    assert made.headers["location"] == f"/api/v1/shipments/{record['id']}"
    shown = clarity.order()
    assert (shown["lines"][0]["quantityShipped"], shown["status"]) == (2, "Processing")
    assert shown["shipments"] == [{"id": record["id"], "shipmentNumber": "SHP-1"}]
    later = shipment(order, trackingNumbers=["1Z2"])
    assert clarity.call("PUT", f"/shipments/{record['id']}", body=later).json()["data"]["rowVersion"] == 2
    clarity.call("POST", f"/shipments/{record['id']}/void", body={"reason": "wrong box"})
    assert clarity.order()["lines"][0]["quantityShipped"] == 0
    assert clarity.order()["shipments"] == []
    assert effects(clarity, action="customer_notified") == [("shipments", "customer_notified", "mailer")]


def test_a_shipment_number_is_taken_once(clarity: Clarity) -> None:
    order = clarity.order()
    first = clarity.call("POST", "/shipments", body=shipment(order)).json()["data"]["id"]
    again = clarity.call("POST", "/shipments", body=shipment(order))
    assert (again.status_code, again.json()["code"], again.json()["existingId"]) == (409, "duplicate", first)


def test_no_more_is_shipped_than_ordered(clarity: Clarity) -> None:
    order = clarity.order()
    line = {"orderLineNumber": 1, "sku": order["lines"][0]["sku"], "quantity": 12}
    clarity.call("POST", "/shipments", body=shipment(order, lines=[line]))
    over = clarity.call("POST", "/shipments", body=shipment(order, "SHP-2"))
    assert over.status_code == 422
    assert over.json()["errors"] == {"lines[0].quantity": ["More than was ordered."]}
    other = shipment(order, "SHP-3", lines=[{"orderLineNumber": 9, "sku": "X", "quantity": 1}])
    assert "lines[0].orderLineNumber" in clarity.call("POST", "/shipments", body=other).json()["errors"]


def test_validation_names_every_bad_field(clarity: Clarity) -> None:
    body = shipment(clarity.order(), lines=[{"orderLineNumber": 1, "sku": "X", "quantity": 0}], colour="red")
    answer = clarity.call("POST", "/shipments", body=body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert sorted(answer.json()["errors"]) == ["colour", "lines[0].quantity"]
    untracked = clarity.call("POST", "/shipments", body=shipment(clarity.order(), trackingNumbers=[]))
    assert "trackingNumbers" in untracked.json()["errors"]


def test_shipments_may_move_the_order_where_the_shop_does_so(clarity: Clarity) -> None:
    clarity.tell("/clarity/settings", {"shipment_moves_order": True})
    order = clarity.order()
    clarity.call("POST", "/shipments", body=shipment(order))
    assert clarity.order()["status"] == "PartiallyShipped"
    rest = [
        {
            "orderLineNumber": line["lineNumber"],
            "sku": line["sku"],
            "quantity": line["quantity"] - line["quantityShipped"],
        }
        for line in clarity.order()["lines"]
    ]
    clarity.call("POST", "/shipments", body=shipment(order, "SHP-2", lines=rest))
    assert clarity.order()["status"] == "Shipped"


def test_invoices_are_put_replaced_and_voided(clarity: Clarity) -> None:
    order = clarity.order()
    body = {
        "invoiceNumber": "0104512-IN", "orderNumber": order["orderNumber"],
        "customerNumber": order["customer"]["customerNumber"], "invoiceDate": "2026-03-04",
        "lines": [{"sku": "NW-0011", "quantity": 1, "unitPrice": 14, "extendedPrice": 14}],
        "totals": {"subtotal": 14, "total": 14, "balanceDue": 14},
    }  # fmt: skip
    path = "/invoices/0104512-IN"
    assert clarity.call("PUT", path, body=body).status_code == 201
    paid = {**body, "status": "Paid", "totals": {**body["totals"], "amountPaid": 14, "balanceDue": 0}}
    assert clarity.call("PUT", path, body=paid).json()["data"]["rowVersion"] == 2
    assert clarity.order()["invoices"] == [{"invoiceNumber": "0104512-IN", "amount": 14.0}]
    assert clarity.call("POST", f"{path}/void", body={}).json()["data"]["status"] == "Voided"
    assert clarity.get("/invoices", orderNumber=order["orderNumber"])["totalCount"] == 1


# -- customers -----------------------------------------------------------------------------------


def test_customers_are_made_changed_and_have_books(clarity: Clarity) -> None:
    body = {
        "email": "new@buyer.example",
        "company": "New Buyer",
        "externalIds": {"sage100CustomerNo": "00-NEW"},
    }
    made = clarity.call("POST", "/customers", body=body)
    assert made.status_code == 201
    one = f"/customers/{made.json()['data']['id']}"
    again = clarity.call("POST", "/customers", body=body).json()
    assert (again["code"], f"/customers/{again['existingId']}") == ("duplicate", one)
    assert clarity.call("PATCH", one, body={"creditHold": True}).json()["data"]["creditHold"] is True
    where = {"line1": "1 Pier", "city": "Galveston", "countryCode": "US", "kind": "shipping"}
    entry = clarity.call("POST", f"{one}/addresses", body=where).json()["data"]
    clarity.call("PUT", f"{one}/addresses/{entry['id']}", body={**where, "line1": "2 Pier"})
    assert [book["line1"] for book in clarity.get(f"{one}/addresses")["data"]] == ["2 Pier"]
    clarity.call("POST", f"{one}/contacts", body={"lastName": "Okafor"})
    assert clarity.get(f"{one}/contacts")["data"][0]["lastName"] == "Okafor"


def test_a_shared_email_is_no_conflict(clarity: Clarity) -> None:
    for company in ("One", "Two"):
        answer = clarity.call("POST", "/customers", body={"email": "a@b.example", "company": company})
        assert answer.status_code == 201


# -- products, prices, stock ---------------------------------------------------------------------


def test_a_sku_with_a_slash_stands_encoded_in_the_path(clarity: Clarity) -> None:
    assert clarity.get("/products/by-sku/OLD%2F13")["data"]["sku"] == "OLD/13"
    made = clarity.call("PUT", "/products/by-sku/A%2FB%23%201", body={"name": "odd"})
    assert (made.status_code, made.json()["data"]["sku"]) == (201, "A/B# 1")


def test_products_in_a_batch_have_each_their_own_outcome(clarity: Clarity) -> None:
    items = [
        {"sku": "NW-0001", "name": "Chai"},
        {"sku": "NEW-1", "name": "New"},
        {"sku": "NEW-2"},
        {"name": "?"},
    ]
    answer = clarity.call("POST", "/products/batch", body={"items": items})
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [one["status"] for one in results] == ["unchanged", "created", "error", "error"]
    assert (answer.json()["updated"], answer.json()["failed"]) == (1, 2)
    assert "items[3].sku" in results[3]["error"]["errors"]
    assert clarity.call("POST", "/products/batch", body={"items": items * 51}).status_code == 422


def test_prices_in_a_batch(clarity: Clarity) -> None:
    items = [
        {"sku": "NW-0001", "basePrice": 19.25, "tiers": [{"minQuantity": 10, "unitPrice": 18.1234}],
         "accountPrices": [{"customerNumber": "C-10001", "unitPrice": 17}]},
        {"sku": "NOPE", "basePrice": 1},
        {"sku": "NW-0002", "basePrice": 1.23456},
    ]  # fmt: skip
    results = clarity.call("PUT", "/prices/batch", body={"items": items}).json()["results"]
    assert [one["status"] for one in results] == ["updated", "error", "error"]
    prices = clarity.get("/products/by-sku/NW-0001")["data"]["prices"]
    assert (prices["basePrice"], prices["tiers"][0]["unitPrice"], prices["currency"]) == (
        19.25,
        18.1234,
        "USD",
    )


def level(clarity: Clarity, sku: str = "NW-0001", warehouse: str = "001") -> dict:
    return clarity.get("/inventory", sku=sku, warehouseCode=warehouse)["data"][0]


def test_available_is_worked_out_and_may_be_negative(clarity: Clarity) -> None:
    body = {"quantityOnHand": 10, "quantityAllocated": 12, "safetyStock": 3}
    answer = clarity.call("PUT", "/inventory/NW-0001/001", body=body)
    assert answer.json()["data"]["quantityAvailable"] == -5
    assert not [name for name in level(clarity) if name.startswith("_")]


def test_a_stock_batch_leaves_alone_what_is_newer(clarity: Clarity) -> None:
    def send(as_of: str, quantity: int) -> dict:
        item = {"sku": "NW-0001", "warehouseCode": "001", "quantityOnHand": quantity}
        body = {"asOf": as_of, "mode": "absolute", "items": [item]}
        return clarity.call("POST", "/inventory/batch", body=body).json()["results"][0]

    assert send("2026-03-02T16:05:00Z", 7)["status"] == "updated"
    assert send("2026-03-02T16:06:00Z", 7)["status"] == "unchanged"
    stale = send("2026-03-02T16:05:30Z", 9)
    assert (stale["status"], stale["code"], level(clarity)["quantityOnHand"]) == ("unchanged", "stale", 7)


def test_only_absolute_levels_are_taken(clarity: Clarity) -> None:
    body = {"asOf": "2026-03-02T16:05:00Z", "mode": "relative", "items": []}
    assert "mode" in clarity.call("POST", "/inventory/batch", body=body).json()["errors"]


def test_a_placed_order_allocates_and_a_cancelled_one_gives_back(clarity: Clarity) -> None:
    before = level(clarity, "NW-0011")
    placed = clarity.tell("/clarity/orders", {"like": "WEB-110248"})["orders"][0]
    assert level(clarity, "NW-0011")["quantityAllocated"] == before["quantityAllocated"] + 12
    clarity.call("POST", f"/orders/{placed['id']}/cancel", body={})
    assert level(clarity, "NW-0011")["quantityAvailable"] == before["quantityAvailable"]


def test_an_edit_in_the_shop_moves_the_allocation_and_the_past_has_none(clarity: Clarity) -> None:
    start = level(clarity, "NW-0011")["quantityAllocated"]
    clarity.call("POST", "/orders/110248/cancel", body={})
    assert level(clarity, "NW-0011")["quantityAllocated"] == start
    number = clarity.tell("/clarity/orders", {"like": "WEB-110248"})["orders"][0]["orderNumber"]
    edited = clarity.tell(f"/clarity/orders/{number}", {"quantities": {"1": 2}}, "PUT")
    assert edited["lines"][0]["extendedPrice"] == 28.0
    assert level(clarity, "NW-0011")["quantityAllocated"] == start + 2
    assert [name for name in clarity.order(number) if name.startswith("_")] == []


# -- money ---------------------------------------------------------------------------------------


def test_a_payout_balances_with_its_refund(clarity: Clarity) -> None:
    placed = clarity.tell("/clarity/orders", {"like": "WEB-110250"})["orders"][0]
    clarity.tell(f"/clarity/orders/{placed['orderNumber']}/refund", {"amount": 10})
    payment = clarity.get("/payments", orderNumber=placed["orderNumber"])["data"][0]
    assert (payment["status"], payment["refundedAmount"]) == ("partially_refunded", 10)
    payout = clarity.get(f"/payouts/{payment['payoutId']}")["data"]
    assert payout["net"] == pytest.approx(payout["gross"] - payout["refunds"] - payout["fees"])
    assert payout["refunds"] == 10
    refund = clarity.get("/refunds", orderNumber=placed["orderNumber"])["data"][0]
    assert refund["amount"] == 10


def test_a_return_is_asked_for_and_received(clarity: Clarity) -> None:
    made = clarity.tell("/clarity/orders/WEB-110248/return", {"quantities": {"1": 1}})
    answer = clarity.call("PATCH", f"/returns/{made['id']}", body={"status": "received"})
    assert answer.json()["data"]["status"] == "received"
    assert clarity.get("/returns", orderNumber="WEB-110248")["totalCount"] == 1


# -- versions, keys, bodies ----------------------------------------------------------------------


def test_if_match_honours_the_version(clarity: Clarity) -> None:
    order = clarity.order()
    path = f"/orders/{order['id']}"
    tag = clarity.call("GET", path).headers["etag"]
    assert tag == f'"{order["rowVersion"]}"'
    body = {"attributes": {"x": 1}}
    assert clarity.call("PATCH", path, body=body, headers={"If-Match": tag}).status_code == 200
    late = clarity.call("PATCH", path, body={"attributes": {"x": 2}}, headers={"If-Match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "row_version_mismatch")


def keyed(clarity: Clarity, body: dict, key: str = "sage100:0021457:0104512-IN") -> httpx.Response:
    return clarity.call("POST", "/shipments", body=body, headers={"Idempotency-Key": key})


def test_an_idempotency_key_gives_the_first_answer_again(clarity: Clarity) -> None:
    order = clarity.order()
    first, second = keyed(clarity, shipment(order)), keyed(clarity, shipment(order))
    assert (first.status_code, second.status_code, second.json()) == (201, 201, first.json())
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    found = clarity.ask("/clarity/effects", resource="shipments")["effects"]
    assert [row["idempotency_key"] for row in found] == ["sage100:0021457:0104512-IN"]


@pytest.mark.parametrize("status", [409, 422])
def test_a_key_with_another_body_is_refused(clarity: Clarity, status: int) -> None:
    clarity.tell("/clarity/settings", {"idempotency_mismatch": status})
    order = clarity.order()
    keyed(clarity, shipment(order))
    other = keyed(clarity, shipment(order, "SHP-2"))
    assert (other.status_code, other.json()["code"]) == (status, "idempotency_key_reused")


def test_a_refused_request_does_not_use_its_key_up(clarity: Clarity) -> None:
    order = clarity.order()
    assert keyed(clarity, shipment(order, trackingNumbers=[])).status_code == 422
    assert keyed(clarity, shipment(order)).status_code == 201


def test_a_key_is_forgotten_after_three_days(clarity: Clarity) -> None:
    order = clarity.order()
    keyed(clarity, shipment(order))
    clarity.tell("/clock", {"jump_seconds": 72 * 3600 + 1})
    clarity.grant()
    assert keyed(clarity, shipment(order)).json()["code"] == "duplicate"


def test_a_key_in_use_says_wait(clarity: Clarity) -> None:
    order = clarity.order()
    clarity.tell("/clarity/settings", {"latency_seconds": 1})
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(keyed(clarity, shipment(order)))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.status_code for one in answers) == [201, 409, 409]
    waiting = next(one for one in answers if one.status_code == 409)
    assert (waiting.json()["code"], waiting.headers["retry-after"]) == ("idempotency_in_progress", "1")


def test_bodies_that_are_none(clarity: Clarity) -> None:
    clarity.get("/stores")
    headers = {"Authorization": f"Bearer {clarity.token}", "Content-Type": "application/json"}

    def send(content: bytes, media: str = "application/json") -> httpx.Response:
        sent = {**headers, "Content-Type": media}
        return clarity.http.post("/clarity/api/v1/shipments", content=content, headers=sent)

    assert send(b"{").json()["code"] == "malformed_json"
    assert send(b'{"a": 1, "a": 2}').json()["code"] == "malformed_json"
    assert send(b"{}", "text/plain").status_code == 415
    assert send(b" " * (2 * 1024 * 1024 + 1)).json()["code"] == "payload_too_large"


def test_a_request_id_comes_back_and_stands_in_the_effects(clarity: Clarity) -> None:
    order = clarity.order()
    answer = clarity.call(
        "PATCH", f"/orders/{order['id']}", body={"attributes": {"x": 1}}, headers={"X-Request-Id": "try-7"}
    )
    assert answer.headers["x-request-id"] == "try-7"
    effect = clarity.ask("/clarity/effects", number=order["orderNumber"])["effects"][0]
    assert (effect["request_id"], list(effect["changed"])) == ("try-7", ["attributes.x"])


def test_service_documents(clarity: Clarity) -> None:
    assert clarity.http.get("/clarity/api/v1/health").json() == {"status": "ok"}
    assert clarity.get("/version")["apiVersion"] == "v1"
    assert {store["currency"] for store in clarity.get("/stores")["data"]} == {"USD", "CAD", "JPY"}
    assert [one["code"] for one in clarity.get("/warehouses")["data"]] == ["001", "002"]
    assert len(clarity.get("/shipping-methods")["data"]) == 4
    assert "Stripe" in {one["gateway"] for one in clarity.get("/payment-methods")["data"]}
    described = clarity.get("/openapi.json")
    assert set(described["paths"]["/orders/{id}"]) == {"get", "patch"}
    schema = described["paths"]["/shipments"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "shipmentNumber" in schema["properties"]
