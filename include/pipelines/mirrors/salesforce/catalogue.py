"""Zoho's items and what there is of them, for Salesforce."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.pipelines.mirrors.preparing import Prepared
from include.pipelines.ports import ITEM

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from include.pipelines.mirrors.ports import MirrorWorld

    Frames = Mapping[str, pd.DataFrame]

ITEMS, STOCK = "items", "stock"
PRODUCT, KEY = "Product2", "Zoho_Item_Id__c"


def catalogue(world: MirrorWorld, frames: Frames) -> Prepared:
    """All items; of one that Zoho has no longer Salesforce is told that it is sold no more, if it has it."""
    found = frames[ITEMS]
    deleted = set(found[found.status == "deleted"].source_id)
    known = _linked(world, deleted)
    carried = found[~found.source_id.isin(deleted - known)]

    def said(key: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        return {PRODUCT: {KEY: key, "IsActive": False}} if key in deleted else document

    return Prepared({**frames, ITEMS: carried}, said=said)


def stock(world: MirrorWorld, frames: Frames) -> Prepared:
    """Stock of items that Salesforce has as products; the catalogue's flow carries the others first."""
    found = frames[STOCK]
    known = _linked(world, set(found.source_id))
    return Prepared({**frames, STOCK: found[found.source_id.isin(known)]})


def _linked(world: MirrorWorld, items: set[str]) -> set[str]:
    flow = world.flow
    return set(world.ledger.crosswalk.find(ITEM, flow.source, items, flow.target))
