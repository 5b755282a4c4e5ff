"""CI_ItemCode_bus: an item is entered, priced, discontinued, and never loses what stock wrote beside it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox_sage100.desk import Sage, an_order, fill, written

ITEM = "SELECT * FROM CI_Item WHERE ItemCode = ?"


def opened(sage: Sage, code: str, answer: int = 1) -> Any:
    item = sage.new("CI_ItemCode_bus")
    assert item.nSetKey(code) == answer, item.sLastErrorMsg
    return item


def test_a_new_item_takes_after_its_product_line(sage: Sage) -> None:
    item = opened(sage, "new-1", 2)
    fill(item, {"ItemCodeDesc$": "Herring", "ProductLine$": "SEAF", "StandardUnitPrice": 12.5})
    assert item.nWrite() == 1, item.sLastErrorMsg
    row = sage.row(ITEM, "NEW-1")
    assert (row["ItemType"], row["StandardUnitOfMeasure"], row["TaxClass"]) == ("1", "EACH", "TX")
    assert (row["AllowBackOrders"], row["UseInSO"], row["StandardUnitPrice"]) == ("Y", "Y", 12.5)
    assert written(sage, [("NEW-1", 2)])


def test_a_stocked_item_needs_a_product_line_and_a_price_of_at_least_nothing(sage: Sage) -> None:
    item = opened(sage, "NEW-1", 2)
    units = {f"{use}UnitOfMeasure$": "EACH" for use in ("Standard", "Sales", "Purchase")}
    fill(item, {"ItemCodeDesc$": "Herring"} | units)
    assert item.nWrite() == 0
    assert "ProductLine is required" in item.sLastErrorMsg
    assert item.nSetValue("ProductLine$", "NONE") == 0
    assert item.nSetValue("StandardUnitPrice", -1) == 0


def test_a_new_price_holds_from_the_next_order_on(sage: Sage) -> None:
    before = written(sage, [("NW-0001", 1)])
    item = opened(sage, "NW-0001")
    fill(item, {"StandardUnitPrice": 19.75})
    assert item.nWrite() == 1
    after = written(sage, [("NW-0001", 1)])
    prices = sage.rows("SELECT SalesOrderNo, UnitPrice FROM SO_SalesOrderDetail ORDER BY SalesOrderNo")
    assert [tuple(row.values()) for row in prices] == [(before, 18), (after, 19.75)]


def test_an_inactive_item_is_not_sold(sage: Sage) -> None:
    item = opened(sage, "NW-0001")
    fill(item, {"InactiveItem$": "Y"})
    assert item.nWrite() == 1
    order, _ = an_order(sage, [])
    order.oLines.nAddLine()
    assert order.oLines.nSetValue("ItemCode$", "NW-0001") == 0


def test_stock_that_moved_while_the_item_was_open_is_kept(sage: Sage) -> None:
    item = opened(sage, "NW-0001")
    sage.tell("UPDATE CI_Item SET TotalQuantityOnHand = 7 WHERE ItemCode = 'NW-0001'")
    fill(item, {"StandardUnitPrice": 20})
    assert item.nWrite() == 1
    assert sage.row(ITEM, "NW-0001")["TotalQuantityOnHand"] == 7
    assert item.nSetValue("TotalQuantityOnHand", 5) == 0


@pytest.mark.parametrize("ordered", [True, False])
def test_an_item_with_orders_or_stock_is_not_deleted(sage: Sage, ordered: bool) -> None:
    if ordered:
        written(sage, [("NW-0005", 1)])
    assert opened(sage, "NW-0005" if ordered else "NW-0001").nDelete() == 0


def test_an_unused_item_is_deleted(sage: Sage) -> None:
    assert opened(sage, "NW-0005").nDelete() == 1
    assert not sage.rows(ITEM, "NW-0005")
