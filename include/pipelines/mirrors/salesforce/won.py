"""Won opportunities as sales orders: whose they are, what was sold, and what when they are won no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.canonical import Reason
from include.pipelines.flows import SALESFORCE_CUSTOMERS
from include.pipelines.mirrors.announce import Hint, hint
from include.pipelines.mirrors.preparing import Prepared
from include.pipelines.mirrors.salesforce.crossings import extension, reference
from include.pipelines.mirrors.salesforce.likely import Likely
from include.pipelines.mirrors.salesforce.waiting import WAITS
from include.pipelines.mirrors.salesforce.withdrawn import withdrawn, won_again
from include.pipelines.outcomes import problem, problem_frame
from include.pipelines.ports import CUSTOMER, ITEM, distinct
from include.pipelines.staging import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from include.pipelines.mirrors.ports import MirrorWorld

    Frames = Mapping[str, pd.DataFrame]
    Row = Mapping[str, Any]
    Problems = list[dict[str, object]]

ORDERS, LINES = "orders", "lines"
CONTACTS, ITEMS = "zoho_contacts", "zoho_items"
WON = "open"
NOBODY = "-"
"""What the mapping says where an opportunity names no buyer."""


def won(world: MirrorWorld, frames: Frames) -> Prepared:
    """Won opportunities for Zoho. Those whose customer is on its way to Zoho wait for it.

    An opportunity that was never won in our time is none of Zoho's business; one that has an order there and
    is won no more is a person's.
    """
    found = {row["source_id"]: row for row in rows(frames[ORDERS])}
    sold = {key: row for key, row in found.items() if row["status"] == WON}
    problems = withdrawn(world, {key: row for key, row in found.items() if key not in sold})
    problems += won_again(world, sold)
    contacts, later, unknown = _buyers(world, sold)
    lines = [row for row in rows(frames[LINES]) if row["order_source_id"] in sold]
    items, mismatched = _items(world, lines)
    full = {line["order_source_id"] for line in lines}
    problems += unknown + mismatched + [_empty(key, row) for key, row in sold.items() if key not in full]
    aside = {each["key"] for each in problems} | later
    carried = frames[ORDERS][frames[ORDERS].source_id.isin([key for key in sold if key not in aside])]
    kept = frames[LINES][frames[LINES].order_source_id.isin(carried.source_id)]
    return Prepared(
        {**frames, ORDERS: carried, LINES: kept},
        {CONTACTS: reference(CONTACTS, contacts), ITEMS: reference(ITEMS, items)},
        problem_frame(problems),
        frozenset(later - {each["key"] for each in problems}),
    )


def _buyers(world: MirrorWorld, sold: Mapping[str, Row]) -> tuple[dict[str, str], set[str], Problems]:
    """Zoho's contacts by customer, orders that wait for one, and orders that have nobody to wait for."""
    flow, ledger = world.flow, world.ledger
    ids = distinct(row["customer_source_id"] for row in sold.values())
    links = ledger.crosswalk.find(CUSTOMER, flow.source, ids, flow.target)
    contacts = {key: link.target_id for key, link in links.items()}
    waiting = {key: row for key, row in sold.items() if row["customer_source_id"] not in contacts}
    _announce(world, {key: row for key, row in waiting.items() if row["customer_source_id"] != NOBODY})
    coming = set(ledger.inbox.unfinished(SALESFORCE_CUSTOMERS)) if waiting else set()
    later = {key for key, row in waiting.items() if row["customer_source_id"] in coming}
    return contacts, later, [_nobody(key, row) for key, row in waiting.items() if key not in later]


def _announce(world: MirrorWorld, waiting: Mapping[str, Row]) -> None:
    """Have the customers' flow carry them; once for each version of an opportunity that asks."""
    hints = [
        Hint(row["customer_source_id"], f"order:{key}:{row['source_version']}", {WAITS: key})
        for key, row in waiting.items()
    ]
    hint(world, SALESFORCE_CUSTOMERS, CUSTOMER, hints)


def _nobody(key: str, row: Row) -> dict[str, object]:
    account = row["customer_source_id"].removeprefix(NOBODY)
    return problem(
        key,
        Reason.NO_REFERENCE if account else Reason.MISSING,
        field="AccountId",
        value=account,
        message=f"opportunity {row['reference']!r}: "
        + (f"customer {account} is no contact in Zoho" if account else "it is nobody's"),
        remedy=f"See what {SALESFORCE_CUSTOMERS} made of the customer, carry it by its id, then replay."
        if account
        else "Name the account in Salesforce; the next version is carried.",
    )


def _empty(key: str, row: Row) -> dict[str, object]:
    return problem(
        key,
        Reason.NO_LINES,
        field="OpportunityLineItems",
        message=f"opportunity {row['reference']!r} is won and names no product",
        remedy="Add the products in Salesforce; the next version is carried.",
    )


def _items(world: MirrorWorld, lines: Sequence[Row]) -> tuple[dict[str, str], Problems]:
    """Zoho's item of each product sold, and lines whose product is none or several.

    What a person said which item a product is goes before what the catalogue carried.
    """
    flow = world.flow
    products = distinct(line["item_source_id"] for line in lines if line["item_source_id"])
    links = world.ledger.crosswalk.find_by_target(ITEM, flow.source, products, flow.target)
    ids = {product: distinct(link.source_id for link in several) for product, several in links.items()}
    items = {product: several[0] for product, several in ids.items() if len(several) == 1}
    named = world.ledger.crosswalk.find(ITEM, flow.source, products, flow.target)
    items |= {product: link.target_id for product, link in named.items()}
    unclear = [line for line in lines if line["item_source_id"] not in items]
    if not unclear:
        return items, []
    likely = Likely.of(world)
    return items, [_mismatch(line, ids.get(line["item_source_id"], ()), likely) for line in unclear]


def _mismatch(line: Row, several: Iterable[str], likely: Likely) -> dict[str, object]:
    known = list(several)
    code, name = line["sku"] or "", extension(line, "product_name") or line["description"] or ""
    called = " ".join(part for part in (code, name) if part) or line["item_source_id"]
    return problem(
        line["order_source_id"],
        Reason.AMBIGUOUS_REFERENCE if known else Reason.NO_REFERENCE,
        line=line["position"],
        field="Product2Id",
        value=line["item_source_id"] or "",
        message=f"product {called!r} is {f'{len(known)} items' if known else 'no item'} of Zoho's",
        remedy="Choose the right item (Browse > Exceptions), or correct the product in Salesforce and replay."
        if line["item_source_id"]
        else "Name a product on the line in Salesforce; the next version is carried.",
        candidates=likely.named(known) if known else likely.nearest(code, name),
    )
