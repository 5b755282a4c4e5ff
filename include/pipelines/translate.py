"""Turn the source's records into the ERP's, and decide what is to be done with each.

Reads the reference tables it needs from the ERP (a constant number of queries a batch), translates
twice (source → canonical → ERP), finds each buyer's customer, and stages the plan. Nothing is
written to any system.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from include.canonical import OrderStatus, Reason
from include.ledger import Link, Outcome
from include.pipelines.customers import Buyer, Match, match
from include.pipelines.extract import RECORDS
from include.pipelines.outcomes import keep, problem, problem_frame, set_aside
from include.pipelines.ports import CUSTOMER, ORDER, SOURCE, TARGET
from include.pipelines.staging import rows
from include.translation import RateTable, Reference, Site, load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.pipelines.ports import Ticket, World

ORDERS, LINES, HEADERS, DETAILS, CUSTOMERS, PLAN = (
    "orders",
    "lines",
    "headers",
    "details",
    "customers",
    "plan",
)

WRITTEN = ("SO_SalesOrderHeader", "SO_SalesOrderDetail", "AR_Customer")
"""Sage tables this flow writes."""

PLAN_FRAME = pa.schema(
    [
        pa.field("key", pa.string()),  # the source's id of the order
        pa.field("number", pa.string()),  # the source's order number
        pa.field("action", pa.string()),  # Action
        pa.field("version", pa.string()),  # the source's version
        pa.field("customer", pa.string()),  # the source's id of the customer
        pa.field("target_id", pa.string()),  # the ERP's order number once there is one
        pa.field("mapping", pa.string()),  # versions of the mappings used
        pa.field("recheck", pa.bool_()),  # compare with the ERP whatever was carried
    ]
)


class Action(StrEnum):
    """What the ERP must do for an order."""

    CREATE = "create"
    CHANGE = "change"
    CANCEL = "cancel"
    NONE = "none"


def translate(world: World, ticket: Ticket) -> dict[str, int]:
    """Stage canonical frames, ERP frames and the plan.

    Returns:
        Counts: ``records`` read, ``planned`` orders, ``set_aside`` records.
    """
    staging = world.staging(ticket)
    records = staging.read(RECORDS)
    site = _site(world)
    inbound, outbound = load("zoho_inventory/sales_order"), load("sage100/sales_order")
    customer_mapping = load("sage100/customer")
    canonical = inbound.to_canonical(list(records.key), list(records.payload), site)
    orders = canonical.frames["orders"]
    links = world.ledger.crosswalk.find(ORDER, SOURCE, list(orders.source_id), TARGET)
    recheck = set(records.key[records.recheck])
    actions = _actions(orders, links, recheck)
    outcomes = {key: Outcome.UNCHANGED for key, action in actions.items() if action is Action.NONE}
    carried = orders[orders.source_id.map(actions) != Action.NONE.value]
    frames = {
        "orders": carried,
        "lines": canonical.frames["lines"][canonical.frames["lines"].order_source_id.isin(carried.source_id)],
    }
    erp = outbound.from_canonical(frames, site)
    buyers, ambiguous = _buyers(world, carried)
    newcomers = customer_mapping.from_canonical(
        {
            "orders": _witnesses(
                carried[carried.customer_source_id.isin(buyers)], {*canonical.problems.key, *erp.problems.key}
            )
        },
        site,
    )
    problems = [
        canonical.problems[~canonical.problems.key.isin(outcomes)],
        erp.problems,
        _for_orders(newcomers.problems, carried),
        ambiguous,
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


def _site(world: World) -> Site:
    tables = world.reads.references()
    references = {name: Reference.table(name, frame) for name, frame in tables.items()}
    references["items"] = Reference.items(world.reads.items(), world.reads.aliases())
    return Site(
        references=references,
        rates=RateTable(world.ledger.rates.all()),
        settings=world.settings,
        time_zone=world.time_zone,
        widths=text_widths(world),
    )


def text_widths(world: World) -> dict[tuple[str, str], int]:
    """Characters of every text column we may write, as this site's dictionary has them."""
    columns = world.reads.widths(WRITTEN)
    return {name: spec.width for name, spec in columns.items() if spec.width}


