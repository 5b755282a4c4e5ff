"""Stamps of the Sage server: which days to read, where to go on.

A stamp is the server's local date and its decimal hours, one second fine. In the hour that comes twice
when summer time ends it names two instants: the window takes the later, the watermark the earlier,
so that neither hides a change. A workstation with a wrong clock stamps the future; a watermark
there would end all reading, so it never passes our own clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from include.connectors.ports import utcnow
from include.connectors.sage100.decimal_hours import parse_decimal_hours

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, tzinfo

    from include.connectors.ports import Clock
    from include.connectors.sage100.changes.rows import Row

DATE, TIME = "DateUpdated", "TimeUpdated"
_LAST = time(23, 59, 59)


@dataclass(frozen=True, slots=True)
class ServerClock:
    """How the stamps of one Sage server are read.

    Args:
        zone: the server's; it stamps in local time and says nowhere which.
        overlap: how far before the watermark a window begins: more than a clock is ever set back
            (an hour, if ``zone`` should be wrong about summer time) and than a change takes to show.
        now: our own clock, aware.
    """

    zone: tzinfo = UTC
    overlap: timedelta = timedelta(hours=2)
    now: Clock = field(default=utcnow, repr=False)

    def first_day(self, since: datetime | None) -> date | None:
        """The first day to read by its local date; ``None`` reads all."""
        return (since - self.overlap).astimezone(self.zone).date() if since else None

    def is_recent(self, row: Row, since: datetime | None) -> bool:
        """Whether a row may have changed since; one whose stamp cannot be read may."""
        latest = self._instant(row, _LAST, fold=1)
        return since is None or latest is None or latest >= since - self.overlap

    def watermark(self, since: datetime | None, rows: Iterable[Row], began: datetime) -> datetime | None:
        """The highest stamp seen so far, in UTC; ``None`` as long as none was seen.

        Args:
            since: the watermark before.
            rows: what was read.
            began: our clock before the first read. A stamp of the future may lift the watermark no further:
                what was changed while we read comes after it.
        """
        stamps = [stamp for row in rows if (stamp := self._instant(row, time.min, fold=0))]
        if since:
            stamps.append(since.astimezone(UTC))
        return min(max(stamps), began.astimezone(UTC)) if stamps else None

    def _instant(self, row: Row, otherwise: time, *, fold: int) -> datetime | None:
        """The instant a stamp names; ``otherwise`` stands for a time that is none."""
        day = row[DATE]
        if day is None:
            return None
        try:
            at = parse_decimal_hours(row[TIME])
        except ValueError:
            at = otherwise
        return datetime.combine(day, at.replace(fold=fold), self.zone).astimezone(UTC)
