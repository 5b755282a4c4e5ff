"""Every named case, and that it is what its name says."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from .conftest import Clarity, Receiver, wait_until

NEW_YORK = ZoneInfo("America/New_York")
NAMED = (
    "guest_order", "business_on_terms", "same_po_number", "email_case_dots", "email_shared",
    "customer_merged", "long_company", "long_address", "gb_postcode", "mx_region", "unicode_names",
    "sku_slash", "sku_hash", "sku_spaces", "sku_leading_zeros", "sku_long", "alias_only",
    "kit_with_children", "fractional_metres", "zero_price_line", "negative_fee",
    "order_discount_odd_cents", "tax_exempt", "tax_rounding_by_line", "tax_rounding_by_total",
    "shipping_taxed", "gift_card_and_card", "paypal_authorised", "partial_capture",
    "refund_before_shipment", "cancel_racing_export", "partial_shipment_twice",
    "two_packages_one_tracking", "tracking_corrected", "shipment_voided", "edited_after_export",
    "out_of_stock_backorder", "out_of_stock_no_backorder", "jpy", "cad_exchange_rate", "local_midnight",
    "dst_switch", "backlog", "catalogue", "stock_batch_three_bad", "webhook_storm",
    "same_event_five_times",
)  # fmt: skip


def customers(clarity: Clarity, case: str) -> list[dict[str, Any]]:
    found = clarity.play(case)["customers"]
    return [clarity.get("/customers", customerNumber=number)["data"][0] for number in found]


def shipments(clarity: Clarity, order: dict) -> list[dict[str, Any]]:
    return clarity.get("/shipments", orderNumber=order["orderNumber"])["data"]


def test_the_list_of_cases_is_whole(clarity: Clarity) -> None:
    assert tuple(clarity.ask("/clarity/cases")) == NAMED


def test_all_cases_together_and_every_order_adds_up(clarity: Clarity) -> None:
    told = clarity.tell("/clarity/cases", {"cases": "all", "size": 5})
    assert tuple(one["case"] for one in told) == NAMED
    page, seen = clarity.get("/orders", pageSize=500), 0
    assert page["nextCursor"] is None
    for row in page["data"]:
        order = clarity.get(f"/orders/{row['id']}")["data"]
        totals, places = order["totals"], 0 if order["currency"] == "JPY" else 2
        subtotal = sum(line["unitPrice"] * line["quantity"] for line in order["lines"])
        assert totals["subtotal"] == pytest.approx(round(subtotal, places), abs=0.005), row["orderNumber"]
        extras = sum(totals[name] for name in ("shipping", "handling", "fees", "tax"))
        assert totals["grandTotal"] == pytest.approx(totals["subtotal"] - totals["discount"] + extras)
        assert totals["balanceDue"] == pytest.approx(totals["grandTotal"] - totals["amountPaid"])
        seen += 1
    assert seen > 50


def test_guest_order(clarity: Clarity) -> None:
    (order,) = clarity.played("guest_order")
    assert (order["customer"]["isGuest"], order["customer"]["customerNumber"]) == (True, None)


def test_business_on_terms(clarity: Clarity) -> None:
    (order,) = clarity.played("business_on_terms")
    assert (order["paymentTerms"], order["payments"][0]["gateway"]) == ("NET30", "OnAccount")
    assert order["totals"]["amountPaid"] == 0


def test_same_po_number(clarity: Clarity) -> None:
    one, two = clarity.played("same_po_number")
    assert one["purchaseOrderNumber"] == two["purchaseOrderNumber"] == "GC-2026-0311"


def test_email_case_dots(clarity: Clarity) -> None:
    emails = [one["email"] for one in customers(clarity, "email_case_dots")]
    assert len(set(emails)) == 3
    assert len({email.lower().replace(".", "") for email in emails}) == 1


def test_email_shared(clarity: Clarity) -> None:
    one, two = customers(clarity, "email_shared")
    assert one["email"] == two["email"]
    assert one["company"] != two["company"]


def test_customer_merged(clarity: Clarity) -> None:
    old, kept = customers(clarity, "customer_merged")
    assert (old["status"], old["mergedIntoId"]) == ("merged", kept["id"])
    (order,) = clarity.played("customer_merged")
    assert order["customer"]["company"] in {"Pelican Boats", "Pelican Boats LLC"}


def test_long_company(clarity: Clarity) -> None:
    assert len(customers(clarity, "long_company")[0]["company"]) > 50


def test_long_address(clarity: Clarity) -> None:
    where = clarity.played("long_address")[0]["shippingAddress"]
    assert all(len(where[name]) > 40 for name in ("attention", "line1", "line2", "line3"))


@pytest.mark.parametrize(
    ("case", "country", "region"), [("gb_postcode", "GB", None), ("mx_region", "MX", "CMX")]
)
def test_addresses_abroad(clarity: Clarity, case: str, country: str, region: str | None) -> None:
    where = clarity.played(case)[0]["billingAddress"]
    assert (where["countryCode"], where["regionCode"]) == (country, region)


def test_unicode_names(clarity: Clarity) -> None:
    names = [order["customer"]["company"] for order in clarity.played("unicode_names")]
    assert names == ["Žluťoučký kůň s.r.o. 🐴", "株式会社サンプル"]


@pytest.mark.parametrize(
    ("case", "sku"),
    [
        ("sku_slash", "A/B-1"),
        ("sku_hash", "NO#7"),
        ("sku_spaces", " DECK LAMP 2 "),
        ("sku_leading_zeros", "000451"),
        ("sku_long", "HARBORLITE-DECK-LAMP-AMBER-220-LUMEN"),
    ],
)
def test_odd_skus(clarity: Clarity, case: str, sku: str) -> None:
    assert clarity.played(case)[0]["lines"][0]["sku"] == sku
    assert clarity.get("/products", sku=sku)["totalCount"] == 1


def test_alias_only(clarity: Clarity) -> None:
    sku = clarity.played("alias_only")[0]["lines"][0]["sku"]
    product = clarity.get("/products", sku=sku)["data"][0]
    assert (product["aliases"], product["externalIds"]) == (["NW-0001"], {})


def test_kit_with_children(clarity: Clarity) -> None:
    parent, *children = clarity.played("kit_with_children")[0]["lines"]
    assert [(one["parentLineId"], one["unitPrice"]) for one in children] == [(parent["lineId"], 0.0)] * 2


def test_fractional_metres(clarity: Clarity) -> None:
    lines = clarity.played("fractional_metres")[0]["lines"]
    assert [(one["quantity"], one["unitOfMeasure"]) for one in lines] == [(12.75, "M"), (0.333333, "M")]


def test_zero_price_line(clarity: Clarity) -> None:
    assert clarity.played("zero_price_line")[0]["lines"][1]["extendedPrice"] == 0


def test_negative_fee(clarity: Clarity) -> None:
    assert clarity.played("negative_fee")[0]["totals"]["fees"] == -4.25


def test_order_discount_odd_cents(clarity: Clarity) -> None:
    (order,) = clarity.played("order_discount_odd_cents")
    assert order["discounts"] == [
        {"code": "ORDER", "description": "Order discount", "amount": 7.77, "level": "order"}
    ]


def test_tax_exempt(clarity: Clarity) -> None:
    (order,) = clarity.played("tax_exempt")
    assert (order["totals"]["tax"], order["taxes"]) == (0, [])
    assert customers(clarity, "tax_exempt")[0]["taxExemptCertificate"]


def test_tax_rounding_by_line_and_by_total_differ(clarity: Clarity) -> None:
    (by_line,), (by_total,) = clarity.played("tax_rounding_by_line"), clarity.played("tax_rounding_by_total")
    assert by_line["totals"]["subtotal"] == by_total["totals"]["subtotal"] == 0.7
    assert (by_line["totals"]["tax"], by_total["totals"]["tax"]) == (0.07, 0.04)


def test_shipping_taxed(clarity: Clarity) -> None:
    (order,) = clarity.played("shipping_taxed")
    goods = sum(line["extendedPrice"] for line in order["lines"])
    assert order["taxes"][0]["taxableAmount"] == pytest.approx(goods + 38.4)


def test_gift_card_and_card(clarity: Clarity) -> None:
    (order,) = clarity.played("gift_card_and_card")
    assert [one["method"] for one in order["payments"]] == ["gift_card", "card"]
    assert sum(one["amount"] for one in order["payments"]) == pytest.approx(order["totals"]["grandTotal"])


def test_paypal_authorised(clarity: Clarity) -> None:
    (payment,) = clarity.played("paypal_authorised")[0]["payments"]
    assert (payment["gateway"], payment["status"], payment["capturedAmount"]) == ("PayPal", "authorized", 0)


def test_partial_capture(clarity: Clarity) -> None:
    (order,) = clarity.played("partial_capture")
    assert (order["payments"][0]["status"], order["totals"]["amountPaid"]) == ("partially_captured", 20)


def test_refund_before_shipment(clarity: Clarity) -> None:
    (order,) = clarity.played("refund_before_shipment")
    assert order["shipments"] == []
    assert clarity.get("/refunds", orderNumber=order["orderNumber"])["data"][0]["amount"] == 18


def test_cancel_racing_export(clarity: Clarity, receiver: Receiver) -> None:
    clarity.call("POST", "/webhooks/subscriptions", body={"url": receiver.url, "events": ["*"]})
    (order,) = clarity.played("cancel_racing_export")
    assert order["status"] == "Cancelled"

    def heard() -> set[str]:
        return {headers["x-clarity-event"] for headers, _ in list(receiver.taken)}

    wait_until(lambda: {"order.created", "order.cancelled"} <= heard())


def test_partial_shipment_twice(clarity: Clarity) -> None:
    (order,) = clarity.played("partial_shipment_twice")
    line = order["lines"][0]
    assert (line["quantity"], line["quantityShipped"], len(shipments(clarity, order))) == (10, 7, 2)


def test_two_packages_one_tracking(clarity: Clarity) -> None:
    (made,) = shipments(clarity, clarity.played("two_packages_one_tracking")[0])
    assert len(made["packages"]) == 2
    assert made["trackingNumbers"] == ["1Z999AA10123456784"]


def test_tracking_corrected(clarity: Clarity) -> None:
    (made,) = shipments(clarity, clarity.played("tracking_corrected")[0])
    assert (made["trackingNumbers"], made["rowVersion"]) == (["1ZRIGHT"], 2)


def test_shipment_voided(clarity: Clarity) -> None:
    (order,) = clarity.played("shipment_voided")
    assert (shipments(clarity, order)[0]["status"], order["lines"][0]["quantityShipped"]) == ("Voided", 0)


def test_edited_after_export(clarity: Clarity) -> None:
    (order,) = clarity.played("edited_after_export")
    assert order["externalIds"] == {"sage100SalesOrderNo": "0021457"}
    assert (order["lines"][0]["quantity"], order["rowVersion"]) == (5, 3)


@pytest.mark.parametrize(
    ("case", "allowed"), [("out_of_stock_backorder", True), ("out_of_stock_no_backorder", False)]
)
def test_out_of_stock(clarity: Clarity, case: str, allowed: bool) -> None:
    sku = clarity.played(case)[0]["lines"][0]["sku"]
    level = clarity.get("/inventory", sku=sku)["data"][0]
    assert (level["quantityAvailable"], level["allowBackorder"]) == (-4, allowed)


def test_jpy(clarity: Clarity) -> None:
    (order,) = clarity.played("jpy")
    assert (order["currency"], order["totals"]["grandTotal"]) == ("JPY", 6740)


def test_cad_exchange_rate(clarity: Clarity) -> None:
    (order,) = clarity.played("cad_exchange_rate")
    assert (order["currency"], order["exchangeRateToBase"]) == ("CAD", 0.7312)


def test_local_midnight(clarity: Clarity) -> None:
    placed = [datetime.fromisoformat(order["placedAt"]) for order in clarity.played("local_midnight")]
    assert len({moment.date() for moment in placed}) == 1
    assert len({moment.astimezone(NEW_YORK).date() for moment in placed}) == 2


def test_dst_switch(clarity: Clarity) -> None:
    placed = [datetime.fromisoformat(order["placedAt"]) for order in clarity.played("dst_switch")]
    local = [f"{moment.astimezone(NEW_YORK):%H:%M}" for moment in placed]
    assert local == ["01:30", "03:30", "01:30", "01:30"]


def test_backlog(clarity: Clarity) -> None:
    assert clarity.play("backlog", size=600)["count"] == 600
    assert clarity.get("/orders")["totalCount"] == 603


def test_catalogue(clarity: Clarity) -> None:
    assert clarity.play("catalogue", size=2500)["count"] == 2500
    walked, page = 0, clarity.get("/products", pageSize=500)
    while True:
        walked += len(page["data"])
        if not page["nextCursor"]:
            break
        page = clarity.get("/products", pageSize=500, after=page["nextCursor"])
    assert walked == 2577


def test_stock_batch_three_bad(clarity: Clarity) -> None:
    asked = clarity.play("stock_batch_three_bad")["request"]
    answer = clarity.call(asked["method"], asked["path"], body=asked["body"])
    assert (answer.status_code, answer.json()["failed"], answer.json()["updated"]) == (207, 3, 497)
    errors = [(one["index"], one["error"]["code"]) for one in answer.json()["results"] if "error" in one]
    assert errors == [(7, "sku_not_found"), (250, "warehouse_not_found"), (499, "validation_failed")]


def test_webhook_storm(clarity: Clarity, receiver: Receiver) -> None:
    clarity.call("POST", "/webhooks/subscriptions", body={"url": receiver.url, "events": ["order.updated"]})
    assert clarity.play("webhook_storm", size=60)["queued"] == 60
    wait_until(lambda: len(receiver.taken) == 60)
    assert len({headers["x-clarity-event-id"] for headers, _ in receiver.taken}) == 60


def test_same_event_five_times(clarity: Clarity, receiver: Receiver) -> None:
    clarity.call("POST", "/webhooks/subscriptions", body={"url": receiver.url, "events": ["order.created"]})
    assert clarity.play("same_event_five_times")["queued"] == 5
    wait_until(lambda: len(receiver.taken) == 5)
    assert Counter(json.loads(body)["id"] for _, body in receiver.taken).most_common(1)[0][1] == 5


def test_an_unknown_case_is_refused_and_a_case_may_be_played_again(clarity: Clarity) -> None:
    assert clarity.http.post("/_sandbox/clarity/cases", json={"cases": ["nope"]}).status_code == 404
    assert (
        clarity.play("partial_shipment_twice")["orders"] == clarity.play("partial_shipment_twice")["orders"]
    )


def test_the_story_of_all_cases_loads_by_name(clarity: Clarity) -> None:
    told = clarity.tell("/load", {"story": "clarity_cases", "limit": 1})["loaded"]["clarity"]
    assert told["cases"] == len(NAMED) - 3
