"""Requests a minute, in one second, and at a time; per client."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

from include.sandbox.clarity.problem import Problem

if TYPE_CHECKING:
    from include.sandbox.clarity.settings import Switchboard
    from include.sandbox.clock import Clock

MINUTE = 60.0


@dataclass(slots=True)
class Meter:
    """The last requests of one client."""

    minute: deque[float] = field(default_factory=deque)
    second: deque[float] = field(default_factory=deque)


class Limits:
    """Counts and judges. A refused request is not counted."""

    def __init__(self, clock: Clock, switches: Switchboard) -> None:
        self._clock = clock
        self._switches = switches
        self.reset()

    def reset(self) -> None:
        """Forget all."""
        self._meters: dict[str, Meter] = {}
        self._running: Counter[str] = Counter()

    def enter(self, client: str) -> None:
        """One more request at a time.

        Raises:
            Problem: too many are (``concurrency_limited``).
        """
        if self._running[client] >= self._switches.present.concurrent:
            allowed = self._switches.present.concurrent
            raise Problem(
                429,
                "concurrency_limited",
                f"More than {allowed} requests at a time.",
                headers=self._retry_after(1, self._switches.present.retry_after),
            )
        self._running[client] += 1

    def leave(self, client: str) -> None:
        """One less."""
        self._running[client] -= 1

    def count(self, client: str) -> None:
        """Count a request.

        Raises:
            Problem: ``rate_limited``.
        """
        now, real = self._clock.now().timestamp(), time.monotonic()
        meter = self._meters.setdefault(client, Meter())
        _forget(meter.minute, now - MINUTE)
        _forget(meter.second, real - 1)
        if len(meter.minute) >= self._switches.present.per_minute:
            raise self.refusal(client, math.ceil(meter.minute[0] + MINUTE - now))
        if len(meter.second) >= self._switches.present.burst:
            raise self.refusal(client, 1)
        meter.minute.append(now)
        meter.second.append(real)

    def refusal(self, client: str, wait: int, form: str | None = None) -> Problem:
        """429 ``rate_limited``; Retry-After in the form that is set or asked for."""
        detail = f"Limit of {self._switches.present.per_minute} requests per minute reached."
        after = self._retry_after(max(wait, 1), form or self._switches.present.retry_after)
        headers = {**after, **self.headers(client), "X-RateLimit-Remaining": "0"}
        return Problem(429, "rate_limited", detail, headers=headers)

    def _retry_after(self, wait: int, form: str) -> dict[str, str]:
        if form == "none":
            return {}
        if form == "date":
            moment = datetime.fromtimestamp(math.ceil(self._clock.now().timestamp()) + wait, UTC)
            return {"Retry-After": format_datetime(moment, usegmt=True)}
        return {"Retry-After": str(wait)}

    def headers(self, client: str) -> dict[str, str]:
        """The three rate headers."""
        now = self._clock.now().timestamp()
        minute = self._meters.setdefault(client, Meter()).minute
        allowed = self._switches.present.per_minute
        return {
            "X-RateLimit-Limit": str(allowed),
            "X-RateLimit-Remaining": str(max(0, allowed - len(minute))),
            "X-RateLimit-Reset": str(math.ceil((minute[0] if minute else now) + MINUTE)),
        }


def _forget(times: deque[float], until: float) -> None:
    while times and times[0] <= until:
        times.popleft()
