"""A circuit breaker per endpoint, its state shared by all processes (A48).

A *closed* circuit lets calls through and counts failures that follow each other. ``threshold`` of them
*open* it: every process refuses at once, without a call, until the cool-down is over. Then it is
*half-open*: one call in the whole house is the probe. Its success closes the circuit, its failure
opens it again for twice as long; a probe whose process died may be claimed again after its lease. Who
fails again soon after a recovery (its health is fine, its work is not) is left alone for longer still.

Only trouble of the endpoint counts: no connection, no whole answer, HTTP 5xx. A refusal is an answer.
Nor does one record that its system cannot serve condemn the endpoint: failures with an answer must
concern two *subjects* before they open.

What it costs: one read a second and process while closed, and a write only when a call fails or one
succeeds after failures.

pybreaker, aiobreaker and purgatory were looked at and not taken. Their storages are read and written in
separate steps, so two processes can both become the probe; they have no lease for one that dies;
pybreaker lets the threads of a process call one after the other and writes on every success.
"""

from __future__ import annotations

import logging
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, update

from include.errors import (
    CircuitOpenError,
    IntegrationError,
    RateLimitedError,
    TransientError,
    UnreachableError,
)
from include.ledger.tables import breakers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Row

    from include.ledger.database import Database

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)
"""After which a probe counts as dead; longer than a call may take."""
PROBED = 5.0
"""Seconds, at most, to ask those to wait who come while another one probes."""


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When to open and for how long.

    Attributes:
        threshold: failures one after the other that open.
        window: a failure so long after the one before it begins a new count; so long after the longest
            cool-down, openings count from one again.
        cool_down: of the first opening; doubled by every probe that fails.
        longest: cool-down at most.
        fresh: how long a process trusts what it has read.
    """

    threshold: int = 5
    window: timedelta = timedelta(minutes=5)
    cool_down: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=5)
    fresh: timedelta = timedelta(seconds=1)

    def pause(self, trips: int) -> timedelta:
        """How long the circuit stays open when it opens for the ``trips``-th time in a row."""
        return min(self.cool_down * float(2 ** min(trips - 1, 20)), self.longest)


class Circuit(StrEnum):
    """What a breaker lets through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class BreakerState:
    """A breaker as it stands in the ledger.

    Attributes:
        subject: what the first failure of the count was about.
        several: whether the failures concern more than that.
        trips: openings in a row, with recoveries that did not last between them.
        probe: who probes, until ``probe_until``.
    """

    name: str
    failures: int = 0
    subject: str = ""
    several: bool = False
    failed_at: datetime | None = None
    opened_at: datetime | None = None
    until: datetime | None = None
    trips: int = 0
    probe: str = ""
    probe_until: datetime | None = None
    reason: str = ""

    def circuit(self, now: datetime) -> Circuit:
        """What it lets through at ``now``."""
        if self.until is None:
            return Circuit.CLOSED
        return Circuit.OPEN if self.until > now else Circuit.HALF_OPEN

    def wait(self, now: datetime) -> float:
        """Seconds until it is worth asking again; 0.0 when calls pass."""
        match self.circuit(now):
            case Circuit.OPEN:
                return (self.until - now).total_seconds() if self.until else 0.0
            case Circuit.HALF_OPEN if self.probe_until and self.probe_until > now:
                return min((self.probe_until - now).total_seconds(), PROBED)
        return 0.0


@dataclass(slots=True)
class Attempt:
    """One guarded call; ``failure`` is why it counts as failed although nothing was raised."""

    failure: str = ""

    def fail(self, reason: str) -> None:
        """What came back is no answer of a healthy endpoint: a 5xx, or nothing at all."""
        self.failure = reason


@dataclass(frozen=True, slots=True)
class _Entry:
    """A call that was let through."""

    name: str
    subject: str
    probe: str = ""
    after_failures: bool = False


