"""Who bought: each order's buyer becomes a customer of the ERP, a customer to be created, or a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.canonical import Reason
from include.ledger import Link
from include.pipelines.customers import Buyer, Match, match
from include.pipelines.outcomes import problem, problem_frame
from include.pipelines.ports import CUSTOMER, TARGET
from include.pipelines.staging import rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from include.pipelines.ports import World


def unknown_buyers(world: World, orders: pd.DataFrame) -> tuple[set[str], pd.DataFrame]:
    """Customers that must be created (source ids), and problems of those that may be several."""
    named = orders[["source_id", "number", *_OF_A_BUYER]].fillna("")
    named = named[named.customer_source_id != ""]
    linked = world.ledger.crosswalk.find(
        CUSTOMER, world.flow.source, list(named.customer_source_id.unique()), TARGET
    )
    unknown = named[~named.customer_source_id.isin(linked)].drop_duplicates("customer_source_id")
    if not len(unknown):
        return set(), problem_frame([])
    asked = [Buyer(*row.values()) for row in rows(unknown[_OF_A_BUYER])]
    matches = match(asked, world.reads.customers())
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
                source_system=world.flow.source,
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


def witnesses(orders: pd.DataFrame, troubled: set[str]) -> pd.DataFrame:
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
            remedy="Make the customer active in Sage, or merge the customer with another, then replay.",
        )
    return None


def for_orders(problems: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Problems of a customer become problems of each of its orders."""
    owners = orders[["source_id", "customer_source_id"]].rename(columns={"source_id": "order"})
    joined = problems.merge(owners, left_on="key", right_on="customer_source_id")
    return joined.assign(key=joined["order"])[list(problems.columns)]
