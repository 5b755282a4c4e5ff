"""Judge what was translated, before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.checks import check_orders
from include.pipelines.outcomes import gathered, keep
from include.pipelines.translate import DETAILS, HEADERS, LINES, ORDERS, text_widths

if TYPE_CHECKING:
    from include.pipelines.ports import Ticket, World


def check(world: World, ticket: Ticket) -> dict[str, int]:
    """Stage the problems the checks find; a failed expectation on the whole set raises.

    Returns:
        Counts: ``checked`` and ``accepted`` orders.

    Raises:
        SetError: no single record explains what is wrong; nothing of the batch may go on.
    """
    staging = world.staging(ticket)
    orders = staging.read(ORDERS)
    found = check_orders(
        orders=orders,
        lines=staging.read(LINES),
        headers=staging.read(HEADERS),
        details=staging.read(DETAILS),
        widths=text_widths(world),
    )
    keep(staging, "check", {}, found.problems)
    aside, _ = gathered(staging)
    return {"checked": len(orders), "accepted": int((~orders.source_id.isin(aside)).sum())}
