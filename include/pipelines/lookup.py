"""Request and reply: one record by any of its names, as the systems that hold it say it now (C8).

Who is who the crosswalk knows, across any number of hops: an opportunity, the shop's order, the ERP's order.
What a record says is read live, of each system once for all its records. A system that does not answer in
time keeps nobody waiting: the answer is what it said last, marked stale, or why there is none; what comes
late serves the next one who asks. Each system has readers of its own: one that hangs holds up nobody else.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from cachetools import TTLCache

from include.errors import IntegrationError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from concurrent.futures import Future
    from datetime import datetime, timedelta

    from include.connectors.ports import Clock
    from include.ledger import Link
    from include.ledger.crosswalk import Crosswalk
    from include.pipelines.mirrors.ports import Counterpart

    Answers = dict[str, "Said | Exception"]

READERS = 4
"""Reads of one system at a time. One that hangs holds them, at most until its client gives up."""
WAITING = 16
"""Reads of one system that are under way or wait; whoever comes then is told at once."""
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
        age: seconds since then.
        stale: it did not answer now; this is what it said then.
        record: the system's own JSON, None when it has no such record or said nothing.
        problem: why there is no fresh answer, blank when there is one.
    """

    system: str
    id: str
    names: tuple[str, ...]
    read_at: datetime | None
    age: float | None
    stale: bool
    record: bytes | None = field(repr=False)
    problem: str = ""


