"""The demonstration's account of shipments and stock: what balances, and what does not."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from include.standalone.display import clarity_rows
from include.standalone.tally import Tally
from include.standalone.warehouse import Shipment, WarehouseTally, units_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ONE = Shipment("WEB-1", "0100001", ("1ZA", "1ZB"), NOON)
TWO = Shipment("WEB-2", "0100002", ("1ZC",), NOON)
HOME, WEST = ("NW-0001", "001"), ("NW-0001", "002")


def told(order: str, *tracking: str, seconds: int = 10) -> dict[str, Any]:
    return {
        "orderNumber": order,
        "trackingNumbers": list(tracking),
        "createdDate": f"2026-03-02T12:00:{seconds}Z",
    }


def level(on_hand: str, allocated: str) -> tuple[Decimal, Decimal]:
    return Decimal(on_hand), Decimal(allocated)


def an_account(**changes: Any) -> WarehouseTally:
    whole: dict[str, Any] = {
        "shipped": [ONE, TWO],
        "in_shop": [told("WEB-1", "1ZB", "1ZA"), told("WEB-2", "1ZC", seconds=30)],
        "notices": {"0000001-0100001": 1, "0000002-0100002": 1},
        "levels_told": 7,
        "in_sage": {HOME: level("39", "4"), WEST: level("3", "0")},
        "on_sale": {HOME: level("39.0", "4"), WEST: level("3", "0"), ("MINE", "001"): level("9", "9")},
        "held": {},
    }
    return WarehouseTally(**{**whole, **changes})


def test_a_sound_account_balances_and_is_shown() -> None:
    account = an_account()
    assert account.problems() == []
    orders = Tally(frozenset(), {}, {}, [], 0, {}, {}, (0.0, 0.0))
    shown = {name: (figure, remark) for name, figure, remark in clarity_rows(orders, account)}
    assert shown["shipments in Sage"] == ("2", "3 packages")
    assert shown["shipments in Clarity"][0] == shown["buyers notified"][0] == "2"
    assert shown["shipped to tracking"][0] == "20.0 s"
    assert shown["stock levels compared"][0] == "2"
    assert shown["stock differences"][0] == "0"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"in_shop": [told("WEB-1", "1ZA", "1ZB")]}, "1 shipments are not in the shop with their tracking"),
        (
            {"in_shop": [told("WEB-1", "1ZA", "1ZB"), told("WEB-2", "1ZC"), told("WEB-2", "1ZC")]},
            "1 shipments in the shop are not what was shipped",
        ),
        ({"notices": {"1": 2}}, "buyers of 1 shipments were written to more than once"),
        ({"notices": {"1": 1}}, "1 messages to buyers about 2 shipments"),
        ({"levels_told": 0}, "no stock level was told"),
        ({"on_sale": {HOME: level("39", "5")}}, "1 stock levels differ, e.g. ['NW-0001 in 001']"),
        ({"on_sale": {WEST: level("3.000001", "0")}}, "1 stock levels differ, e.g. ['NW-0001 in 002']"),
    ],
)
def test_each_imbalance_is_named(changes: dict[str, Any], problem: str) -> None:
    (found,) = an_account(**changes).problems()
    assert found.startswith(problem)


def test_a_number_that_is_not_corrected_in_the_shop_is_found() -> None:
    assert len(an_account(in_shop=[told("WEB-1", "1ZA", "1ZB"), told("WEB-2", "1ZX")]).problems()) == 2


def test_what_no_warehouse_shipped_is_no_account() -> None:
    assert "nothing was shipped" in an_account(shipped=[], in_shop=[], notices={}).problems()


def test_units_of_orders_that_are_not_in_sage_are_allocated_where_orders_are_served_from() -> None:
    lines = [{"sku": "NW-0001", "quantity": 2}, {"sku": "NW-0001", "quantity": 1.5}]
    held = units_of([{"lines": lines}, {"lines": []}])
    assert held == {"NW-0001": Decimal("3.5")}
    found = an_account(held=held, on_sale={HOME: level("39", "7.5"), WEST: level("3", "0")})
    assert found.differing == []
