"""What must hold for all but orders, as data; see :mod:`include.checks.suites`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.canonical import Reason
from include.checks.suites import Rule

if TYPE_CHECKING:
    from collections.abc import Collection

TRACKING = r"^[A-Za-z0-9][A-Za-z0-9 ./-]{3,39}$"
"""Four to forty letters and digits: shorter is a remark, longer no carrier gives."""
BEYOND = 100_000_000
"""The first quantity that Sage 100's masks cannot show; whole, for the library makes floats of others."""
BEYOND_TOTAL = 1_000_000_000


def stock_rules(warehouses: Collection[str]) -> tuple[Rule, ...]:
    """Rules of stock levels; each level is a row of its own.

    Args:
        warehouses: codes of the warehouses that the shop is told of.
    """
    return (
        Rule("ExpectCompoundColumnsToBeUnique", {"column_list": ["sku", "warehouse"]}),
        Rule(
            "ExpectColumnValuesToBeInSet",
            {"column": "warehouse", "value_set": sorted(warehouses)},
            Reason.UNKNOWN_VALUE,
            "warehouse",
            "the shop is not told of this warehouse",
            "Add the warehouse to the site's settings, then replay.",
        ),
        _within("on_hand", "the quantity on hand", -BEYOND, BEYOND),
        _within("allocated", "the allocated quantity", 0, 2 * BEYOND),
        _within("safety_stock", "the safety stock", 0, BEYOND),
    )


def item_rules() -> tuple[Rule, ...]:
    """Rules of items and products."""
    return (
        Rule("ExpectColumnValuesToBeUnique", {"column": "source_id"}),
        *(_within(column, what, 0, BEYOND) for column, what in _AMOUNTS.items()),
    )


def customer_rules() -> tuple[Rule, ...]:
    """Rules of customers."""
    return (
        Rule("ExpectColumnValuesToBeUnique", {"column": "source_id"}),
        _within("credit_limit", "the credit limit", 0, BEYOND_TOTAL),
    )


_AMOUNTS = {"unit_price": "the price", "list_price": "the suggested price", "weight": "the weight"}


def _within(column: str, what: str, low: int, high: int) -> Rule:
    return Rule(
        "ExpectColumnValuesToBeWithin",
        {"column": column, "min_value": low, "strict_min": low < 0, "max_value": high, "strict_max": True},
        Reason.OUT_OF_RANGE,
        column,
        f"{what} must be {'more than' if low < 0 else 'at least'} {low} and less than {high}",
        f"Correct {what} in {{shop}}; its next version is carried.",
    )


def _at_most(less: str, more: str, says: str) -> Rule:
    return Rule(
        "ExpectColumnPairValuesAToBeGreaterThanB",
        {
            "column_A": more,
            "column_B": less,
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        },
        Reason.OUT_OF_RANGE,
        less,
        says,
        "Look the payment up at its gateway and correct it in {shop}.",
    )


def _same(one: str, other: str, says: str) -> Rule:
    return Rule(
        "ExpectColumnPairValuesToBeEqual",
        {"column_A": one, "column_B": other, "ignore_row_if": "either_value_is_missing"},
        Reason.TOTALS_MISMATCH,
        one,
        says,
        "Open the invoice in {shop} and compare its lines with its totals.",
    )


SALES = (
    Rule("ExpectColumnValuesToBeUnique", {"column": "key"}),
    _within("total", "the total", -BEYOND_TOTAL, BEYOND_TOTAL),
)
"""One row per order that two sales systems tell each other of."""

SALES_LINES = (
    Rule(
        "ExpectColumnValuesToBeWithin",
        {"column": "quantity", "min_value": 0, "strict_min": True, "max_value": BEYOND, "strict_max": True},
        Reason.OUT_OF_RANGE,
        "quantity",
        "the quantity must be more than 0",
        "Correct the line in {shop}; its next version is carried.",
    ),
    Rule(
        "ExpectColumnValuesToBeWithin",
        {"column": "unit_price", "min_value": 0, "max_value": BEYOND_TOTAL, "strict_max": True},
        Reason.OUT_OF_RANGE,
        "unit_price",
        "the price must be at least 0",
        "Correct the line in {shop}; its next version is carried.",
    ),
    Rule(
        "ExpectCompoundColumnsToBeUnique",
        {"column_list": ["key", "line_id"]},
        Reason.DUPLICATE,
        "line_id",
        "two lines carry the same id",
        "Correct the order in {shop}; its next version is carried.",
    ),
)
"""One row per line of such an order."""

SHIPMENTS = (
    Rule(
        "ExpectColumnValuesToBeWithin",
        {"column": "lines", "min_value": 1},
        Reason.NO_LINES,
        "lines",
        "nothing of the shop's order is in the shipment",
        "Correct the shipment in {shop}; its next version is carried.",
    ),
)
"""One row per shipment that was not taken back, with how many lines it has."""

SHIPMENT_LINES = (
    Rule(
        "ExpectColumnValuesToBeWithin",
        {"column": "quantity", "min_value": 0, "strict_min": True, "max_value": BEYOND, "strict_max": True},
        Reason.OUT_OF_RANGE,
        "quantity",
        "the quantity must be more than 0",
        "Correct the shipment in {shop}; its next version is carried.",
    ),
    Rule(
        "ExpectCompoundColumnsToBeUnique",
        {"column_list": ["key", "line_id"]},
        Reason.DUPLICATE,
        "line_id",
        "two lines carry the same id",
        "Correct the shipment in {shop}; its next version is carried.",
    ),
)
"""One row per line of a shipment."""

PACKAGES = (
    Rule(
        "ExpectColumnValuesToMatchRegex",
        {"column": "tracking_number", "regex": TRACKING},
        Reason.INVALID_FORMAT,
        "tracking_number",
        "is not the form of a tracking number",
        "Correct the tracking number in {shop}; its next version is carried.",
    ),
)
"""One row per package that has a tracking number."""

INVOICES = (
    Rule("ExpectColumnValuesToBeUnique", {"column": "key"}),
    _same("subtotal", "lines_total", "the lines do not add up to the subtotal"),
    _same("total", "due", "subtotal, discount, shipping and tax do not add up to the total"),
    _same("total", "settled", "what is paid and what is owed do not add up to the total"),
    _within("total", "the total", -BEYOND_TOTAL, BEYOND_TOTAL),
)
"""One row per invoice; ``lines_total``, ``due`` and ``settled`` are made by :mod:`include.checks.flows`."""

PAYMENTS = (
    Rule("ExpectColumnValuesToBeUnique", {"column": "key"}),
    _within("amount", "the amount", 0, BEYOND_TOTAL),
    _within("fee", "the fee", -BEYOND_TOTAL, BEYOND_TOTAL),
    _at_most("captured_amount", "amount", "more was captured than authorised"),
    _at_most("refunded_amount", "captured_amount", "more was refunded than captured"),
)
"""One row per payment."""
