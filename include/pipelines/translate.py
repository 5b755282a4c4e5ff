"""Turn the source's records into the ERP's, and decide what is to be done with each.

Reads the reference tables it needs from the ERP (a constant number of queries a batch), translates
twice (source → canonical → ERP), finds each buyer's customer, and stages the plan. Nothing is
written to any system.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from include.canonical import OrderStatus
from include.ledger import Outcome
from include.pipelines import doubts
from include.pipelines.buyers import for_orders, identify, witnesses
from include.pipelines.extract import RECORDS
from include.pipelines.outcomes import keep, set_aside
from include.pipelines.plan import (
    CUSTOMERS,
    DETAILS,
    HEADERS,
    LINES,
    ORDERS,
    PLAN,
    PLAN_FRAME,
    Action,
)
from include.pipelines.ports import ORDER, TARGET
from include.pipelines.site import site
from include.translation import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.ledger import Link
    from include.pipelines.ports import Ticket, World


def translate(world: World, ticket: Ticket) -> dict[str, int]:
    """Stage canonical frames, ERP frames and the plan.

    Returns:
        Counts: ``records`` read, ``planned`` orders, ``set_aside`` records.
    """
    staging = world.staging(ticket)
    records = staging.read(RECORDS)
    here = site(world, staging)
    inbound, outbound = load(world.flow.inbound), load("sage100/sales_order")
    customer_mapping = load("sage100/customer")
    canonical = inbound.to_canonical(list(records.key), list(records.payload), here)
    orders = canonical.frames["orders"]
    links = world.ledger.crosswalk.find(ORDER, world.flow.source, list(orders.source_id), TARGET)
    recheck = set(records.key[records.recheck])
    carry_from = world.settings.get("carry_from", "")
    actions = _actions(orders, links, recheck, carry_from, world.flow.not_carried)
    actions |= _taken_back(orders, actions, links, doubts.unheard(world, ORDER))
    outcomes = {key: Outcome.UNCHANGED for key, action in actions.items() if action is Action.NONE}
    bought = identify(world, orders[orders.source_id.map(actions) != Action.NONE.value])
    carried = bought.orders
    frames = {
        "orders": carried,
        "lines": canonical.frames["lines"][canonical.frames["lines"].order_source_id.isin(carried.source_id)],
    }
    erp = outbound.from_canonical(frames, here)
    newcomers = customer_mapping.from_canonical(
        {
            "orders": witnesses(
                carried[carried.customer_source_id.isin(bought.new)],
                {*canonical.problems.key, *erp.problems.key},
            )
        },
        here,
    )
    problems = [
        canonical.problems[~canonical.problems.key.isin(outcomes)],
        erp.problems,
        for_orders(newcomers.problems, carried),
        *bought.problems,
    ]
    staging.write(ORDERS, carried)
    staging.write(LINES, frames["lines"])
    staging.write(HEADERS, erp.frames["headers"])
    staging.write(DETAILS, erp.frames["lines"])
    staging.write(CUSTOMERS, newcomers.frames["customers"])
    staging.write(
        PLAN, _plan(carried, actions, links, recheck).assign(mapping=f"{inbound.version}+{outbound.version}")
    )
    found = pd.concat([frame for frame in problems if len(frame)] or problems[:1], ignore_index=True)
    keep(staging, "translate", outcomes, found)
    return {"records": len(records), "planned": len(carried), "set_aside": len(set_aside(found))}


def _actions(
    orders: pd.DataFrame,
    links: Mapping[str, Link],
    recheck: set[str],
    carry_from: str,
    not_carried: frozenset[OrderStatus],
) -> dict[str, Action]:
    """What to do by order key: a decision table over status and crosswalk.

    Orders of before ``carry_from`` (ISO date, blank carries all) that never reached the ERP are history,
    and stay so.
    """
    known = orders[["source_id", "status", "source_version"]].fillna("")
    actions = {
        key: _action(status, links.get(key), version, not_carried, recheck=key in recheck)
        for key, status, version in known.itertuples(index=False)
    }
    if carry_from:
        early = orders.source_id[(orders.ordered_on < date.fromisoformat(carry_from)).fillna(value=False)]
        actions |= {key: Action.NONE for key in early if key not in links}
    return actions


def _taken_back(
    orders: pd.DataFrame, actions: Mapping[str, Action], links: Mapping[str, Link], unheard: set[str]
) -> dict[str, Action]:
    """Cancelled orders that may stand in the ERP after all: nothing was heard of their creation."""
    cancelled = orders.source_id[(orders.status == OrderStatus.CANCELLED.value).fillna(value=False)]
    return {key: Action.CANCEL for key in cancelled if key in unheard and key not in links and key in actions}


def _action(
    status: str, link: Link | None, version: str, not_carried: frozenset[OrderStatus], *, recheck: bool
) -> Action:
    """A status that could not be read (blank) is a problem already; the order goes on, to have all found."""
    if link is None:
        return Action.NONE if status in not_carried else Action.CREATE
    # Where goods that the source has shipped are not carried, that they were is the ERP's own news.
    shipped = status == OrderStatus.COMPLETED and OrderStatus.COMPLETED in not_carried
    if (shipped or link.source_version == version) and not recheck:
        return Action.NONE
    return Action.CANCEL if status == OrderStatus.CANCELLED else Action.CHANGE


def _plan(
    orders: pd.DataFrame, actions: Mapping[str, Action], links: Mapping[str, Link], recheck: set[str]
) -> pd.DataFrame:
    """``PLAN_FRAME`` but for the mapping's version. What could not be read is blank, not null."""
    told = orders[["source_id", "number", "source_version", "customer_source_id"]].fillna("")
    keys = list(told.source_id)
    columns = {
        "key": keys,
        "number": list(told.number),
        "action": [actions[key].value for key in keys],
        "version": list(told.source_version),
        "customer": list(told.customer_source_id),
        "target_id": [links[key].target_id if key in links else "" for key in keys],
        "mapping": [""] * len(keys),
        "recheck": [key in recheck for key in keys],
    }
    plan: pd.DataFrame = pa.table(columns, schema=PLAN_FRAME).to_pandas(types_mapper=pd.ArrowDtype)
    return plan
