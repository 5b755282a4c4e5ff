"""Transforms of dates and times."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from include.translation.columns import KINDS, per_value
from include.translation.registry import each_value, whole_column

if TYPE_CHECKING:
    from include.translation.site import Site

MOMENT = KINDS["moment"]


@whole_column(gives="moment", inverse="wire_moment")
def moment(column: pa.Array, site: Site) -> pa.Array:
    """A point in time such as `2026-10-03T15:40:55-0400`, in UTC.

    Without an offset it is taken in the site's time zone; where the clock was put back, the first of
    the two times counts.
    """
    try:
        return pc.cast(column, MOMENT)
    except pa.ArrowInvalid:
        zone = ZoneInfo(site.time_zone)
        return per_value(column, lambda text: _moment(text, zone), MOMENT)


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


@each_value(gives="date")
def local_date(value: str, site: Site) -> date | None:
    """The day of a point in time where the site is: `2026-03-03T04:30:00Z` is `2026-03-02` in New York."""
    if not value.strip():
        return None
    found = _moment(value, ZoneInfo(site.time_zone))
    if found is None:
        raise ValueError("is not a point in time such as 2026-10-03T19:40:55Z")
    return found.astimezone(ZoneInfo(site.time_zone)).date()


@each_value(takes="any", gives="moment")
def noon_there(value: date, site: Site) -> datetime:
    """Noon of a date where the site is: the same day to almost every reader, wherever they are."""
    return datetime.combine(value, time(12), ZoneInfo(site.time_zone)).astimezone(UTC)


@each_value(takes="any", inverse="moment")
def wire_moment(value: datetime) -> str:
    """A point in time as `2026-10-03T19:40:55+0000`."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


@each_value(takes="any", gives="text", inverse="from_sage_date")
def sage_date(value: date) -> str:
    """A date as Business Objects take it, `20261003`."""
    return value.strftime("%Y%m%d")


@each_value(gives="date", inverse="sage_date")
def from_sage_date(value: str) -> date | None:
    """A date as Business Objects give it, `20261003`; blank stays blank."""
    if not value.strip():
        return None
    try:
        return datetime.strptime(value.strip(), "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise ValueError("is not a date such as 20261003") from None
