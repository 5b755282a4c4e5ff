"""Bulk jobs of Salesforce's that our ledger remembers, so that another worker can take one up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.ledger import Ledger

CURSOR = "bulk_job/{fingerprint}"


@dataclass(frozen=True, slots=True)
class LedgerJobs:
    """Which job carries what.

    Args:
        ledger: keeps it.
    """

    ledger: Ledger

    def get(self, fingerprint: str) -> str | None:
        """The job's id."""
        return self.ledger.cursors.get(CURSOR.format(fingerprint=fingerprint))

    def put(self, fingerprint: str, job_id: str) -> None:
        """Remember a job; replaces an earlier one."""
        with self.ledger.database.begin("remember a bulk job") as connection:
            self.ledger.cursors.put_in(connection, CURSOR.format(fingerprint=fingerprint), job_id)

    def forget(self, fingerprint: str) -> None:
        """The job has ended and its answers were read."""
        with self.ledger.database.begin("forget a bulk job") as connection:
            self.ledger.cursors.forget_in(connection, CURSOR.format(fingerprint=fingerprint))
