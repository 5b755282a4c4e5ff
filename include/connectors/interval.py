"""How long to wait before the next poll.

Polling weighs two costs: a poll spends calls, and a change that is not looked for waits. With
changes coming at a rate r and a poll worth w change-seconds of waiting, an interval T costs w/T + r*T/2 per
second; the least is at T = sqrt(2*w/r). So a source is asked more often while much happens there, by the
square root of how much, and a quiet one now and then. A budget that would run dry stretches every interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import exp, sqrt


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may still be spent.

    Attributes:
        calls: left until the budget is filled again.
        lasts: how long until then.
        poll: calls that one poll takes.
    """

    calls: int
    lasts: timedelta
    poll: int = 1

    @property
    def shortest(self) -> timedelta:
        """The interval at which polls last until the end; all the time that is left if none can be paid."""
        polls = self.calls // self.poll
        return self.lasts / polls if polls > 0 else self.lasts


@dataclass(frozen=True, slots=True)
class Pace:
    """How one source is polled.

    Attributes:
        shortest: never sooner, however much happens.
        longest: never later, however quiet it is, as long as the budget lasts.
        worth: how long one change may wait to save one poll.
        memory: how long a burst of changes is remembered.
    """

    shortest: timedelta = timedelta(seconds=15)
    longest: timedelta = timedelta(minutes=15)
    worth: timedelta = timedelta(minutes=2)
    memory: timedelta = timedelta(minutes=20)

    def observed(self, rate: float, changes: int, elapsed: timedelta) -> float:
        """Changes per second as believed after a poll.

        Args:
            rate: as believed before; 0 at the start.
            changes: what the poll found.
            elapsed: since the poll before; longer than nothing.
        """
        kept = exp(-elapsed / self.memory)
        return kept * rate + (1 - kept) * changes / elapsed.total_seconds()

    def interval(self, rate: float, allowance: Allowance | None = None) -> timedelta:
        """How long to wait, within the bounds; longer than the longest only for want of calls."""
        best = self._best(rate)
        return max(best, allowance.shortest) if allowance else best

    def _best(self, rate: float) -> timedelta:
        if rate * self.longest.total_seconds() ** 2 <= 2 * self.worth.total_seconds():
            return self.longest
        return max(self.shortest, timedelta(seconds=sqrt(2 * self.worth.total_seconds() / rate)))