@dataclass
class Lookup:
    """Answers for one kind of record.

    Args:
        entity: as the crosswalk calls it.
        crosswalk: who is who.
        readers: by system, what makes the one who reads there; asked for when a read begins. Links out of
            other systems are not followed.
        clock: gives the present.
        spellings: how else a name may be written.
        coded_in: system whose ids are what people call the record everywhere, as items are called by their
            code. Links of one name are then of one record, and what is linked with none there is looked for
            under its name.
    """

    entity: str
    crosswalk: Callable[[], Crosswalk]
    readers: Mapping[str, Callable[[], Counterpart]]
    clock: Clock
    spellings: Callable[[str], Iterable[str]] = lambda _name: ()
    coded_in: str = ""
    _pools: dict[str, ThreadPoolExecutor] = field(init=False)
    _lock: Lock = field(init=False, default_factory=Lock)
    _kept: TTLCache[Place, Said] = field(init=False)
    _reading: dict[Place, Future[Answers]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._pools = {
            system: ThreadPoolExecutor(READERS, f"lookup-{self.entity}-{system}") for system in self.readers
        }
        self._kept = TTLCache(KEPT, KEPT_SECONDS, timer=lambda: self.clock().timestamp())

    def close(self) -> None:
        """Begin no more reads."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def find(
        self, name: str, *, within: timedelta, max_age: timedelta, systems: Collection[str] = ()
    ) -> list[Reply]:
        """Every record that ``name`` means, those that it names itself first.

        Args:
            name: an id in any system, or what people call the record.
            within: how long a live answer is waited for.
            max_age: what was said no longer ago is good enough.
            systems: only there; a name that no link has is then taken for an id there.

        Returns:
            Nothing when nobody knows the name.
        """
        spelt = {name, *self.spellings(name)}
        links = self._linked(spelt)
        known = _names(links)
        places = [*known, *(self._unlinked(known) if links else ())]
        places = [place for place in places if not systems or place.system in systems]
        places.sort(key=lambda place: place.id not in spelt and not spelt & set(known.get(place, ())))
        if not links:
            places = [Place(system, name) for system in systems or filter(None, [self.coded_in])]
        places = [place for place in places if place.system in self.readers][:MOST]
        said = self._said(places, within, max_age)
        replies = [self._reply(place, known.get(place, ()), said.get(place)) for place in places]
        return [
            each for each in replies if Place(each.system, each.id) in known or each.record or each.problem
        ]

    def _linked(self, names: set[str]) -> list[Link]:
        """Links that name the record, and from its other ids on as far as they lead; a query for each hop."""
        crosswalk = self.crosswalk()
        found: dict[tuple[str, str, str], Link] = {}
        family = _Family(set(), self.coded_in != "")
        asked, waiting = set[str](), names
        while waiting and len(found) < MOST:
            apart = crosswalk.called(self.entity, waiting, self.readers)
            joined = apart if waiting is names else family.members(apart)
            while joined:
                found |= {(link.source_system, link.source_id, link.target_system): link for link in joined}
                family.add(joined)
                apart = [link for link in apart if link not in joined]
                joined = family.members(apart)
            asked |= waiting
            waiting = family.names - asked
        return list(found.values())

    def _unlinked(self, known: Mapping[Place, Iterable[str]]) -> list[Place]:
        """Where a record may be that is called alike everywhere."""
        if not self.coded_in or any(place.system == self.coded_in for place in known):
            return []
        return [
            Place(self.coded_in, code)
            for code in sorted({code for names in known.values() for code in names})
        ]

    def _said(
        self, places: Iterable[Place], within: timedelta, max_age: timedelta
    ) -> dict[Place, Said | Exception]:
        """Fresh answers that are there already or come in time, and errors."""
        answers: dict[Place, Said | Exception] = {}
        due: dict[str, list[Place]] = {}
        for place in places:
            kept = self._kept_of(place)
            if kept is not None and self.clock() - kept.read_at <= max_age:
                answers[place] = kept
            else:
                due.setdefault(place.system, []).append(place)
        reads: dict[Place, Future[Answers]] = {}
        for system, some in due.items():
            reads |= self._reads(system, some)
        wait(set(reads.values()), within.total_seconds())
        for place, read in reads.items():
            if read.done():
                answers[place] = read.exception() or read.result()[place.id]  # type: ignore[assignment]
        for place in places:
            if place not in answers and place not in reads:
                answers[place] = TransientError(f"too many look-ups wait for {place.system}; ask again later")
        return answers

    def _reads(self, system: str, places: Sequence[Place]) -> dict[Place, Future[Answers]]:
        """Reads that are under way, which all who ask share, and one new read of all other records."""
        with self._lock:
            shared = {place: self._reading[place] for place in places if place in self._reading}
            rest = [place for place in places if place not in shared]
            busy = {id(read) for place, read in self._reading.items() if place.system == system}
            if not rest or len(busy) >= WAITING:
                return shared
            read = self._pools[system].submit(self._read, system, [place.id for place in rest])
            self._reading |= dict.fromkeys(rest, read)
            return shared | dict.fromkeys(rest, read)

    def _read(self, system: str, ids: Sequence[str]) -> Answers:
        """One read, which is over for whoever asks next before it is for those who wait for it."""
        answers: Answers = {}
        try:
            answers = self._ask(system, ids)
        finally:
            with self._lock:
                for key in ids:
                    self._reading.pop(Place(system, key), None)
                    if isinstance(said := answers.get(key), Said):
                        self._kept[Place(system, key)] = said
        return answers

    def _ask(self, system: str, ids: Sequence[str]) -> Answers:
        began = self.clock()
        answers: Answers = {}
        try:
            for key, answer in self.readers[system]().documents(ids):
                answers[key] = answer if isinstance(answer, TransientError) else Said(began, answer)
        except IntegrationError as error:
            # What it said before it stopped is said.
            answers = dict.fromkeys(ids, error) | answers
        return answers

    def _kept_of(self, place: Place) -> Said | None:
        with self._lock:
            return self._kept.get(place)

    def _reply(self, place: Place, names: tuple[str, ...], said: Said | Exception | None) -> Reply:
        told = said if isinstance(said, Said) else self._kept_of(place)
        problem = "" if isinstance(said, Said) else _told(place.system, said)
        return Reply(
            place.system,
            place.id,
            names,
            told.read_at if told else None,
            (self.clock() - told.read_at).total_seconds() if told else None,
            stale=bool(told and problem),
            record=told.record if told else None,
            problem=problem,
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
        for end in _ends(link):
            names.setdefault(end, set()).update({link.natural_key} - {""})
    return {place: tuple(sorted(names[place])) for place in sorted(names)}


@dataclass
class _Family:
    """All that is known of one record so far; the same id in another system is another record."""

    places: set[Place]
    is_coded: bool
    codes: set[str] = field(default_factory=set)

    def members(self, links: Iterable[Link]) -> list[Link]:
        return [link for link in links if _ends(link) & self.places or link.natural_key in self.codes]

    def add(self, links: Iterable[Link]) -> None:
        for link in links:
            self.places |= _ends(link)
            if self.is_coded and link.natural_key:
                self.codes.add(link.natural_key)

    @property
    def names(self) -> set[str]:
        return {place.id for place in self.places} | self.codes


def _ends(link: Link) -> set[Place]:
    return {Place(link.source_system, link.source_id), Place(link.target_system, link.target_id)}
