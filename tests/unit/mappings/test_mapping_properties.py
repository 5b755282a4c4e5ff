"""What must hold for any order (A21, A40-A42, A44): round trips, conservation of money, independence."""

from __future__ import annotations

import json
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.canonical import OrderStatus
from include.translation import load, load_all
from include.translation.back import Way, words_back
from tests.unit.translation.factories import (
    a_line,
    a_payload,
    a_site,
    an_address,
    an_order,
    cents,
    to_canonical,
)

SLOWLY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SITE = a_site()

money = st.decimals(min_value=0, max_value=5000, places=2)
prices = st.decimals(min_value=0, max_value=9000, places=4)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
discounts = st.one_of(
    st.just(0),
    st.decimals(min_value=0, max_value=100, places=2).map(lambda d: f"{d}%"),
    st.decimals(min_value=0, max_value=5, places=2).map(float),
)


@st.composite
def lines(draw: st.DrawFn) -> dict[str, object]:
    quantity = draw(st.decimals(min_value=1, max_value=500, places=draw(st.sampled_from([0, 2]))))
    return a_line(quantity=str(quantity), rate=str(draw(prices)), discount=draw(discounts), unit=draw(words))


@st.composite
def orders(draw: st.DrawFn) -> dict[str, object]:
    kept = draw(st.lists(lines(), min_size=1, max_size=5))
    kept = [{**line, "line_item_id": str(at)} for at, line in enumerate(kept)]
    whole = draw(st.booleans())
    discount = float(draw(money)) if whole else 0
    if whole:
        kept = [{**line, "discount": 0} | {"item_total": _gross(line)} for line in kept]
    return an_order(
        lines=kept,
        discount_type="entity_level" if whole else "item_level",
        discount_amount=discount,
        discount_total=discount,
        shipping_charge=str(draw(money)),
        adjustment=str(draw(st.decimals(min_value=-50, max_value=50, places=2))),
        currency_code=draw(st.sampled_from(["USD", "EUR", "JPY"])),
        exchange_rate=str(draw(st.decimals(min_value="0.0001", max_value=200, places=6))),
        order_status=draw(st.sampled_from(["draft", "confirmed", "onhold", "void", "closed"])),
        paid_status=draw(st.sampled_from(["", "unpaid", "partially_paid", "paid"])),
        shipped_status=draw(st.sampled_from(["", "pending", "partially_shipped", "shipped", "fulfilled"])),
        customer_name=draw(words.filter(str.strip)),
        notes=draw(words),
        reference_number=draw(words),
        billing_address=an_address(
            address=draw(words), city=draw(words), attention=draw(words), state=draw(words)
        ),
        custom_field_hash={"cf_rush_order": draw(st.sampled_from(["true", "false", ""]))},
    )


def _gross(line: dict[str, object]) -> float:
    return cents(Decimal(str(line["quantity"])) * Decimal(str(line["rate"])))


@SLOWLY
@given(order=orders())
def test_money_is_conserved_in_the_companys_currency(order: dict[str, object]) -> None:
    """Extensions - discount + freight + tax + residue == total, to the cent."""
    canonical = to_canonical(order, site=SITE)
    result = load("sage100/sales_order").from_canonical(canonical.frames, SITE)
    assert not set(result.problems.code) & {"totals.mismatch", "field.out_of_range"}, list(
        result.problems.message
    )
    header = result.frames["headers"].iloc[0]
    extensions = sum(result.frames["lines"].extension, Decimal(0))
    assert extensions - header.DiscountAmt + header.FreightAmt == header.expected_total
    assert header.expected_lines == len(result.frames["lines"])


@SLOWLY
@given(order=orders())
def test_sage_works_out_the_same_extensions(order: dict[str, object]) -> None:
    """ExtensionAmt = quantity x price x (1 - discount), half up: from the columns that are sent."""
    canonical = to_canonical(order, site=SITE)
    sent = load("sage100/sales_order").from_canonical(canonical.frames, SITE).frames["lines"]
    for _, line in sent.iterrows():
        exact = line.QuantityOrdered * line.UnitPrice * (100 - line.LineDiscountPercent) / 100
        assert line.extension == exact.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")


@SLOWLY
@given(order=orders())
def test_what_is_kept_comes_back_from_zohos_own_form(order: dict[str, object]) -> None:
    mapping = load("zoho_inventory/sales_order")
    first = to_canonical(order, site=SITE)
    again = mapping.to_canonical(["209001"], list(mapping.to_payloads(first.frames, SITE).values()), SITE)
    kept = {place for place, way in mapping.kept.items() if isinstance(way, Way)}
    assert len(kept) > 40
    for place in kept:
        frame, _, name = place.partition(".")
        assert _cells(again.frames[frame], name) == _cells(first.frames[frame], name), place


