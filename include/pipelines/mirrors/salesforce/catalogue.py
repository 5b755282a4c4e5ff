"""Zoho's items and what there is of them, for Salesforce."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from include.canonical import Reason
from include.ledger import Link
from include.pipelines.mirrors.preparing import Prepared
from include.pipelines.mirrors.salesforce.crossings import extension
from include.pipelines.outcomes import problem, problem_frame
from include.pipelines.ports import ITEM
from include.pipelines.staging import rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from include.pipelines.mirrors.ports import MirrorWorld

    Frames = Mapping[str, pd.DataFrame]

ITEMS, STOCK = "items", "stock"
PRODUCT, KEY = "Product2", "Zoho_Item_Id__c"
SKU = "sku"
"""Extension: what an item is told to Salesforce as ``ProductCode``."""


def catalogue(world: MirrorWorld, frames: Frames) -> Prepared:
    """All items; of one that Zoho has no longer Salesforce is told that it is sold no more, if it has it.

    A product that people made with an item's code is the item's, if there is no doubt; a second one is never
    made beside it.
    """
    found = frames[ITEMS]
    known = _linked(world, set(found.source_id))
    deleted = set(found[found.status == "deleted"].source_id)
    new = {row["source_id"]: row for row in rows(found) if row["source_id"] not in known | deleted}
    problems = _adopt(world, new)
    aside = (deleted - known) | {each["key"] for each in problems}
    carried = found[~found.source_id.isin(aside)]

    def said(key: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        return {PRODUCT: {KEY: key, "IsActive": False}} if key in deleted else document

    return Prepared({**frames, ITEMS: carried}, problems=problem_frame(problems), said=said)


def stock(world: MirrorWorld, frames: Frames) -> Prepared:
    """Stock of items that Salesforce has as products; the catalogue's flow carries the others first."""
    found = frames[STOCK]
    known = _linked(world, set(found.source_id))
    return Prepared({**frames, STOCK: found[found.source_id.isin(known)]})


def _linked(world: MirrorWorld, items: set[str]) -> set[str]:
    flow = world.flow
    return set(world.ledger.crosswalk.find(ITEM, flow.source, items, flow.target))


def _adopt(world: MirrorWorld, new: Mapping[str, Mapping[str, Any]]) -> list[dict[str, object]]:
    """Link items with the one product that has their code; gives those with whom it is not one to one."""
    if world.unclaimed is None or not new:
        return []
    flow = world.flow
    codes = {key: extension(row, SKU) for key, row in new.items()}
    found = world.unclaimed.find(codes)
    holders = Counter(product for products in found.values() for product in products)
    sure = {
        key: product
        for key, products in found.items()
        for product in products
        if len(products) == 1 and holders[product] == 1
    }
    world.ledger.crosswalk.bind(
        [
            Link(
                ITEM, flow.source, key, flow.target, product,
                origin=f"adopted by {flow.name}", natural_key=codes[key],
            )
            for key, product in sure.items()
        ]
    )  # fmt: skip
    return [_unsure(key, new[key], codes[key], found[key]) for key in found if key not in sure]


def _unsure(key: str, row: Mapping[str, Any], code: str, products: Mapping[str, str]) -> dict[str, object]:
    several = f"{len(products)} products" if len(products) > 1 else "a product that other items want, too"
    return problem(
        key,
        Reason.AMBIGUOUS_REFERENCE,
        field="ProductCode",
        value=code,
        message=f"item {row['name']!r}: Salesforce has {several} of the code {code!r}",
        remedy="Choose the right product (Browse > Exceptions), or give the others another code in "
        "Salesforce, then replay.",
        candidates=[
            {"value": product, "label": name, "score": 100.0, "reason": "code"}
            for product, name in products.items()
        ],
    )
