"""The bus's events in the sandbox's database: kept with the transaction that made them, for 72 hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.bus.replay import Place, ReplayIds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from include.sandbox.clock import Clock
    from include.sandbox.database import Database
    from include.sandbox.salesforce.bus.events import Event
    from include.sandbox.salesforce.bus.layout import EventSchema
    from include.sandbox.salesforce.bus.settings import Switchboard

TABLES = """
CREATE TABLE IF NOT EXISTS salesforce_events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL,
    id TEXT NOT NULL, schema_id TEXT NOT NULL, payload BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS salesforce_event_schemas (id TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
"""
FLOOR, HELD = "salesforce_bus_floor", "salesforce_bus_held"
NOTHING_EXPIRED = -1
MARK = "expiry"
"""Stands after expired events, so that the newest place in the stream is one that is still good."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One kept event; ``name`` is its object's or platform event's."""

    number: int
    name: str
    at: int
    id: str
    schema_id: str
    payload: bytes

    @property
    def place(self) -> Place:
        """Right behind this event."""
        return Place(self.number, self.at)


class EventLog:
    """One stream of all events; topics are what a reader picks from it."""

    def __init__(self, database: Database, clock: Clock, switches: Switchboard) -> None:
        self._database = database
        self._clock = clock
        self._switches = switches
        self.ids = ReplayIds(database)
        database.create(TABLES)

    def reset(self) -> None:
        """Begin anew: ids given out before mean nothing any more."""
        self.ids.reset()

    def append(self, events: Iterable[Event]) -> list[int]:
        """Keep events in order; answers their numbers. Joins the transaction that is open."""
        at, numbers = self.now(), []
        with self._database.transaction():
            for one in events:
                row = self._database.row(
                    "INSERT INTO salesforce_events (name, kind, at, id, schema_id, payload) "
                    "VALUES (?, ?, ?, ?, ?, ?) RETURNING number",
                    (one.entity, one.kind, at, one.id, one.schema_id, one.payload),
                )
                numbers.append(int(row["number"]) if row else 0)
        return numbers

    def read(self, names: Sequence[str], after: int, limit: int) -> list[Logged]:
        """Events of these names behind a number: kept, not held back, oldest first."""
        marks = ",".join("?" * len(names))
        rows = self._database.rows(
            "SELECT number, name, at, id, schema_id, payload FROM salesforce_events "  # noqa: S608 - marks only
            f"WHERE number > ? AND number <= ? AND at >= ? AND name IN ({marks}) ORDER BY number LIMIT ?",
            (max(after, self._floor()), self.end(), self._oldest(), *names, limit),
        )
        return [Logged(**row) for row in rows]

    def end(self) -> int:
        """The number of the newest event that may be delivered."""
        held = self._database.setting(HELD)
        return self._newest() if held is None else int(held)

    def hold(self, on: bool) -> None:
        """Deliver nothing that comes from now on, or all of it again."""
        if not on or self._database.setting(HELD) is None:
            self._database.keep_setting(HELD, self._newest() if on else None)

    def good(self, place: Place) -> bool:
        """Whether a stream may begin at a place: neither expired nor ahead of all events."""
        return self._floor() < place.number <= self._newest() and place.at >= self._oldest()

    def expire(self, keep: int = 0) -> int:
        """Let all but the newest events expire before their time; answers how many there were."""
        with self._database.transaction():
            row = self._database.row(
                "SELECT number FROM salesforce_events WHERE kind != ? ORDER BY number DESC LIMIT 1 OFFSET ?",
                (MARK, keep),
            )
            floor = self._newest() if keep == 0 else int(row["number"]) if row else NOTHING_EXPIRED
            gone = self._database.change(
                "DELETE FROM salesforce_events WHERE number <= ? AND kind != ?", (floor, MARK)
            )
            self._database.keep_setting(FLOOR, max(floor, self._floor()))
            if keep == 0:
                self._database.change(
                    "INSERT INTO salesforce_events (name, kind, at, id, schema_id, payload) "
                    "VALUES ('', ?, ?, '', '', x'')",
                    (MARK, self.now()),
                )
        return gone

    def purge(self) -> None:
        """Forget what nobody can ask for any more."""
        self._database.change("DELETE FROM salesforce_events WHERE at < ?", (self._oldest(),))

    def keep_schema(self, schema: EventSchema) -> None:
        """Remember a schema for as long as the org lives."""
        self._database.change(
            "INSERT OR IGNORE INTO salesforce_event_schemas VALUES (?, ?)", (schema.id, schema.text)
        )

    def schema(self, number: str) -> str | None:
        """A schema's text by its id."""
        row = self._database.row("SELECT text FROM salesforce_event_schemas WHERE id = ?", (number,))
        return str(row["text"]) if row else None

    def counts(self) -> dict[str, dict[str, int]]:
        """How many events are kept, by name and kind."""
        found: dict[str, dict[str, int]] = {}
        sql = "SELECT name, kind, count(*) AS n FROM salesforce_events WHERE kind != ? GROUP BY name, kind"
        for row in self._database.rows(sql, (MARK,)):
            found.setdefault(row["name"], {})[row["kind"]] = row["n"]
        return found

    def now(self) -> int:
        """The sandbox's present moment in epoch milliseconds."""
        return round(self._clock.now().timestamp() * 1000)

    def _newest(self) -> int:
        # Not max(number): the newest place stays when its event was purged.
        row = self._database.row("SELECT seq FROM sqlite_sequence WHERE name = 'salesforce_events'")
        return int(row["seq"]) if row else 0

    def _floor(self) -> int:
        floor: Any = self._database.setting(FLOOR, NOTHING_EXPIRED)
        return int(floor)

    def _oldest(self) -> int:
        kept = timedelta(hours=self._switches.present.retention_hours)
        return self.now() - round(kept.total_seconds() * 1000)