@SLOWLY
@given(order=orders())
def test_what_is_kept_comes_back_from_sage(order: dict[str, object]) -> None:
    mapping = load("sage100/sales_order")
    canonical = to_canonical(order, site=SITE).frames
    back = mapping.from_foreign(mapping.from_canonical(canonical, SITE).frames, SITE)
    ways = [way for way in mapping.kept.values() if isinstance(way, Way) and way.source == "orders"]
    assert {"number", "status", "ordered_on", "source_id", "extensions.rush_order"} - {
        way.column for way in ways
    } == {"status"}
    for way in ways:
        if way.column in canonical["orders"].columns:
            assert _cells(back["orders"], way.column) == _cells(canonical["orders"], way.column), way.column


def _cells(frame: pd.DataFrame, name: str) -> list[object]:
    if name.startswith("extensions."):
        found = [json.loads(text) for text in frame["extensions"]]
        return [row.get(name.removeprefix("extensions."), "") for row in found]
    return [None if value is pd.NA else value for value in frame[name].tolist()]


@SLOWLY
@given(
    good=orders(), spoilt=st.sampled_from(["total", "date", "order_status", "line_items", "currency_code"])
)
def test_a_bad_record_never_changes_its_siblings(good: dict[str, object], spoilt: str) -> None:
    bad = {**an_order(salesorder_id="2"), spoilt: "¡no!" if spoilt != "line_items" else "none"}
    mapping, sage = load("zoho_inventory/sales_order"), load("sage100/sales_order")
    alone = to_canonical(good, site=SITE)
    beside = mapping.to_canonical(["2", "209001"], [a_payload(bad), a_payload(good)], SITE)
    assert set(beside.problems.key) - set(alone.problems.key) == {"2"}
    for name, column in (("orders", "source_id"), ("lines", "order_source_id")):
        frame = beside.frames[name]
        assert _same(frame[frame[column] == "209001"], alone.frames[name])
    one, two = sage.from_canonical(alone.frames, SITE), sage.from_canonical(beside.frames, SITE)
    for name in ("headers", "lines"):
        assert _same(two.frames[name][two.frames[name].key == "209001"], one.frames[name])


def _same(left: pd.DataFrame, right: pd.DataFrame) -> bool:
    return left.reset_index(drop=True).equals(right.reset_index(drop=True))


@SLOWLY
@given(word=words)
def test_every_word_is_known_or_parked(word: str) -> None:
    """A40: no word is ever taken for another."""
    table = load("zoho_inventory/sales_order").tables["order_status"]
    result = to_canonical(an_order(order_status=word), site=SITE)
    problems = [] if word in table.values else ["order_status"]
    assert result.problems.field.tolist() == problems


@pytest.mark.parametrize("name", ["zoho_inventory/sales_order", "sage100/sales_order"])
def test_every_table_leads_back_to_the_word_it_came_from(name: str) -> None:
    """A40: forth(back(x)) == x for every word of ours, sales and purchase orders alike."""
    tables = load(name).tables
    assert len(tables) >= 6
    for table in tables.values():
        back = words_back(table)
        assert {table.values[back[ours]] for ours in table.values.values()} == set(table.values.values())


PURCHASE_ORDER = {
    "purchase_order_status": {
        "draft", "pending_approval", "approved", "issued", "open", "partially_received", "received",
        "partially_billed", "billed", "cancelled", "closed",
    },
    "receipt_status": {"", "to_be_received", "partially_received", "received"},
    "billed_status": {"", "to_be_billed", "partially_billed", "billed"},
}  # fmt: skip


@pytest.mark.parametrize("table", PURCHASE_ORDER)
def test_every_documented_word_of_a_purchase_order_has_a_row(table: str) -> None:
    """A40: the tables of the purchase order flow stand ready."""
    found = load("zoho_inventory/sales_order").tables[table]
    assert set(found.values) == PURCHASE_ORDER[table]


def test_every_status_of_ours_has_a_row_or_no_counterpart_in_sage() -> None:
    """A40."""
    tables = load("sage100/sales_order").tables
    for name in ("order_status", "purchase_order_status"):
        assert set(tables[name].values) | set(tables[name].no_counterpart) == set(OrderStatus)
    assert set(tables["live_order_status"].values) == set("NOCH")
    history = tables["history_order_status"]
    assert set(history.values) | set(history.no_counterpart) == set("ACXQZ")


def test_every_mapping_of_the_product_loads() -> None:
    mappings = load_all()
    assert {
        "clarity_ecommerce/sales_order", "zoho_inventory/sales_order", "sage100/sales_order",
        "sage100/customer",
    } <= set(mappings)  # fmt: skip
    assert len({mapping.version for mapping in mappings.values()}) == len(mappings)
