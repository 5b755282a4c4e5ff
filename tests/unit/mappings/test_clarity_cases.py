"""Every named case of the sandbox's shop that is about an order, and what Sage is given (B40, B50-B53)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from include.canonical import Reason
from include.checks import check_orders
from include.checks.suites import Words
from include.connectors.sage100 import OrderWrite
from include.sandbox.clarity import cases
from include.sandbox.clarity.kinds import ORDERS, event_body
from include.sandbox.clarity.wire import dumps
from include.sandbox.clarity.world import World
from include.sandbox.control import Control
from include.sandbox.database import Database
from include.translation import Translation, load
from tests.unit.mappings.clarity_shop import cents, sage_total, shop_site, written

Json = dict[str, Any]

RATES = {"USD": Decimal(1), "JPY": Decimal("0.0067"), "CAD": Decimal("0.7312")}
ASIDE = {
    "long_company": {(Reason.TOO_LONG, "BillToName"), (Reason.TOO_LONG, "ShipToName")},
    "long_address": {(Reason.TOO_LONG, "BillToAddress3"), (Reason.TOO_LONG, "ShipToAddress3")},
    "sku_long": {(Reason.NO_REFERENCE, "sku")},
}
"""Cases that a person has to look at, and why."""
NO_ORDER = {"backlog", "catalogue", "stock_batch_three_bad", "webhook_storm"}
"""Cases that are about other things than one order's content."""

HEADERS: dict[str, Json] = {
    "guest_order": {"BillToName": "Jane Roe", "ShipToName": "Jane Roe", "EmailAddress": "jane@guest.example"},
    "business_on_terms": {"TermsCode": "01", "PaymentType": None, "DepositAmt": None},
    "customer_merged": {"BillToName": "Pelican Boats LLC"},
    "gb_postcode": {"BillToZipCode": "WA1 1DP", "BillToState": None, "BillToCountryCode": "GBR"},
    "mx_region": {"BillToZipCode": "05021", "BillToState": None, "BillToCountryCode": "MEX"},
    "order_discount_odd_cents": {"DiscountAmt": "7.77", "FreightAmt": "8", "TaxSchedule": "TX"},
    "tax_exempt": {"TaxSchedule": "NONTAX"},
    "shipping_taxed": {"FreightAmt": "38.4", "TaxSchedule": "TX"},
    "gift_card_and_card": {"PaymentType": "STRP", "DepositAmt": "62"},
    "paypal_authorised": {"PaymentType": "PAYPL", "DepositAmt": None},
    "partial_capture": {"PaymentType": "STRP", "DepositAmt": "20"},
    "refund_before_shipment": {"PaymentType": "STRP", "DepositAmt": "44"},
    "cancel_racing_export": {"OrderStatus": None},
    "jpy": {"FreightAmt": "5.36"},
    "cad_exchange_rate": {"FreightAmt": "5.85"},
}
"""Columns of the first order's header; None: not written."""
LINES: dict[str, list[tuple[str, str, str]]] = {
    "sku_slash": [("A/B-1", "2", "10")],
    "sku_hash": [("NO#7", "2", "10")],
    "sku_spaces": [("DECK LAMP 2", "2", "10")],
    "sku_leading_zeros": [("000451", "2", "10")],
    "alias_only": [("NW-0001", "1", "10")],
    "kit_with_children": [("GSK-KIT-04", "3", "46.5"), ("GSK-PART-1", "3", "0"), ("GSK-PART-2", "3", "0")],
    "fractional_metres": [("CBL-16-RD", "12.75", "2.15"), ("CBL-16-RD", "0.333333", "2.15")],
    "zero_price_line": [("NW-0001", "2", "18"), ("GIFT-1", "1", "0")],
    "negative_fee": [("NW-0001", "3", "18"), ("/FEE", "1", "-4.25")],
    "edited_after_export": [("NW-0001", "5", "18")],
    "jpy": [("TEA-JP", "3", "13.266")],
    "cad_exchange_rate": [("NW-0001", "3", "13.1616")],
    "tax_rounding_by_line": [("TAX-LINE", "1", "0.1")] * 7,
    "tax_rounding_by_total": [("TAX-TOTAL", "1", "0.1")] * 7,
    "out_of_stock_backorder": [("GONE-BO", "4", "10")],
}
"""Item, quantity and price of the first order's lines."""


@dataclass(frozen=True)
class Played:
    """All cases, carried in one batch."""

    told: dict[str, list[str]]
    documents: dict[str, Json]
    canonical: Translation
    erp: Translation
    writes: dict[str, OrderWrite]

    def first(self, case: str) -> str:
        return self.told[case][0]

    def problems(self, key: str) -> set[tuple[str, str]]:
        frames = (self.canonical.problems, self.erp.problems)
        return {(row.code, row.field) for frame in frames for row in frame[frame.key == key].itertuples()}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    database = Database(tmp_path_factory.mktemp("clarity") / "sandbox.sqlite")
    world = World.over(Control(database))
    told = {}
    for case in sorted(set(cases.CASES) - NO_ORDER):
        (answer,) = cases.play(world, [case], announce=False)
        stored = [world.documents.numbered(ORDERS, number) for number in answer["orders"]]
        told[case] = [(str(order["id"]), order) for order in stored if order is not None]
    database.close()
    documents = dict(pair for orders in told.values() for pair in orders)
    site = shop_site(clarity_deposit="order")
    canonical = load("clarity_ecommerce/sales_order").to_canonical(
        list(documents), [dumps({"data": order}).encode() for order in documents.values()], site
    )
    erp = load("sage100/sales_order").from_canonical(canonical.frames, site)
    keys = {case: [key for key, _ in orders] for case, orders in told.items()}
    return Played(keys, documents, canonical, erp, {write.key: write for write in written(erp)})


