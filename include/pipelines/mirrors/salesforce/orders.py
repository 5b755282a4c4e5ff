"""Zoho's sales orders for Salesforce: whose account they are, which opportunity, which products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.canonical import Reason
from include.pipelines.flows import ZOHO_CATALOGUE
from include.pipelines.mirrors.announce import Hint, hint
from include.pipelines.mirrors.preparing import Prepared
from include.pipelines.mirrors.salesforce.crossings import living, reference
from include.pipelines.outcomes import problem, problem_frame
from include.pipelines.ports import CUSTOMER, ITEM, ORDER, distinct
from include.pipelines.staging import rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd

    from include.pipelines.mirrors.ports import MirrorWorld

    Frames = Mapping[str, pd.DataFrame]
    Row = Mapping[str, Any]

ORDERS, LINES = "orders", "lines"
HEADER, STATUS = "Order", "Status"
OPTIONAL = frozenset({"Zoho_Order_Status__c"})
"""Fields of an order that an org may do without."""
ACCOUNTS, PRODUCTS = "salesforce_accounts", "salesforce_products"
ACCOUNT = "001"
"""How ids of accounts begin: a contact that is nobody's account cannot have an order."""


def orders(world: MirrorWorld, frames: Frames) -> Prepared:
    """Orders of customers that are accounts in Salesforce; the others are none of its business."""
    found = frames[ORDERS]
    accounts = _accounts(world, distinct(found.customer_source_id.dropna()))
    ours = found[found.customer_source_id.isin(accounts)]
    void = set(ours[ours.status == "cancelled"].source_id)
    ours = ours[~ours.source_id.isin(void - _told(world, void))]
    lines = frames[LINES][frames[LINES].order_source_id.isin(ours.source_id)]
    products, problems = _products(world, list(rows(lines)))
    carried = ours[~ours.source_id.isin([each["key"] for each in problems])]
    opportunities = _opportunities(world, list(carried.source_id))

    absent, words = _absent(world), _words(world) if void else ()

    def said(key: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        header = {name: value for name, value in document[HEADER].items() if name not in absent}
        if key in void and header.get(STATUS) not in words:
            header.pop(STATUS, None)
        if key in opportunities:
            header["OpportunityId"] = opportunities[key]
        return {**document, HEADER: header}

    return Prepared(
        {**frames, ORDERS: carried, LINES: lines[lines.order_source_id.isin(carried.source_id)]},
        {ACCOUNTS: reference(ACCOUNTS, accounts), PRODUCTS: reference(PRODUCTS, products)},
        problem_frame(problems),
        said=said,
    )


def _absent(world: MirrorWorld) -> frozenset[str]:
    """Fields of which this org has none."""
    schema = world.schema
    return frozenset(name for name in OPTIONAL if schema is None or not schema.has(HEADER, name))


def _words(world: MirrorWorld) -> Collection[str]:
    """What this org calls where an order stands."""
    return world.schema.words(HEADER, STATUS) if world.schema else ()


def _accounts(world: MirrorWorld, contacts: Sequence[str]) -> dict[str, str]:
    """Accounts by Zoho's contact; of several that were made one, the survivor."""
    flow = world.flow
    links = world.ledger.crosswalk.find_by_target(CUSTOMER, flow.source, list(contacts), flow.target)
    found = {
        contact: [each.source_id for each in living(several) if each.source_id.startswith(ACCOUNT)]
        for contact, several in links.items()
    }
    return {contact: several[0] for contact, several in found.items() if several}


def _told(world: MirrorWorld, keys: set[str]) -> set[str]:
    return set(world.ledger.crosswalk.find(ORDER, world.flow.source, keys, world.flow.target))


def _opportunities(world: MirrorWorld, keys: Sequence[str]) -> dict[str, str]:
    """The opportunities that orders were made of."""
    flow = world.flow
    links = world.ledger.crosswalk.find_by_target(ORDER, flow.source, keys, flow.target)
    return {key: several[0].source_id for key, several in links.items()}


def _products(world: MirrorWorld, lines: Sequence[Row]) -> tuple[dict[str, str], list[dict[str, object]]]:
    """Salesforce's product of each item, and lines whose item is none yet; those are announced."""
    flow = world.flow
    items = distinct(line["item_source_id"] for line in lines if line["item_source_id"])
    links = world.ledger.crosswalk.find(ITEM, flow.source, items, flow.target)
    unknown = [line for line in lines if line["item_source_id"] not in links]
    _announce(world, unknown)
    return {item: link.target_id for item, link in links.items()}, [_no_product(line) for line in unknown]


def _announce(world: MirrorWorld, lines: Sequence[Row]) -> None:
    named = [line for line in lines if line["item_source_id"]]
    hints = [Hint(line["item_source_id"], f"order:{line['order_source_id']}") for line in named]
    hint(world, ZOHO_CATALOGUE, ITEM, hints)


def _no_product(line: Row) -> dict[str, object]:
    item = line["item_source_id"] or ""
    return problem(
        line["order_source_id"],
        Reason.NO_REFERENCE,
        line=line["position"],
        field="item_id",
        value=item,
        message=f"item {line['sku'] or item or line['description']!r} is no product in Salesforce"
        + ("" if item else ": the line names no item"),
        remedy=f"Trigger {ZOHO_CATALOGUE}, which has been told of the item, then replay."
        if item
        else "Name the item of the line in Zoho; the next version is carried.",
    )
