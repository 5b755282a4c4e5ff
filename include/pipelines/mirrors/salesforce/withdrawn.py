"""Deals that are won no more, or won again, while their order stands in Zoho: a person's, with what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from include.canonical import Reason
from include.errors import TransientError
from include.pipelines import doubts
from include.pipelines.outcomes import problem
from include.pipelines.ports import ORDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.ledger import Link
    from include.pipelines.mirrors.ports import MirrorWorld

    Row = Mapping[str, Any]
    Problems = list[dict[str, object]]

VOID, NO_MORE = "void", "there no more"


class _Order(msgspec.Struct):
    order_status: str = ""
    shipped_status: str = ""


_ORDER = msgspec.json.Decoder(_Order)


def withdrawn(world: MirrorWorld, found: Mapping[str, Row]) -> Problems:
    """Deals that are won no more, of which Zoho has an order or may have one; nothing is voided by itself.

    What was told of them counts no more: won again, they are looked at as if it had never been told.
    """
    flow, crosswalk = world.flow, world.ledger.crosswalk
    links = crosswalk.find(ORDER, flow.source, list(found), flow.target)
    unheard = doubts.unheard(world, ORDER) if found else set()
    crosswalk.bind([replace(link, content_hash="") for link in links.values() if link.content_hash])
    states = _states(world, links.values())
    return [
        _no_more(row, links.get(key), states) for key, row in found.items() if key in links or key in unheard
    ]


def won_again(world: MirrorWorld, sold: Mapping[str, Row]) -> Problems:
    """Deals that are won again, and whose order in Zoho serves no more: voided meanwhile, or gone."""
    flow = world.flow
    links = world.ledger.crosswalk.find(ORDER, flow.source, list(sold), flow.target)
    doubtful = {key: link for key, link in links.items() if not link.content_hash}
    states = _states(world, doubtful.values())
    return [
        problem(
            key,
            Reason.LOCKED_IN_TARGET,
            field="IsWon",
            value="true",
            message=f"opportunity {sold[key]['reference']!r} is won again, and its sales order "
            f"{link.natural_key} in Zoho is {states[link.target_id]}",
            remedy="Take the order up again in Zoho (convert it to open), then carry this again; or enter an "
            "order there by hand and leave this out.",
            candidates=_shown(link),
        )
        for key, link in doubtful.items()
        if states.get(link.target_id) in {VOID, NO_MORE}
    ]


def _no_more(row: Row, link: Link | None, states: Mapping[str, str]) -> dict[str, object]:
    told = {"draft": "is open again", "cancelled": "was lost or deleted"}[row["status"]]
    number = link.natural_key if link else row["number"]
    state = states.get(link.target_id, "") if link else ""
    return problem(
        row["source_id"],
        Reason.WITHDRAWN,
        field="IsWon",
        value="false",
        message=f"opportunity {row['reference']!r} {told}, and Zoho has its sales order {number}"
        + (f", which is {state}" if state else ""),
        remedy="The order is void already: leave this out, or win the opportunity again."
        if state == VOID
        else "Void the order in Zoho and leave this out, or win the opportunity again: its next version is "
        "carried.",
        candidates=_shown(link) if link else [],
    )


def _shown(link: Link) -> list[dict[str, object]]:
    return [{"value": link.target_id, "label": link.natural_key, "score": 100.0}]


def _states(world: MirrorWorld, links: Iterable[Link]) -> dict[str, str]:
    """Where the orders stand in Zoho, in its words, by their ids.

    Raises:
        TransientError: Zoho cannot say just now.
    """
    ids = [link.target_id for link in links]
    states = {}
    for key, answer in world.orders.sales_orders(ids) if world.orders and ids else ():
        if isinstance(answer, TransientError):
            raise answer
        states[key] = _state(_ORDER.decode(answer)) if answer else NO_MORE
    return states


def _state(order: _Order) -> str:
    shipped = order.shipped_status in {"shipped", "partially_shipped", "fulfilled", "delivered"}
    words = [order.order_status, *([order.shipped_status] if shipped else [])]
    return " and ".join(word.replace("_", " ") for word in words if word)
