"""The pace of a shared budget: whoever calls is counted, and whoever is told to wait waits for all.

A remote punishes an account, not a process. So each call is first counted in a budget that all
workers share, and a limit that one worker meets pauses all of them. A short wait is spent in place; a
long one is raised, because a sleeping task holds a worker.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol

from include.connectors.interval import Allowance
from include.errors import ConfigurationError, RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.connectors.ports import Budget, Clock, Sleep

log = logging.getLogger(__name__)

Jitter = Callable[[float, float], float]
"""A random number between two bounds."""

MINUTE = 60.0
MINUTE_JITTER = 5.0
SHORTEST_WAIT = 0.05
LONGEST_RETRY_AFTER = 24 * 3600.0
CALLS_A_POLL = 10
"""What a poll is counted as: what it finds is read or told, and other flows live on the same budget."""


class BudgetSpentError(RateLimitedError):
    """Our own budget refuses the call for longer than we wait in place."""


class Pace(Protocol):
    """What a connector's settings say about its pace."""

    @property
    def budget_name(self) -> str:
        """Whose quota it is."""

    @property
    def calls_per_minute(self) -> int:
        """Our share of the quota."""

    @property
    def calls_per_day(self) -> int:
        """Our share of the quota."""

    @property
    def concurrency(self) -> int:
        """Calls under way at once, all workers together."""

    @property
    def timezone(self) -> str:
        """Its midnight ends the daily quota."""

    @property
    def reserved(self) -> Mapping[str, float]:
        """Shares of the limits kept free, by flow."""

    @property
    def patience(self) -> float:
        """Seconds that one call may wait in place."""

    @property
    def longest(self) -> timedelta:
        """A call is over by then, whatever happens."""


def check_shares(system: str, shares: Mapping[str, object]) -> None:
    """Refuse reserved shares that cannot be right.

    Raises:
        ConfigurationError: one is no number above 0, or they come to more than 1.
    """
    right = all(
        isinstance(share, int | float) and not isinstance(share, bool) and 0 < share <= 1
        for share in shares.values()
    )
    if not right or sum(float(str(share)) for share in shares.values()) > 1:
        raise ConfigurationError(
            f"{system}: reserved must say a share by DAG id, above 0 and 1 in all at most, "
            'e.g. {"zoho_orders_to_sage100": 0.5}'
        )


def spread(low: float, high: float) -> float:
    """A random wait, so that workers that were stopped together do not come back together."""
    return random.uniform(low, high)  # noqa: S311 - spreads load, protects nothing


@dataclass(frozen=True)
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

    settings: Pace
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
                    f"the call budget of {self.settings.budget_name} is spent for {wait:.0f} s",
                    retry_after=wait,
                )
            pause = max(wait, SHORTEST_WAIT)
            self.sleep(pause)
            waited += pause

    def allowance(self) -> Allowance:
        """What polls may still spend today."""
        settings = self.settings
        rest = self.budget.rest(
            settings.budget_name,
            per_day=settings.calls_per_day,
            zone=settings.timezone,
            flow=self.flow,
            reserved=settings.reserved,
        )
        return Allowance(rest.calls, rest.lasts, CALLS_A_POLL)

    def pause_everyone(self, seconds: float, reason: str) -> None:
        """Let nobody call for that long."""
        name = self.settings.budget_name
        self.budget.block(name, self.clock() + timedelta(seconds=seconds), reason=reason)
        log.warning("%s: %s, all calls pause for %.0f s", name, reason, seconds)

    def a_minute(self) -> float:
        """The pause when a limit per minute is met and nobody says for how long."""
        return MINUTE + self.jitter(0.0, MINUTE_JITTER)

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
        with self.budget.slots(self.settings.budget_name, self.settings.concurrency, self.settings.longest):
            yield


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds from a ``Retry-After`` header: a number or an HTTP date, at most a day.

    Returns:
        None when there is no header or it cannot be read; 0.0 for a date in the past.
    """
    if not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), LONGEST_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)
