"""Transforms of prices."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.canonical import Reason
from include.translation.columns import KINDS, WORKING, cast, guarded, mask, per_row, pick, product, rounded
from include.translation.registry import Blame, together

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.translation.columns import Mask

QUANTITY, PRICE, PERCENT, AMOUNT = KINDS["quantity"], KINDS["price"], KINDS["percent3"], KINDS["amount"]
CENT, MICRO, HUNDRED = Decimal("0.01"), Decimal("0.000001"), Decimal(100)
EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
INPUTS = (
    "quantity",
    "unit_price",
    "discount_percent",
    "discount_amount",
    "tax_amount",
    "tax_included",
    "rate",
)


@together(
    inputs=INPUTS,
    outputs={"unit_price": "price", "discount_percent": "percent3", "extension": "amount"},
    blames={
        "unit_price": Blame("unit_price", Reason.OUT_OF_RANGE, "makes a unit price too large to carry"),
        "extension": Blame("quantity", Reason.OUT_OF_RANGE, "makes a line too large to carry"),
    },
)
def line_price(columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """What a line costs without tax in the company's currency, as Sage works it out.

    `extension` = `quantity` x `unit_price` less `discount_percent`, half up to the cent; `unit_price`
    has 6 decimals. A discount given as an amount, one with more than 3 decimals, and a price that
    includes tax are worked into the unit price, because Sage knows no other place for them.
    """
    converted = guarded(product, [columns["unit_price"], columns["rate"]], WORKING)
    price = cast(rounded(converted, 6), PRICE)[0]
    percent, too_fine = cast(columns["discount_percent"], PERCENT)
    discounted = pc.not_equal(
        columns["discount_amount"], pa.scalar(Decimal(0), columns["discount_amount"].type)
    )
    folded = mask(pc.or_(columns["tax_included"], discounted))
    folded = folded if too_fine is None else folded | too_fine
    if folded.any():
        chosen = [columns[name].filter(pa.array(folded)) for name in INPUTS]
        unit, rest = (done.take(_places(folded)) for done in per_row(chosen, _folded, [PRICE, PERCENT]))
        price, percent = pick(folded, unit, price), pick(folded, rest, percent)
    return {
        "unit_price": price,
        "discount_percent": percent,
        "extension": extension(columns["quantity"], price, percent),
    }


def extension(quantity: pa.Array, price: pa.Array, percent: pa.Array) -> pa.Array:
    """Sage's ExtensionAmt: quantity x price x (1 - percent / 100), half up to the cent.

    Kernels do it as long as quantities have 3 decimals and 7 digits; stranger ones go through Python on
    distinct rows. An extension beyond 16 digits is null.
    """
    try:
        left = pc.subtract(pa.scalar(HUNDRED, pa.decimal128(6, 3)), pc.cast(percent, pa.decimal128(6, 3)))
        gross = pc.multiply(pc.cast(quantity, pa.decimal128(10, 3)), pc.cast(price, pa.decimal128(14, 6)))
        parts = pc.multiply(pc.multiply(gross, left), pa.scalar(CENT, pa.decimal128(2, 2)))
        return cast(rounded(parts, 2), AMOUNT)[0]
    except pa.ArrowInvalid:
        return per_row([quantity, price, percent], _extension, [AMOUNT])[0]


def _extension(
    quantity: Decimal | None, price: Decimal | None, percent: Decimal | None
) -> tuple[Decimal | None]:
    if quantity is None or price is None or percent is None:
        return (None,)
    gross = EXACT.multiply(EXACT.multiply(quantity, price), HUNDRED - percent)
    return (_within(EXACT.divide(gross, HUNDRED), CENT, AMOUNT),)


def _folded(*cells: Decimal | bool | None) -> tuple[Decimal | None, Decimal | None]:
    """The unit price with discount and tax worked in, and the percentage that is left: none."""
    if any(cell is None for cell in cells):
        return None, None
    quantity, price, percent, amount, tax, included, rate = (Decimal(cell or 0) for cell in cells)
    gross = EXACT.divide(EXACT.multiply(EXACT.multiply(quantity, price), HUNDRED - percent), HUNDRED) - amount
    net = gross.quantize(CENT, context=EXACT) - tax if included else gross
    unit = EXACT.divide(EXACT.multiply(net, rate), quantity) if quantity else EXACT.multiply(price, rate)
    return _within(unit, MICRO, PRICE), Decimal(0)


def _within(value: Decimal, unit: Decimal, kind: pa.DataType) -> Decimal | None:
    """Rounded, or nothing when the column cannot hold it."""
    try:
        found = value.quantize(unit, context=EXACT)
    except InvalidOperation:
        return None
    return found if abs(found) < Decimal(10) ** (kind.precision - kind.scale) else None


def _places(where: Mask) -> pa.Array:
    """For each row the place of its worked-out value; null for rows without one."""
    return pa.array(np.cumsum(where) - 1, mask=~where)
