"""Calls counted per organisation across all workers (A47).

A budget's state is one row, read and written under its lock. Calls are counted by the second, and a
second counts until it has left the last minute entirely: never more than ``per_minute`` in any 60
seconds, at the price of one second's worth in sixty. A block, taken from a remote's ``Retry-After``,
holds everyone who shares the name.

A flow may have a *share* of a budget reserved. What of it is not yet spent, this minute and this day, is
kept free of the others; beyond its share a flow competes like everybody.
"""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
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
    flows: Mapping[str, int] = field(default_factory=dict)
    """Calls of today by flow, of those that have a share reserved."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of a day.

    Attributes:
        calls: that a flow may still make.
        lasts: how long until the remote's midnight.
    """

    calls: int
    lasts: timedelta


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
        flow: str = "",
        reserved: Mapping[str, float] | None = None,
    ) -> float:
        """Count ``n`` calls and return 0.0, or count nothing and return the seconds to wait.

        Args:
            name: the budget: an organisation, an endpoint.
            per_minute: calls in any 60 seconds; ``None`` = no such limit.
            per_day: calls in a calendar day of ``zone``; ``None`` = no such limit.
            n: calls wanted; granted together or not at all.
            now: instead of the ledger's clock.
            zone: where the remote's day begins at midnight.
            flow: who calls.
            reserved: share of the limits (0 to 1) by flow.

        Raises:
            ConfigurationError: more calls at once than the limits, less what others have reserved, allow.
        """
        shares = _Shares(flow, reserved or {})
        if any(limit is not None and n > limit - shares.kept(limit, {}) for limit in (per_minute, per_day)):
            raise ConfigurationError(
                f"budget {name}: {n} calls at once never fit {per_minute}/min, {per_day}/day"
                + (f" beside what is reserved for other flows than {flow!r}" if reserved else "")
            )
        with self._db.begin("take from a budget") as connection:
            row = self._locked(connection, name)
            # After the lock: a clock read before it may be older than what others have counted since.
            instant = now or self._db.now()
            spent = _Spent.read(row, instant, zone)
            wait = max(
                self._blocked(connection, name, instant),
                spent.minute_wait(n, per_minute, instant, shares),
                spent.day_wait(n, per_day, shares, instant, zone=zone),
            )
            if wait > 0:
                return wait
            row_after = spent.plus(n, instant, flow if flow in shares.reserved else "")
            connection.execute(update(budgets).where(budgets.c.name == name).values(**row_after))
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
            flows=spent.used_today,
        )

    def rest(
        self,
        name: str,
        *,
        per_day: int,
        zone: str = "UTC",
        flow: str = "",
        reserved: Mapping[str, float] | None = None,
    ) -> Rest:
        """What ``flow`` may still call today; the arguments are those of :meth:`take`."""
        now = self._db.now()
        with self._db.once("read a budget") as connection:
            row = connection.execute(select(budgets).where(budgets.c.name == name)).first()
        spent = _Spent.read(row, now, zone) if row else _Spent({}, "", 0, 0)
        left = per_day - spent.day_used - _Shares(flow, reserved or {}).kept(per_day, spent.used_today)
        return Rest(max(0, left), timedelta(seconds=_until_midnight(now, zone)))

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
class _Shares:
    """What is reserved, as the flow that asks sees it."""

    flow: str
    reserved: Mapping[str, float]

    def kept(self, limit: int, used: Mapping[str, int]) -> int:
        """Calls of ``limit`` that are kept free for other flows, which have used so many of their own."""
        return sum(
            max(0, floor(limit * share) - used.get(flow, 0))
            for flow, share in self.reserved.items()
            if flow != self.flow
        )


@dataclass(frozen=True, slots=True)
class _Share:
    """What one flow has spent of a budget; :class:`_Spent` has all flows' together."""

    seconds: Mapping[int, int]
    day_used: int


@dataclass(frozen=True, slots=True)
class _Spent:
    """A budget's row as it stands at an instant; ``seconds`` maps epoch seconds to calls."""

    seconds: Mapping[int, int]
    day: str
    day_used: int
    granted: int
    flows: Mapping[str, _Share] = field(default_factory=dict)

    @classmethod
    def read(cls, row: Row[Any], now: datetime, zone: str) -> _Spent:
        today = now.astimezone(ZoneInfo(zone)).date()
        # A worker whose clock is ahead may have begun tomorrow already: that count goes on.
        current = row.day in {today.isoformat(), (today + timedelta(days=1)).isoformat()}
        return cls(
            _last_minute(json.loads(row.seconds), now),
            row.day if current else today.isoformat(),
            row.day_used if current else 0,
            row.granted,
            {
                flow: _Share(_last_minute(share["seconds"], now), share["day_used"] if current else 0)
                for flow, share in json.loads(row.flows).items()
            },
        )

    @property
    def used_today(self) -> dict[str, int]:
        """Calls of today by flow, of those that have a share reserved."""
        return {flow: share.day_used for flow, share in self.flows.items()}

    def minute_wait(self, n: int, limit: int | None, now: datetime, shares: _Shares) -> float:
        """Seconds until enough of the last minute's calls have left it."""
        if limit is None or self._fits(n, limit, shares, after=0):
            return 0.0
        # What leaves of another flow's calls is its own again: going through the seconds tells when.
        leaving = (second for second in sorted(self.seconds) if self._fits(n, limit, shares, after=second))
        return next(leaving) + WINDOW + 1 - now.timestamp()

    def _fits(self, n: int, limit: int, shares: _Shares, *, after: int) -> bool:
        """Whether there is room for ``n`` once only calls later than ``after`` count."""
        used = {
            flow: sum(calls for second, calls in share.seconds.items() if second > after)
            for flow, share in self.flows.items()
        }
        total = sum(calls for second, calls in self.seconds.items() if second > after)
        return total + n + shares.kept(limit, used) <= limit

    def day_wait(self, n: int, limit: int | None, shares: _Shares, now: datetime, *, zone: str) -> float:
        """Seconds until the day is over, when it has no room for ``n`` more."""
        if limit is None or self.day_used + n + shares.kept(limit, self.used_today) <= limit:
            return 0.0
        return _until_midnight(now, zone)

    def plus(self, n: int, now: datetime, flow: str) -> dict[str, object]:
        """The row's columns once ``n`` more calls are counted, for ``flow`` too unless that is blank."""
        flows = dict(self.flows)
        if flow:
            share = flows.get(flow, _Share({}, 0))
            flows[flow] = _Share(_with(share.seconds, n, now), share.day_used + n)
        told = {name: {"seconds": share.seconds, "day_used": share.day_used} for name, share in flows.items()}
        return {
            "seconds": json.dumps(_with(self.seconds, n, now)),
            "day": self.day,
            "day_used": self.day_used + n,
            "granted": self.granted + n,
            "flows": json.dumps(told),
        }


def _until_midnight(now: datetime, zone: str) -> float:
    local = now.astimezone(ZoneInfo(zone))
    midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
    return midnight.timestamp() - now.timestamp()


def _last_minute(seconds: Mapping[str, int], now: datetime) -> dict[int, int]:
    oldest = floor(now.timestamp()) - WINDOW
    return {int(second): calls for second, calls in seconds.items() if int(second) >= oldest}


def _with(seconds: Mapping[int, int], n: int, now: datetime) -> dict[int, int]:
    second = floor(now.timestamp())
    return {**seconds, second: seconds.get(second, 0) + n}
