"""Customers both ways.

The shop's for the ERP: who each one is there, who is new, and what a merger hands over. The ERP's for the
shop: whose accounts there are told.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.canonical import Reason
from include.connectors.clarity_ecommerce.accounts import ACCOUNTS
from include.connectors.sage100.marks import CLARITY_MARKS
from include.pipelines.buyers import CREATE, FLAG, NOT_FOUND, remember
from include.pipelines.customers import Buyer, match
from include.pipelines.guests import HOUSE
from include.pipelines.mirrors.preparing import Prepared
from include.pipelines.outcomes import problem, problem_frame
from include.pipelines.policies import policy
from include.pipelines.ports import CUSTOMER
from include.pipelines.staging import rows
from include.translation import Reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from include.pipelines.customers import Match
    from include.pipelines.mirrors.ports import MirrorWorld

    Frames = Mapping[str, pd.DataFrame]

CUSTOMERS = "customers"
MERGED_INTO = "merged_into"


def customers(world: MirrorWorld, frames: Frames) -> Prepared:
    """Active customers for the ERP: linked, recognised, or new where the site wants them created.

    Two accounts of one newcomer make one customer: the second waits until the first stands there.
    """
    found, flow = frames[CUSTOMERS], world.flow
    _hand_over(world, found)
    active = found[found.is_active.fillna(value=False).astype(bool)]
    linked = world.ledger.crosswalk.find(CUSTOMER, flow.source, list(active.source_id), flow.target)
    unknown = {row["source_id"]: row for row in rows(active[~active.source_id.isin(linked)].fillna(""))}
    matches = _recognised(world, unknown)
    wanted = policy(world, NOT_FOUND, (CREATE, FLAG), default=CREATE)
    problems = [
        said for key, row in unknown.items() if (said := _verdict(row, matches[key], wanted)) is not None
    ]
    later = frozenset(key for key, hit in matches.items() if hit.same_as)
    aside = later | {said["key"] for said in problems}
    carried = active[~active.source_id.isin(aside)]
    tables = world.erp.references() if world.erp else {}
    references = {name: Reference.table(name, frame) for name, frame in tables.items()}
    return Prepared({**frames, CUSTOMERS: carried}, references, problem_frame(problems), later)


def accounts(world: MirrorWorld, frames: Frames) -> Prepared:
    """Customers of the ERP for every account of theirs in the shop; guests share one and have none."""
    found, flow = frames[CUSTOMERS], world.flow
    links = world.ledger.crosswalk.find_by_target(CUSTOMER, flow.source, list(found.source_id), flow.target)
    ids = {
        number: [link.source_id for link in each if link.source_id != HOUSE] for number, each in links.items()
    }
    known = (
        world.customers.numbers([each for some in ids.values() for each in some]) if world.customers else {}
    )
    told = {number: [each for each in some if each in known] for number, some in ids.items()}
    carried = found[found.source_id.isin([number for number, some in told.items() if some])]

    def said(key: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**document, ACCOUNTS: told[key]}

    return Prepared({**frames, CUSTOMERS: carried}, said=said)


def _recognised(world: MirrorWorld, unknown: Mapping[str, Mapping[str, Any]]) -> dict[str, Match]:
    if not unknown or world.erp is None:
        return {}
    buyers = [_buyer(row) for row in unknown.values()]
    matches = match(buyers, world.erp.customers(), id_column=CLARITY_MARKS.customer_id)
    remember(world, matches)
    return matches


def _buyer(row: Mapping[str, Any]) -> Buyer:
    return Buyer(
        source_id=row["source_id"],
        name=row["name"],
        email=row["email"],
        phone=row["phone"] or row["bill_to_phone"],
        postal_code=row["bill_to_postal_code"],
        company=row["company"],
        erp_number=row["erp_number"],
        is_person=not row["company"],
    )


def _hand_over(world: MirrorWorld, found: pd.DataFrame) -> None:
    """Whoever was merged becomes the ERP's customer of the survivor, who inherits one where there is none.

    Orders under either account then go to the same customer. The ERP's own two customers stay two: to merge
    them is the ERP's business.
    """
    merged = {row["source_id"]: into for row in rows(found) if (into := _survivor(row))}
    if not merged:
        return
    flow, crosswalk = world.flow, world.ledger.crosswalk
    links = crosswalk.find(CUSTOMER, flow.source, [*merged, *merged.values()], flow.target)
    handed = []
    for old, kept in sorted(merged.items()):
        origin = f"merged by {flow.name}"
        if kept in links and (old not in links or links[old].target_id != links[kept].target_id):
            handed.append(replace(links[kept], source_id=old, content_hash="", origin=origin))
        elif kept not in links and old in links:
            links[kept] = replace(
                links[old], source_id=kept, source_version="", content_hash="", origin=origin
            )
            handed.append(links[kept])
    crosswalk.bind(handed)


def _survivor(row: Mapping[str, Any]) -> str:
    told: dict[str, str] = json.loads(row["extensions"] or "{}")
    return told.get(MERGED_INTO, "")


def _verdict(row: Mapping[str, Any], hit: Match, wanted: str) -> dict[str, object] | None:
    """What is wrong with a customer who is not linked, if anything is."""
    told = f"customer {row['number']}: {row['name']!r}"
    if hit.doubt:
        return problem(
            row["source_id"],
            Reason.AMBIGUOUS_CUSTOMER,
            field="externalIds.sage100CustomerNo",
            value=row["erp_number"],
            message=f"{told} may be another's customer in Sage (by {hit.evidence}: {hit.doubt})",
            remedy="Enter the right number in the customer's external ids in Clarity, or make them distinct "
            "in Sage, then replay.",
            candidates=[{"value": c.target_id, "label": c.name, "score": 1.0} for c in hit.found],
        )
    if hit.customer and not hit.customer.is_active:
        return problem(
            row["source_id"],
            Reason.INACTIVE_REFERENCE,
            field="status",
            message=f"{told} is {hit.customer.target_id}, who is inactive in Sage",
            remedy="Make the customer active in Sage, or inactive in Clarity, then replay.",
        )
    if hit.is_new and wanted == FLAG:
        return problem(
            row["source_id"],
            Reason.NO_REFERENCE,
            field="company",
            message=f"{told} is no customer in Sage",
            remedy="Enter the customer in Sage, or its number in Clarity's external ids, then replay.",
            candidates=[{"value": c.target_id, "label": c.name, "score": 0.5} for c in hit.near],
        )
    if hit.is_new and not (row["bill_to_postal_code"] or row["email"]):
        return problem(
            row["source_id"],
            Reason.MISSING,
            field="email",
            message=f"{told} is new, and tells too little",
            remedy="Enter a postal code or an e-mail address in Clarity.",
        )
    return None
