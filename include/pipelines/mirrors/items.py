"""Items both ways by field ownership: links between them, what each side is told, and what drifts.

The shop's product is linked to the ERP's item twice. Product id → item code, named by the SKU, is what
orders are looked up by; several products may be one item. Item code → SKU is the one product that speaks for
the item: it is told of stock and prices, and its texts go to the ERP.

What a side says of a field that the other owns is drift. It is noted in the audit trail and healed by the
owner's flow: the record is announced to it, and the link forgets what was told last.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pandas as pd

from include.canonical import Reason
from include.errors import TransientError
from include.ledger import AuditEntry, Link
from include.pipelines.flows import DRIFTED
from include.pipelines.mirrors.announce import Hint, hint
from include.pipelines.mirrors.matching import codes_of
from include.pipelines.mirrors.preparing import Prepared
from include.pipelines.outcomes import problem, problem_frame
from include.pipelines.ports import ITEM, distinct
from include.translation import RateTable, Site, load
from include.translation.loading import owners
from include.translation.ownership import drift
from include.translation.wire import LISTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.pipelines.mirrors.ports import MirrorWorld
    from include.translation import Reference
    from include.translation.ownership import Owner

    Frames = Mapping[str, pd.DataFrame]

ITEMS = "items"
OWNERS = "clarity_ecommerce/ownership"
TO_ERP = "sage100/item_write"
ITEM_TABLE = "CI_Item"
NEW_IN_ERP = "new_product_line"
"""Setting: the product line of items that the shop made first; blank makes none."""
NEW_IN_SHOP = "clarity_new_products"
"""Setting: ``create`` makes products of items that the shop does not know."""
SHOWN = 100
"""Characters of a value in the audit trail."""


def products(world: MirrorWorld, frames: Frames) -> Prepared:
    """Products of the shop for the ERP: linked, and of items that it has only what the shop owns."""
    found = frames[ITEMS]
    codes, problems = _matched(found, world.references()[ITEMS])
    links = _link(world, found, codes)
    # What the shop was never told is no drift yet.
    told = {key: codes[key] for key, link in links.items() if link.content_hash}
    _heal(
        world,
        "erp",
        erp=_across(world, "sage100/item", told.values()),
        shop=_renamed(found, told),
        records={code: code for code in told.values()},
    )
    unmatched = ~found.source_id.isin({*codes, *(each["key"] for each in problems)})
    new = found[unmatched] if world.settings.get(NEW_IN_ERP) else found.iloc[:0]
    speaking = {key: codes[key] for key in links}
    carried = pd.concat([_renamed(found, speaking), new], ignore_index=True)
    ours = owned_columns("shop")

    def said(key: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        if key not in speaking:
            return document
        return {name: value for name, value in document.items() if name in ours}

    return Prepared({**frames, ITEMS: carried}, problems=problem_frame(problems), said=said)


def items(world: MirrorWorld, frames: Frames) -> Prepared:
    """Items of the ERP for the shop: linked ones under its SKUs, and of those only what the ERP owns."""
    found, flow = frames[ITEMS], world.flow
    links = world.ledger.crosswalk.find(ITEM, flow.source, list(found.source_id), flow.target)
    skus = {code: link.target_id for code, link in links.items()}
    _heal_texts(world, found, skus)
    known = _renamed(found, skus)
    silent = [name for name, owner in owners(OWNERS).items() if owner == "shop" and name != "name"]
    known = known.assign(**{name: _nothing(known[name]) for name in silent})
    unknown = found[~found.source_id.isin(skus)]
    new = unknown if world.settings.get(NEW_IN_SHOP) == "create" else unknown.iloc[:0]
    names = dict(zip(new.source_id, new.name, strict=True))

    def said(key: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**document, "name": names[key]} if key in names else document

    return Prepared({**frames, ITEMS: pd.concat([known, new], ignore_index=True)}, said=said)


def owned_columns(owner: Owner) -> dict[str, str]:
    """The ERP's columns that carry a field of that owner as it is, and which field."""
    rules, whose = load(TO_ERP).sentence.frames[ITEMS].fields, owners(OWNERS)
    return {
        column: rule.from_ for column, rule in rules.items() if rule.from_ and whose.get(rule.from_) == owner
    }


def _matched(found: pd.DataFrame, known: Reference) -> tuple[dict[str, str], list[dict[str, object]]]:
    """The item code of each product that is one, and products of which nobody can tell."""
    codes: dict[str, str] = {}
    problems = []
    told = found[["source_id", "sku", "erp_code", "aliases"]].fillna("")
    for key, sku, erp_code, aliases in told.itertuples(index=False):
        answers = codes_of(sku, erp_code, aliases.split(LISTED) if aliases else [], known)
        if len(answers) == 1:
            codes[key] = answers[0]
        elif answers or erp_code:
            problems.append(_unclear(key, sku, erp_code, answers, known))
    return codes, problems


def _unclear(key: str, sku: str, erp_code: str, answers: list[str], known: Reference) -> dict[str, object]:
    offered = known.offered(answers) if answers else known.nearest([erp_code])
    said = "may be any of several items" if answers else f"names the item {erp_code!r}, which Sage has not"
    return problem(
        key,
        Reason.AMBIGUOUS_REFERENCE if answers else Reason.NO_REFERENCE,
        field="externalIds.sage100ItemCode",
        value=erp_code or sku,
        message=f"product {sku}: {said}",
        remedy="Enter the item's code in the product's external ids in Clarity, then replay.",
        candidates=[{"value": each.value, "label": each.label, "score": each.score} for each in offered],
    )


