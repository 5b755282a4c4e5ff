"""Who bought: each order's buyer becomes a customer of the ERP, a customer to be created, or a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.canonical import Reason
from include.ledger import Link
from include.pipelines.customers import Buyer, Match, match
from include.pipelines.guests import HOUSE, to_house
from include.pipelines.outcomes import problem, problem_frame
from include.pipelines.policies import policy
from include.pipelines.ports import CUSTOMER, TARGET
from include.pipelines.staging import rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from include.pipelines.ports import Settled, World

NOT_FOUND = "customer_not_found"
"""What becomes of a buyer whom the ERP does not have: a setting; with ``.<flow>`` after it, of that flow."""
CREATE, FLAG = "create", "flag"


@dataclass(frozen=True)
class Buyers:
    """Who bought a batch's orders.

    Attributes:
        orders: the orders, ``customer_source_id`` naming whose they are in the ERP: a guest's are the house
            account's, two accounts of one newcomer are the first one's.
        new: customers that must be created (source ids).
        problems: of those that may be several, or nobody.
    """

    orders: pd.DataFrame
    new: set[str]
    problems: list[pd.DataFrame]


def identify(world: World, orders: pd.DataFrame) -> Buyers:
    """Find each order's customer, and remember who was recognised.

    Raises:
        ConfigurationError: the site's policy for unknown customers is none.
    """
    wanted = policy(world, NOT_FOUND, (CREATE, FLAG), default=CREATE)
    orders, homeless = to_house(world, orders)
    named = orders[["source_id", "number", *_TOLD]].fillna("")
    named = named[~named.customer_source_id.isin(["", HOUSE])]
    linked = world.ledger.crosswalk.find(
        CUSTOMER, world.flow.source, list(named.customer_source_id.unique()), TARGET
    )
    unknown = named[~named.customer_source_id.isin(linked)]
    if not len(unknown):
        return Buyers(orders, set(), [homeless])
    asked = [_buyer(world, row) for row in rows(unknown.drop_duplicates("customer_source_id"))]
    matches = match(asked, world.reads.customers(), id_column=world.flow.marks.customer_id)
    remember(world, matches)
    same = {source_id: hit.same_as for source_id, hit in matches.items() if hit.same_as}
    unknown = unknown.assign(customer_source_id=unknown.customer_source_id.replace(same))
    bare = _without_address(unknown)
    doubts = [
        row
        for order in rows(unknown)
        if (row := _verdict(order, matches[order["customer_source_id"]], wanted, bare)) is not None
    ]
    new = {source_id for source_id, hit in matches.items() if hit.is_new} - bare
    return Buyers(
        orders.assign(customer_source_id=orders.customer_source_id.replace(same)),
        new if wanted == CREATE else set(),
        [homeless, problem_frame(doubts)],
    )


_TOLD = [
    "customer_source_id",
    "customer_name",
    "customer_email",
    "customer_phone",
    "bill_to_postal_code",
    "customer_company",
    "customer_erp_number",
]
"""Columns that make a :class:`Buyer`."""


def _buyer(world: World, order: Mapping[str, Any]) -> Buyer:
    return Buyer(
        source_id=order["customer_source_id"],
        name=order["customer_name"],
        email=order["customer_email"],
        phone=order["customer_phone"],
        postal_code=order["bill_to_postal_code"],
        company=order["customer_company"],
        erp_number=order["customer_erp_number"],
        is_person=world.flow.tells_companies and not order["customer_company"],
    )


def _without_address(named: pd.DataFrame) -> set[str]:
    """Customers of whom no order tells postal code or e-mail address: too little to know them again."""
    told = named[(named.bill_to_postal_code != "") | (named.customer_email != "")]
    return set(named.customer_source_id) - set(told.customer_source_id)


def remember(world: Settled, matches: Mapping[str, Match]) -> None:
    """Link who was recognised, so that nobody need ask again."""
    world.ledger.crosswalk.bind(
        [
            Link(
                entity=CUSTOMER,
                source_system=world.flow.source,
                source_id=source_id,
                target_system=TARGET,
                target_id=hit.customer.target_id,
                source_version="",
                content_hash="",
                origin=f"matched by {hit.evidence}",
                natural_key=hit.customer.name,
            )
            for source_id, hit in matches.items()
            if hit.customer and hit.customer.is_active
        ]
    )


def witnesses(orders: pd.DataFrame, troubled: set[str]) -> pd.DataFrame:
    """Orders that say who a new customer is: its sound ones, or all it has when none is sound."""
    sound = orders[~orders.source_id.isin(troubled)]
    return orders[
        orders.source_id.isin(sound.source_id) | ~orders.customer_source_id.isin(sound.customer_source_id)
    ]


def _verdict(order: Mapping[str, Any], hit: Match, wanted: str, bare: set[str]) -> dict[str, object] | None:
    """What is wrong with an order's buyer, if anything is."""
    if hit.doubt:
        return _ambiguous(order, hit)
    if hit.customer:
        return None if hit.customer.is_active else _inactive(order, hit.customer.target_id)
    if wanted == FLAG:
        return _not_found(order, hit)
    return _too_little(order) if order["customer_source_id"] in bare else None


def _ambiguous(order: Mapping[str, Any], hit: Match) -> dict[str, object]:
    may_be = f"may be {len(hit.found)} Sage customers" if len(hit.found) > 1 else "needs a look"
    because = f"by {hit.evidence}: {hit.doubt}"
    return problem(
        order["source_id"],
        Reason.AMBIGUOUS_CUSTOMER,
        field="customer_id",
        value=order["customer_source_id"],
        message=f"order {order['number']}: {order['customer_name']!r} {may_be} ({because})",
        remedy="Choose the right one (Browse > Exceptions), or make them distinct in Sage, then replay.",
        candidates=[{"value": c.target_id, "label": c.name, "score": 1.0} for c in hit.found],
    )


def _inactive(order: Mapping[str, Any], target_id: str) -> dict[str, object]:
    return problem(
        order["source_id"],
        Reason.INACTIVE_REFERENCE,
        field="customer_name",
        value=order["customer_name"],
        message=f"order {order['number']}: Sage customer {target_id} is inactive",
        remedy="Make the customer active in Sage, or merge the shop's customer with another, then replay.",
    )


def _not_found(order: Mapping[str, Any], hit: Match) -> dict[str, object]:
    return problem(
        order["source_id"],
        Reason.NO_REFERENCE,
        field="customer_id",
        value=order["customer_source_id"],
        message=f"order {order['number']}: Sage has no customer {order['customer_name']!r}",
        remedy="Choose who it is (Browse > Exceptions), or enter the customer in Sage, then replay.",
        candidates=[{"value": c.target_id, "label": c.name, "score": 0.5} for c in hit.near],
    )


def _too_little(order: Mapping[str, Any]) -> dict[str, object]:
    return problem(
        order["source_id"],
        Reason.MISSING,
        field="customer_email",
        message=f"order {order['number']}: {order['customer_name']!r} is new, and tells too little",
        remedy="Enter a postal code or an e-mail address in the shop, then save the order again.",
    )


def for_orders(problems: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Problems of a customer become problems of each of its orders."""
    owners = orders[["source_id", "customer_source_id"]].rename(columns={"source_id": "order"})
    joined = problems.merge(owners, left_on="key", right_on="customer_source_id")
    return joined.assign(key=joined["order"])[list(problems.columns)]
