"""Judge what was translated, before anything is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd

from include.checks import check_orders
from include.pipelines.outcomes import STAGES, gathered, keep
from include.pipelines.plan import DETAILS, HEADERS, LINES, ORDERS
from include.pipelines.stock_queue import out_of_stock
from include.pipelines.widths import ORDER_TABLES, text_widths

if TYPE_CHECKING:
    from include.pipelines.ports import Ticket, World

RESULTS = "check_results"
"""Staged validation results, one JSON document a suite, for Data Docs."""


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
        widths=text_widths(world.reads, ORDER_TABLES),
        words=world.flow.words,
    )
    aside, _ = gathered(staging, STAGES[: STAGES.index("check")])
    short = out_of_stock(world, ticket, {*aside, *found.problems.key})
    keep(
        staging,
        "check",
        {},
        pd.concat([found.problems, short], ignore_index=True) if len(short) else found.problems,
    )
    staging.write(
        RESULTS, pd.DataFrame({"result": [json.dumps(result) for result in found.results]}, dtype="str")
    )
    aside, _ = gathered(staging)
    return {"checked": len(orders), "accepted": int((~orders.source_id.isin(aside)).sum())}
