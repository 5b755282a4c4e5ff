"""Request and reply: one record by any of its names, as the systems that hold it say it now (C8).

Who is who the crosswalk knows, across any number of hops: an opportunity, the shop's order, the ERP's order.
What a record says is read live. A system that does not answer in time keeps nobody waiting: the answer is
what it said last, marked stale, or why there is none; what comes late serves the next one who asks.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING

from cachetools import TTLCache

from include.errors import IntegrationError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from concurrent.futures import Future
    from datetime import datetime, timedelta

    from include.connectors.ports import Clock
    from include.ledger import Link
    from include.ledger.crosswalk import Crosswalk
    from include.pipelines.mirrors.ports import Counterpart

READERS = 8
"""Reads at a time. A system that hangs holds some of them, at most until its client gives up."""
KEPT, KEPT_SECONDS = 5_000, 3600.0
"""Records that stay known for a time when their system does not answer."""
MOST = 25
"""Records of one answer: a name that means more is no name."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a record is: a system and its id there."""

    system: str
    id: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a system said of a record; ``record`` is None when it has it no longer."""

    read_at: datetime
    record: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """One record in one system.

    Attributes:
        system: whose word it is.
        id: the record there.
        names: what people call it, as far as it is linked.
        read_at: when the system said so; None when it said nothing.
        stale: it did not answer now; this is what it said then.
        record: the system's own JSON, None when it has no such record or said nothing.
        problem: why there is no fresh answer, blank when there is one.
    """

    system: str
    id: str
    names: tuple[str, ...]
    read_at: datetime | None
    stale: bool
    record: bytes | None = field(repr=False)
    problem: str = ""


@dataclass
class Lookup:
    """Answers for one kind of record.

    Args:
        entity: as the crosswalk calls it.
        crosswalk: who is who.
        readers: by system, what makes the one who reads there; asked for when a read begins.
        clock: gives the present.
    """

    entity: str
    crosswalk: Callable[[], Crosswalk]
    readers: Mapping[str, Callable[[], Counterpart]]
    clock: Clock
    _pool: ThreadPoolExecutor = field(init=False)
    _lock: RLock = field(init=False, default_factory=RLock)  # a read that is done at once calls back at once
    _kept: TTLCache[Place, Said] = field(init=False)
    _reading: dict[Place, Future[Said]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(READERS, f"lookup-{self.entity}")
        self._kept = TTLCache(KEPT, KEPT_SECONDS, timer=lambda: self.clock().timestamp())

    def close(self) -> None:
        """Begin no more reads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def find(
        self, name: str, *, within: timedelta, max_age: timedelta, systems: Collection[str] = ()
    ) -> list[Reply]:
        """Every record that ``name`` means.

        Args:
            name: an id in any system, or what people call the record.
            within: how long a live answer is waited for.
            max_age: what was said no longer ago is good enough.
            systems: only there; a name that no link has is then taken for an id there.

        Returns:
            Nothing when nobody knows the name.
        """
        links = self._linked(name)
        known = _names(links)
        places = [place for place in known if not systems or place.system in systems]
        if not links:
            places = [Place(system, name) for system in systems]
        places = [place for place in places if place.system in self.readers][:MOST]
        said = self._said(places, within, max_age)
        replies = [self._reply(place, known.get(place, ()), said.get(place)) for place in places]
        return replies if links else [reply for reply in replies if reply.record is not None or reply.problem]

    def _linked(self, name: str) -> list[Link]:
        """Links that name the record, and from its other ids on as far as they lead."""
        crosswalk = self.crosswalk()
        found: dict[tuple[str, str, str], Link] = {}
        asked, waiting = set[str](), [name]
        while waiting and len(found) < MOST:
            each = waiting.pop()
            asked.add(each)
            for link in crosswalk.named(each):
                ends = {Place(link.source_system, link.source_id), Place(link.target_system, link.target_id)}
                if link.entity != self.entity or (each != name and not ends & set(_names(found.values()))):
                    continue
                found[link.source_system, link.source_id, link.target_system] = link
                waiting += sorted({end.id for end in ends} - asked)
        return list(found.values())

    def _said(
        self, places: Iterable[Place], within: timedelta, max_age: timedelta
    ) -> dict[Place, Said | Exception]:
        """Fresh answers that are there already or come in time, and errors."""
        answers: dict[Place, Said | Exception] = {}
        reads: dict[Place, Future[Said]] = {}
        for place in places:
            kept = self._kept_of(place)
            if kept is not None and self.clock() - kept.read_at <= max_age:
                answers[place] = kept
            else:
                reads[place] = self._read(place)
        wait(reads.values(), within.total_seconds())
        for place, read in reads.items():
            if read.done():
                answers[place] = read.exception() or read.result()  # type: ignore[assignment]
        return answers

    def _read(self, place: Place) -> Future[Said]:
        """The read of a record that is under way, or a new one: who asks at once shares it."""
        with self._lock:
            read = self._reading.get(place)
            if read is None:
                read = self._pool.submit(self._ask, place)
                self._reading[place] = read
                read.add_done_callback(lambda _: self._forget(place))
            return read

    def _ask(self, place: Place) -> Said:
        began = self.clock()
        ((_, answer),) = self.readers[place.system]().documents([place.id])
        if isinstance(answer, TransientError):
            raise answer
        said = Said(began, answer)
        with self._lock:
            self._kept[place] = said
        return said

    def _forget(self, place: Place) -> None:
        with self._lock:
            self._reading.pop(place, None)

    def _kept_of(self, place: Place) -> Said | None:
        with self._lock:
            return self._kept.get(place)

    def _reply(self, place: Place, names: tuple[str, ...], said: Said | Exception | None) -> Reply:
        if isinstance(said, Said):
            return Reply(place.system, place.id, names, said.read_at, stale=False, record=said.record)
        kept = self._kept_of(place)
        return Reply(
            place.system,
            place.id,
            names,
            kept.read_at if kept else None,
            stale=kept is not None,
            record=kept.record if kept else None,
            problem=_told(place.system, said),
        )


def _told(system: str, error: Exception | None) -> str:
    if error is None:
        return f"{system} did not answer in time"
    if isinstance(error, IntegrationError):
        return str(error)
    return f"{system} could not be asked ({type(error).__name__})"


def _names(links: Iterable[Link]) -> dict[Place, tuple[str, ...]]:
    """Where linked records are, and what people call them."""
    names: dict[Place, set[str]] = {}
    for link in links:
        for end in (Place(link.source_system, link.source_id), Place(link.target_system, link.target_id)):
            names.setdefault(end, set()).update({link.natural_key} - {""})
    return {place: tuple(sorted(names[place])) for place in sorted(names)}
