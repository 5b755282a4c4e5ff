"""All 830 Northwind orders, as the Zoho sandbox tells them, through both mappings (A1, A35, A39, A41)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from include.sandbox import northwind
from include.sandbox.zoho import story
from include.translation import Translation, load
from tests.unit.translation.factories import a_site

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def payloads() -> dict[str, bytes]:
    shelf = story.shelf_of(NOW)
    orders = [story.confirmed_order(order, shelf, NOW) for order in northwind.orders()]
    return {order["salesorder_id"]: json.dumps({"code": 0, "salesorder": order}).encode() for order in orders}


@pytest.fixture(scope="module")
def canonical(payloads: dict[str, bytes]) -> Translation:
    return load("zoho_inventory/sales_order").to_canonical(list(payloads), list(payloads.values()), a_site())


@pytest.fixture(scope="module")
def sage(canonical: Translation) -> Translation:
    return load("sage100/sales_order").from_canonical(canonical.frames, a_site())


def test_nothing_is_wrong_with_any_order(canonical: Translation, sage: Translation) -> None:
    assert list(canonical.problems.message) == []
    assert list(sage.problems.message) == []
    assert len(sage.frames["headers"]) == 830


def test_every_line_names_sages_item(sage: Translation) -> None:
    lines = sage.frames["lines"]
    expected = [line.product.item_code for order in northwind.orders() for line in order.lines]
    assert lines[lines.ItemType == "1"].ItemCode.tolist() == expected


def test_every_total_agrees_to_the_cent(sage: Translation) -> None:
    headers, lines = sage.frames["headers"], sage.frames["lines"]
    sums = lines.groupby("key").extension.sum()
    for key, number, expected, freight, discount in zip(
        headers.key,
        headers.CustomerPONo,
        headers.expected_total,
        headers.FreightAmt,
        headers.DiscountAmt,
        strict=True,
    ):
        assert sums[key] - discount + freight == expected, number
    told = {f"SO-{order.number}": _total(order) for order in northwind.orders()}
    assert dict(zip(headers.CustomerPONo, headers.expected_total, strict=True)) == told


def _total(order: northwind.Order) -> Decimal:
    cent = Decimal("0.01")
    nets = [
        (line.price * line.quantity * (1 - line.discount)).quantize(cent, "ROUND_HALF_UP")
        for line in order.lines
    ]
    return sum(nets, Decimal(0)) + order.freight


def test_counts_are_what_sage_will_hold(sage: Translation) -> None:
    headers, lines = sage.frames["headers"], sage.frames["lines"]
    assert headers.expected_lines.tolist() == lines.groupby("key").size().reindex(headers.key).tolist()
    assert lines.groupby("key").position.max().sum() == len(lines)


def test_every_country_has_sages_code(sage: Translation) -> None:
    codes = {three for _, three in northwind.COUNTRIES.values()}
    assert set(sage.frames["headers"].BillToCountryCode) == codes


def test_the_order_of_the_batch_changes_nothing(payloads: dict[str, bytes], sage: Translation) -> None:
    keys = sorted(payloads, reverse=True)
    site = a_site()
    turned = load("zoho_inventory/sales_order").to_canonical(keys, [payloads[key] for key in keys], site)
    again = load("sage100/sales_order").from_canonical(turned.frames, site)
    for name in ("headers", "lines"):
        by = ["key", "position"] if name == "lines" else ["key"]
        left, right = (t.frames[name].sort_values(by, ignore_index=True) for t in (sage, again))
        assert left.equals(right)


def test_the_same_batch_gives_the_same_bytes(payloads: dict[str, bytes], canonical: Translation) -> None:
    """A replay: rule 7 of the house."""
    again = load("zoho_inventory/sales_order").to_canonical(list(payloads), list(payloads.values()), a_site())
    for name, frame in canonical.frames.items():
        assert frame.equals(again.frames[name])


def test_all_customers_are_made_once(canonical: Translation) -> None:
    result = load("sage100/customer").from_canonical({"orders": canonical.frames["orders"]}, a_site())
    assert result.problems.empty
    assert len(result.frames["customers"]) == len({order.customer.code for order in northwind.orders()})
