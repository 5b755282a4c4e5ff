"""Transforms of numbers. All exact: decimals from the text on the wire to the column of the target."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc

from include.translation.columns import SUMMAND, WORKING, per_row, product, rounded
from include.translation.registry import each_value, whole_column
from include.translation.transforms.text import LISTED

_TEN_DECIMALS = Decimal("1e-10")
_PERCENT = re.compile(r"^\s*(-?[0-9]+(?:\.[0-9]+)?)\s*%\s*$")


@whole_column(takes="number", gives="number")
def round_half_up(column: pa.Array, digits: int) -> pa.Array:
    """Round to `digits` decimals; a half goes away from zero (1.005 → 1.01, -1.005 → -1.01)."""
    return rounded(column, digits)


@whole_column(takes="number", gives="number")
def times(column: pa.Array, by: pa.Array) -> pa.Array:
    """Multiply by the column `by`. Exact to 10 decimals; round afterwards."""
    return product(column, by)


@whole_column(takes="number", gives="number")
def divided_by(column: pa.Array, by: pa.Array) -> pa.Array:
    """Divide by the column `by`, half up to 10 decimals; of nothing it is the number itself."""

    def share(number: Decimal | None, parts: Decimal | None) -> tuple[Decimal | None]:
        if number is None or not parts:
            return (number,)
        return ((number / parts).quantize(_TEN_DECIMALS, ROUND_HALF_UP),)

    return per_row([column, by], share, [WORKING])[0]


@whole_column(takes="number", gives="number")
def plus(column: pa.Array, amount: str) -> pa.Array:
    """Add the number `amount`."""
    return pc.cast(pc.add(pc.cast(column, SUMMAND), pa.scalar(Decimal(amount), SUMMAND)), WORKING)


@whole_column(takes="number", gives="number")
def times_number(column: pa.Array, amount: str) -> pa.Array:
    """Multiply by the number `amount`."""
    return product(column, pa.repeat(pa.scalar(Decimal(amount), pa.decimal128(18, 10)), len(column)))


@whole_column(takes="number", gives="number")
def negate(column: pa.Array) -> pa.Array:
    """Turn the sign."""
    return pc.negate(column)


@whole_column(takes="number", gives="number")
def no_less_than(column: pa.Array, amount: str) -> pa.Array:
    """The number itself, but at least `amount`."""
    floor = pa.scalar(Decimal(amount), WORKING)
    return pc.if_else(pc.less(column, floor), floor, column)


@each_value(gives="number")
def percent_part(value: str) -> Decimal | None:
    """The percentage of a discount that is written as `"5.00%"`; 0 when it is written as an amount."""
    if not value.strip():
        return None
    found = _PERCENT.match(value)
    return _decimal(found[1]) if found else _decimal(value) * 0


@each_value(takes="number", inverse="percent_part")
def as_percentage(value: Decimal) -> str:
    """A number as a percentage is written: `12.5` becomes `"12.5%"`."""
    return f"{value.normalize():f}%"


@each_value(gives="number")
def amount_part(value: str) -> Decimal | None:
    """The amount of a discount that is written as a number; 0 when it is written as `"5.00%"`."""
    if not value.strip():
        return None
    return Decimal(0) if _PERCENT.match(value) else _decimal(value)


@each_value(gives="number", settles=True)
def total(value: str) -> Decimal | None:
    """The sum of a list column such as `line_item_taxes[].tax_amount`; an empty list is blank."""
    parts = [part for part in value.split(LISTED) if part.strip()]
    return sum((_decimal(part) for part in parts), Decimal(0)) if parts else None


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError("is not a number") from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 18:
        raise ValueError("is not a number that can be carried")
    return number
