"""Northwind as Zoho holds it, to the cent; and orders placed, edited and spoilt by hand."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal

import pytest

from include.sandbox import northwind
from include.sandbox.zoho.spoilt import CASES, spoil

from .conftest import Zoho


def northwind_total(order: northwind.Order) -> Decimal:
    lines = (
        (line.price * line.quantity * (1 - line.discount)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        for line in order.lines
    )
    return sum(lines, Decimal(0)) + order.freight


def test_every_order_has_northwinds_total(reader: Zoho) -> None:
    told = {
        row["salesorder_number"]: Decimal(str(row["total"]))
        for row in reader.ask("/zoho/salesorders")["salesorders"]
    }
    expected = {f"SO-{order.number}": northwind_total(order) for order in northwind.orders()}
    assert told == expected
    assert len(told) == 830


def test_an_order_reads_as_northwind_wrote_it(reader: Zoho) -> None:
    order = reader.order("SO-10255")
    source = next(order for order in northwind.orders() if order.number == 10255)
    assert order["date"] == source.ordered_on.isoformat()
    assert order["shipment_date"] == source.required_on.isoformat()
    assert order["delivery_method"] == source.shipper
    assert order["shipping_charge"] == float(source.freight)
    assert (order["currency_code"], order["exchange_rate"]) == ("USD", 1.0)
    assert order["order_status"] == "confirmed"
    assert order["location_name"] == "West Warehouse"
    assert [(line["sku"], line["quantity"], line["rate"]) for line in order["line_items"]] == [
        (line.product.sku, line.quantity, float(line.price)) for line in source.lines
    ]


def test_line_discounts_are_percent_texts_at_item_level(reader: Zoho) -> None:
    order = reader.order("SO-10250")
    assert order["discount_type"] == "item_level"
    assert [line["discount"] for line in order["line_items"]] == [0, "15.00%", "15.00%"]
    assert [line["item_total"] for line in order["line_items"]] == [77.0, 1261.4, 214.2]


def test_addresses_have_codes_only_where_northwind_gave_them(reader: Zoho) -> None:
    american, german, irish = (reader.order(number) for number in ("SO-10262", "SO-10249", "SO-10298"))
    assert american["shipping_address"]["state"] == "New Mexico"
    assert american["shipping_address"]["state_code"] == "NM"
    assert (american["shipping_address"]["country"], american["shipping_address"]["country_code"]) == (
        "U.S.A",
        "US",
    )
    assert (german["shipping_address"]["state"], german["shipping_address"]["state_code"]) == ("", "")
    assert (irish["shipping_address"]["state"], irish["shipping_address"]["state_code"]) == ("Co. Cork", "")


def test_an_order_to_another_place_says_so(reader: Zoho) -> None:
    source = next(
        order for order in northwind.orders() if order.ship_to.street != order.customer.place.street
    )
    order = reader.order(f"SO-{source.number}")
    assert order["shipping_address"]["address"] == source.ship_to.street
    assert order["billing_address"]["address"] == source.customer.place.street
    contact = reader.get(f"/contacts/{order['customer_id']}")["contact"]
    assert order["shipping_address_id"] in {place["address_id"] for place in contact["addresses"]}


def test_rush_orders_are_those_due_within_two_weeks(reader: Zoho) -> None:
    rush = [row for page in range(1, 6) for row in reader.get("/salesorders", page=page)["salesorders"]]
    assert sum(row["cf_rush_order_unformatted"] for row in rush) == 68


def test_terms_go_round_among_the_customers(reader: Zoho) -> None:
    terms = [row["payment_terms_label"] for row in reader.get("/contacts")["contacts"]]
    assert {term: terms.count(term) for term in set(terms)} == {
        "Net 30": 23, "Net 15": 23, "Net 60": 23, "Due on Receipt": 22,
    }  # fmt: skip


def test_items_keep_their_sloppy_skus(reader: Zoho) -> None:
    skus = {row["sku"] for row in reader.get("/items")["items"]}
    assert skus == {product.sku for product in northwind.products().values()}
    assert " nw-10 " in skus


def test_orders_lie_five_minutes_apart_in_the_past(reader: Zoho) -> None:
    rows = reader.ask("/zoho/salesorders")["salesorders"]
    times = [row["last_modified_time"] for row in rows]
    assert len(set(times)) == 830
    assert [row["salesorder_number"] for row in rows] == [
        f"SO-{order.number}" for order in northwind.orders()
    ]


def test_committed_stock_is_the_sum_of_all_orders(reader: Zoho) -> None:
    ordered = sum(
        line.quantity for order in northwind.orders() for line in order.lines if line.product.number == 11
    )
    item = reader.get("/items", sku="NW-0011")["items"][0]
    detail = reader.get(f"/items/{item['item_id']}")["item"]
    assert detail["committed_stock"] == detail["actual_committed_stock"] == ordered
    assert detail["available_for_sale_stock"] == detail["stock_on_hand"] - ordered


def test_one_more_order_is_placed_confirmed(zoho: Zoho) -> None:
    placed = zoho.tell("/zoho/salesorders", {"like": "SO-10248", "changes": {"shipping_charge": 0}})[
        "salesorders"
    ]
    assert placed[0]["salesorder_number"] == "SO-20001"
    assert (placed[0]["order_status"], placed[0]["total"]) == ("confirmed", 440.0)
    many = zoho.tell("/zoho/salesorders", {"count": 5})["salesorders"]
    assert [order["salesorder_number"] for order in many] == [f"SO-{n}" for n in range(20002, 20007)]
    named = zoho.tell("/zoho/salesorders", {"number": "WEB-1", "confirm": False})["salesorders"][0]
    assert (named["salesorder_number"], named["order_status"]) == ("WEB-1", "draft")
    assert zoho.http.post("/_sandbox/zoho/salesorders", json={"number": "WEB-1"}).status_code == 400
    assert zoho.http.post("/_sandbox/zoho/salesorders", json={"like": "SO-1"}).status_code == 404


def test_an_order_is_edited_properly_or_raw(zoho: Zoho) -> None:
    zoho.http.put("/_sandbox/zoho/salesorders/SO-10248", json={"changes": {"shipping_charge": 1}})
    assert zoho.order("SO-10248")["total"] == 441.0
    zoho.http.put("/_sandbox/zoho/salesorders/SO-10248", json={"changes": {"total": 1.0}, "raw": True})
    assert zoho.order("SO-10248")["total"] == 1.0
    assert zoho.get("/salesorders", salesorder_number="SO-10248")["salesorders"][0]["total"] == 1.0
    assert zoho.http.delete("/_sandbox/zoho/salesorders/SO-10248").json() == {"deleted": "SO-10248"}
    assert zoho.http.put("/_sandbox/zoho/salesorders/SO-1", json={"changes": {}}).status_code == 404


def test_every_spoilt_order_is_served_and_announced(zoho: Zoho) -> None:
    placed = zoho.tell("/zoho/spoilt", {"cases": "all"})
    assert len(placed) == len(CASES) >= 20
    assert len({row["salesorder_id"] for row in placed}) == len(CASES)
    for row in placed:
        served = zoho.get(f"/salesorders/{row['salesorder_id']}")["salesorder"]
        assert served["salesorder_number"] == row["salesorder_number"], row["case"]
    listed = zoho.get("/salesorders", sort_column="last_modified_time", sort_order="D")["salesorders"]
    assert {row["salesorder_id"] for row in placed} <= {row["salesorder_id"] for row in listed}


def test_each_case_spoils_exactly_what_it_names(reader: Zoho) -> None:
    order = reader.order("SO-10250")
    before = json.dumps(order)
    for case in CASES:
        spoilt = spoil(order, case)
        changed = {key for key in order if key not in spoilt or spoilt[key] != order[key]}
        assert changed, case
        assert len(changed) <= 3, (case, changed)
    assert json.dumps(order) == before


@pytest.mark.parametrize("case", ["", "haunted"])
def test_an_unknown_case_is_named_with_those_there_are(reader: Zoho, case: str) -> None:
    with pytest.raises(KeyError, match="unknown_sku"):
        spoil({}, case)
    assert reader.http.post("/_sandbox/zoho/spoilt", json={"cases": [case]}).status_code == 404


def test_the_spoilt_story_is_northwind_with_every_case(zoho: Zoho) -> None:
    zoho.tell("/reset")
    loaded = zoho.tell("/load", {"story": "spoilt", "limit": 2})["loaded"]["zoho"]
    assert loaded["spoilt"] == len(CASES)
    assert zoho.ask("/zoho/counts")["salesorders"] == 2 + len(CASES)