def test_every_order_of_every_case_is_carried_or_set_aside_with_its_reasons(played: Played) -> None:
    assert set(played.told) == set(cases.CASES) - NO_ORDER
    for case, keys in played.told.items():
        assert keys
        for key in keys:
            assert played.problems(key) == ASIDE.get(case, set()), case


def test_every_order_comes_to_the_same_in_sage(played: Played) -> None:
    """B50."""
    taxes = dict(
        zip(played.erp.frames["headers"].key, played.erp.frames["headers"].expected_tax, strict=True)
    )
    for key, order in played.documents.items():
        theirs = cents(Decimal(str(order["totals"]["grandTotal"])) * RATES[order["currency"]])
        assert sage_total(played.writes[key], taxes[key]) == played.writes[key].expected_total == theirs


def test_the_checks_find_nothing_that_translation_has_not_found(played: Played) -> None:
    site = shop_site()
    found = check_orders(
        orders=played.canonical.frames["orders"], lines=played.canonical.frames["lines"],
        headers=played.erp.frames["headers"], details=played.erp.frames["lines"], widths=site.widths,
        words=Words("Clarity eCommerce"),
    ).problems  # fmt: skip
    known = {key for case in ASIDE for key in played.told[case]}
    assert set(found.key) <= known, list(found.message)


@pytest.mark.parametrize("case", HEADERS)
def test_what_the_header_says(played: Played, case: str) -> None:
    header = played.writes[played.first(case)].header
    assert {name: header.get(name) for name in HEADERS[case]} == HEADERS[case]


@pytest.mark.parametrize("case", LINES)
def test_what_the_lines_say(played: Played, case: str) -> None:
    lines = played.writes[played.first(case)].lines
    made = [(line["ItemCode"], line["QuantityOrdered"], line["UnitPrice"]) for line in lines]
    assert made == LINES[case]


def test_a_guest_is_marked_and_a_customer_is_not(played: Played) -> None:
    frame = played.canonical.frames["orders"].set_index("source_id")
    assert frame.is_guest[played.first("guest_order")]
    assert not frame.is_guest[played.first("business_on_terms")]


def test_two_orders_with_one_po_number_are_two_orders(played: Played) -> None:
    one, two = (played.writes[key].header for key in played.told["same_po_number"])
    assert one["CustomerPONo"] == two["CustomerPONo"] == "GC-2026-0311"
    assert one["UDF_CLARITY_ORDER_ID"] != two["UDF_CLARITY_ORDER_ID"]
    assert one["UDF_CLARITY_ORDER_NO"] == one["Comment"] != two["UDF_CLARITY_ORDER_NO"]


def test_the_parts_of_a_kit_name_its_line(played: Played) -> None:
    lines = played.canonical.frames["lines"]
    kit, *parts = lines[lines.order_source_id == played.first("kit_with_children")].itertuples()
    assert kit.parent_line_id == ""
    assert {part.parent_line_id for part in parts} == {kit.line_id}
    assert {part.line_total for part in parts} == {Decimal(0)}


def test_a_site_may_leave_the_parts_of_kits_to_sage(played: Played) -> None:
    """kit_with_children: Sage works them out of the kit, and they must not be there twice."""
    site = shop_site(clarity_deposit="order", kit_parts="erp")
    key = played.first("kit_with_children")
    (write,) = [each for each in written(load("sage100/sales_order").from_canonical(
        played.canonical.frames, site)) if each.key == key]  # fmt: skip
    made = [(line["ItemCode"], line["QuantityOrdered"], line["UnitPrice"]) for line in write.lines]
    assert made == [("GSK-KIT-04", "3", "46.5")]
    assert write.expected_lines == 1
    assert write.expected_total == played.writes[key].expected_total


@pytest.mark.parametrize(
    ("case", "days"),
    [
        ("local_midnight", ["2026-03-02", "2026-03-03"]),
        ("dst_switch", ["2026-03-08", "2026-03-08", "2026-11-01", "2026-11-01"]),
    ],
)
def test_a_day_is_the_companys(played: Played, case: str, days: list[str]) -> None:
    assert [played.writes[key].header["OrderDate"] for key in played.told[case]] == days


def test_names_keep_their_letters(played: Played) -> None:
    """What Sage's single bytes cannot hold the gateway refuses; nothing is lost on the way there."""
    names = [played.writes[key].header["BillToName"] for key in played.told["unicode_names"]]
    assert names == ["Žluťoučký kůň s.r.o. 🐴", "株式会社サンプル"]


def test_a_webhooks_body_says_the_same(played: Played) -> None:
    site = shop_site()
    key = played.first("order_discount_odd_cents")
    order = event_body(ORDERS, played.documents[key])
    event = {"id": "evt_1", "type": "order.created", "attempt": 1, "data": {"order": order}}
    mapping = load("clarity_ecommerce/sales_order")
    result = mapping.to_canonical([key], [dumps(event).encode()], site)
    assert result.problems.empty
    frame = played.canonical.frames["orders"]
    assert result.frames["orders"].iloc[0].to_dict() == frame[frame.source_id == key].iloc[0].to_dict()
