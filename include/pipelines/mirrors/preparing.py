"""What neither record says: whose order a shipment belongs to, what the shop calls an item, what it has sold.

One function a flow, between the two translations. It gives our frames for the way out, without the
records that are none of the target's business, and the references that the way out looks up.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pandas as pd
import pyarrow as pa

from include.canonical import PROBLEM_FRAME, empty_frame
from include.errors import TransientError
from include.pipelines.flows import CLARITY_ORDERS
from include.pipelines.guests import HOUSE
from include.pipelines.mirrors.order_lines import as_ordered
from include.pipelines.ports import CUSTOMER, ITEM, ORDER
from include.translation import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from include.ledger import Link
    from include.pipelines.mirrors.ports import MirrorWorld

    Frames = Mapping[str, pd.DataFrame]

SHOP_ORDERS, SHOP_CUSTOMERS = "shop_orders", "shop_customers"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What goes out, and what the way out looks up."""

    frames: Frames
    references: Mapping[str, Reference] = field(default_factory=dict)
    problems: pd.DataFrame = field(default_factory=lambda: empty_frame(PROBLEM_FRAME))
    later: frozenset[str] = frozenset()
    """Records whose time has not come: they go back to the inbox."""
    said: Callable[[str, Mapping[str, Any]], Mapping[str, Any]] = lambda _key, document: document
    """What of a record's finished document the target is told."""


def as_they_are(world: MirrorWorld, frames: Frames) -> Prepared:
    """Nothing is missing."""
    del world
    return Prepared(frames)


def stock(world: MirrorWorld, frames: Frames) -> Prepared:
    """Stock under the shop's own SKUs, less what it has sold and the ERP has not got yet.

    Such goods are nobody's yet in the ERP, so they are held back in the warehouse that orders without
    one are served from.
    """
    levels = _under_its_skus(world, frames["stock"])
    sold = _awaiting(world)
    home = levels.warehouse == world.settings.get("default_warehouse", "000")
    awaiting = pa.array(
        [sold[each] if at_home else Decimal(0) for each, at_home in zip(levels.sku, home, strict=True)],
        pa.decimal128(18, 6),
    )
    changed = levels.assign(awaiting=pd.Series(awaiting, levels.index, pd.ArrowDtype(awaiting.type)))
    return Prepared({**frames, "stock": changed})


def _under_its_skus(world: MirrorWorld, frame: pd.DataFrame) -> pd.DataFrame:
    """A frame with the target's own SKUs in place of the source's item codes, where items are linked."""
    codes = [code for code in frame.sku.unique() if isinstance(code, str)]
    links = world.ledger.crosswalk.find(ITEM, world.flow.source, codes, world.flow.target)
    renamed = {code: link.target_id for code, link in links.items()}
    return frame.assign(sku=frame.sku.replace(renamed)) if renamed else frame


def _awaiting(world: MirrorWorld) -> dict[str, Decimal]:
    """Quantity by the shop's SKU in orders that were announced and are not in the ERP."""
    sold = defaultdict[str, Decimal](Decimal)
    if world.orders is None:
        return sold
    waiting = world.ledger.inbox.unfinished(CLARITY_ORDERS.name)
    links = world.ledger.crosswalk.find(ORDER, CLARITY_ORDERS.source, waiting, CLARITY_ORDERS.target)
    for _, answer in world.orders.sales_orders([key for key in waiting if key not in links]):
        if isinstance(answer, TransientError):
            raise answer
        for line in _ORDER.decode(answer).lines if answer else ():
            sold[line.sku] += line.quantity
    return sold


class _Line(msgspec.Struct):
    sku: str = ""
    quantity: Decimal = Decimal(0)


class _Order(msgspec.Struct):
    lines: list[_Line] = []


_ORDER = msgspec.json.Decoder(_Order)


def shipments(world: MirrorWorld, frames: Frames) -> Prepared:
    """Shipments of the shop's orders; the others are none of its business."""
    found = frames["shipments"]
    orders = _linked(world, ORDER, found.order_number)
    ours = found[found.order_number.isin(orders.exact)]
    parts = {
        name: frames[name][frames[name].shipment_source_id.isin(ours.source_id)]
        for name in ("shipment_lines", "packages")
    }
    lines = parts["shipment_lines"]
    parts["shipment_lines"] = as_ordered(world, ours, _under_its_skus(world, lines), lines.sku, orders)
    return Prepared({**frames, "shipments": ours, **parts}, {SHOP_ORDERS: orders})


def invoices(world: MirrorWorld, frames: Frames) -> Prepared:
    """Invoices of the shop's customers; the others are none of its business, nor are those of guests."""
    found = frames["invoices"]
    orders = _linked(world, ORDER, found.order_number)
    customers = _customers(world, found.customer_number)
    ours = found[found.customer_number.isin(customers.exact)]
    ours = ours.assign(order_number=ours.order_number.where(ours.order_number.isin(orders.exact), ""))
    lines = frames["invoice_lines"]
    kept = _under_its_skus(world, lines[lines.invoice_source_id.isin(ours.source_id)])
    references = {SHOP_ORDERS: orders, SHOP_CUSTOMERS: customers}
    return Prepared({**frames, "invoices": ours, "invoice_lines": kept}, references)


def _customers(world: MirrorWorld, numbers: Iterable[Any]) -> Reference:
    """The shop's customers by the ERP's number: their ids, labelled with the shop's number as it is now.

    Guests share one account in the ERP and have none in the shop.
    """
    found = _linked(world, CUSTOMER, numbers)
    ids = [each for values in found.exact.values() for each in values if each != HOUSE]
    known = world.customers.numbers(ids) if world.customers else {}
    rows = [
        {"key": number, "value": each, "label": known[each]}
        for number, values in found.exact.items()
        for each in values
        if each in known
    ]
    return Reference.table(CUSTOMER, pd.DataFrame(rows, columns=["key", "value", "label"], dtype="str"))


def _linked(world: MirrorWorld, entity: str, numbers: Iterable[Any]) -> Reference:
    """The shop's records by the ERP's number: their ids, labelled with what people call them."""
    wanted = sorted({number for number in numbers if isinstance(number, str) and number})
    flow = world.flow
    links = world.ledger.crosswalk.find_by_target(entity, flow.source, wanted, flow.target)
    rows = [_row(number, link) for number, found in links.items() for link in found]
    return Reference.table(entity, pd.DataFrame(rows, columns=["key", "value", "label"], dtype="str"))


def _row(number: str, link: Link) -> dict[str, str]:
    return {"key": number, "value": link.source_id, "label": link.natural_key}
