"""What Salesforce is told of a won opportunity once its order stands in Zoho: the order's id and number.

The order is made and confirmed by then. Whatever becomes of the answer, the order stays as it is: what
Salesforce cannot take now goes back to the inbox, and the order is recognised when it comes again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec

from include.errors import IntegrationError, TransientError
from include.ledger import AuditEntry
from include.pipelines.mirrors.extract import RECORDS
from include.pipelines.ports import ORDER

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from include.pipelines.mirrors.ports import MirrorWorld
    from include.pipelines.ports import Ticket

log = logging.getLogger(__name__)

AGAIN = frozenset({"retry", "unknown"})

_DECODER = msgspec.json.Decoder(dict[str, Any])


def nobody_asks(world: MirrorWorld, ticket: Ticket, keys: Collection[str]) -> frozenset[str]:
    """Most sources are told nothing."""
    del world, ticket, keys
    return frozenset()


def mark_opportunities(world: MirrorWorld, ticket: Ticket, keys: Collection[str]) -> frozenset[str]:
    """Say on opportunities which order they became; gives those to be told again later."""
    flow = world.flow
    links = world.ledger.crosswalk.find(ORDER, flow.source, keys, flow.target)
    if world.marks is None or not links:
        return frozenset()
    orders = {key: (link.target_id, link.natural_key) for key, link in links.items()}
    try:
        told = world.marks.write(orders, _known(world, ticket, orders))
    except TransientError as error:
        log.warning("%d opportunities are told of their orders later: %s", len(orders), error)
        return frozenset(orders)
    except IntegrationError as error:
        log.warning("%d opportunities are not told of their orders: %s", len(orders), error)
        return frozenset()
    world.ledger.audit.add(
        *(
            AuditEntry(
                actor=flow.name,
                action="answered",
                flow=flow.name,
                entity=ORDER,
                record_key=key,
                detail=status,
            )
            for key, status in told.items()
            if status not in AGAIN
        )
    )
    return frozenset(key for key, status in told.items() if status in AGAIN)


def _known(world: MirrorWorld, ticket: Ticket, keys: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
    """What the opportunities said when they were read."""
    records = world.staging(ticket).read(RECORDS)
    found = records[records.key.isin(list(keys))]
    return {key: _DECODER.decode(payload) for key, payload in zip(found.key, found.payload, strict=True)}
