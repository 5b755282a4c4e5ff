"""A write whose outcome is unknown, and of whose record nothing comes any more, is looked at all the same.

Usually the record's own announcement stays open until its write is read back. It may have ended
otherwise: a newer version was set aside, or somebody left it out. Then the record is announced anew,
once for each such write, to be compared with the target. What that does not end stays listed for a person.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from include.ledger import Delivery
from include.pipelines.ports import ORDER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.ledger import Doubt
    from include.pipelines.flows import OrderFlow
    from include.pipelines.ports import World

log = logging.getLogger(__name__)

OLD = timedelta(minutes=30)
"""Longer than the lease of whoever might still be at it."""


def announce_stranded(world: World) -> int:
    """Announce the records of stranded doubts; returns how many are new."""
    flow = world.flow
    stranded = world.ledger.doubts.stranded(flow.name, before=world.clock() - OLD)
    kept = world.ledger.inbox.keep_many(flow.name, announcements(flow, stranded))
    if kept:
        log.warning("%d orders are looked at again: a write of theirs has no known outcome", kept)
    return kept


def announcements(flow: OrderFlow, doubts: Iterable[Doubt], *, asked_by: str = "") -> list[Delivery]:
    """What makes the flow compare the doubts' orders with the target, once for each write and asker."""
    return [
        Delivery(
            system=flow.source,
            event=flow.event,
            record_key=doubt.record_key,
            delivery_id=":".join(part for part in ("doubt", doubt.key, asked_by) if part),
            version="",
            payload=b"",
            headers={"origin": "doubt", "recheck": "true"},
        )
        for doubt in doubts
        if doubt.entity == ORDER
    ]
