"""What the shop's own people and buyers do: place, edit, cancel, pay, refund, merge, and announce."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING

from include.sandbox import northwind
from include.sandbox.clarity import orders, story
from include.sandbox.clarity.drafts import Draft, buyer, payments_of, retotal
from include.sandbox.clarity.kinds import CUSTOMERS, KINDS, ORDERS, PAYMENTS, REFUNDS, RETURNS, Kind
from include.sandbox.clarity.problem import invalid, not_found
from include.sandbox.clarity.settings import Mischief
from include.sandbox.clarity.store import SHOP
from include.sandbox.clarity.wire import Json, decimal, rounded, stamp

if TYPE_CHECKING:
    from decimal import Decimal

    from include.sandbox.clarity.control_asked import Edit, Emission, Placing
    from include.sandbox.clarity.world import World

AT_ONCE = 500
"""Orders placed in one transaction: others get their turn at the database in between."""


def check_out(world: World, draft: Draft, *, announce: bool = True) -> Json:
    """An order is placed: it is there, paid for, and its goods are allocated."""
    document = {**draft.document(), orders.ALLOCATED: world.switches.present.orders_allocate}
    order = world.save(ORDERS, document, SHOP, quiet=not announce)
    for payment in payments_of(document):
        world.save(PAYMENTS, payment, SHOP, quiet=not announce)
    if order["rowVersion"] == 1:
        orders.allocate(world, order, +1, quiet=not announce)
    return order


def place(world: World, asked: Placing) -> list[Json]:
    """Northwind's orders once more under new numbers, now."""
    now = world.now()
    people, goods = story.people(now), story.goods(now)
    told = northwind.orders()
    if asked.like is not None:
        told = tuple(order for order in told if f"WEB-{story.ORDER_IDS + order.number}" == asked.like)
        if not told:
            raise not_found("order", f"number '{asked.like}'")
    placed: list[Json] = []
    for start in range(0, asked.count, AT_ONCE):
        with world.control.database.transaction():
            for _ in range(start, min(start + AT_ONCE, asked.count)):
                number = world.documents.new_id(ORDERS)
                known = told[number % len(told)]
                draft = story.draft(known, number, now, people, goods)
                draft = _changed(draft, asked.changes)
                placed.append(check_out(world, draft, announce=asked.announce))
    return placed


def _changed(draft: Draft, changes: Json) -> Draft:
    values = {name: getattr(draft, name) for name in Draft.__slots__}
    return Draft(**{**values, "more": {**draft.more, **changes}})


def edit(world: World, number: str, asked: Edit) -> Json:
    """An order is edited in the shop; its sums follow its lines."""
    order = orders.numbered(world, number)
    if asked.status is not None:
        orders.move(world, order, asked.status, SHOP)
    for line in order["lines"]:
        line["quantity"] = asked.quantities.get(line["lineNumber"], line["quantity"])
    if asked.quantities:
        retotal(order)
    before = orders.numbered(world, number)
    quiet = not asked.announce
    with world.control.database.transaction():
        saved = world.save(ORDERS, {**order, **asked.changes}, SHOP, quiet=quiet)
        cancelled = saved["status"] == "Cancelled" != before["status"]
        if asked.quantities or cancelled:
            orders.allocate(world, before, -1, quiet=quiet)
        if asked.quantities and not cancelled:
            orders.allocate(world, saved, +1, quiet=quiet)
    return saved


def capture(world: World, number: str, amount: Decimal | None = None) -> Json:
    """Money that was authorised is taken, whole or in part."""
    order = orders.numbered(world, number)
    open_ones = [one for one in order["payments"] if one["status"] in {"authorized", "partially_captured"}]
    if not open_ones:
        raise invalid({"payments": ["Nothing is authorised."]})
    one = open_ones[0]
    left = decimal(one["amount"]) - decimal(one["capturedAmount"])
    taken = left if amount is None else min(amount, left)
    one["capturedAmount"] = decimal(one["capturedAmount"]) + taken
    one["status"] = "captured" if taken == left else "partially_captured"
    one["capturedAt"] = stamp(world.now())
    return _paid(world, order, one)


