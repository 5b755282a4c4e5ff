"""What the org has used of its allowances within 24 hours, counted by the hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.salesforce.errors import ApiError, Json

if TYPE_CHECKING:
    from include.sandbox.clock import Clock
    from include.sandbox.database import Database
    from include.sandbox.salesforce.settings import Switchboard

TABLES = """
CREATE TABLE IF NOT EXISTS salesforce_usage (
    name TEXT NOT NULL, hour INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (name, hour)
) WITHOUT ROWID;
"""
REQUESTS, BATCHES, QUERY_JOBS, EVENTS = "requests", "bulk_batches", "query_jobs", "delivered_events"
FIXED = {
    "ConcurrentAsyncGetReportInstances": 200,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyStreamingApiEvents": 200_000,
    "DataStorageMB": 11_264,
    "HourlyPublishedPlatformEvents": 250_000,
    "SingleEmail": 5000,
    "StreamingApiConcurrentClients": 1000,
}
"""Allowances that nothing here draws on."""
HOUR = 3600


class Limits:
    """The org's allowances."""

    def __init__(self, database: Database, clock: Clock, switches: Switchboard) -> None:
        self._database = database
        self._clock = clock
        self._switches = switches
        database.create(TABLES)

    def used(self, name: str) -> int:
        """How much of an allowance went within the last 24 hours."""
        since = self._hour() - 23
        row = self._database.row(
            "SELECT coalesce(sum(n), 0) AS n FROM salesforce_usage WHERE name = ? AND hour >= ?",
            (name, since),
        )
        return int(row["n"]) if row else 0

    def count(self, name: str, by: int = 1) -> None:
        """Draw on an allowance."""
        self._database.change(
            "INSERT INTO salesforce_usage VALUES (?, ?, ?) ON CONFLICT (name, hour) DO UPDATE SET n = n + ?",
            (name, self._hour(), by, by),
        )

    def enter(self) -> None:
        """Count one API call.

        Raises:
            ApiError: 403, the org has had its calls.
        """
        if self.used(REQUESTS) >= self._switches.present.daily_requests:
            raise exceeded()
        self.count(REQUESTS)

    def headers(self) -> dict[str, str]:
        """What every answer says of the calls."""
        shown = f"api-usage={self.used(REQUESTS)}/{self._switches.present.daily_requests}"
        return {"Sforce-Limit-Info": shown}

    def resource(self) -> Json:
        """The limits resource."""
        present = self._switches.present
        drawn = {
            "DailyApiRequests": (present.daily_requests, REQUESTS),
            "DailyBulkApiBatches": (present.daily_bulk_batches, BATCHES),
            "DailyBulkV2QueryJobs": (present.daily_query_jobs, QUERY_JOBS),
            "DailyDeliveredPlatformEvents": (present.daily_delivered_events, EVENTS),
        }
        shown = {name: {"Max": most, "Remaining": most} for name, most in FIXED.items()}
        for name, (most, counter) in drawn.items():
            shown[name] = {"Max": most, "Remaining": max(0, most - self.used(counter))}
        return dict(sorted(shown.items()))

    def reset(self, name: str = REQUESTS) -> None:
        """Forget what went."""
        self._database.change("DELETE FROM salesforce_usage WHERE name = ?", (name,))

    def _hour(self) -> int:
        return int(self._clock.now().timestamp() // HOUR)


def exceeded() -> ApiError:
    """The refusal of a call too many."""
    return ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
