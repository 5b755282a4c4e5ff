"""What to do when the bus says no: its status, and its own code in the trailer ``error-code``."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

import grpc

if TYPE_CHECKING:
    from collections.abc import Callable

    from grpc.aio import AioRpcError

PREFIX = "sfdc.platform.eventbus.grpc."


class Reaction(Enum):
    """What helps."""

    RENEW = auto()
    """A new token, and on from the same place."""
    RESYNC = auto()
    """The place in the stream is gone: compare everything, then follow from the oldest event."""
    WAIT_LONG = auto()
    """The org's daily events are used up."""
    GIVE_UP = auto()
    """A person must mend the topic or the user's rights."""
    AGAIN = auto()
    """Time."""


_BY_CODE = {
    "service.auth.error": Reaction.RENEW,
    "subscription.fetch.replayid.corrupted": Reaction.RESYNC,
    "subscription.fetch.replayid.validation.failed": Reaction.RESYNC,
    "subscription.limit.exceeded": Reaction.WAIT_LONG,
    "subscription.fetch.requested.events.invalid": Reaction.GIVE_UP,
    "service.unavailable": Reaction.AGAIN,
}
_BY_STATUS = {
    grpc.StatusCode.UNAUTHENTICATED: Reaction.RENEW,
    grpc.StatusCode.INVALID_ARGUMENT: Reaction.GIVE_UP,
    grpc.StatusCode.NOT_FOUND: Reaction.GIVE_UP,
    grpc.StatusCode.PERMISSION_DENIED: Reaction.GIVE_UP,
    grpc.StatusCode.UNIMPLEMENTED: Reaction.GIVE_UP,
}


def error_code(error: AioRpcError) -> str:
    """The bus's own code, ``""`` when somebody else answered."""
    for key, value in error.trailing_metadata() or ():
        if key.lower() == "error-code":
            return value if isinstance(value, str) else value.decode("ascii", "replace")
    return ""


def reaction(error: AioRpcError) -> Reaction:
    """The code decides where it is known: statuses are documented for few of them."""
    known = _BY_CODE.get(error_code(error).removeprefix(PREFIX))
    return known or _BY_STATUS.get(error.code(), Reaction.AGAIN)


def told(error: AioRpcError) -> str:
    """An error for a log: status and code, never the text, which may quote what was sent."""
    return " ".join(part for part in (error.code().name, error_code(error)) if part)


class Backoff:
    """Growing waits between attempts, spread so that many clients do not come back at once.

    Args:
        first: seconds of the first wait at most.
        longest: seconds of any wait at most.
        jitter: a number between two bounds.
    """

    def __init__(self, first: float, longest: float, jitter: Callable[[float, float], float]) -> None:
        self._first = first
        self._longest = longest
        self._jitter = jitter
        self.failures = 0

    def reset(self) -> None:
        """The other side has answered."""
        self.failures = 0

    def wait(self) -> float:
        """Count a failure; returns seconds, between half of this turn's bound and all of it."""
        bound = min(self._longest, self._first * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return self._jitter(bound / 2, bound)
