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

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from include.ledger import Doubt
    from include.pipelines.ports import Flow, Settled

log = logging.getLogger(__name__)

OLD = timedelta(minutes=30)
"""Longer than the lease of whoever might still be at it."""


def end(world: Settled, entity: str, standing: Collection[str]) -> None:
    """Earlier writes of records that stand in the target now, and of which nothing was ever heard.

    Whatever they did is contained in what stands.
    """
    flow, ledger = world.flow, world.ledger
    unheard = ledger.writes.in_doubt(flow.name, sent_before=world.clock())
    moot = [each for each in unheard if each.entity == entity and each.record_key in standing]
    links = ledger.crosswalk.find(entity, flow.source, [each.record_key for each in moot], flow.target)
    ledger.writes.commit(
        {each.key: links[each.record_key].target_id for each in moot if each.record_key in links}
    )


def announce_stranded(world: Settled) -> int:
    """Announce the records of stranded doubts; returns how many are new."""
    flow = world.flow
    stranded = world.ledger.doubts.stranded(flow.name, before=world.clock() - OLD)
    kept = world.ledger.inbox.keep_many(flow.name, announcements(flow, stranded))
    if kept:
        log.warning("%d records are looked at again: a write of theirs has no known outcome", kept)
    return kept


def announcements(flow: Flow, doubts: Iterable[Doubt], *, asked_by: str = "") -> list[Delivery]:
    """What makes the flow look at the doubts' records again, once for each write and asker."""
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
        if doubt.entity == flow.entity
    ]