@dataclass(slots=True)
class Breakers:
    """Guards calls by endpoint name."""

    database: Database
    policy: BreakerPolicy = field(default_factory=BreakerPolicy)
    _read: dict[str, tuple[datetime, BreakerState]] = field(default_factory=dict, repr=False)

    @contextmanager
    def guard(self, name: str, *, subject: str = "", lease: timedelta = LEASE) -> Iterator[Attempt]:
        """Let the call in the block through, or refuse it, and learn from how it ends.

        Args:
            name: the endpoint, e.g. ``zoho_inventory:5129873``.
            subject: what is asked for, where that alone might be what fails.
            lease: longer than the call may take.

        Raises:
            CircuitOpenError: no call is to be made now; ``retry_after`` says when.
        """
        entry = self._enter(name, subject, lease)
        attempt = Attempt()
        try:
            yield attempt
        except TransientError as error:
            if isinstance(error, RateLimitedError):
                self._note(self._succeed, entry)
            else:
                everything = isinstance(error, UnreachableError)
                self._note(self._fail, entry, str(error), everything=everything)
            raise
        except IntegrationError:
            self._note(self._succeed, entry)
            raise
        except BaseException:
            self._note(self._give_back, entry)
            raise
        if attempt.failure:
            self._note(self._fail, entry, attempt.failure)
        else:
            self._note(self._succeed, entry)

    def states(self, names: Sequence[str] | None = None) -> list[BreakerState]:
        """Breakers that ever counted a failure, by name; of ``names`` only, if given."""
        query = _ROWS.order_by(breakers.c.name)
        if names is not None:
            query = query.where(breakers.c.name.in_(list(names)))
        with self.database.once("list breakers") as connection:
            return [_state(row) for row in connection.execute(query)]

    def _enter(self, name: str, subject: str, lease: timedelta) -> _Entry:
        now = self.database.now()
        state = self._known(name, now)
        if state.circuit(now) is Circuit.HALF_OPEN:
            probe = self._claim(name, now, lease)
            if probe:
                log.info("%s: probing whether it answers again", name)
                return _Entry(name, subject, probe)
            state = self._look(name, now)
        if state.circuit(now) is not Circuit.CLOSED:
            wait = max(state.wait(now), 1.0)
            raise CircuitOpenError(
                f"{name} does not answer ({state.reason}); no call is made for {wait:.0f} s",
                retry_after=wait,
            )
        return _Entry(name, subject, after_failures=state.failures > 0)

    def _known(self, name: str, now: datetime) -> BreakerState:
        read_at, state = self._read.get(name, (None, None))
        if read_at is not None and state is not None and timedelta(0) <= now - read_at < self.policy.fresh:
            return state
        return self._look(name, now)

    def _look(self, name: str, now: datetime) -> BreakerState:
        with self.database.once("read a breaker") as connection:
            row = connection.execute(_ROWS.where(breakers.c.name == name)).first()
        return self._remember(_state(row) if row else BreakerState(name), now)

    def _remember(self, state: BreakerState, now: datetime) -> BreakerState:
        self._read[state.name] = (now, state)
        return state

    def _claim(self, name: str, now: datetime, lease: timedelta) -> str:
        """Become the probe: one statement, so that of all who try one succeeds; ``""`` for the others."""
        probe = uuid.uuid4().hex
        statement = (
            update(breakers)
            .where(
                breakers.c.name == name,
                breakers.c.until <= now,
                or_(breakers.c.probe_until.is_(None), breakers.c.probe_until <= now),
            )
            .values(probe=probe, probe_until=now + lease)
        )
        with self.database.once("claim a probe") as connection:
            return probe if connection.execute(statement).rowcount == 1 else ""

    def _note(self, how: Any, entry: _Entry, *said: str, **more: bool) -> None:
        """What came of the call is the caller's; that it could not be noted must not replace it."""
        try:
            how(entry, *said, **more)
        except TransientError as error:
            log.warning("%s: the breaker was not told how a call ended: %s", entry.name, error)

    def _succeed(self, entry: _Entry) -> None:
        if not entry.probe and not entry.after_failures:
            return
        statement = update(breakers).where(breakers.c.name == entry.name)
        if not entry.probe:
            # It may have opened since this call was let through; an old success does not close it.
            statement = statement.where(breakers.c.opened_at.is_(None), breakers.c.failures > 0)
        with self.database.once("close a breaker") as connection:
            connection.execute(statement.values(**_CLOSED))
        if entry.probe:
            log.info("%s answers again", entry.name)
        self._read.pop(entry.name, None)

    def _fail(self, entry: _Entry, reason: str, *, everything: bool = False) -> None:
        with self.database.begin("count a failure") as connection:
            state = self._locked(connection, entry.name)
            now = self.database.now()
            changed = self._after_failure(state, entry, now, everything=everything)
            if changed is None:
                self._read.pop(entry.name, None)
                return
            changed = replace(changed, reason=reason[:500])
            values = {name: getattr(changed, name) for name in BreakerState.__slots__ if name != "name"}
            connection.execute(update(breakers).where(breakers.c.name == entry.name).values(**values))
        self._remember(changed, now)
        if changed.until is not None:
            log.warning("%s: no call before %s: %s", entry.name, changed.until, reason)

    def _after_failure(
        self, state: BreakerState, entry: _Entry, now: datetime, *, everything: bool
    ) -> BreakerState | None:
        """The breaker after one more failure; ``None`` when it tells nothing new.

        A call that was let through before the circuit opened, and a probe that was given up for dead,
        speak of the past.
        """
        if entry.probe:
            return self._opened(state, now) if entry.probe == state.probe else None
        if state.opened_at is not None:
            return None
        if state.failed_at is None or now - state.failed_at > self.policy.window:
            lasting = state.failed_at and now - state.failed_at <= self.policy.window + self.policy.longest
            state = BreakerState(state.name, trips=state.trips if lasting else 0)
        several = state.several or everything or (state.failures > 0 and state.subject != entry.subject)
        counted = replace(
            state,
            failures=state.failures + 1,
            subject=state.subject if state.failures else entry.subject,
            several=several or not entry.subject,
            failed_at=now,
        )
        reached = counted.failures >= self.policy.threshold and counted.several
        return self._opened(counted, now) if reached else counted

    def _opened(self, state: BreakerState, now: datetime) -> BreakerState:
        trips = state.trips + 1
        return replace(
            state,
            failed_at=now,
            opened_at=state.opened_at or now,
            until=now + self.policy.pause(trips),
            trips=trips,
            probe="",
            probe_until=None,
        )

    def _give_back(self, entry: _Entry) -> None:
        """The block ended for a reason of its own, which says nothing about the endpoint."""
        if entry.probe:
            statement = update(breakers).where(breakers.c.name == entry.name, breakers.c.probe == entry.probe)
            with self.database.once("give a probe back") as connection:
                connection.execute(statement.values(probe="", probe_until=None))

    def _locked(self, connection: Connection, name: str) -> BreakerState:
        start = self.database.insert(breakers).values(name=name)
        connection.execute(start.on_conflict_do_nothing(index_elements=["name"]))
        row = connection.execute(_ROWS.where(breakers.c.name == name).with_for_update()).one()
        return _state(row)


_ROWS = select(*(breakers.c[name] for name in BreakerState.__slots__))
_CLOSED: dict[str, Any] = {
    name: getattr(BreakerState(""), name)
    for name in BreakerState.__slots__
    if name not in {"name", "failed_at", "trips"}
}
"""What a success changes: all but the memory of when it failed last, and how often it had to open."""


def _state(row: Row[Any]) -> BreakerState:
    return BreakerState(**row._mapping)
