"""Which line of the shop's order each line of a shipment serves.

Mostly that is plain: the lines of the ERP's order are those of the shop's, in their order. It is not where
the ERP has worked parts out of a kit, where the site leaves all parts of kits to it, where a line's key is
lost, and where several products of the shop are one item. Then the shop's order is read, one call each.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pandas as pd
import pyarrow as pa

from include.errors import TransientError
from include.pipelines.ports import ITEM
from include.pipelines.staging import rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.pipelines.mirrors.ports import MirrorWorld
    from include.translation import Reference

    Line = dict[str, Any]

LEAST = Decimal("0.000001")
"""The least of a quantity that both systems hold."""
KIT_PARTS, LEFT_TO_ERP = "kit_parts", "erp"
"""The setting that says whose the parts of a kit are, and its value where the ERP works them out."""


class OrderLine(msgspec.Struct, rename="camel"):
    """A line of the shop's order."""

    line_id: int | str = ""
    line_number: int = 0
    sku: str = ""
    quantity: Decimal = Decimal(0)
    parent_line_id: int | str | None = None


class _Order(msgspec.Struct):
    lines: list[OrderLine] = []


_ORDER = msgspec.json.Decoder(_Order)


def as_ordered(
    world: MirrorWorld, shipments: pd.DataFrame, lines: pd.DataFrame, codes: pd.Series, orders: Reference
) -> pd.DataFrame:
    """The shipments' lines under the numbers and SKUs that the shop's orders have.

    Args:
        world: of the flow.
        shipments: our frame.
        lines: our frame; ``sku`` is the shop's as far as items are linked.
        codes: the ERP's item of each line.
        orders: leads from the ERP's order number to the shop's id.

    Raises:
        TransientError: the shop cannot show an order now.
    """
    known = _skus(world, codes)
    alike = {sku: known[code] for sku, code in zip(lines.sku, codes, strict=True) if code in known}
    several = [sku for sku, skus in alike.items() if skus != {sku}]
    unclear = lines.is_kit_part | lines.order_line_number.isna() | lines.sku.isin(several)
    if world.settings.get(KIT_PARTS) == LEFT_TO_ERP:
        unclear = pd.Series(True, lines.index)
    whose = dict(zip(shipments.source_id, shipments.order_number, strict=True))
    asked = sorted(set(lines.shipment_source_id[unclear.fillna(value=True).astype(bool)]))
    ids = {key: orders.exact[whose[key]][0] for key in asked}
    shown = _shown(world, sorted(set(ids.values())))
    done: list[Line] = []
    for key, own in lines.groupby("shipment_source_id", sort=False):
        order = shown.get(ids.get(str(key), ""))
        done += rows(own) if order is None else served(rows(own), order, alike)
    return _frame(done, lines)


def served(lines: Sequence[Line], order: Sequence[OrderLine], alike: Mapping[str, set[str]]) -> list[Line]:
    """Lines of one shipment as lines of the shop's order.

    A line's own place is believed where the shop's line there is of the item; otherwise the first line of the
    item that no other takes is meant. A part that the shop has no line for goes with its kit, unnamed; one
    that the ERP has no line for goes along with its kit, in the proportion that was ordered.

    Args:
        lines: rows of our frame, by place.
        order: the shop's lines.
        alike: by SKU, those of the same item.
    """
    taken: dict[int, Line] = {}
    found: list[Line] = []
    for line in sorted(lines, key=lambda line: line["is_kit_part"]):
        place = _place(line, order, alike, taken)
        if place is not None:
            taken[place] = {**line, "sku": order[place].sku, "order_line_number": order[place].line_number}
            found.append(taken[place])
        elif not line["is_kit_part"]:
            found.append(line)
    return found + _going_along(order, taken)


def _place(
    line: Line, order: Sequence[OrderLine], alike: Mapping[str, set[str]], taken: Mapping[int, Line]
) -> int | None:
    skus = alike.get(line["sku"], set()) | {line["sku"]}
    number = line["order_line_number"]
    fits = [
        place
        for place, each in enumerate(order)
        if each.sku in skus
        and place not in taken
        and (each.parent_line_id is not None or not line["is_kit_part"])
    ]
    if number is not None and number - 1 in fits:
        return int(number) - 1
    return fits[0] if fits else None


def _going_along(order: Sequence[OrderLine], taken: Mapping[int, Line]) -> list[Line]:
    """Parts of kits that go out with their kit, and that the ERP has no line for."""
    kits = {order[place].line_id: place for place in taken}
    found = []
    for place, each in enumerate(order):
        if place in taken or each.parent_line_id not in kits:
            continue
        kit = kits[each.parent_line_id]
        going = (taken[kit]["quantity"] * each.quantity / order[kit].quantity).quantize(LEAST, ROUND_HALF_UP)
        of_its_own = {
            "line_id": f"{taken[kit]['line_id']}.{each.line_number}",
            "sku": each.sku,
            "quantity": going,
            "order_line_number": each.line_number,
            "is_kit_part": True,
        }
        found.append({**taken[kit], **of_its_own})
    return found


def _frame(lines: Sequence[Line], like: pd.DataFrame) -> pd.DataFrame:
    """The lines as a frame with the columns of another."""
    schema = pa.Schema.from_pandas(like, preserve_index=False)
    frame: pd.DataFrame = pa.Table.from_pylist(lines, schema).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _skus(world: MirrorWorld, codes: pd.Series) -> dict[str, set[str]]:
    """The shop's SKUs of each item that is linked with any product."""
    wanted = [code for code in codes.unique() if isinstance(code, str)]
    flow = world.flow
    found = world.ledger.crosswalk.find_by_target(ITEM, flow.source, wanted, flow.target)
    return {code: {link.natural_key for link in links} for code, links in found.items()}


def _shown(world: MirrorWorld, ids: Sequence[str]) -> dict[str, list[OrderLine]]:
    """Lines of the shop's orders by id; of one that is gone there are none."""
    shown = {}
    for order_id, answer in world.orders.sales_orders(ids) if world.orders and ids else ():
        if isinstance(answer, TransientError):
            raise answer
        if answer is not None:
            shown[order_id] = _ORDER.decode(answer).lines
    return shown
