"""The event bus: takes what the store has saved, keeps it as events and wakes those who wait for them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from include.sandbox.salesforce.bus import events
from include.sandbox.salesforce.bus.log import EventLog
from include.sandbox.salesforce.bus.refusal import Refusal, unavailable
from include.sandbox.salesforce.bus.settings import BusSettings, Switchboard
from include.sandbox.salesforce.bus.topics import Topics
from include.sandbox.salesforce.limits import EVENTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from include.sandbox.salesforce.bus.events import Draft, Event
    from include.sandbox.salesforce.bus.subscription import Subscription
    from include.sandbox.salesforce.store import Commit
    from include.sandbox.salesforce.world import World


class Bus:
    """One organisation's events. It records within the store's transaction: no event without its change."""

    def __init__(self, world: World) -> None:
        store = world.store
        self.clock = store.clock
        self._world = world
        self.switches = Switchboard(store.database)
        self.log = EventLog(store.database, store.clock, self.switches)
        self.topics = Topics(store.schema, self.switches)
        self.subscribers: dict[str, Subscription] = {}
        self._signal = threading.Condition()
        self._turns = 0
        self._drops = 0
        self._end: Refusal = unavailable()
        store.recorders.append(self._record)
        store.listeners.append(lambda _: self.wake())

    def reset(self) -> None:
        """Forget everything; the tables are already empty. Open streams end."""
        self.switches.reset()
        self.log.reset()
        self.drop()

    def turn(self, changes: Mapping[str, Any]) -> BusSettings:
        """Change some switches.

        Raises:
            pydantic.ValidationError: an unknown switch or an impossible position.
        """
        present = self.switches.turn(dict(changes))
        self.log.hold(present.hold)
        self.wake()
        return present

    def emit(self, draft: Draft, commit: Commit) -> str:
        """Put one event on the bus that no transaction has made; answers its id."""
        event = events.encoded(draft, commit)
        self.log.keep_schema(draft.layout.schema)
        self.append([event])
        return event.id

    def append(self, made: list[Event]) -> list[int]:
        """Put events on the bus; answers their numbers."""
        numbers = self.log.append(made)
        self.wake()
        return numbers

    def drop(self, end: Refusal | None = None) -> int:
        """End all open streams; answers how many there are."""
        self._end = end or unavailable()
        self._drops += 1
        self.wake()
        return len(self.subscribers)

    def left(self) -> int:
        """How many events may still be delivered within these 24 hours, to all subscribers together."""
        return self._world.switches.present.daily_delivered_events - self._world.limits.used(EVENTS)

    def count_delivered(self, events: int) -> None:
        """Charge deliveries to the organisation."""
        self._world.limits.count(EVENTS, events)

    @property
    def drops(self) -> int:
        """How often streams were dropped: a stream that began before the last time has ended."""
        return self._drops

    @property
    def end(self) -> Refusal:
        """How the dropped streams end."""
        return self._end

    def wake(self) -> None:
        """Let every stream look again."""
        with self._signal:
            self._turns += 1
            self._signal.notify_all()

    @property
    def turns(self) -> int:
        """How often streams were woken: read it before looking, hand it to :meth:`wait`."""
        return self._turns

    def wait(self, seen: int, seconds: float) -> None:
        """Sleep until somebody wakes the streams, unless that was since ``seen``."""
        with self._signal:
            if self._turns == seen:
                self._signal.wait(max(0.0, seconds))

    def _record(self, commit: Commit) -> None:
        made = list(events.of_commit(commit, self.topics.selected, self.switches.present))
        if not made:
            return
        for entity in {one.entity for one in made}:
            layout = self.topics.selected(entity)
            if layout is not None:
                self.log.keep_schema(layout.schema)
        self.log.append(made)
        self.switches.spend("gap_commits")
        self.switches.spend("overflow_commits")
