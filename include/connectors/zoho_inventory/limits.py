"""The organisation's quota, shared by all workers.

Zoho punishes an organisation, not a process: past its per-minute limit every integration of it is
blocked, for up to an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from include.connectors.rest import pace
from include.connectors.zoho_inventory.errors import Verdict

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from include.connectors.zoho_inventory.settings import Settings

BLOCKED_FOR = 3600.0


def next_midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """When the daily quota starts afresh: the organisation's next midnight, in UTC.

    Zoho does not document the moment; the organisation's midnight is the latest of the likely ones
    for American organisations, and asking too early only meets the refusal again.
    """
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time.min, tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True)
class Gate(pace.Gate):
    """The gate that knows how long Zoho's limits last."""

    settings: Settings

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
            self.pause_everyone(seconds, f"Zoho says: {verdict}")
        return seconds

    def _usual_pause(self, verdict: Verdict) -> float | None:
        match verdict:
            case Verdict.BLOCKED:
                return BLOCKED_FOR
            case Verdict.MINUTE_SPENT | Verdict.SLOW_DOWN:
                return self.a_minute()
            case Verdict.DAY_SPENT:
                now = self.clock()
                return (next_midnight(now, self.settings.zone) - now).total_seconds()
            case _:
                return None
