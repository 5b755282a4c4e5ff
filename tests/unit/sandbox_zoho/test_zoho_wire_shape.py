"""The wire's own keys: names out of real answers, as far as they are known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Zoho

WIRE = json.loads((Path(__file__).parent / "wire_keys.json").read_text())
OPTIONAL_ON_ITEMS = {"cf_msrp", "cf_msrp_unformatted"}
"""A field of the organisation that the samples came from."""


def order(reader: Zoho) -> dict:
    return reader.order("SO-10248")


def test_an_order_has_the_wires_keys_in_the_wires_order(reader: Zoho) -> None:
    assert list(order(reader)) == WIRE["salesorder"]


@pytest.mark.parametrize(
    ("part", "key"),
    [
        (lambda found: found["line_items"][0], "salesorder_line"),
        (lambda found: found["billing_address"], "salesorder_billing_address"),
        (lambda found: found["shipping_address"], "salesorder_billing_address"),
        (lambda found: found["custom_fields"][0], "custom_field"),
        (lambda found: found["contact_person_details"][0], "contact_person_detail"),
    ],
)
def test_parts_of_an_order_have_the_wires_keys(reader: Zoho, part, key: str) -> None:
    assert list(part(order(reader))) == WIRE[key]


def test_an_order_made_by_api_has_the_same_keys(zoho: Zoho) -> None:
    body = {"customer_id": order(zoho)["customer_id"], "line_items": [{"name": "Something", "rate": 5}]}
    made = zoho.post("/salesorders", body)
    assert made.status_code == 201
    assert list(made.json()) == ["code", "message", "salesorder"]
    assert list(made.json()["salesorder"]) == WIRE["salesorder"]


def test_list_rows_have_the_wires_keys_and_no_lines(reader: Zoho) -> None:
    answer = reader.get("/salesorders", per_page=1)
    assert set(answer["salesorders"][0]) == set(WIRE["salesorder_row"])
    assert set(answer["page_context"]) == set(WIRE["page_context"])
    assert not {"line_items", "billing_address", "shipping_address", "custom_fields"} & set(
        answer["salesorders"][0]
    )


def test_custom_fields_are_a_list_in_details_and_columns_in_lists(reader: Zoho) -> None:
    row = reader.get("/salesorders", salesorder_number="SO-10248")["salesorders"][0]
    detail = order(reader)
    assert row["cf_rush_order"] == detail["custom_field_hash"]["cf_rush_order"] == "false"
    assert row["cf_rush_order_unformatted"] is False
    assert {field["api_name"] for field in detail["custom_fields"]} == {
        "cf_sage_so_number",
        "cf_sync_origin",
        "cf_rush_order",
        "cf_salesforce_id",
    }


def test_items_have_the_wires_keys(reader: Zoho) -> None:
    row = reader.get("/items", per_page=1)["items"][0]
    detail = reader.get(f"/items/{row['item_id']}")["item"]
    assert set(WIRE["item_row"]) - OPTIONAL_ON_ITEMS <= set(row)
    assert list(detail) == WIRE["item"]
    assert list(detail["locations"][0]) == WIRE["item_location"]


def test_contacts_have_the_wires_keys(reader: Zoho) -> None:
    row = reader.get("/contacts", per_page=1)["contacts"][0]
    detail = reader.get(f"/contacts/{row['contact_id']}")["contact"]
    assert list(detail) == WIRE["contact"]
    assert set(detail["billing_address"]) == set(WIRE["contact_billing_address"])
    assert set(detail["contact_persons"][0]) == set(WIRE["contact_person"])
    assert not {"billing_address", "contact_persons", "addresses"} & set(row)


def test_organisation_and_locations_have_the_wires_keys(reader: Zoho) -> None:
    assert list(reader.get("/organizations")["organizations"][0]) == WIRE["organization"]
    locations = reader.get("/locations")["locations"]
    assert [set(place) for place in locations] == [set(WIRE["location"])] * 2
    assert [place["location_name"] for place in locations] == ["Main Warehouse", "West Warehouse"]


def every_value(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from every_value(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from every_value(inner, path)
    else:
        yield path, value


def test_ids_are_strings_of_19_digits_or_empty_and_nothing_is_null(reader: Zoho) -> None:
    documents = [order(reader), reader.get("/salesorders", per_page=3), reader.get("/contacts", per_page=3)]
    seen = 0
    for path, value in every_value(documents):
        assert value is not None, path
        if path.endswith("_id") and value not in {"", "5129873"}:
            assert isinstance(value, str), path
            assert (len(value), value.isdecimal()) == (19, True), (path, value)
            seen += 1
    assert seen > 50


def test_money_has_a_decimal_part_on_the_wire_and_twins_beside_it(reader: Zoho) -> None:
    answer = reader.call("GET", f"/salesorders/{order(reader)['salesorder_id']}")
    assert '"total":472.38,' in answer.text
    assert '"rate":14.0,"rate_formatted":"$14.00"' in answer.text
    assert '"sub_total":440.0,"sub_total_formatted":"$440.00","bcy_sub_total":440.0' in answer.text


def test_times_carry_the_organisations_offset_without_a_colon(reader: Zoho) -> None:
    assert order(reader)["last_modified_time"][-5:] in {"-0400", "-0500"}


def test_answers_carry_zohos_headers(reader: Zoho) -> None:
    answer = reader.call("GET", "/items", per_page=1)
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert {"build_version", "cache-control", "x-frame-options", "vary"} <= set(answer.headers)


@pytest.mark.parametrize("prefix", ["/inventory/v1", "/api/v1"])
def test_both_prefixes_and_a_trailing_slash_serve(reader: Zoho, prefix: str) -> None:
    found = order(reader)["salesorder_id"]
    answer = reader.call("GET", f"/salesorders/{found}/", prefix=prefix, id=found)
    assert answer.json()["salesorder"]["salesorder_number"] == "SO-10248"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/colours", 404, 5),
        ("GET", "/salesorders/1/colours", 404, 5),
        ("PUT", "/organizations", 405, 37),
        ("POST", "/salesorders/1", 405, 37),
        ("GET", "/salesorders/1", 404, 1002),
        ("GET", "/items/1", 404, 1002),
        ("GET", "/contacts/1", 404, 1002),
    ],
)
def test_unknown_urls_methods_and_ids(reader: Zoho, method: str, path: str, status: int, code: int) -> None:
    answer = reader.call(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_itemdetails_answers_full_items_up_to_a_hundred(reader: Zoho) -> None:
    ids = [row["item_id"] for row in reader.get("/items")["items"]]
    found = reader.get("/itemdetails", item_ids=",".join(ids))["items"]
    assert [item["item_id"] for item in found] == ids
    assert reader.call("GET", "/itemdetails", item_ids=",".join(["1"] * 101)).json()["code"] == 2


def test_settings_tell_custom_fields_currencies_taxes_and_warehouses(reader: Zoho) -> None:
    fields = reader.get("/settings/preferences")["preferences"]["customfields"]
    assert {"cf_sage_so_number", "cf_rush_order"} <= {field["api_name"] for field in fields["salesorder"]}
    currencies = reader.get("/settings/currencies")["currencies"]
    assert [money["currency_code"] for money in currencies if money["is_base_currency"]] == ["USD"]
    euro = reader.get(f"/settings/currencies/{currencies[1]['currency_id']}")["currency"]
    assert euro["currency_code"] == "EUR"
    assert reader.get("/settings/taxes")["taxes"][0]["tax_percentage"] == 7.25
    assert len(reader.get("/settings/warehouses")["warehouses"]) == 2
    assert reader.get("/users/me")["user"]["user_role"] == "admin"
