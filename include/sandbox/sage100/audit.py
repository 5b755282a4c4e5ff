"""Audit columns: date, decimal hours and user key of the Sage server's own clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from include.sandbox.sage100.records import Record


@dataclass(frozen=True)
class Stamp:
    """A moment and user in Sage's writing: ``20260131``, ``15.50000`` (15:30), ``0000000002``."""

    date: str
    time: str
    user_key: str

    @classmethod
    def at(cls, moment: datetime, user_key: str) -> Stamp:
        """Of a moment on the server's wall clock; cut, so that the day never ends at 24.00000."""
        seconds = (moment.hour * 60 + moment.minute) * 60 + moment.second + moment.microsecond / 1e6
        hundred_thousandths = int(seconds / 3600 * 100_000)
        clock = f"{hundred_thousandths // 100_000}.{hundred_thousandths % 100_000:05d}"
        return cls(f"{moment:%Y%m%d}", clock, user_key)

    def mark(self, record: Record, *, created: bool) -> None:
        """Stamp a row, as far as its table has the columns."""
        if "DateUpdated" not in record.values:
            return
        record.put(DateUpdated=self.date, TimeUpdated=self.time, UserUpdatedKey=self.user_key)
        if created and "DateCreated" in record.values:
            record.put(DateCreated=self.date, TimeCreated=self.time, UserCreatedKey=self.user_key)
