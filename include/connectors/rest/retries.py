"""Ask again, but only for what waiting can heal and what cannot have taken effect.

That is a limit, a lost connection, an outage met by a read, and an outage met by a write that the remote
takes once however often it comes. Any other write whose fate is unknown is never repeated here; the
caller looks it up first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from include.connectors.rest.pace import BudgetSpentError
from include.errors import (
    AuthenticationError,
    CircuitOpenError,
    ConfigurationError,
    OutcomeUnknownError,
    RateLimitedError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.connectors.ports import Sleep
    from include.connectors.rest.pace import Jitter

T = TypeVar("T")

BUSY_FIRST = 1.5
OUTAGE_FIRST = 0.5
OUTAGE_MOST = 20.0
PROBE_PATIENCE = 10.0
"""Seconds of an open circuit that are waited out in place: somebody is probably asking right now."""


@dataclass(frozen=True, slots=True)
class Retries:
    """Repeats one call.

    Args:
        attempts: tries, the first included.
        patience: seconds that all waits together may take.
        sleep: waits in place.
        jitter: spreads waits.
    """

    attempts: int
    patience: float
    sleep: Sleep
    jitter: Jitter

    def run(self, once: Callable[[], T], *, idempotent: bool = False) -> T:
        """What ``once`` returns, in the end.

        Args:
            once: one try.
            idempotent: a try whose answer was lost may be repeated.

        Raises:
            OutcomeUnknownError: an answer was lost, and no later try could tell what had become of it.
            IntegrationError: of the last try.
        """
        lost: list[OutcomeUnknownError] = []

        def heals(error: BaseException) -> bool:
            if isinstance(error, OutcomeUnknownError):
                lost.append(error)
                return idempotent
            return _heals(error)

        retrying = Retrying(
            retry=retry_if_exception(heals),
            wait=self._wait,
            stop=lambda state: stop_after_attempt(self.attempts)(state) or self._too_long(state),
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(once)
        except (TransientError, AuthenticationError, ConfigurationError) as error:
            if lost and not isinstance(error, OutcomeUnknownError):
                wait = getattr(error, "retry_after", None)
                raise OutcomeUnknownError(str(lost[0]), retry_after=wait) from error
            raise

    def _wait(self, state: RetryCallState) -> float:
        """The remote's advice, else 1.5, 3, 6 s when it is busy, else exponential with full jitter."""
        error = state.outcome.exception() if state.outcome else None
        asked = getattr(error, "retry_after", None)
        if asked is not None:
            return float(asked)
        doublings = 2 ** (state.attempt_number - 1)
        if isinstance(error, RateLimitedError):
            return float(BUSY_FIRST * doublings)
        return self.jitter(0.0, min(OUTAGE_MOST, OUTAGE_FIRST * doublings))

    def _too_long(self, state: RetryCallState) -> bool:
        return state.idle_for + state.upcoming_sleep > self.patience


def _heals(error: BaseException) -> bool:
    """Whether the same call may be tried again: nothing has happened, and time may help."""
    if isinstance(error, CircuitOpenError):
        return error.retry_after is not None and error.retry_after <= PROBE_PATIENCE
    return isinstance(error, TransientError) and not isinstance(error, BudgetSpentError)
