"""The sandbox's clock, which a test may move, stop and start again.

Documents, tokens and rate limits go by it. Webhook deliveries do not: a stopped clock must not stop
what is already on its way.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.sandbox.database import Database


class Clock:
    """Real time plus an offset, or a fixed moment. Kept in the database, so it survives a restart."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read()

    def _read(self) -> None:
        kept = self._database.setting("clock", {})
        self._offset = timedelta(seconds=kept.get("offset_seconds", 0.0))
        frozen = kept.get("frozen_at")
        self._frozen = datetime.fromisoformat(frozen) if frozen else None

    def _keep(self) -> None:
        frozen = self._frozen.isoformat() if self._frozen else None
        self._database.keep_setting(
            "clock", {"offset_seconds": self._offset.total_seconds(), "frozen_at": frozen}
        )

    def now(self) -> datetime:
        """The sandbox's present moment, aware UTC."""
        return self._frozen or datetime.now(UTC) + self._offset

    def freeze(self, at: datetime | None = None) -> None:
        """Stop at a moment (default: now)."""
        self._frozen = (at or self.now()).astimezone(UTC)
        self._keep()

    def jump(self, seconds: float) -> None:
        """Move on (or back) by so many seconds, frozen or running."""
        if self._frozen:
            self._frozen += timedelta(seconds=seconds)
        else:
            self._offset += timedelta(seconds=seconds)
        self._keep()

    def run(self, offset_seconds: float | None = None) -> None:
        """Run again, from the frozen moment on or at a given offset to real time."""
        if offset_seconds is not None:
            self._offset = timedelta(seconds=offset_seconds)
        elif self._frozen:
            self._offset = self._frozen - datetime.now(UTC)
        self._frozen = None
        self._keep()

    def reset(self) -> None:
        """Back to real time, after the database was wiped."""
        self._read()

    def state(self) -> dict[str, object]:
        """What the control API shows."""
        return {
            "now": self.now().isoformat(),
            "frozen": self._frozen is not None,
            "offset_seconds": self._offset.total_seconds(),
        }
