"""Calls counted per organisation across all workers (A47).

A budget's state is one row, read and written under its lock. Calls are counted by the second, and a
second counts until it has left the last minute entirely: never more than ``per_minute`` in any 60
seconds, at the price of one second's worth in sixty. A block, taken from a remote's ``Retry-After``,
holds everyone who shares the name.
"""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select, update

from include.errors import ConfigurationError, RateLimitedError
from include.ledger.tables import budget_blocks, budgets, slots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection, Row

    from include.ledger.database import Database

WINDOW = 60
POLL = 0.05


@dataclass(frozen=True, slots=True)
class BudgetState:
    """What a budget has spent, and until when it is blocked."""

    name: str
    last_minute: int
    today: int
    granted: int
    blocked_until: datetime | None = None
    reason: str = ""


class Budgets:
    """Grants calls and places."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def take(
        self,
        name: str,
        *,
        per_minute: int | None,
        per_day: int | None,
        n: int = 1,
        now: datetime | None = None,
        zone: str = "UTC",
    ) -> float:
        """Count ``n`` calls and return 0.0, or count nothing and return the seconds to wait.

        Args:
            name: the budget: an organisation, an endpoint.
            per_minute: calls in any 60 seconds; ``None`` = no such limit.
            per_day: calls in a calendar day of ``zone``; ``None`` = no such limit.
            n: calls wanted; granted together or not at all.
            now: instead of the ledger's clock.
            zone: where the remote's day begins at midnight.

        Raises:
            ConfigurationError: more calls at once than the limits ever allow.
        """
        if any(limit is not None and n > limit for limit in (per_minute, per_day)):
            raise ConfigurationError(
                f"budget {name}: {n} calls at once never fit {per_minute}/min, {per_day}/day"
            )
        with self._db.begin("take from a budget") as connection:
            row = self._locked(connection, name)
            # After the lock: a clock read before it may be older than what others have counted since.
            instant = now or self._db.now()
            spent = _Spent.read(row, instant, zone)
            wait = max(
                self._blocked(connection, name, instant),
                spent.minute_wait(n, per_minute, instant),
                spent.day_wait(n, per_day, instant, zone),
            )
            if wait > 0:
                return wait
            connection.execute(update(budgets).where(budgets.c.name == name).values(**spent.plus(n, instant)))
            return 0.0

    def _locked(self, connection: Connection, name: str) -> Row[Any]:
        query = select(budgets).where(budgets.c.name == name).with_for_update()
        row = connection.execute(query).first()
        if row is None:
            start = self._db.insert(budgets).values(name=name).on_conflict_do_nothing(index_elements=["name"])
            connection.execute(start)
            row = connection.execute(query).one()
        return row

    def _blocked(self, connection: Connection, name: str, now: datetime) -> float:
        until = connection.scalar(select(budget_blocks.c.until).where(budget_blocks.c.name == name))
        return max(0.0, (until - now).total_seconds()) if until else 0.0

    def block(self, name: str, until: datetime, *, reason: str = "") -> None:
        """Refuse every ``take`` of ``name`` before ``until``; a later ``until`` wins."""
        statement = self._db.insert(budget_blocks).values(name=name, until=until, reason=reason)
        statement = statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"until": statement.excluded.until, "reason": statement.excluded.reason},
            where=budget_blocks.c.until < statement.excluded.until,
        )
        with self._db.begin("block a budget") as connection:
            # Behind whoever is being granted calls now, so that nobody is once we have returned.
            self._locked(connection, name)
            connection.execute(statement)

    def state(self, name: str, *, zone: str = "UTC") -> BudgetState:
        """What has been spent, for pages and reports."""
        now = self._db.now()
        with self._db.once("read a budget") as connection:
            row = connection.execute(select(budgets).where(budgets.c.name == name)).first()
            block = connection.execute(select(budget_blocks).where(budget_blocks.c.name == name)).first()
        spent = _Spent.read(row, now, zone) if row else _Spent({}, "", 0, 0)
        live = block if block and block.until > now else None
        return BudgetState(
            name,
            last_minute=sum(spent.seconds.values()),
            today=spent.day_used,
            granted=spent.granted,
            blocked_until=live.until if live else None,
            reason=live.reason if live else "",
        )

    def names(self) -> list[str]:
        """Every budget that anything was ever taken from."""
        with self._db.once("list budgets") as connection:
            return list(connection.scalars(select(budgets.c.name).order_by(budgets.c.name)))

    @contextmanager
    def slots(self, name: str, limit: int, lease: timedelta, *, wait: float = 10.0) -> Iterator[str]:
        """Hold one of ``limit`` places while the block runs; gives the place's id.

        Args:
            name: what is limited: an organisation's concurrent calls, a server's seats.
            limit: places.
            lease: after which the place of a holder that died is free again.
            wait: seconds to wait for a place.

        Raises:
            RateLimitedError: no place came free in time.
        """
        place = self._place(name, limit, lease, wait)
        try:
            yield place
        finally:
            with self._db.once("leave a slot") as connection:
                connection.execute(delete(slots).where(slots.c.id == place))

    def _place(self, name: str, limit: int, lease: timedelta, wait: float) -> str:
        deadline, pause = monotonic() + wait, POLL
        while (place := self._try_place(name, limit, lease)) is None:
            if monotonic() + pause > deadline:
                raise RateLimitedError(f"all {limit} places of {name} are taken", retry_after=1.0)
            sleep(pause)
            pause = min(pause * 1.5, 1.0)
        return place

    def _try_place(self, name: str, limit: int, lease: timedelta) -> str | None:
        with self._db.begin("take a slot") as connection:
            self._db.lock(connection, f"slots:{name}")
            now = self._db.now()
            connection.execute(delete(slots).where(slots.c.name == name, slots.c.lease_until <= now))
            taken = (
                connection.scalar(select(func.count()).select_from(slots).where(slots.c.name == name)) or 0
            )
            if taken >= limit:
                return None
            place = uuid.uuid4().hex
            connection.execute(insert(slots).values(id=place, name=name, lease_until=now + lease))
            return place


@dataclass(frozen=True, slots=True)
class _Spent:
    """A budget's row as it stands at an instant; ``seconds`` maps epoch seconds to calls."""

    seconds: Mapping[int, int]
    day: str
    day_used: int
    granted: int

    @classmethod
    def read(cls, row: Row[Any], now: datetime, zone: str) -> _Spent:
        oldest = floor(now.timestamp()) - WINDOW
        kept = {
            int(second): calls for second, calls in json.loads(row.seconds).items() if int(second) >= oldest
        }
        today = now.astimezone(ZoneInfo(zone)).date()
        # A worker whose clock is ahead may have begun tomorrow already: that count goes on.
        current = row.day in {today.isoformat(), (today + timedelta(days=1)).isoformat()}
        return cls(
            kept, row.day if current else today.isoformat(), row.day_used if current else 0, row.granted
        )

    def minute_wait(self, n: int, limit: int | None, now: datetime) -> float:
        """Seconds until enough of the last minute's calls have left it."""
        if limit is None:
            return 0.0
        excess = sum(self.seconds.values()) + n - limit
        for second in sorted(self.seconds):
            if excess <= 0:
                break
            excess -= self.seconds[second]
            if excess <= 0:
                return second + WINDOW + 1 - now.timestamp()
        return 0.0

    def day_wait(self, n: int, limit: int | None, now: datetime, zone: str) -> float:
        """Seconds until the day is over, when it has no room for ``n`` more."""
        if limit is None or self.day_used + n <= limit:
            return 0.0
        local = now.astimezone(ZoneInfo(zone))
        midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
        return midnight.timestamp() - now.timestamp()

    def plus(self, n: int, now: datetime) -> dict[str, object]:
        """The row's columns once ``n`` more calls are counted."""
        second = floor(now.timestamp())
        seconds = {**self.seconds, second: self.seconds.get(second, 0) + n}
        return {
            "seconds": json.dumps(seconds),
            "day": self.day,
            "day_used": self.day_used + n,
            "granted": self.granted + n,
        }
