"""What can be done to orders, items and contacts through the API."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from .conftest import ORG, Zoho


def an_order(zoho: Zoho, **changes) -> dict:
    template = zoho.order("SO-10248")
    lines = [{"item_id": line["item_id"], "quantity": 2, "rate": 10} for line in template["line_items"][:2]]
    return {"customer_id": template["customer_id"], "line_items": lines, **changes}


def created(zoho: Zoho, query: dict | None = None, **changes) -> dict:
    answer = zoho.post("/salesorders", an_order(zoho, **changes), **(query or {}))
    assert answer.status_code == 201, answer.text
    return answer.json()["salesorder"]


def code(answer) -> tuple[int, int]:
    return answer.status_code, answer.json()["code"]


def test_a_new_order_is_a_draft_whose_other_statuses_are_empty(zoho: Zoho) -> None:
    answer = zoho.post("/salesorders", an_order(zoho))
    assert answer.json()["message"] == "Sales Order has been created."
    order = answer.json()["salesorder"]
    assert (order["order_status"], order["status"], order["source"]) == ("draft", "draft", "Api")
    assert {order[name] for name in ("invoiced_status", "paid_status", "shipped_status")} == {""}
    assert order["salesorder_number"] == "SO-20001"
    assert order["total"] == 40.0


def test_an_own_number_needs_the_flag(zoho: Zoho) -> None:
    assert created(zoho, salesorder_number="MINE-1")["salesorder_number"] == "SO-20001"
    flag = {"ignore_auto_number_generation": "true"}
    assert created(zoho, flag, salesorder_number="MINE-1")["salesorder_number"] == "MINE-1"
    again = zoho.post("/salesorders", an_order(zoho, salesorder_number="MINE-1"), **flag)
    assert again.json() == {"code": 36004, "message": "This sales order number already exists."}
    assert code(zoho.post("/salesorders", an_order(zoho), **flag)) == (400, 4)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"customer_id": ""}, (400, 4)),
        ({"customer_id": "5129873000082999999"}, (404, 1002)),
        ({"line_items": []}, (400, 4)),
        ({"line_items": [{"item_id": "5129873000118999999"}]}, (400, 2006)),
        ({"line_items": [{"name": "x", "rate": 1, "quantity": 0}]}, (400, 4)),
        ({"line_items": [{"name": "x", "rate": "much"}]}, (400, 4)),
        ({"line_items": [{"name": "x", "rate": 1, "location_id": "1"}]}, (400, 4)),
        ({"line_items": [{"name": "x", "rate": 1, "tax_id": "1"}]}, (400, 4)),
        ({"line_items": [{"line_item_id": "1", "name": "x"}]}, (400, 4)),
        ({"date": "2026-02-30"}, (400, 4)),
        ({"discount": "half"}, (400, 4)),
        ({"shipping_address_id": "1"}, (400, 4)),
        ({"location_id": "1"}, (400, 4)),
        ({"reference_number": "R" * 51}, (400, 15)),
    ],
)
def test_the_first_bad_field_is_refused(zoho: Zoho, changes: dict, expected: tuple[int, int]) -> None:
    assert code(zoho.post("/salesorders", an_order(zoho, **changes))) == expected
    assert len(zoho.get("/salesorders", filter_by="Status.Draft")["salesorders"]) == 0


def test_unknown_body_fields_are_ignored_silently(zoho: Zoho) -> None:
    order = created(zoho, colour="blue", billing_address={"city": "Nowhere"})
    assert "colour" not in order
    assert order["billing_address"]["city"] == "Reims"


@pytest.mark.parametrize(
    ("changes", "total"),
    [
        ({"discount": "10%", "discount_type": "entity_level"}, 36.0),
        ({"discount": 3.33, "discount_type": "entity_level"}, 36.67),
        ({"shipping_charge": 7.5, "adjustment": -0.5, "adjustment_description": "Rounding"}, 47.0),
        ({"line_items": [{"name": "x", "rate": 3.33, "quantity": 3, "discount": "15.00%"}],
          "discount_type": "item_level"}, 8.49),
        ({"line_items": [{"name": "x", "rate": 10, "quantity": 1, "tax_id": "5129873000035000501"}]}, 10.73),
        ({"line_items": [{"name": "x", "rate": 10, "tax_id": "5129873000035000501"}],
          "discount": "50%", "discount_type": "entity_level"}, 5.36),
        ({"line_items": [{"name": "x", "rate": 10, "tax_id": "5129873000035000501"}],
          "is_inclusive_tax": True}, 10.0),
    ],
)  # fmt: skip
def test_totals_are_computed_half_up_to_the_cent(zoho: Zoho, changes: dict, total: float) -> None:
    order = created(zoho, **changes)
    assert order["total"] == order["balance"] == order["bcy_total"] == total


def test_taxes_are_listed_by_line_and_in_sum(zoho: Zoho) -> None:
    line = {"name": "x", "rate": 10, "tax_id": "5129873000035000501"}
    order = created(zoho, line_items=[line, line])
    assert [tax["tax_amount"] for tax in order["taxes"]] == [1.46]
    assert order["line_items"][0]["line_item_taxes"][0]["tax_name"] == "WA Sales Tax (7.25%)"
    assert order["tax_total"] == 1.46


def test_a_foreign_currency_brings_base_currency_twins(zoho: Zoho) -> None:
    euro = "5129873000000000103"
    contact = zoho.post("/contacts", {"contact_name": "Bergwelt GmbH", "currency_id": euro}).json()["contact"]
    order = created(zoho, customer_id=contact["contact_id"])
    assert (order["currency_code"], order["exchange_rate"]) == ("EUR", 1.0845)
    assert (order["total"], order["total_formatted"], order["bcy_total"]) == (40.0, "€40.00", 43.38)


def test_confirming_commits_stock_and_voiding_releases_it(zoho: Zoho) -> None:
    order = created(zoho)
    item_id = order["line_items"][0]["item_id"]
    before = zoho.get(f"/items/{item_id}")["item"]
    confirmed = zoho.post(f"/salesorders/{order['salesorder_id']}/status/confirmed")
    assert confirmed.json() == {"code": 0, "message": "Sales order status has been changed to 'Confirmed'."}
    item = zoho.get(f"/items/{item_id}")["item"]
    assert item["actual_committed_stock"] == before["actual_committed_stock"] + 2
    assert item["actual_available_for_sale_stock"] == before["actual_available_for_sale_stock"] - 2
    assert item["stock_on_hand"] == before["stock_on_hand"]
    assert item["last_modified_time"] == before["last_modified_time"]
    now = zoho.get(f"/salesorders/{order['salesorder_id']}")["salesorder"]
    assert (now["order_status"], now["invoiced_status"], now["paid_status"], now["shipped_status"]) == (
        "confirmed", "not_invoiced", "unpaid", "pending",
    )  # fmt: skip
    voided = zoho.post(f"/salesorders/{order['salesorder_id']}/status/void")
    assert voided.json()["message"] == "The status of the Sales Order has been changed to void."
    assert zoho.get(f"/items/{item_id}")["item"] == before
    assert code(zoho.post(f"/salesorders/{order['salesorder_id']}/status/confirmed"))[0] == 400


def test_an_update_takes_the_full_list_of_lines(zoho: Zoho) -> None:
    order = created(zoho, reference_number="A")
    kept = order["line_items"][1]
    zoho.tell("/clock", {"jump_seconds": 60})
    body = {"line_items": [{"line_item_id": kept["line_item_id"], "quantity": 5}, {"name": "New", "rate": 1}]}
    answer = zoho.put(f"/salesorders/{order['salesorder_id']}", body)
    assert answer.json()["message"] == "Sales Order has been updated."
    now = answer.json()["salesorder"]
    assert [line["name"] for line in now["line_items"]] == [kept["name"], "New"]
    assert now["line_items"][0]["line_item_id"] == kept["line_item_id"]
    assert (now["total"], now["reference_number"]) == (51.0, "A")
    assert now["last_modified_time"] > order["last_modified_time"]


def test_changing_a_confirmed_order_moves_its_commitment(zoho: Zoho) -> None:
    order = zoho.order("SO-10248")
    line = order["line_items"][0]
    before = zoho.get(f"/items/{line['item_id']}")["item"]["committed_stock"]
    lines = [{"line_item_id": line["line_item_id"], "quantity": line["quantity"] + 3}]
    zoho.put(f"/salesorders/{order['salesorder_id']}", {"line_items": lines})
    assert zoho.get(f"/items/{line['item_id']}")["item"]["committed_stock"] == before + 3
    zoho.call("DELETE", f"/salesorders/{order['salesorder_id']}")
    assert zoho.get(f"/items/{line['item_id']}")["item"]["committed_stock"] == before - line["quantity"]


def test_a_deleted_order_is_gone(zoho: Zoho) -> None:
    order = created(zoho)
    answer = zoho.call("DELETE", f"/salesorders/{order['salesorder_id']}")
    assert answer.json() == {"code": 0, "message": "The Sales Order has been deleted."}
    assert code(zoho.call("GET", f"/salesorders/{order['salesorder_id']}")) == (404, 1002)


def test_comments_are_kept_newest_first_and_are_no_edit(zoho: Zoho) -> None:
    order = zoho.order("SO-10249")
    path = f"/salesorders/{order['salesorder_id']}/comments"
    assert zoho.get(path)["comments"] == []
    for text in ("first", "second"):
        assert zoho.post(path, {"description": text}).status_code == 201
    assert [comment["description"] for comment in zoho.get(path)["comments"]] == ["second", "first"]
    assert zoho.order("SO-10249")["last_modified_time"] == order["last_modified_time"]
    assert code(zoho.post(path, {})) == (400, 4)


def test_custom_fields_are_set_by_api_name_id_label_or_hash(zoho: Zoho) -> None:
    by_name = created(zoho, custom_fields=[{"api_name": "cf_sage_so_number", "value": "0000123"}])
    assert by_name["custom_field_hash"]["cf_sage_so_number"] == "0000123"
    field = by_name["custom_fields"][2]
    by_id = created(zoho, custom_fields=[{"customfield_id": field["customfield_id"], "value": True}])
    assert by_id["custom_field_hash"]["cf_rush_order_unformatted"] is True
    by_label = created(zoho, custom_fields=[{"label": "Rush Order", "value": "true"}])
    assert by_label["custom_field_hash"]["cf_rush_order_unformatted"] is True
    by_hash = created(zoho, custom_field_hash={"cf_sync_origin": "sage", "cf_unknown": "x"})
    assert by_hash["custom_field_hash"]["cf_sync_origin"] == "sage"
    row = zoho.get("/salesorders", salesorder_number=by_name["salesorder_number"])["salesorders"][0]
    assert row["cf_sage_so_number"] == "0000123"


def test_custom_fields_of_several_orders_are_set_by_one_form(zoho: Zoho) -> None:
    ids = [zoho.order(number)["salesorder_id"] for number in ("SO-10248", "SO-10249")]
    inner = {
        "custom_fields": [{"api_name": "cf_sage_so_number", "value": "7"}],
        "salesorder_id": ",".join(ids),
    }
    answer = zoho.http.put(
        "/inventory/v1/salesorders",
        params={"organization_id": ORG},
        headers={"Authorization": f"Zoho-oauthtoken {zoho.token}"},
        data={"bulk_update": "true", "JSONString": json.dumps(inner)},
    )
    assert answer.json()["code"] == 0
    assert zoho.order("SO-10249")["custom_field_hash"]["cf_sage_so_number"] == "7"


@pytest.mark.parametrize(
    ("headers", "encode"),
    [
        ({"Content-Type": "application/json;charset=UTF-8"}, lambda text: text.encode()),
        ({}, lambda text: text.encode()),
        ({"Content-Type": "application/x-www-form-urlencoded"}, lambda text: text.encode()),
        (
            {"Content-Type": "application/x-www-form-urlencoded"},
            lambda text: urlencode({"JSONString": text}).encode(),
        ),
        (
            {"Content-Type": "multipart/form-data; boundary=b"},
            lambda text: (
                f'--b\r\nContent-Disposition: form-data; name="JSONString"\r\n\r\n{text}\r\n--b--\r\n'
            ).encode(),
        ),
    ],
)
def test_bodies_are_sniffed_whatever_their_type(zoho: Zoho, headers: dict, encode) -> None:
    body = encode(json.dumps(an_order(zoho, notes="Müller")))
    answer = zoho.http.post(
        "/api/v1/salesorders",
        params={"organization_id": ORG},
        headers={"Authorization": f"Zoho-oauthtoken {zoho.token}", **headers},
        content=body,
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["salesorder"]["notes"] == "Müller"


def test_malformed_json_is_code_4(zoho: Zoho) -> None:
    zoho.refresh()
    answer = zoho.http.post(
        "/inventory/v1/salesorders",
        params={"organization_id": ORG},
        headers={"Authorization": f"Zoho-oauthtoken {zoho.token}"},
        content=b'{"customer_id":',
    )
    assert code(answer) == (400, 4)


def test_items_are_created_changed_and_refused_as_duplicates(zoho: Zoho) -> None:
    made = zoho.post("/items", {"name": "Lantern", "sku": "LAN-1", "rate": 9.5, "initial_stock": 12})
    assert (made.status_code, made.json()["message"]) == (200, "The item has been added.")
    item = made.json()["item"]
    assert (item["stock_on_hand"], item["available_for_sale_stock"]) == (12.0, 12.0)
    assert code(zoho.post("/items", {"name": "lantern"})) == (400, 1001)
    assert code(zoho.post("/items", {"name": "Other", "sku": "LAN-1"})) == (400, 1001)
    assert code(zoho.post("/items", {"sku": "NONAME"})) == (400, 4)
    changed = zoho.put(f"/items/{item['item_id']}", {"rate": 11, "stock_on_hand": 99}).json()["item"]
    assert (changed["rate"], changed["stock_on_hand"]) == (11.0, 12.0)
    zoho.post(f"/items/{item['item_id']}/inactive")
    assert zoho.get("/items", sku="LAN-1")["items"][0]["status"] == "inactive"
    assert len(zoho.get("/items", filter_by="Status.Inactive", search_text="Lantern")["items"]) == 1
    zoho.put(f"/item/{item['item_id']}/customfields", [{"customfield_id": "cf_category", "value": "Light"}])
    assert zoho.get("/items", sku="LAN-1")["items"][0]["cf_category"] == "Light"
    assert zoho.call("DELETE", f"/items/{item['item_id']}").json()["code"] == 0


def test_an_item_on_orders_cannot_be_deleted(zoho: Zoho) -> None:
    item_id = zoho.order()["line_items"][0]["item_id"]
    assert code(zoho.call("DELETE", f"/items/{item_id}")) == (400, 2049)


def test_contacts_are_created_changed_and_refused_as_duplicates(zoho: Zoho) -> None:
    body = {
        "contact_name": "Fjällräven AB",
        "payment_terms": 30,
        "email": "order@fjall.example",
        "first_name": "Åsa",
        "billing_address": {"address": "Box 209", "city": "Örnsköldsvik", "country": "Sweden"},
    }
    made = zoho.post("/contacts", body)
    assert made.status_code == 201
    contact = made.json()["contact"]
    assert contact["payment_terms_label"] == "Net 30"
    assert contact["contact_persons"][0]["email"] == "order@fjall.example"
    assert contact["billing_address"]["city"] == "Örnsköldsvik"
    duplicate = zoho.post("/contacts", {"contact_name": "fjällräven ab"})
    assert code(duplicate) == (400, 3062)
    name = contact["contact_name"]
    assert zoho.post("/contacts", {"contact_name": name}).json()["message"] == (
        f'The customer "{name}" already exists. Please specify a different name.'
    )
    path = f"/contacts/{contact['contact_id']}"
    changed = zoho.put(path, {"custom_fields": [{"api_name": "cf_sage_customer_no", "value": "00-X"}]})
    assert changed.json()["contact"]["custom_field_hash"]["cf_sage_customer_no"] == "00-X"
    added = zoho.post(f"{path}/address", {"city": "Umeå"}).json()["address_info"]
    assert zoho.get(f"{path}/address")["addresses"][2]["address_id"] == added["address_id"]
    order = created(zoho, customer_id=contact["contact_id"], shipping_address_id=added["address_id"])
    assert order["shipping_address"]["city"] == "Umeå"
    person = zoho.get(f"{path}/contactpersons")["contact_persons"][0]["contact_person_id"]
    assert zoho.get(f"{path}/contactpersons/{person}")["contact_person"]["first_name"] == "Åsa"
    zoho.post(f"{path}/inactive")
    assert len(zoho.get("/contacts", filter_by="Status.Inactive")["contacts"]) == 1
    assert code(zoho.call("DELETE", path))[0] == 400
