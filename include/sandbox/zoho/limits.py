"""Zoho's limits: requests a minute, requests a day, requests in process; per organisation.

Refused requests are not counted, except that under ``breach: 43`` the first one too many closes the
organisation for an hour. Windows go by the sandbox's clock: jump it to let them clear.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from include.sandbox.zoho.envelope import Refusal
from include.sandbox.zoho.wire import ZONE

if TYPE_CHECKING:
    from include.sandbox.clock import Clock
    from include.sandbox.database import Database
    from include.sandbox.zoho.settings import Switchboard

SCHEMA = """
CREATE TABLE IF NOT EXISTS zoho_calls (
    organization TEXT, day TEXT, n INTEGER NOT NULL, PRIMARY KEY (organization, day)
);
CREATE TABLE IF NOT EXISTS zoho_blocks (organization TEXT PRIMARY KEY, until REAL NOT NULL);
"""
MINUTE = 60.0
MESSAGES = {
    43: "For security reasons you have been blocked for some time as you have exceeded the maximum number of "
    "requests per minute.",
    44: "For security reasons your organization has been blocked as it have exceeded the maximum number of "
    "requests per minute that can originate from an organization.",
    45: "The API call for this organization has exceeded the maximum call rate limit of {per_day}.",
    1070: "You have reached the maximum number of in process requests allowed. "
    "Kindly try again after some time.",
}


class Limits:
    """Counts and judges."""

    def __init__(self, database: Database, clock: Clock, switches: Switchboard) -> None:
        self._database = database
        self._clock = clock
        self._switches = switches
        database.create(SCHEMA)
        self.reset()

    def reset(self) -> None:
        """Forget the running minute; day counts and blocks are rows."""
        self._minutes: dict[str, deque[float]] = {}
        self._in_process: dict[str, int] = {}

    def refusal(self, code: int) -> Refusal:
        """The answer for one of the four limits."""
        present = self._switches.present
        waits = {43: present.block_seconds, 44: present.minute_retry_after}
        wait = waits.get(code)
        headers = {} if wait is None else {"Retry-After": str(wait)}
        return Refusal(429, code, MESSAGES[code].format(per_day=present.per_day), headers)

    def enter(self, organization: str) -> None:
        """One more request in process.

        Raises:
            Refusal: too many are (1070).
        """
        if self._in_process.get(organization, 0) >= self._switches.present.concurrent:
            raise self.refusal(1070)
        self._in_process[organization] = self._in_process.get(organization, 0) + 1

    def leave(self, organization: str) -> None:
        """One less."""
        self._in_process[organization] -= 1

    def count(self, organization: str) -> None:
        """Count a request against the minute and the day.

        Raises:
            Refusal: 43, 44 or 45.
        """
        now = self._clock.now().timestamp()
        self._refuse_blocked(organization, now)
        window = self._minutes.setdefault(organization, deque())
        while window and window[0] <= now - MINUTE:
            window.popleft()
        if len(window) >= self._switches.present.per_minute:
            raise self._breach(organization, now)
        if self.used_today(organization) >= self._switches.present.per_day:
            raise self.refusal(45)
        window.append(now)
        self._database.change(
            "INSERT INTO zoho_calls VALUES (?, ?, 1) ON CONFLICT (organization, day) DO UPDATE SET n = n + 1",
            (organization, self._today()),
        )

    def _refuse_blocked(self, organization: str, now: float) -> None:
        found = self._database.row("SELECT until FROM zoho_blocks WHERE organization = ?", (organization,))
        if found and found["until"] > now:
            refusal = self.refusal(43)
            refusal.headers["Retry-After"] = str(int(found["until"] - now) + 1)
            raise refusal

    def _breach(self, organization: str, now: float) -> Refusal:
        code = self._switches.present.breach
        if code == 43:
            until = now + self._switches.present.block_seconds
            self._database.change("INSERT OR REPLACE INTO zoho_blocks VALUES (?, ?)", (organization, until))
        return self.refusal(code)

    def used_today(self, organization: str) -> int:
        """Requests counted since the organisation's midnight."""
        found = self._database.row(
            "SELECT n FROM zoho_calls WHERE organization = ? AND day = ?", (organization, self._today())
        )
        return int(found["n"]) if found else 0

    def _today(self) -> str:
        return self._clock.now().astimezone(ZONE).date().isoformat()

    def headers(self, organization: str) -> dict[str, str]:
        """The three quota headers, unless switched off."""
        present = self._switches.present
        if not present.rate_headers:
            return {}
        local = self._clock.now().astimezone(ZONE)
        midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), ZONE)
        return {
            "x-rate-limit-limit": str(present.per_day),
            "x-rate-limit-remaining": str(max(0, present.per_day - self.used_today(organization))),
            "x-rate-limit-reset": str(int((midnight - local).total_seconds())),
        }
