"""Money of Clarity's orders is the same in Sage, to the cent (B50)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.sandbox.clarity.drafts import Wanted
from include.sandbox.clarity.wire import dumps
from include.translation import load
from tests.unit.mappings import clarity_prices
from tests.unit.mappings.clarity_shop import a_detail, an_order, cents, goods, sage_total, shop_site, written

SLOWLY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SITES = [shop_site(**chosen) for chosen in clarity_prices.SITES]
money = st.decimals(min_value=0, max_value=5000, places=2)


def test_5000_orders_agree_to_the_cent_on_both_sides() -> None:
    """``python -m tests.unit.mappings.clarity_prices`` does it with 100,000."""
    seen = clarity_prices.prove(5_000)
    assert seen["orders"] == 5_000
    assert seen["batches"] == len(clarity_prices.SITES)
    assert min(seen[name] for name in (*clarity_prices.RATES, *OWN_LINES)) > 100


OWN_LINES = ("/FREIGHT", "/TAX", "/HANDL", "/FEE", "/ROUND")


def test_the_proof_finds_an_order_that_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that Sage rounds down where the shop rounds up."""
    monkeypatch.setattr(
        clarity_prices, "sage_total", lambda write, tax: sage_total(write, tax) - Decimal("0.01")
    )
    with pytest.raises(clarity_prices.NotToTheCentError, match="in the shop"):
        clarity_prices.prove(10)


def test_the_proof_accepts_no_order_that_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    order = an_order()
    order["totals"]["grandTotal"] += 5
    monkeypatch.setattr(clarity_prices, "orders", lambda _count, _seed: iter([order]))
    with pytest.raises(clarity_prices.NotToTheCentError, match="add up to"):
        clarity_prices.prove(1)


def test_the_same_seed_gives_the_same_orders() -> None:
    first, again, other = (list(clarity_prices.orders(20, seed)) for seed in (1, 1, 2))
    assert first == again != other


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    wanted = []
    for _ in range(draw(st.integers(1, 4))):
        price = draw(st.decimals(min_value=0, max_value=9000, places=4))
        quantity = draw(st.decimals(min_value="0.001", max_value=500, places=draw(st.sampled_from([3, 6]))))
        share = draw(st.integers(0, 100))
        wanted.append(Wanted(goods()[1], quantity, price, price * quantity * share / 100))
    charges = {name: draw(money) for name in ("shipping", "handling")}
    return an_order(
        1, *wanted, **charges, fees=draw(st.decimals(min_value=-50, max_value=50, places=2)),
        order_discount=draw(st.decimals(min_value=0, max_value=50, places=2)),
        tax_rate=draw(st.sampled_from(clarity_prices.TAX_RATES)), tax_by_line=draw(st.booleans()),
        shipping_taxed=draw(st.booleans()), tenders=draw(st.sampled_from(clarity_prices.TENDERS)),
    )  # fmt: skip


@SLOWLY
@given(order=orders(), site=st.sampled_from(SITES))
def test_lines_discount_freight_and_tax_are_the_total(order: dict[str, Any], site: Any) -> None:
    canonical = load("clarity_ecommerce/sales_order").to_canonical(["1"], [a_detail(order)], site)
    erp = load("sage100/sales_order").from_canonical(canonical.frames, site)
    assert canonical.problems.empty
    assert erp.problems.empty, list(erp.problems.message)
    (write,), header = written(erp), erp.frames["headers"].iloc[0]
    assert sage_total(write, header.expected_tax) == cents(order["totals"]["grandTotal"])
    taxed = sum(
        (Decimal(n["UnitPrice"]) for n in write.lines if n["ItemCode"] == "/TAX"), header.expected_tax
    )
    assert taxed == order["totals"]["tax"]


PATHS: list[tuple[Any, ...]] = [
    (), ("id",), ("orderNumber",), ("status",), ("placedAt",), ("updatedDate",), ("rowVersion",),
    ("currency",), ("exchangeRateToBase",), ("customer",), ("customer", "id"), ("customer", "isGuest"),
    ("billingAddress",),
    ("billingAddress", "countryCode"), ("shippingAddress",), ("shippingMethod",), ("lines",), ("lines", 0),
    ("lines", 0, "lineId"), ("lines", 0, "sku"), ("lines", 0, "quantity"), ("lines", 0, "unitPrice"),
    ("lines", 0, "discountAmount"), ("lines", 0, "extendedPrice"), ("taxes",), ("totals",),
    ("totals", "grandTotal"), ("totals", "subtotal"), ("totals", "balanceDue"), ("payments",),
    ("payments", 0), ("payments", 0, "gateway"), ("payments", 0, "capturedAmount"),
    ("payments", 0, "status"), ("notes",), ("groups",),
]  # fmt: skip
junk = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.text(max_size=12),
    st.sampled_from(["", " ", "NaN", "1e400", "\x1f", "\x00", "2026-13-45", "-1", "Shipped", "US"]),
    st.lists(st.none() | st.text(max_size=3) | st.dictionaries(st.just("id"), st.booleans()), max_size=2),
    st.dictionaries(st.sampled_from(["id", "data", "order", "x"]), st.integers(), max_size=2),
)  # fmt: skip


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes=st.lists(st.tuples(st.sampled_from(PATHS), junk), min_size=1, max_size=4))
def test_every_document_is_carried_or_set_aside_with_reasons(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    document = json.loads(dumps(an_order(1)))
    for path, value in changes:
        document = _changed(document, path, value)
    site = SITES[0]
    bodies = [json.dumps(document).encode(), a_detail(an_order(2))]
    canonical = load("clarity_ecommerce/sales_order").to_canonical(["1", "2"], bodies, site)
    erp = load("sage100/sales_order").from_canonical(canonical.frames, site)
    aside = set(canonical.problems.key) | set(erp.problems.key)
    assert aside <= {"1"}, "its sibling goes on"
    assert "1" in aside or set(canonical.frames["orders"].source_id) == {"1", "2"}
    if "1" not in aside:
        write = next(write for write in written(erp) if write.key == "1")
        tax = erp.frames["headers"].set_index("key").expected_tax["1"]
        assert sage_total(write, tax) == write.expected_total
        assert len(canonical.frames["lines"]) > 1
    assert all(canonical.problems.message)


def _changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at a path; a path that leads nowhere changes nothing."""
    if not path:
        return value
    here, *rest = path
    if isinstance(document, dict) and isinstance(here, str):
        return document | {here: _changed(document.get(here), tuple(rest), value)}
    if isinstance(document, list) and isinstance(here, int) and here < len(document):
        return [
            _changed(entry, tuple(rest), value) if at == here else entry for at, entry in enumerate(document)
        ]
    return document
