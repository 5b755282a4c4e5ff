"""A write whose outcome is unknown, and of whose record nothing comes any more, is looked at all the same.

Usually the record's own announcement stays open until its write is read back. It may have ended
otherwise: a newer version was set aside, or somebody left it out. Then the record is announced anew,
once for each such write, to be compared with the target. What that does not end stays listed for a person.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from include.ledger import Delivery, WriteState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from include.ledger import Doubt, Write
    from include.pipelines.ports import Flow, Settled

log = logging.getLogger(__name__)

OLD = timedelta(minutes=30)
"""Longer than the lease of whoever might still be at it."""


def unheard(world: Settled, entity: str) -> set[str]:
    """Records with a write of which nothing was heard: what the target holds of them nobody knows.

    What it was told last is then no reason not to tell it again.
    """
    return {each.record_key for each in _open(world, entity)}


def else_unheard(world: Settled, entity: str, facts: Mapping[str, str]) -> set[str]:
    """Of records, by the hash of what is to be written, those with another write of which nothing was heard.

    Its own write, tried again, is read back before it is sent; what another one did, nobody reads back.
    """
    return {
        each.record_key
        for each in _open(world, entity)
        if each.record_key in facts and each.request_hash != facts[each.record_key]
    }


def came_to_nothing(world: Settled, entity: str, keys: Collection[str]) -> None:
    """Writes of which nothing was heard, and of whose records the target was seen to have none."""
    moot = [each.key for each in _open(world, entity) if each.record_key in keys]
    if moot:
        detail = dict.fromkeys(moot, "the target does not have the record")
        world.ledger.writes.mark(moot, WriteState.REFUSED, detail=detail)


def end(world: Settled, entity: str, standing: Collection[str]) -> None:
    """Earlier writes of records that stand in the target now, and of which nothing was ever heard.

    Whatever they did is contained in what stands.
    """
    flow, ledger = world.flow, world.ledger
    moot = [each for each in _open(world, entity) if each.record_key in standing]
    links = ledger.crosswalk.find(entity, flow.source, [each.record_key for each in moot], flow.target)
    ledger.writes.commit(
        {each.key: links[each.record_key].target_id for each in moot if each.record_key in links}
    )


def _open(world: Settled, entity: str) -> list[Write]:
    """Writes of which nothing was heard yet, also those of processes that died."""
    unsure = world.ledger.writes.in_doubt(world.flow.name, sent_before=world.clock())
    return [each for each in unsure if each.entity == entity]


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
            headers={"origin": "doubt", "recheck": "true"},
        )
        for doubt in doubts
        if doubt.entity == flow.entity
    ]
