"""A line's discount in money and tax included in its price, worked into the unit price.

Sage knows no other place for them. Few lines are like that, so both rival versions do it line by line.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

CENT, MICRO, HUNDRED = Decimal("0.01"), Decimal("0.000001"), Decimal(100)
EXACT = Context(prec=60, rounding=ROUND_HALF_UP)


def cents(amount: Decimal) -> Decimal:
    """Half up to the cent."""
    return amount.quantize(CENT, context=EXACT)


def unit_price(
    quantity: Decimal, price: Decimal, percent: Decimal, *, off: Decimal, tax: Decimal | None, rate: Decimal
) -> Decimal:
    """What one unit costs in the company's currency, with 6 decimals; nothing is left to take off.

    Args:
        quantity: not 0.
        price: as the shop has it.
        percent: taken off first.
        off: money taken off the line.
        tax: contained in the price; None when the price contains none.
        rate: what one unit of the order's currency is worth.
    """
    net = EXACT.divide(EXACT.multiply(EXACT.multiply(quantity, price), HUNDRED - percent), HUNDRED) - off
    if tax is not None:
        net = cents(net) - tax
    return EXACT.divide(EXACT.multiply(net, rate), quantity).quantize(MICRO, context=EXACT)


def extension(quantity: Decimal, price: Decimal, percent: Decimal) -> Decimal:
    """What Sage will make of a line."""
    gross = EXACT.multiply(EXACT.multiply(quantity, price), HUNDRED - percent)
    return cents(EXACT.divide(gross, HUNDRED))
