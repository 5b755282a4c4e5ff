"""Poll the source, and keep in the inbox what differs from what was last announced.

The inbox itself remembers what that was, so an announcement is lost or made twice by no crash: rows
first, then the watermark. A value that changes and changes back is announced both times.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from include.ledger import Delivery
from include.pipelines import resync
from include.pipelines.mirrors import pace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from include.pipelines.mirrors.ports import Found, MirrorWorld

CURSOR = "{flow}/watermark"
AT_ONCE = 2_000
"""Records that are announced in one transaction: memory stays the same however many a poll finds."""
T = TypeVar("T")
GONE = "gone"
"""Version of a record that the source has no longer."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a run was asked for besides what is pending.

    Attributes:
        keys: records to look at again, whatever was announced.
        poll: look for what has changed.
        when_due: ... but only when it is time (:mod:`include.pipelines.mirrors.pace`).
        whole: compare everything, not only what is stamped since the watermark.
    """

    keys: tuple[str, ...] = ()
    poll: bool = False
    when_due: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Hint:
    """A record that a flow shall look at, though no version of its own says so.

    Attributes:
        key: of the record.
        cause: what happened; a record is announced once for each cause.
        headers: what whoever carries it may want to know.
    """

    key: str
    cause: str
    headers: Mapping[str, str] = field(default_factory=dict)


def hint(
    world: MirrorWorld, flow: str, event: str, hints: Iterable[Hint], *, system: str = "", origin: str = ""
) -> None:
    """Have a flow look at records.

    Args:
        world: of the flow that asks.
        flow: DAG id of the flow that is asked.
        event: the kind of record.
        hints: which, and why.
        system: whose records they are, if not the source's.
        origin: who asks, if not the flow.
    """
    asked = [
        Delivery(
            system=system or world.flow.source,
            event=event,
            record_key=each.key,
            delivery_id=f"{event}:{each.key}:{each.cause}",
            headers={"origin": origin or world.flow.name, **each.headers},
        )
        for each in hints
    ]
    world.ledger.inbox.keep_many(flow, asked)


def announce(world: MirrorWorld, run_id: str, request: Request) -> int:
    """Keep what ``request`` asks for; returns how many rows are new.

    Whoever has lost track of the source has asked for a look at everything
    (:mod:`include.pipelines.resync`): the next run takes it, whatever started it.
    """
    if request.keys:
        return keep(world, dict.fromkeys(request.keys, "").items(), run_id, origin="request")
    owed = resync.owed(world.ledger, world.flow.name)
    if request.whole or owed:
        kept = _poll(world, run_id, whole=True)
        if owed:
            resync.done(world.ledger, owed)
        return kept
    if not request.poll or (request.when_due and not pace.is_due(world)):
        return 0
    began = world.clock()
    kept = _poll(world, run_id, whole=False)
    pace.polled(world, began, kept)
    return kept


def _poll(world: MirrorWorld, run_id: str, *, whole: bool) -> int:
    flow, ledger = world.flow, world.ledger
    cursor = CURSOR.format(flow=flow.name)
    seen = ledger.cursors.get(cursor)
    since = datetime.fromisoformat(seen) if seen and not whole else None
    announced = ledger.inbox.announced(flow.name)
    known = {key: version for key, version in announced.items() if version != GONE}
    if whole:
        # What the target was never told, because it had no place for it then, is offered again.
        known = {key: known[key] for key in _linked(world, known)}
    found = world.source.changes(known, since)
    kept = keep(world, _versions(found), run_id, origin="sweep")
    if found.watermark is not None:
        ledger.cursors.advance(cursor, found.watermark.astimezone(UTC).isoformat())
    return kept


def _linked(world: MirrorWorld, known: Mapping[str, str]) -> Iterator[str]:
    flow = world.flow
    for some in _some(known):
        yield from world.ledger.crosswalk.find(flow.entity, flow.source, some, flow.target)


def _versions(found: Found) -> Iterator[tuple[str, str]]:
    for stub in found.stubs:
        yield stub.key, stub.version
    for key in found.gone:
        yield key, GONE


def keep(world: MirrorWorld, versions: Iterable[tuple[str, str]], run_id: str, *, origin: str) -> int:
    """Announce versions, each with its key, so many at once; returns how many rows are new.

    Whoever dies in between has announced the first ones; what asked for them finds the others again.
    """
    flow = world.flow
    return sum(
        world.ledger.inbox.keep_many(
            flow.name,
            [
                Delivery(
                    system=flow.source,
                    event=flow.event,
                    record_key=key,
                    delivery_id=":".join((flow.event, key, version, run_id)),
                    version=version,
                    headers={"origin": origin},
                )
                for key, version in some
            ],
        )
        for some in _some(versions)
    )


def _some(every: Iterable[T]) -> Iterator[list[T]]:
    left = iter(every)
    while some := list(islice(left, AT_ONCE)):
        yield some
