"""``sobjects/X/updated`` and ``sobjects/X/deleted``: which records changed, by SystemModstamp.

They must stand before ``sobjects/{object}/{id}`` in the table of routes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from include.sandbox.salesforce.errors import ApiError, not_found
from include.sandbox.salesforce.exchange import DATA, Call, Reply, Route
from include.sandbox.salesforce.soql.access import Bounds, rows
from include.sandbox.salesforce.store import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.sandbox.salesforce.store import Json, Store

MINUTE = timedelta(minutes=1)
UPDATED_BACK = timedelta(days=30)
DELETED_BACK = timedelta(days=15)
MOST = 600_000
"""Ids of one answer."""
REFUSED = "INVALID_REPLICATION_DATE"


class ChangeRoutes:
    """What a poller without events asks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def table(self) -> list[Route]:
        """The routes."""
        return [
            Route("GET", f"{DATA}/sobjects/{{object}}/updated", self.updated),
            Route("GET", f"{DATA}/sobjects/{{object}}/deleted", self.deleted),
        ]

    def updated(self, call: Call) -> Reply:
        """Ids of live records that were created or changed in a window of at most 30 days back."""
        start, covered = self._window(call, UPDATED_BACK)
        ids = [row["Id"] for row in self._changed(call, start, covered) if not row["IsDeleted"]]
        return Reply({"ids": ids, "latestDateCovered": stamp(covered)})

    def deleted(self, call: Call) -> Reply:
        """Records that were put into the recycle bin in a window of at most 15 days back."""
        start, covered = self._window(call, DELETED_BACK)
        gone = [row for row in self._changed(call, start, covered) if row["IsDeleted"]]
        return Reply(
            {
                "deletedRecords": [{"id": row["Id"], "deletedDate": row["SystemModstamp"]} for row in gone],
                "earliestDateAvailable": stamp(_minute(self._store.clock.now() - DELETED_BACK)),
                "latestDateCovered": stamp(covered),
            }
        )

    def _changed(self, call: Call, start: datetime, covered: datetime) -> Iterator[Json]:
        sobject = self._store.schema.object(call.path["object"])
        if sobject is None or sobject.field("SystemModstamp") is None:
            raise not_found()
        end = stamp(covered)
        changed = rows(self._store, sobject, Bounds(stamp(start), end), deleted=True, by_stamp=True)
        for index, row in enumerate(changed):
            if row["SystemModstamp"] >= end:
                return
            if index >= MOST:
                raise ApiError(400, "EXCEEDED_ID_LIMIT", "exceeded id limit")
            yield row

    def _window(self, call: Call, back: timedelta) -> tuple[datetime, datetime]:
        """The window's begin, and up to where it is known what happened: never the running minute."""
        now = self._store.clock.now()
        start, end = _asked(call, "start"), _asked(call, "end")
        if end - start < MINUTE:
            raise ApiError(400, REFUSED, "endDate must be at least one minute greater than the startDate")
        if start < now - back:
            raise ApiError(400, REFUSED, f"startDate cannot be more than {back.days} days ago")
        if start > now:
            raise ApiError(400, REFUSED, "startDate cannot be in the future")
        return start, min(_minute(end), _minute(now))


def _minute(moment: datetime) -> datetime:
    """Salesforce ignores the seconds of a window."""
    return moment.replace(second=0, microsecond=0)


def _asked(call: Call, name: str) -> datetime:
    text = call.query.get(name, "")
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise ApiError(400, REFUSED, f"{name} is no dateTime: {text[:40]}") from exc
    return _minute(found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC))
