"""How far the shipments of an order have brought it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SHIPPED, PARTLY_SHIPPED, IN_TRANSIT, VOIDED = "Shipped", "PartiallyShipped", "InTransit", "Voided"
ON_ITS_WAY = frozenset({SHIPPED, IN_TRANSIT})
"""Statuses of a shipment whose goods have left."""


def shipped_status(order: Mapping[str, Any]) -> str:
    """The status that its lines give an order: partly shipped, shipped, or blank while nothing has left.

    Blank, too, where the shop does not say how much of a line is shipped.
    """
    lines = [line for line in order.get("lines") or [] if line.get("quantityShipped") is not None]
    shipped = [_number(line["quantityShipped"]) for line in lines]
    wanted = [_number(line["quantity"]) - _number(line.get("quantityCancelled")) for line in lines]
    if not any(shipped):
        return ""
    whole = all(done >= ordered for done, ordered in zip(shipped, wanted, strict=True))
    return SHIPPED if whole else PARTLY_SHIPPED


def _number(value: object) -> Decimal:
    return Decimal(str(value or 0))
