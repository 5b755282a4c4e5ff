"""Which line of the shop's order a line of a shipment serves (B43, kit_with_children, alias_only)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from include.pipelines.mirrors.order_lines import OrderLine, served

KIT = OrderLine(line_id=11, line_number=1, sku="KIT", quantity=Decimal(3))
PARTS = [
    OrderLine(line_id=12, line_number=2, sku="PART-1", quantity=Decimal(6), parent_line_id=11),
    OrderLine(line_id=13, line_number=3, sku="PART-2", quantity=Decimal(3), parent_line_id=11),
]
LAMP = OrderLine(line_id=14, line_number=4, sku="LAMP", quantity=Decimal(5))


def line(sku: str, quantity: int, place: int | None = None, *, part: bool = False) -> dict[str, Any]:
    return {
        "line_id": f"{sku}-{place}",
        "sku": sku,
        "quantity": Decimal(quantity),
        "order_line_number": place,
        "is_kit_part": part,
    }


def shown(lines: list[dict[str, Any]]) -> set[tuple[int | None, str, Decimal]]:
    return {(each["order_line_number"], each["sku"], each["quantity"]) for each in lines}


@pytest.mark.parametrize(
    ("shipped", "order", "expected"),
    [
        (
            [
                line("KIT", 2, 1),
                line("PART-1", 4, part=True),
                line("PART-2", 2, part=True),
                line("LAMP", 5, 2),
            ],
            [KIT, *PARTS, LAMP],
            {(1, "KIT", 2), (2, "PART-1", 4), (3, "PART-2", 2), (4, "LAMP", 5)},
        ),
        (
            [line("KIT", 2, 1), line("PART-1", 4, part=True), line("LAMP", 5, 2)],
            [KIT, LAMP],
            {(1, "KIT", 2), (4, "LAMP", 5)},
        ),
        ([line("KIT", 2, 1)], [KIT, *PARTS], {(1, "KIT", 2), (2, "PART-1", 4), (3, "PART-2", 2)}),
        ([line("LAMP", 5, 2)], [KIT, *PARTS, LAMP], {(4, "LAMP", 5)}),
        ([line("LAMP", 5)], [LAMP], {(4, "LAMP", 5)}),
        ([line("ELSE", 1, 2)], [LAMP], {(2, "ELSE", 1)}),
    ],
    ids=[
        "parts on both sides",
        "parts that only the ERP has",
        "parts that only the shop has go along",
        "goods after parts",
        "a lost key",
        "what the shop never ordered stays for a person",
    ],
)
def test_lines_of_kits_and_goods_are_told_apart(
    shipped: list[dict[str, Any]], order: list[OrderLine], expected: set[tuple[int, str, Any]]
) -> None:
    assert shown(served(shipped, order, {})) == expected


def test_two_lines_of_one_item_are_told_apart_by_their_place() -> None:
    other = OrderLine(line_id=15, line_number=5, sku="LAMP", quantity=Decimal(1))
    assert shown(served([line("LAMP", 1, 2)], [LAMP, other], {})) == {(5, "LAMP", Decimal(1))}
    both = served([line("LAMP", 5, 9), line("LAMP", 1, 9)], [LAMP, other], {})
    assert shown(both) == {(4, "LAMP", Decimal(5)), (5, "LAMP", Decimal(1))}


def test_the_shop_hears_its_own_sku_of_the_item() -> None:
    """Two products may be one item; Sage knows only the item."""
    ordered = OrderLine(line_id=1, line_number=1, sku="SHOP-ONLY-1", quantity=Decimal(1))
    alike = {"NW-0001": {"NW-0001", "SHOP-ONLY-1"}}
    assert shown(served([line("NW-0001", 1, 1)], [ordered], alike)) == {(1, "SHOP-ONLY-1", Decimal(1))}
