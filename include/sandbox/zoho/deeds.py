"""What the control API does to the Zoho sandbox: place, edit and announce orders.

It acts as a person in Zoho's own pages would, or as nobody could (``raw``).
"""

from __future__ import annotations

import random
from itertools import count
from typing import TYPE_CHECKING

from include.sandbox import northwind
from include.sandbox.zoho.envelope import Refusal, not_there
from include.sandbox.zoho.orders import RESOURCE, Orders
from include.sandbox.zoho.store import Record
from include.sandbox.zoho.story import order_body
from include.sandbox.zoho.wire import Json, dumps, wire_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from include.sandbox.zoho.asked import Edit, Emission, Placing
    from include.sandbox.zoho.webhooks import Event, Webhook
    from include.sandbox.zoho.world import World

AT_ONCE = 200
"""Deliveries queued in one transaction: others get their turn at the database in between."""


def place(world: World, asked: Placing, index: int = 0) -> Json:
    """One more order, the ``index``-th of those asked for.

    Raises:
        Refusal: Zoho would not take it.
    """
    orders = Orders(world)
    body = {**(asked.body or _northwind_body(asked.like, world)), **asked.changes}
    number = asked.number if asked.count == 1 else asked.number and f"{asked.number}-{index + 1}"
    if number:
        body["salesorder_number"] = number
    with world.control.database.transaction():
        order = orders.create(body, own_number=bool(number), source="Client", quiet=True)
        if asked.confirm:
            order = orders.set_status(order["salesorder_id"], "confirmed", quiet=True)
        if asked.announce:
            world.webhooks.announce("salesorder", order["salesorder_id"], "created", dumps(order))
    return order


def _northwind_body(like: str | None, world: World) -> Json:
    told = northwind.orders()
    if like is None:
        turn = world.documents.next_number("sandbox.turn", 0)
        body = order_body(told[turn % len(told)])
    else:
        found = next((order for order in told if f"SO-{order.number}" == like), None)
        if found is None:
            raise Refusal(404, 1002, f"Northwind has no order {like}.")
        body = order_body(found)
    return {**body, "date": wire_time(world.now())[:10], "shipment_date": "", "reference_number": ""}


def overwrite(world: World, order_id: str, asked: Edit) -> Json:
    """Write fields over an order's document, unchecked."""
    now = world.now()
    order = {**Orders(world).get(order_id), **asked.changes, "last_modified_time": wire_time(now)}
    row = world.documents.row(RESOURCE, order_id) or {}
    row.update({name: order[name] for name in row if name in order})
    with world.control.database.transaction():
        world.documents.put(Record(RESOURCE, order_id, order, row))
        if asked.announce:
            world.webhooks.announce("salesorder", order_id, "edited", dumps(order))
    return order


def emit(world: World, asked: Emission) -> dict[str, int]:
    """Queue webhooks for orders, as roughly as asked.

    Raises:
        Refusal: no such webhook is configured.
    """
    rules = [rule for rule in world.webhooks.rules() if rule.entity == "salesorder" and rule.active]
    rule = next((rule for rule in rules if asked.webhook in {None, rule.name}), None)
    if rule is None:
        raise not_there("Webhook")
    every = _chosen(world, asked)
    chance = random.Random(asked.seed)  # noqa: S311 - repeatable chance
    kept = [order_id for order_id in every if chance.random() >= asked.drop]
    twice = [order_id for order_id in kept if chance.random() < asked.duplicate]
    sent = [*kept, *twice]
    if asked.shuffle:
        chance.shuffle(sent)
    gap = 1 / asked.rate_per_second if asked.rate_per_second else 0.0
    for start in range(0, len(sent), AT_ONCE):
        waits = (index * gap for index in count(start))
        _queue(world, rule, sent[start : start + AT_ONCE], asked.event, waits)
    return {"queued": len(sent), "dropped": len(every) - len(kept), "duplicated": len(twice)}


def _chosen(world: World, asked: Emission) -> list[str]:
    """Ids of the orders to announce; numbers are accepted too.

    Raises:
        Refusal: one of them does not exist.
    """
    if asked.salesorder_ids == "all":
        return world.documents.ids(RESOURCE)
    return [
        world.documents.id_of(RESOURCE, "number", name) or _known(world, name)
        for name in asked.salesorder_ids
    ]


def _known(world: World, order_id: str) -> str:
    if world.documents.text(RESOURCE, order_id) is None:
        raise not_there(f"Sales Order {order_id}")
    return order_id


def _queue(world: World, rule: Webhook, batch: Sequence[str], event: Event, waits: Iterable[float]) -> None:
    texts = ((order_id, world.documents.text(RESOURCE, order_id)) for order_id in batch)
    world.webhooks.queue(
        [
            (rule, order_id, event, text, wait)
            for (order_id, text), wait in zip(texts, waits, strict=False)
            if text is not None
        ]
    )
