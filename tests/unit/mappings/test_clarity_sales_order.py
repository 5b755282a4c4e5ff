"""Clarity's order becomes ours and Sage's, rule by rule (B40, B48, B49, B52, B53)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from include.canonical import Reason
from include.sandbox.clarity.drafts import Tender, Wanted
from include.sandbox.clarity.orders import MOVES
from include.translation import load
from tests.unit.mappings.clarity_shop import (
    an_order,
    goods,
    of_item,
    sage_total,
    shop_site,
    to_canonical,
    to_sage,
    written,
)
from tests.unit.translation.factories import an_order as a_zoho_order
from tests.unit.translation.factories import codes, items, the
from tests.unit.translation.factories import to_sage as zoho_to_sage

STATUSES = {
    "Pending": "draft", "Confirmed": "draft", "OnHold": "on_hold", "Processing": "open",
    "Backordered": "open", "PartiallyShipped": "open", "ReadyForPickup": "open",
    "Shipped": "completed", "Completed": "completed", "Refunded": "completed", "Cancelled": "cancelled",
}  # fmt: skip


def ours(order: dict[str, Any], **settings: str) -> dict[str, object]:
    result = to_canonical(order, site=shop_site(**settings))
    assert result.problems.empty, list(result.problems.message)
    return the(result.frames["orders"])


def header(order: dict[str, Any], **settings: str) -> dict[str, str]:
    (write,) = written(to_sage(order, site=shop_site(**settings)))
    return write.header


# where it stands


def test_every_status_of_the_shop_has_a_row() -> None:
    """B48."""
    assert set(STATUSES) == set(MOVES)
    assert {status: ours(an_order(status=status))["status"] for status in MOVES} == STATUSES


@pytest.mark.parametrize("written_so", ["on hold", "ON_HOLD", "On-Hold", " onhold "])
def test_a_status_is_known_however_it_is_written(written_so: str) -> None:
    assert ours(an_order(status=written_so))["status"] == "on_hold"


def test_an_unknown_status_goes_to_a_person_once() -> None:
    result = to_canonical(an_order(status="Procesing"))
    assert codes(result.problems) == [(Reason.UNKNOWN_VALUE, "status")]
    row = the(result.problems)
    assert row["value"] == "Procesing"
    assert json.loads(row["candidates"])[0]["value"] == "processing"


def test_confirmed_orders_are_carried_where_the_site_wants_it() -> None:
    assert ours(an_order(status="Confirmed"), clarity_carry_confirmed="yes")["status"] == "open"


def test_shipped_is_seen_and_never_written() -> None:
    """B48, T1: Sage has no such status of a live order; a hold it has."""
    assert [header(an_order(status=status)).get("OrderStatus") for status in ("Shipped", "Completed")] == [
        None
    ] * 2
    assert [header(an_order(status=status))["OrderStatus"] for status in ("Processing", "OnHold")] == [
        "N",
        "H",
    ]


@pytest.mark.parametrize(
    ("tender", "word"),
    [
        (Tender(), "paid"),
        (Tender(captured=Decimal(1)), "partially_paid"),
        (Tender(status="authorized"), "unpaid"),
    ],
)
def test_what_is_paid(tender: Tender, word: str) -> None:
    assert ours(an_order(tenders=(tender,)))["payment_status"] == word


# when


@pytest.mark.parametrize(
    ("placed", "zone", "day"),
    [
        ("2026-03-03T04:30:00.000Z", "America/New_York", "2026-03-02"),
        ("2026-03-03T05:00:00.000Z", "America/New_York", "2026-03-03"),
        ("2026-07-01T03:59:59.999Z", "America/New_York", "2026-06-30"),
        ("2026-11-01T04:30:00.000Z", "America/New_York", "2026-11-01"),
        ("2026-03-02T15:30:00.000Z", "Asia/Tokyo", "2026-03-03"),
        ("2026-03-02T23:30:00-05:00", "America/New_York", "2026-03-02"),
    ],
)
def test_the_day_of_an_order_is_the_companys(placed: str, zone: str, day: str) -> None:
    site = replace(shop_site(), time_zone=zone)
    result = to_canonical(an_order(more={"placedAt": placed}), site=site)
    assert str(the(result.frames["orders"])["ordered_on"]) == day


def test_a_time_that_is_none_is_refused() -> None:
    result = to_canonical(an_order(more={"placedAt": "yesterday"}))
    assert codes(result.problems) == [(Reason.INVALID_FORMAT, "placedAt")]


def test_the_version_is_the_rows() -> None:
    order = ours(an_order(more={"rowVersion": 6, "updatedDate": "2026-03-04T21:17:08.004Z"}))
    assert order["source_version"] == "6"
    assert order["modified_at"] == datetime(2026, 3, 4, 21, 17, 8, tzinfo=UTC) + timedelta(milliseconds=4)


# who, where to, what is said


def test_notes_are_the_warehouses_only() -> None:
    notes = [
        {"visibility": "internal", "text": "He always complains."},
        {"visibility": "warehouse", "text": "Call the dock."},
        {"visibility": "customer", "text": "Thank you!"},
        {"visibility": "Warehouse", "text": "Dock 3."},
    ]
    order = an_order(more={"notes": notes})
    assert ours(order)["notes"] == "Call the dock.\nDock 3."
    (write,) = written(to_sage(order))
    assert [line["CommentText"] for line in of_item([write], "/C")] == ["Call the dock.\nDock 3."]
    assert "complains" not in str(write)


def test_notes_that_cannot_be_told_apart_are_shown_to_nobody() -> None:
    notes = [{"visibility": "internal", "text": "secret\x1fsecret"}, {"visibility": "warehouse", "text": "a"}]
    result = to_canonical(an_order(more={"notes": notes}))
    assert codes(result.problems) == [(Reason.INVALID_FORMAT, "notes[].text")]


def test_addresses_are_written_as_sage_writes_them() -> None:
    """B49."""
    there = {
        "company": "Harbor Docks Ltd", "attention": "Dock 3",
        "line1": "118 Harborside Drive", "line2": "Suite 4", "city": "Galveston",
        "region": "Texas", "regionCode": None, "postalCode": "77550", "countryCode": "US",
    }  # fmt: skip
    found = header(an_order(ship_to=there))
    assert [found[f"ShipToAddress{n}"] for n in (1, 2, 3)] == ["118 Harborside Dr", "Ste 4", "Dock 3"]
    assert (found["ShipToName"], found["ShipToState"], found["ShipToCountryCode"]) == (
        "Harbor Docks Ltd", "TX", "USA",
    )  # fmt: skip


def test_an_order_for_several_places_goes_to_a_person() -> None:
    groups = [
        {"shippingAddress": {"line1": street, "postalCode": "77550"}} for street in ("1 A St", "2 B St")
    ]
    result = to_canonical(an_order(more={"groups": groups}))
    assert codes(result.problems) == [(Reason.INVALID_FORMAT, "groups[].shippingAddress.line1")]
    assert to_canonical(an_order(more={"groups": groups[:1] * 2})).problems.empty


def test_an_order_without_a_shipping_address_goes_to_the_billing_address() -> None:
    found = header(an_order(more={"shippingAddress": None}))
    assert found["ShipToAddress1"] == found["BillToAddress1"]


def test_the_carrier_is_found_by_service_or_by_name() -> None:
    assert header(an_order())["ShipVia"] == "UPS"
    method = {"carrier": "Speedy Express", "serviceName": "Speedy Express Overnight"}
    assert header(an_order(method=method))["ShipVia"] == "SPEEDY"
    result = to_sage(an_order(method={"carrier": "Pigeon", "serviceName": "Pigeon Post"}))
    assert codes(result.problems) == [(Reason.NO_REFERENCE, "ship_via")]


# numbers


def test_the_customers_number_is_the_po_number_and_the_web_number_is_kept() -> None:
    found = header(an_order(7, more={"purchaseOrderNumber": "GC-1"}))
    assert (found["CustomerPONo"], found["Comment"]) == ("GC-1", "WEB-7")
    assert (found["UDF_CLARITY_ORDER_NO"], found["UDF_CLARITY_ORDER_ID"]) == ("WEB-7", "7")
    assert found["UDF_CLARITY_VERSION"] == "1"
    assert not {"UDF_ZOHO_ORDER_ID", "UDF_ZOHO_VERSION", "number"} & set(found)


def test_the_site_may_want_the_web_number_as_po_number() -> None:
    order = an_order(7, more={"purchaseOrderNumber": "GC-1"})
    found = header(order, clarity_po_number="web_order")
    assert (found["CustomerPONo"], found["Comment"]) == ("WEB-7", "GC-1")
    assert header(an_order(7))["CustomerPONo"] == "WEB-7"


def test_zohos_orders_know_nothing_of_clarity() -> None:
    (write,) = written(zoho_to_sage(a_zoho_order()))
    assert write.header["CustomerPONo"] == "SO-1"
    new = ("UDF_CLARITY", "PaymentType", "OtherPaymentTypeRefNo", "DepositAmt", "number")
    assert not [name for name in write.header if name.startswith(new)]


def test_a_setting_that_is_no_choice_is_told() -> None:
    result = to_sage(an_order(), site=shop_site(freight_as="lin"))
    assert codes(result.problems) == [(Reason.UNKNOWN_VALUE, "freight_as")]


# items


@pytest.mark.parametrize(
    ("sku", "code"),
    [("NW-0011", "NW-0011"), (" nw-11 ", "NW-0011"), ("SHOP-ONLY-1", "NW-0001"), ("shop-only-01", "NW-0001")],
)
def test_an_item_is_found_directly_or_by_the_shops_alias(sku: str, code: str) -> None:
    """B52."""
    result = to_sage(an_order(1, Wanted({**goods()[11], "sku": sku}, Decimal(1), Decimal(5))))
    assert result.problems.empty, list(result.problems.message)
    assert the(result.frames["lines"])["ItemCode"] == code


def test_the_shops_aliases_may_be_missing() -> None:
    site = shop_site()
    del site.references["clarity_aliases"]  # type: ignore[attr-defined]
    result = to_sage(an_order(1, Wanted({**goods()[11], "sku": "SHOP-ONLY-1"}, Decimal(1))), site=site)
    assert codes(result.problems) == [(Reason.NO_REFERENCE, "sku")]


def test_an_id_of_claritys_is_never_taken_for_one_of_zohos() -> None:
    site = shop_site()
    site.references["items"] = items([("WRONG", "", "Wrong", "N", "20011")])  # type: ignore[index]
    order = an_order(1, Wanted({**goods()[11], "sku": "NOPE"}, Decimal(1)))
    assert order["lines"][0]["productId"] == 20011
    assert codes(to_sage(order, site=site).problems) == [(Reason.NO_REFERENCE, "sku")]


# money


def test_shipping_and_tax_stand_where_the_site_wants_them() -> None:
    """B50."""
    order = an_order(shipping=Decimal("38.40"), tax_rate=Decimal("0.0825"), shipping_taxed=True)
    tax = order["totals"]["tax"]
    plain = written(to_sage(order))[0]
    assert (plain.header["FreightAmt"], plain.header["TaxSchedule"], len(plain.lines)) == ("38.4", "TX", 1)
    erp = to_sage(order, site=shop_site(freight_as="line", tax_as="line", freight_item="/SHIP"))
    (lined,) = written(erp)
    assert (lined.header["FreightAmt"], lined.header["TaxSchedule"]) == ("0", "NONTAX")
    assert [(line["ItemCode"], Decimal(line["UnitPrice"])) for line in lined.lines[1:]] == [
        ("/SHIP", Decimal("38.40")), ("/TAX", tax),
    ]  # fmt: skip
    assert the(erp.frames["headers"])["expected_tax"] == 0
    assert sage_total(lined, Decimal(0)) == sage_total(plain, tax) == order["totals"]["grandTotal"]


def test_handling_and_fees_have_items_of_the_sites_choice() -> None:
    order = an_order(handling=Decimal("2.50"), fees=Decimal("-4.25"))
    (write,) = written(to_sage(order, site=shop_site(handling_item="/PACK", fees_item="/SUR")))
    assert [(line["ItemCode"], line["UnitPrice"]) for line in write.lines[1:]] == [
        ("/PACK", "2.5"),
        ("/SUR", "-4.25"),
    ]


def test_a_discount_of_a_line_makes_its_price_and_one_of_the_order_stands_in_the_header() -> None:
    wanted = Wanted(goods()[1], Decimal(12), Decimal(189), Decimal("113.40"))
    (write,) = written(to_sage(an_order(1, wanted, order_discount=Decimal("7.77"))))
    assert write.header["DiscountAmt"] == "7.77"
    assert (write.lines[0]["UnitPrice"], write.lines[0]["LineDiscountPercent"]) == ("179.55", "0")


def test_what_the_shop_rounds_once_stands_on_a_line_of_its_own() -> None:
    """Three times 0.335 is 1.01 to the shop, and 1.02 as three lines."""
    wanted = [Wanted(goods()[1], Decimal(1), Decimal("0.335"))] * 3
    order = an_order(1, *wanted)
    assert ours(order)["rounding_amount"] == Decimal("-0.01")
    (write,) = written(to_sage(order))
    assert [line["UnitPrice"] for line in of_item([write], "/ROUND")] == ["-0.01"]


def test_an_order_whose_parts_are_not_its_total_is_set_aside() -> None:
    order = an_order()
    order["totals"]["grandTotal"] += 1
    assert codes(to_sage(order).problems) == [(Reason.TOTALS_MISMATCH, "company_total")]


def test_yen_are_converted_by_the_orders_own_rate() -> None:
    wanted = Wanted(goods()[1], Decimal(3), Decimal(1980))
    (write,) = written(to_sage(an_order(1, wanted, currency="JPY", exchange_rate=Decimal("0.0067"))))
    assert write.expected_total == Decimal("39.80")


def test_a_currency_without_a_rate_is_parked() -> None:
    order = an_order(currency="EUR", more={"exchangeRateToBase": None})
    assert codes(to_sage(order).problems) == [(Reason.NO_RATE, "currency")]


# payments


@pytest.mark.parametrize(
    ("gateway", "code"),
    [
        ("Stripe", "STRP"), ("PayPal", "PAYPL"), ("AuthorizeNet", "ANET"), ("Authorize.Net", "ANET"),
        ("PayTrace", "PTRC"), ("Nuvei", "NUVEI"), ("Check", "CHECK"), ("ACH", "ACH"), ("OnAccount", None),
        ("pay pal", "PAYPL"),
    ],
)  # fmt: skip
def test_every_gateway_has_a_payment_type(gateway: str, code: str | None) -> None:
    """B53."""
    assert header(an_order(tenders=(Tender(gateway),))).get("PaymentType") == code


def test_an_unknown_gateway_is_parked_even_beside_a_known_one() -> None:
    """B53."""
    result = to_canonical(an_order(tenders=(Tender("Stripe", amount=Decimal(5)), Tender("Bitcoin"))))
    assert codes(result.problems) == [(Reason.UNKNOWN_VALUE, "payments[].gateway")]


def test_authorised_money_is_no_deposit() -> None:
    settings = {"clarity_deposit": "order"}
    assert "DepositAmt" not in header(an_order(tenders=(Tender(status="authorized"),)), **settings)
    assert header(an_order(), **settings)["DepositAmt"] == "30"
    assert "DepositAmt" not in header(an_order())
    refunded = an_order(tenders=(Tender(status="partially_refunded", refunded=Decimal(18)),))
    assert header(refunded, **settings)["DepositAmt"] == "12"


def test_a_gift_card_speaks_only_alone_and_a_failed_payment_never() -> None:
    gift = Tender("Stripe", "gift_card", amount=Decimal(25))
    assert header(an_order(tenders=(gift, Tender("AuthorizeNet"))))["PaymentType"] == "ANET"
    assert header(an_order(tenders=(Tender("Stripe", "gift_card"),)))["PaymentType"] == "STRP"
    failed = Tender("PayPal", status="failed", amount=Decimal(30))
    assert header(an_order(tenders=(failed, Tender("Check", "check"))))["PaymentType"] == "CHECK"


def test_a_long_reference_keeps_its_end() -> None:
    order = an_order()
    order["payments"][0]["transactionId"] = "pi_" + "0" * 30 + "TAIL"
    found = header(order)["OtherPaymentTypeRefNo"]
    assert len(found) == 24
    assert found.endswith("TAIL")


def test_a_captured_amount_that_is_none_is_refused() -> None:
    order = an_order()
    order["payments"][0]["capturedAmount"] = "plenty"
    assert codes(to_canonical(order).problems) == [(Reason.INVALID_FORMAT, "payments[].capturedAmount")]


def test_the_wire_names_are_those_of_the_vocabulary() -> None:
    order = an_order()
    known = load("clarity_ecommerce/sales_order").vocabulary
    assert set(order["lines"][0]) - {"attributes"} <= set(known["order.lines"])
    assert {f"totals.{name}" for name in order["totals"]} <= set(known["order"])
    assert {f"payments[].{name}" for name in order["payments"][0]} - {"payments[].card"} <= set(
        known["order"]
    )