def refund(world: World, number: str, amount: Decimal | None, reason: str) -> Json:
    """Money is given back; the shop's people decide what becomes of the order."""
    order = orders.numbered(world, number)
    one = next((one for one in order["payments"] if decimal(one["capturedAmount"]) > 0), None)
    if one is None:
        raise invalid({"payments": ["Nothing was captured."]})
    left = decimal(one["capturedAmount"]) - decimal(one["refundedAmount"])
    given = left if amount is None else min(amount, left)
    one["refundedAmount"] = decimal(one["refundedAmount"]) + given
    one["status"] = "refunded" if given == left else "partially_refunded"
    with world.control.database.transaction():
        payment = _paid(world, order, one)
        return world.save(REFUNDS, {
            "id": world.documents.new_id(REFUNDS), "orderId": order["id"], "orderNumber": number,
            "paymentId": one["id"], "gateway": one["gateway"], "currency": one["currency"],
            "amount": given, "reason": reason, "status": "completed", "payoutId": payment["payoutId"],
            "transactionId": f"re_{one['transactionId']}", "externalIds": {},
        }, SHOP)  # fmt: skip


def _paid(world: World, order: Json, one: Json) -> Json:
    totals = order["totals"]
    paid = sum(
        decimal(each["capturedAmount"]) - decimal(each["refundedAmount"]) for each in order["payments"]
    )
    totals["amountPaid"] = rounded(decimal(paid), order["currency"])
    totals["balanceDue"] = decimal(totals["grandTotal"]) - totals["amountPaid"]
    with world.control.database.transaction():
        world.save(ORDERS, order, SHOP)
        made = next(each for each in payments_of(order) if each["id"] == one["id"])
        known = world.documents.get(PAYMENTS, one["id"])
        kept = {name: known[name] for name in ("createdDate", "rowVersion", "externalIds")} if known else {}
        return world.save(PAYMENTS, {**made, **kept}, SHOP)


def send_back(world: World, number: str, quantities: dict[int, Decimal], reason: str) -> Json:
    """A buyer asks to return something."""
    order = orders.numbered(world, number)
    lines = [
        {
            "orderLineNumber": line["lineNumber"],
            "sku": line["sku"],
            "quantity": quantities[line["lineNumber"]],
        }
        for line in order["lines"]
        if line["lineNumber"] in quantities
    ]
    made = world.documents.new_id(RETURNS)
    return world.save(RETURNS, {
        "id": made, "returnNumber": f"RMA-{made}", "orderId": order["id"], "orderNumber": number,
        "status": "requested", "reason": reason, "lines": lines, "notes": [], "externalIds": {},
    }, SHOP)  # fmt: skip


def merge(world: World, number: str, into: str) -> Json:
    """Two accounts become one; the orders of the first go to the second."""
    old = world.documents.numbered(CUSTOMERS, number)
    kept = world.documents.numbered(CUSTOMERS, into)
    if old is None or kept is None:
        raise not_found("customer", f"number '{number if old is None else into}'")
    with world.control.database.transaction():
        for order in world.documents.where(ORDERS, "customer.id", old["id"]):
            world.save(ORDERS, {**order, "customer": buyer(kept)}, SHOP)
        return world.save(CUSTOMERS, {**old, "status": "merged", "mergedIntoId": kept["id"]}, SHOP)


def change(world: World, kind: Kind, number: str, changes: Json, *, announce: bool = True) -> Json:
    """Any record, changed by the shop's own people, unchecked."""
    known = world.documents.numbered(kind, number)
    if known is None:
        raise not_found(kind.entity, f"number '{number}'")
    with world.control.database.transaction():
        return world.save(kind, {**known, **changes}, SHOP, quiet=not announce)


def emit(world: World, asked: Emission) -> dict[str, int]:
    """Announce records, as roughly as asked."""
    kind = KINDS[asked.resource]
    numbers = world.documents.numbers(kind) if asked.numbers == "all" else asked.numbers
    if asked.shuffle:
        numbers = random.Random(asked.seed).sample(numbers, len(numbers))  # noqa: S311 - repeatable chance
    gap = 1 / asked.rate_per_second if asked.rate_per_second else 0.0
    roughly = asked.mischief or Mischief()
    queued = 0
    for start, end in pairwise([*range(0, len(numbers), AT_ONCE), len(numbers)]):
        with world.control.database.transaction():
            for index, number in enumerate(numbers[start:end], start=start):
                known = world.documents.numbered(kind, number)
                if known is None:
                    raise not_found(kind.entity, f"number '{number}'")
                event = world.event(asked.type, kind, known, asked.changed)
                queued += world.webhooks.announce(event, mischief=roughly, wait=index * gap)
    return {"records": len(numbers), "queued": queued}
