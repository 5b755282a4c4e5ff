"""What may become of an order: the legal moves of its status, and the quantities that shipments leave."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from include.sandbox.clarity.kinds import INVENTORY, ORDERS, SHIPMENTS
from include.sandbox.clarity.problem import Problem, invalid, not_found
from include.sandbox.clarity.store import SHOP, By
from include.sandbox.clarity.wire import Json, decimal, stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.sandbox.clarity.world import World

MOVES = {
    "Pending": {"Confirmed", "Processing", "OnHold", "Cancelled"},
    "Confirmed": {"Processing", "OnHold", "Cancelled"},
    "OnHold": {"Cancelled"},
    "Processing": {"Backordered", "PartiallyShipped", "Shipped", "ReadyForPickup", "OnHold", "Cancelled"},
    "Backordered": {"Processing", "PartiallyShipped", "Shipped", "Cancelled"},
    "PartiallyShipped": {"Shipped", "Completed"},
    "Shipped": {"Completed", "Refunded"},
    "ReadyForPickup": {"Completed", "Refunded"},
    "Completed": {"Refunded"},
    "Cancelled": set(),
    "Refunded": set(),
}
"""Status to the statuses it may go to; from hold an order also goes back to where it was."""


ALLOCATED = "_allocated"
"""The note on an order that its goods are allocated."""


def find(world: World, record_id: int) -> Json:
    """An order by its id.

    Raises:
        Problem: there is none.
    """
    order = world.documents.get(ORDERS, record_id)
    if order is None:
        raise not_found("order", f"id {record_id}")
    return order


def numbered(world: World, number: str) -> Json:
    """An order by its number.

    Raises:
        Problem: there is none.
    """
    order = world.documents.numbered(ORDERS, number)
    if order is None:
        raise not_found("order", f"number '{number}'")
    return order


def move(world: World, order: Json, status: str, by: By) -> None:
    """Move an order; the same status again is no change.

    Raises:
        Problem: an unknown status (422) or an illegal move (409).
    """
    present = order["status"]
    if status == present:
        return
    if status not in MOVES:
        raise invalid({"status": [f"Unknown status '{status}'."]})
    allowed = MOVES[present] | ({_before_hold(order)} if present == "OnHold" else set())
    if status not in allowed:
        detail = f"Order {order['orderNumber']} is {present}; it cannot go to {status}."
        raise Problem(409, "invalid_status_transition", detail)
    order["status"] = status
    order["statusHistory"].append({"status": status, "at": stamp(world.now()), "by": by.actor})


def _before_hold(order: Json) -> str:
    earlier = [step["status"] for step in order["statusHistory"] if step["status"] != "OnHold"]
    return str(earlier[-1]) if earlier else "Pending"


def shipped(world: World, order: Json, *, without: str = "") -> dict[int, Decimal]:
    """Units shipped by line number, by every shipment that is not void and not the one left out."""
    sums: defaultdict[int, Decimal] = defaultdict(Decimal)
    for shipment in world.documents.of_order(SHIPMENTS, order["orderNumber"]):
        if shipment["status"] != "Voided" and shipment["shipmentNumber"] != without:
            for line in shipment["lines"]:
                sums[line["orderLineNumber"]] += decimal(line["quantity"])
    return dict(sums)


def check_quantities(world: World, order: Json, lines: Sequence[Json], *, without: str = "") -> None:
    """Refuse a shipment of what was not ordered, or of more than that.

    Raises:
        Problem: 422.
    """
    ordered = {line["lineNumber"]: line for line in order["lines"]}
    sums = shipped(world, order, without=without)
    errors: dict[str, list[str]] = {}
    for index, line in enumerate(lines):
        number = line["orderLineNumber"]
        known = ordered.get(number)
        if known is None:
            errors[f"lines[{index}].orderLineNumber"] = ["No such line."]
            continue
        if known["sku"] != line["sku"]:
            errors[f"lines[{index}].sku"] = [f"Line {number} is '{known['sku']}'."]
        sums[number] = sums.get(number, Decimal(0)) + decimal(line["quantity"])
        if sums[number] > decimal(known["quantity"]) - decimal(known["quantityCancelled"]):
            errors[f"lines[{index}].quantity"] = ["More than was ordered."]
    if errors:
        raise invalid(errors)


def take_in(world: World, order: Json, by: By) -> Json:
    """Write an order's shipments into it: quantities, references, and its status where the shop moves it."""
    sums = shipped(world, order)
    for line in order["lines"]:
        line["quantityShipped"] = sums.get(line["lineNumber"], Decimal(0))
    every = world.documents.of_order(SHIPMENTS, order["orderNumber"])
    order["shipments"] = [
        {"id": one["id"], "shipmentNumber": one["shipmentNumber"]}
        for one in every
        if one["status"] != "Voided"
    ]
    if world.switches.present.shipment_moves_order and sums:
        whole = all(
            decimal(line["quantityShipped"]) >= decimal(line["quantity"]) - decimal(line["quantityCancelled"])
            for line in order["lines"]
        )
        wanted = "Shipped" if whole else "PartiallyShipped"
        if wanted in MOVES[order["status"]]:
            move(world, order, wanted, by)
    return world.save(ORDERS, order, by)


def allocate(world: World, order: Json, sign: int, *, quiet: bool = False) -> None:
    """Take what an order needs out of the shop's available stock, or give it back (-1).

    Only orders placed while the shop did so: the story's are of the past, their goods long counted.
    """
    if not order.get(ALLOCATED):
        return
    for line in order["lines"]:
        stock = world.documents.numbered(INVENTORY, f"{line['sku']}|{line['warehouseCode']}")
        if stock is not None:
            stock["quantityAllocated"] = decimal(stock["quantityAllocated"]) + sign * decimal(
                line["quantity"]
            )
            world.save(INVENTORY, available(stock), SHOP, quiet=quiet)


def available(stock: Json) -> Json:
    """With ``quantityAvailable`` worked out, which may be negative."""
    safety = decimal(stock.get("safetyStock"))
    stock["quantityAvailable"] = (
        decimal(stock["quantityOnHand"]) - decimal(stock["quantityAllocated"]) - safety
    )
    return stock
