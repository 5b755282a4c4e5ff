"""Who waits for whom between the flows, and goes on as soon as they have come.

A won opportunity waits for its customer, and backs off meanwhile; the announcement of the customer names
it. What was set aside for want of a customer or a product is carried again once that is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.canonical import Reason
from include.pipelines.flows import SALESFORCE_WON, ZOHO_ORDERS_SHOWN
from include.pipelines.mirrors.announce import Hint, hint
from include.pipelines.ports import CUSTOMER, ITEM, ORDER

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from include.ledger import ExceptionRow
    from include.pipelines.mirrors.ports import MirrorWorld
    from include.pipelines.ports import Ticket

WAITS = "waits"
"""Header of an announced customer: the opportunity that waits for it."""


def nobody_waits(world: MirrorWorld, ticket: Ticket, keys: Sequence[str]) -> None:
    """Of most records nobody waits for the coming."""


def customers_came(world: MirrorWorld, ticket: Ticket, keys: Sequence[str]) -> None:
    """Opportunities look again at once, also where the customer came to nothing: then that is a person's."""
    flow, ledger = world.flow, world.ledger
    _wake(world, ticket, keys)
    came = set(keys)
    lacking = [row for row in _lacking(world, SALESFORCE_WON, "AccountId") if row.value in came]
    linked = ledger.crosswalk.find(CUSTOMER, flow.source, {row.value for row in lacking}, flow.target)
    _again(world, lacking, linked)


def _wake(world: MirrorWorld, ticket: Ticket, customers: Sequence[str]) -> None:
    flow, inbox = world.flow, world.ledger.inbox
    waiting = set(inbox.unfinished(SALESFORCE_WON)) if customers else set()
    if not waiting:
        return
    woken = {
        opportunity: customer
        for customer, several in inbox.said(flow.name, customers, WAITS).items()
        for opportunity in several & waiting
    }
    hints = [
        Hint(opportunity, f"{CUSTOMER}:{customer}:{ticket.run_id}") for opportunity, customer in woken.items()
    ]
    hint(world, SALESFORCE_WON, ORDER, hints)


def items_came(world: MirrorWorld, ticket: Ticket, keys: Sequence[str]) -> None:
    """Orders of either side whose product the catalogue has carried by now."""
    del ticket, keys
    flow, crosswalk = world.flow, world.ledger.crosswalk
    shown = _lacking(world, ZOHO_ORDERS_SHOWN, "item_id")
    _again(world, shown, crosswalk.find(ITEM, flow.source, {row.value for row in shown}, flow.target))
    sold = _lacking(world, SALESFORCE_WON, "Product2Id")
    _again(world, sold, crosswalk.find_by_target(ITEM, flow.target, {row.value for row in sold}, flow.source))


def _lacking(world: MirrorWorld, flow: str, field: str) -> list[ExceptionRow]:
    """What was set aside because the other system does not have what a field names."""
    found = world.ledger.exceptions.open_for(flow, Reason.NO_REFERENCE.value)
    return [row for row in found if row.field == field]


def _again(world: MirrorWorld, rows: Sequence[ExceptionRow], there: Collection[str]) -> None:
    world.ledger.exceptions.start_retry([row.id for row in rows if row.value in there], actor=world.flow.name)