def _actions(orders: pd.DataFrame, links: Mapping[str, Link], recheck: set[str]) -> dict[str, Action]:
    """What to do by order key: a decision table over status and crosswalk."""
    known = orders[["source_id", "status", "source_version"]].fillna("")
    return {
        key: _action(status, links.get(key), version, recheck=key in recheck)
        for key, status, version in known.itertuples(index=False)
    }


def _action(status: str, link: Link | None, version: str, *, recheck: bool) -> Action:
    """A status that could not be read (blank) is a problem already; the order goes on, to have all found."""
    if link is None:
        return Action.NONE if status in {OrderStatus.DRAFT, OrderStatus.CANCELLED} else Action.CREATE
    if link.source_version == version and not recheck:
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


def _buyers(world: World, orders: pd.DataFrame) -> tuple[set[str], pd.DataFrame]:
    """Customers that must be created (source ids), and problems of those that may be several."""
    named = orders[["source_id", "number", *_OF_A_BUYER]].fillna("")
    named = named[named.customer_source_id != ""]
    linked = world.ledger.crosswalk.find(CUSTOMER, SOURCE, list(named.customer_source_id.unique()), TARGET)
    unknown = named[~named.customer_source_id.isin(linked)].drop_duplicates("customer_source_id")
    if not len(unknown):
        return set(), problem_frame([])
    buyers = [Buyer(*row.values()) for row in rows(unknown[_OF_A_BUYER])]
    matches = match(buyers, world.reads.customers())
    _bind(world, matches)
    doubts = [
        row
        for order in rows(named)
        if (row := _verdict(order, matches.get(order["customer_source_id"]))) is not None
    ]
    return {source_id for source_id, hit in matches.items() if not hit.found}, problem_frame(doubts)


_OF_A_BUYER = [
    "customer_source_id",
    "customer_name",
    "customer_email",
    "customer_phone",
    "bill_to_postal_code",
]
"""Columns that make a :class:`Buyer`, in its order."""


def _bind(world: World, matches: Mapping[str, Match]) -> None:
    """Remember who was recognised, so that the next order need not ask again."""
    world.ledger.crosswalk.bind(
        [
            Link(
                entity=CUSTOMER,
                source_system=SOURCE,
                source_id=source_id,
                target_system=TARGET,
                target_id=hit.found[0].target_id,
                source_version="",
                content_hash="",
                origin=f"matched by {hit.evidence}",
                natural_key=hit.found[0].name,
            )
            for source_id, hit in matches.items()
            if len(hit.found) == 1 and hit.found[0].is_active
        ]
    )


def _witnesses(orders: pd.DataFrame, troubled: set[str]) -> pd.DataFrame:
    """Orders that say who a new customer is: its sound ones, or all it has when none is sound."""
    sound = orders[~orders.source_id.isin(troubled)]
    return orders[
        orders.source_id.isin(sound.source_id) | ~orders.customer_source_id.isin(sound.customer_source_id)
    ]


def _verdict(order: Mapping[str, Any], hit: Match | None) -> dict[str, object] | None:
    number, name = order["number"], order["customer_name"]
    if hit is None or not hit.found:
        return None
    if len(hit.found) > 1:
        return problem(
            order["source_id"],
            Reason.AMBIGUOUS_CUSTOMER,
            field="customer_id",
            value=order["customer_source_id"],
            message=f"order {number}: {name!r} may be {len(hit.found)} Sage customers (by {hit.evidence})",
            remedy="Choose the right one (Browse > Exceptions), or make them distinct in Sage, then replay.",
            candidates=[{"value": c.target_id, "label": c.name, "score": 1.0} for c in hit.found],
        )
    if not hit.found[0].is_active:
        return problem(
            order["source_id"],
            Reason.INACTIVE_REFERENCE,
            field="customer_name",
            value=name,
            message=f"order {number}: Sage customer {hit.found[0].target_id} is inactive",
            remedy="Make the customer active in Sage, or merge the Zoho contact with another, then replay.",
        )
    return None


def _for_orders(problems: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Problems of a customer become problems of each of its orders."""
    owners = orders[["source_id", "customer_source_id"]].rename(columns={"source_id": "order"})
    joined = problems.merge(owners, left_on="key", right_on="customer_source_id")
    return joined.assign(key=joined["order"])[list(problems.columns)]
