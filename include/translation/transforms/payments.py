"""Transforms of payments."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from include.canonical import Reason
from include.translation.columns import KINDS, per_row
from include.translation.registry import Blame, together
from include.translation.transforms.text import LISTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

INPUTS = ("gateway", "method", "status", "amount", "captured", "refunded", "reference")
DEAD = frozenset({"voided", "failed"})
GIFT_CARD = "gift_card"
CENT, MOST = Decimal("0.01"), Decimal(10) ** 16


@together(
    inputs=INPUTS,
    outputs={"gateway": "text", "reference": "text", "paid": "amount"},
    blames={"paid": Blame("captured", Reason.INVALID_FORMAT, "is no list of amounts, one for each payment")},
)
def tender(columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """Who takes an order's money, and how much of it is taken.

    Takes list columns, one entry for each payment. The gateway is that of the largest payment that is
    neither void nor failed; a gift card speaks only when nobody else does. `paid` is what was captured
    less what was refunded: a payment that is only authorised has taken nothing.
    """
    done = per_row([columns[name] for name in INPUTS], _told, [KINDS[k] for k in ("text", "text", "amount")])
    return dict(zip(("gateway", "reference", "paid"), done, strict=True))


def _told(*cells: str | None) -> tuple[str | None, str | None, Decimal | None]:
    if any(cell is None for cell in cells):
        return None, None, None
    columns = [(cell or "").split(LISTED) for cell in cells]
    if len({len(column) for column in columns}) > 1:  # a separator inside a text
        return None, None, None
    found = []
    for gateway, method, status, *numbers, reference in zip(*columns, strict=True):
        try:
            amount, captured, refunded = (_amount(number) for number in numbers)
        except ValueError:
            return None, None, None
        if status.strip().lower() not in DEAD:
            card = method.strip().lower() != GIFT_CARD
            found.append((card, amount, gateway, reference.strip(), captured - refunded))
    if not found:
        return "", "", Decimal(0)
    _, _, gateway, reference, _ = max(found, key=lambda one: (one[0], one[1]))
    paid = sum((one[-1] for one in found), Decimal(0))
    return (gateway, reference, paid) if abs(paid) < MOST else (None, None, None)


def _amount(text: str) -> Decimal:
    """An amount of whole cents; blank is none.

    Raises:
        ValueError: it is something else.
    """
    try:
        number = Decimal(text.strip() or 0)
        exact = number.quantize(CENT)
    except InvalidOperation:
        raise ValueError from None
    if exact != number:
        raise ValueError
    return exact