def _link(world: MirrorWorld, found: pd.DataFrame, codes: Mapping[str, str]) -> dict[str, Link]:
    """Link products to their items; gives, by product, the link of the item that it speaks for.

    The first product of an item speaks for it, unless another one bears the item's very code.
    """
    flow, crosswalk = world.flow, world.ledger.crosswalk
    skus = dict(zip(found.source_id, found.sku, strict=True))
    held = crosswalk.find(ITEM, flow.target, distinct(codes.values()), flow.source)
    mine = crosswalk.find(ITEM, flow.source, list(codes), flow.target)
    origin = f"matched by {flow.name}"
    speaking: dict[str, Link] = {}
    changed, fresh = [], []
    for key in sorted(codes, key=lambda key: (skus[key] != codes[key], key)):
        code, sku, old = codes[key], skus[key], mine.get(key)
        if old is None or (old.target_id, old.natural_key) != (code, sku):
            changed.append(Link(ITEM, flow.source, key, flow.target, code, origin=origin, natural_key=sku))
        formerly = old.natural_key if old is not None and old.target_id == code else sku
        holder = held.get(code)
        if holder is None or holder.target_id in {sku, formerly} or sku == code:
            if holder is None or holder.target_id != sku:
                holder = Link(ITEM, flow.target, code, flow.source, sku, origin=origin, natural_key=code)
                changed.append(holder)
                fresh.append(code)
            speaking[key] = held[code] = holder
    # Announced first: were it lost, nobody would tell the product what the ERP owns of it.
    _announce(world, fresh)
    crosswalk.bind(changed)
    return speaking


def _heal_texts(world: MirrorWorld, found: pd.DataFrame, skus: Mapping[str, str]) -> None:
    """Have the ERP's items get back what the shop owns, as far as they were told it before."""
    flow = world.flow
    links = world.ledger.crosswalk.find_by_target(ITEM, flow.source, list(skus), flow.target)
    records = {
        code: link.source_id
        for code, several in links.items()
        for link in several
        if link.natural_key == skus[code] and link.content_hash
    }
    codes = {skus[code]: code for code in records}
    shop = _renamed(_across(world, "clarity_ecommerce/product", codes), codes)
    _heal(world, "shop", erp=found[found.source_id.isin(records)], shop=shop, records=records)


def _heal(
    world: MirrorWorld, owner: Owner, *, erp: pd.DataFrame, shop: pd.DataFrame, records: Mapping[str, str]
) -> None:
    """Note where the two differ in what ``owner`` owns, and have its flow tell the other again.

    Args:
        world: of the flow that carries from the side that does not own.
        owner: whose word counts.
        erp: items of the ERP.
        shop: products under the ERP's codes.
        records: by item code, the owner's id of the record.
    """
    flow, ledger = world.flow, world.ledger
    rules = {name: whose for name, whose in owners(OWNERS).items() if whose == owner}
    found = drift(erp, shop, rules, _widths(world))
    drifted = distinct(records[code] for code in found.sku)
    _announce(world, drifted)
    ledger.audit.add(
        *(
            AuditEntry(
                actor=flow.name,
                action=DRIFTED,
                flow=flow.back,
                entity=ITEM,
                record_key=records[row["sku"]],
                target_id=row["sku"],
                before=row["shop" if owner == "erp" else "erp"][:SHOWN],
                after=row[owner][:SHOWN],
                detail=f"{row['field']}: the {owner}'s word counts",
            )
            for row in found.to_dict("records")
        )
    )
    links = ledger.crosswalk.find(ITEM, flow.target, drifted, flow.source)
    ledger.crosswalk.bind([replace(link, content_hash="") for link in links.values()])


def _announce(world: MirrorWorld, keys: Iterable[str]) -> None:
    """Have the flow of the other direction look at records of the target."""
    flow = world.flow
    hint(world, flow.back, flow.event, [Hint(key, str(uuid4())) for key in keys], system=flow.target)


def _across(world: MirrorWorld, mapping: str, keys: Iterable[str]) -> pd.DataFrame:
    """The target's own records, as our frame; those that it has no longer have no row."""
    payloads = {}
    for key, answer in world.counterpart.documents(list(keys)) if world.counterpart else ():
        if isinstance(answer, TransientError):
            raise answer
        if answer is not None:
            payloads[key] = answer
    site = Site(rates=RateTable([]), settings=world.settings, time_zone=world.time_zone)
    return load(mapping).to_canonical(list(payloads), list(payloads.values()), site).frames[ITEMS]


def _widths(world: MirrorWorld) -> dict[str, int]:
    """Characters that the ERP keeps of our fields."""
    widths = world.widths()
    columns = {(ITEM_TABLE, column): name for column, name in owned_columns("shop").items()}
    return {name: widths[column] for column, name in columns.items() if column in widths}


def _renamed(found: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """The named rows under other SKUs, by their id at the source."""
    kept = found[found.source_id.isin(names)]
    return kept.assign(sku=kept.source_id.map(names).astype(kept.sku.dtype))


def _nothing(column: pd.Series) -> pd.Series:
    return column.where(pd.Series(False, column.index))
