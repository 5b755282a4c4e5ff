"""What a connector asks of the house, as Protocols.

A connector may not import the ledger, yet its token and its call budget must be shared by every
worker. These Protocols say how little it needs; the ledger satisfies them as it is, a test does
with a few lines in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

Clock = Callable[[], datetime]
"""Gives the present as an aware UTC datetime."""

Sleep = Callable[[float], None]
"""Waits that many seconds."""


def utcnow() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)


class AccessToken(Protocol):
    """What a token must have; a store brings its own class."""

    @property
    def value(self) -> str:
        """The bearer string."""

    @property
    def expires_at(self) -> datetime:
        """Aware UTC; from then on it is to be renewed."""

    @property
    def api_domain(self) -> str:
        """Origin that the token is good for, ``""`` when the remote did not say."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token as a connector mints it.

    Args:
        value: the bearer string; never shown in a ``repr``.
        expires_at: aware UTC datetime from which on it is to be renewed, shortly before its end.
        api_domain: origin that the token is good for, ``""`` when the remote did not say.
    """

    value: str = field(repr=False)
    expires_at: datetime
    api_domain: str = ""


class TokenStore(Protocol):
    """One access token per name, shared by all processes."""

    def get(self, name: str) -> AccessToken | None:
        """The stored token, expired or not."""

    def refresh(self, name: str, mint: Callable[[], Token], *, older_than: AccessToken | None) -> AccessToken:
        """Mint a token unless another caller has already replaced ``older_than``.

        Single flight: of all callers that arrive together one runs ``mint``, the others get its token.
        What ``mint`` raises is raised here, and nothing is stored.
        """


class Rest(Protocol):
    """What is left of a day's calls."""

    @property
    def calls(self) -> int:
        """Left for the flow that asks."""

    @property
    def lasts(self) -> timedelta:
        """How long they must last."""


class Budget(Protocol):
    """Calls counted per name across all processes."""

    def take(
        self,
        name: str,
        *,
        per_minute: int,
        per_day: int,
        n: int = 1,
        zone: str = "UTC",
        flow: str = "",
        reserved: Mapping[str, float] | None = None,
    ) -> float:
        """Count ``n`` calls and return 0.0, or count nothing and return the seconds to wait.

        A day begins at midnight of ``zone``. With ``n`` 0 it only tells whether calls are blocked.
        ``reserved`` are shares of the limits by flow, kept free for those flows.
        """

    def rest(
        self,
        name: str,
        *,
        per_day: int,
        zone: str = "UTC",
        flow: str = "",
        reserved: Mapping[str, float] | None = None,
    ) -> Rest:
        """What ``flow`` may still call today."""

    def block(self, name: str, until: datetime, *, reason: str = "") -> None:
        """Refuse every ``take`` of ``name`` before ``until``; a later ``until`` wins."""

    def slots(self, name: str, limit: int, lease: timedelta) -> AbstractContextManager[Any]:
        """Hold one of ``limit`` places while the block runs.

        A place whose holder died is free again after ``lease``.

        Raises:
            RateLimitedError: no place came free.
        """


class Attempt(Protocol):
    """One call under guard."""

    def fail(self, reason: str) -> None:
        """What came back is no answer of a healthy endpoint: a 5xx, or nothing at all."""


class Breaker(Protocol):
    """Keeps everybody from calling an endpoint that does not answer; shared by all processes."""

    def guard(
        self, name: str, *, subject: str = "", lease: timedelta = ...
    ) -> AbstractContextManager[Attempt]:
        """Let the call in the block through, and learn from how it ends.

        A ``TransientError`` that is no ``RateLimitedError`` is a failure, and so is ``Attempt.fail``;
        anything else shows that the endpoint answers.

        Args:
            name: the endpoint.
            subject: what is asked for, where that alone might be what fails.
            lease: longer than the call may take.

        Raises:
            CircuitOpenError: no call is to be made now; ``retry_after`` says when.
        """


@dataclass(slots=True)
class _Unwatched:
    """An attempt of which nobody keeps account."""

    def fail(self, reason: str) -> None:
        """Nobody listens."""


class NoBreaker:
    """Lets every call through: a connection that is being tested, a client without a ledger."""

    @contextmanager
    def guard(self, name: str, *, subject: str = "", lease: timedelta = timedelta(0)) -> Iterator[Attempt]:
        """Run the block."""
        del name, subject, lease
        yield _Unwatched()
