"""What must hold for orders on their way to Sage 100, as data.

Each :class:`Rule` is one Great Expectations expectation with the reason code that its violation
means. The rules are plain data so that they can be read, listed and tested without the library
(its import alone costs seconds).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from include.canonical import OrderStatus, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_QUANTITY = Decimal("99999999.999999")
"""Eight digits and six decimals: the largest quantity or price Sage 100's masks can show."""
MAX_AMOUNT = Decimal("99999999.99")
MAX_TOTAL = Decimal("999999999.99")


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation and what it means when a record breaks it.

    Attributes:
        expectation: class name in ``great_expectations.expectations`` or :mod:`include.checks.expectations`.
        arguments: its keyword arguments.
        reason: code of the problem; ``None`` means that the set fails as a whole.
        field: the field a reader looks at; :class:`Words` know its name at the source.
        says: completes "order SO-1, line 2: ...".
        remedy: the way out, one sentence; ``{shop}`` stands for the source.
    """

    expectation: str
    arguments: dict[str, Any] = field(default_factory=dict)
    reason: Reason | None = None
    field: str = ""
    says: str = ""
    remedy: str = ""

    @property
    def columns(self) -> list[str]:
        """Every column the expectation looks at."""
        one = [self.arguments[name] for name in ("column", "column_A", "column_B") if name in self.arguments]
        return [*one, *self.arguments.get("column_list", ()), *self.arguments.get("column_set", ())]


@dataclass(frozen=True, slots=True)
class Words:
    """How people at the source call things.

    Attributes:
        shop: the source's name.
        fields: its names of our columns, where they differ.
        noun: what messages call a record.
    """

    shop: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    noun: str = "order"


def _columns(*names: str) -> Rule:
    return Rule("ExpectTableColumnsToMatchSet", {"column_set": list(names), "exact_match": False})


def _unique(column: str) -> Rule:
    return Rule("ExpectColumnValuesToBeUnique", {"column": column})


def _present(column: str, what: str) -> Rule:
    return Rule(
        "ExpectColumnValuesToMatchRegex",
        {"column": column, "regex": r"\S"},
        Reason.MISSING,
        column,
        f"{what} is empty",
        f"Fill in {what} in {{shop}} and save the order.",
    )


def _between(column: str, what: str, high: Decimal, *, above_zero: bool = False) -> Rule:
    """From 0 to ``high``, which ends in nines: the expectation is given the whole number above it."""
    bound = "more than 0" if above_zero else "at least 0"
    limits = {
        "min_value": 0,
        "strict_min": above_zero,
        "max_value": math.ceil(high),
        "strict_max": high % 1 > 0,
    }
    return Rule(
        "ExpectColumnValuesToBeWithin",
        {"column": column, **limits},
        Reason.OUT_OF_RANGE,
        column,
        f"{what} must be {bound} and at most {high}",
        f"Correct {what} in {{shop}} and save the order.",
    )


def _equal(theirs: str, ours: str, named: str, says: str) -> Rule:
    return Rule(
        "ExpectColumnPairValuesToBeEqual",
        # An amount that could not be read or made is a problem already; nothing can be compared with it.
        {"column_A": theirs, "column_B": ours, "ignore_row_if": "either_value_is_missing"},
        Reason.TOTALS_MISMATCH,
        named,
        says,
        "Open the order in {shop}, check prices, discounts and charges, and save it again.",
    )


ORDERS = (
    _columns("key", "number", "status", "currency", "total", "lines_total", "subtotal", "due", "sage_total"),
    _unique("key"),
    Rule(
        "ExpectColumnValuesToBeUnique",
        {"column": "number"},
        Reason.DUPLICATE,
        "number",
        "another order of this batch has the same number",
        "Give each order its own number in {shop}.",
    ),
    _present("number", "the order number"),
    _present("customer_source_id", "the customer"),
    Rule(
        "ExpectColumnValuesToBeInSet",
        {"column": "status", "value_set": [status.value for status in OrderStatus]},
        Reason.UNKNOWN_VALUE,
        "status",
        "the status has no counterpart",
        "Add the status to the mapping's table, then replay.",
    ),
    Rule(
        "ExpectColumnValuesToMatchRegex",
        {"column": "currency", "regex": "^[A-Z]{3}$"},
        Reason.INVALID_FORMAT,
        "currency",
        "the currency is not an ISO 4217 code",
        "Correct the currency in {shop} and save the order.",
    ),
    Rule(
        "ExpectColumnValuesToBeWithin",
        {"column": "line_count", "min_value": 1},
        Reason.NO_LINES,
        "line_count",
        "the order has no lines",
        "Add at least one line in {shop}, or void the order.",
    ),
    _between("shipping_amount", "the shipping charge", MAX_AMOUNT),
    _between("discount_amount", "the discount", MAX_AMOUNT),
    _between("total", "the total", MAX_TOTAL),
    _equal("subtotal", "lines_total", "subtotal", "the lines do not add up to the subtotal"),
    _equal("total", "due", "total", "subtotal, discount, charges and tax do not add up to the total"),
    _equal("sage_total", "sage_due", "total", "Sage 100 would compute another total from the lines"),
)
"""One row per order; ``due``, ``lines_total`` and ``sage_due`` are made by :mod:`include.checks.orders`."""

LINES = (
    _columns("key", "line", "quantity", "unit_price", "discount_percent"),
    _between("quantity", "the quantity", MAX_QUANTITY, above_zero=True),
    _between("unit_price", "the price", MAX_QUANTITY),
    _between("discount_percent", "the discount", Decimal(100)),
    Rule(
        "ExpectCompoundColumnsToBeUnique",
        {"column_list": ["key", "line_id"], "ignore_row_if": "any_value_is_missing"},
        Reason.DUPLICATE,
        "line_id",
        "two lines carry the same id",
        "Remove one of the lines in {shop} and add it again.",
    ),
)
"""One row per order line."""

WIDTHS = (
    Rule(
        "ExpectColumnPairValuesAToBeGreaterThanB",
        {"column_A": "width", "column_B": "length", "or_equal": True},
        Reason.TOO_LONG,
        "",
        "does not fit Sage 100's {width} characters",
        "Shorten it in {shop}, or give the mapping's column a fitting rule.",
    ),
)
"""One row per text value that is written, with its length and the width of its column."""
