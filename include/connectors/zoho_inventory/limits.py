"""The organisation's quota, shared by all workers.

Zoho punishes an organisation, not a process: past its per-minute limit every integration of it is
blocked, for up to an hour. So each call is first counted in a budget that all workers share, and
a 429 that one worker meets pauses all of them. A short wait is spent in place; a long one is
raised, because a sleeping task holds a worker.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from include.connectors.zoho_inventory.errors import Verdict
from include.errors import RateLimitedError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from include.connectors.ports import Budget, Clock, Sleep
    from include.connectors.zoho_inventory.settings import Settings

log = logging.getLogger(__name__)

Jitter = Callable[[float, float], float]
"""A random number between two bounds."""

BLOCKED_FOR = 3600.0
MINUTE = 60.0
MINUTE_JITTER = 5.0
BUSY_FIRST = 1.5
SHORTEST_WAIT = 0.05


class BudgetSpentError(RateLimitedError):
    """Our own budget refuses the call for longer than we wait in place."""


def spread(low: float, high: float) -> float:
    """A random wait, so that workers that were stopped together do not come back together."""
    return random.uniform(low, high)  # noqa: S311 - spreads load, protects nothing


def next_midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """When the daily quota starts afresh: the organisation's next midnight, in UTC.

    Zoho does not document the moment; the organisation's midnight is the latest of the likely ones
    for American organisations, and asking too early only meets the refusal again.
    """
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time.min, tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets calls through at the pace of the shared budget.

    Args:
        settings: limits and patience.
        budget: shared by all workers.
        clock: the present.
        sleep: waits in place.
        jitter: spreads waits.
        flow: on whose behalf the calls are made.
    """

    settings: Settings
    budget: Budget
    clock: Clock
    sleep: Sleep
    jitter: Jitter = spread
    flow: str = ""

    @contextmanager
    def admission(self) -> Iterator[None]:
        """Hold a place among the concurrent calls, counted in the budget, while the block runs.

        No place is held while waiting.

        Raises:
            BudgetSpentError: the wait is longer than our patience; ``retry_after`` says how long.
        """
        waited = 0.0
        while True:
            with self._slot():
                wait = self._take()
                if wait <= 0:
                    yield
                    return
            if waited + wait > self.settings.patience:
                raise BudgetSpentError(
                    f"Zoho's call budget for organisation {self.settings.organization_id} is spent for "
                    f"{wait:.0f} s",
                    retry_after=wait,
                )
            pause = max(wait, SHORTEST_WAIT)
            self.sleep(pause)
            waited += pause

    def pause_after(self, verdict: Verdict, asked: float | None) -> float | None:
        """How long an answer keeps everyone waiting, and tell everyone.

        Args:
            verdict: of the answer.
            asked: seconds of its ``Retry-After``, which wins over our own knowledge.

        Returns:
            Seconds, or None when Zoho gave no advice and our own back-off applies.
        """
        seconds = asked if asked is not None else self._usual_pause(verdict)
        if seconds is not None and verdict is not Verdict.OUTAGE:
            until = self.clock() + timedelta(seconds=seconds)
            self.budget.block(self.settings.budget_name, until, reason=f"Zoho says: {verdict}")
            log.warning(
                "zoho organisation %s: %s, all calls pause for %.0f s",
                self.settings.organization_id,
                verdict,
                seconds,
            )
        return seconds

    def _usual_pause(self, verdict: Verdict) -> float | None:
        match verdict:
            case Verdict.BLOCKED:
                return BLOCKED_FOR
            case Verdict.MINUTE_SPENT | Verdict.SLOW_DOWN:
                return MINUTE + self.jitter(0.0, MINUTE_JITTER)
            case Verdict.DAY_SPENT:
                now = self.clock()
                return (next_midnight(now, self.settings.zone) - now).total_seconds()
            case _:
                return None

    def _take(self) -> float:
        return self.budget.take(
            self.settings.budget_name,
            per_minute=self.settings.calls_per_minute,
            per_day=self.settings.calls_per_day,
            zone=self.settings.timezone,
            flow=self.flow,
            reserved=self.settings.reserved,
        )

    @contextmanager
    def _slot(self) -> Iterator[None]:
        lease = timedelta(seconds=self.settings.deadline + sum(self.settings.timeout))
        with self.budget.slots(self.settings.budget_name, self.settings.concurrency, lease):
            yield
