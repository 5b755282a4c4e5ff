"""What Sage holds becomes what Clarity may sell (B2, B42)."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.canonical import Reason
from include.errors import ConfigurationError
from include.sandbox.clarity.asked import StockItem
from include.translation import load
from tests.unit.mappings.flows import a_flow_site, accepted, from_sage, stock, to_clarity
from tests.unit.translation.factories import a_site, codes, the

quantities = st.decimals(min_value=-9999, max_value=99_999_999, places=6)


def test_allocated_is_what_orders_and_back_orders_hold() -> None:
    row = the(from_sage("stock_level", stock()).frames["stock"])
    assert {name: row[name] for name in STOCK} == STOCK
    assert row["as_of"].isoformat() == "2026-03-02T16:05:00+00:00"


STOCK = {
    "source_id": "LMP-220-AMB|000", "sku": "LMP-220-AMB", "warehouse": "000", "on_hand": Decimal(214),
    "on_sales_order": Decimal(30), "on_back_order": Decimal(6), "allocated": Decimal(36),
    "safety_stock": Decimal(0), "available": Decimal(178), "allow_backorder": True,
}  # fmt: skip


def test_clarity_gets_its_own_warehouse_and_works_out_what_is_available() -> None:
    made, documents = to_clarity("stock_level", stock())
    assert documents == {
        "LMP-220-AMB|000": {
            "sku": "LMP-220-AMB", "warehouseCode": "001", "quantityOnHand": Decimal(214),
            "quantityAllocated": Decimal(36), "safetyStock": Decimal(0), "allowBackorder": True,
        }
    }  # fmt: skip
    accepted(StockItem, documents["LMP-220-AMB|000"])
    assert made.problems.empty


def test_what_the_shop_sold_and_sage_has_not_got_is_allocated_too() -> None:
    site, mapping = a_flow_site(), load("clarity_ecommerce/stock_level")
    frame = from_sage("stock_level", stock(), site=site).frames["stock"]
    frame["awaiting"] = frame["awaiting"] + Decimal("2.5")
    made = mapping.from_canonical({"stock": frame}, site)
    assert mapping.to_documents(made.frames)["LMP-220-AMB|000"]["quantityAllocated"] == Decimal("38.5")


@pytest.mark.parametrize(
    ("item", "warehouse", "kept_back"),
    [
        ("LMP-220-AMB", "000", "5"),  # the site
        ("LMP-220-AMB", "001", "2.5"),  # the warehouse
        ("CBL-16-RD", "001", "10.5"),  # the item's own UDF, before all others
    ],
)
def test_safety_stock_is_the_items_the_warehouses_or_the_sites(
    item: str, warehouse: str, kept_back: str
) -> None:
    site = a_flow_site(safety_stock="5", safety_stock_by_warehouse="001=2.5; 002 = 7")
    row = the(
        from_sage("stock_level", stock(ItemCode=item, WarehouseCode=warehouse), site=site).frames["stock"]
    )
    assert row["safety_stock"] == Decimal(kept_back)
    assert row["available"] == Decimal(178) - Decimal(kept_back)


def test_kits_and_charges_lie_nowhere() -> None:
    result = from_sage("stock_level", stock(ItemCode="GSK-KIT-04"), stock(ItemCode="/FREIGHT"), stock())
    assert result.frames["stock"].sku.tolist() == ["LMP-220-AMB"]
    assert result.problems.empty


def test_an_inactive_items_stock_is_still_told() -> None:
    result = from_sage("stock_level", stock(ItemCode="CBL-16-RD"))
    assert (len(result.frames["stock"]), len(result.problems)) == (1, 0)


def test_an_unknown_item_is_parked_with_candidates() -> None:
    row = the(from_sage("stock_level", stock(ItemCode="LMP-220-AMP")).problems)
    assert (row["code"], row["key"]) == (Reason.NO_REFERENCE, "LMP-220-AMP|000")
    assert "LMP-220-AMB" in row["candidates"]


def test_an_unknown_warehouse_is_parked_with_candidates() -> None:
    made, _ = to_clarity("stock_level", stock(WarehouseCode="002"))
    assert codes(made.problems) == [(Reason.UNKNOWN_VALUE, "warehouse")]
    assert '"000"' in the(made.problems)["candidates"]


def test_who_read_the_stock_must_say_when() -> None:
    with pytest.raises(ConfigurationError, match="as_of"):
        from_sage("stock_level", stock(), site=a_site(references=dict(a_flow_site().references)))


def test_a_document_under_another_key_is_set_aside() -> None:
    result = load("sage100/stock_level").to_canonical(
        ["LMP-220-AMB|001"], [json.dumps(stock()).encode()], a_flow_site()
    )
    assert codes(result.problems) == [(Reason.INVALID_FORMAT, "ItemCode")]


@settings(max_examples=25, deadline=None)
@given(on_hand=quantities, ordered=quantities, back=quantities, kept=st.decimals(0, 99, places=2))
def test_clarity_and_we_agree_on_what_is_available(
    on_hand: Decimal, ordered: Decimal, back: Decimal, kept: Decimal
) -> None:
    """available = quantityOnHand - quantityAllocated - safetyStock, to the last digit."""
    document = stock(
        QuantityOnHand=str(on_hand), QuantityOnSalesOrder=str(ordered), QuantityOnBackOrder=str(back)
    )
    made, documents = to_clarity("stock_level", document, site=a_flow_site(safety_stock=str(kept)))
    sent = accepted(StockItem, documents["LMP-220-AMB|000"])
    available = sent.quantity_on_hand - sent.quantity_allocated - sent.safety_stock
    assert available == the(made.frames["inventory"])["available"] == on_hand - ordered - back - kept
