# ruff: noqa: N802 - Sage's own names
"""Batches: where a site enters invoices or receipts in batches, one must be selected before a new entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from include.sandbox.sage100 import database
from include.sandbox.sage100.objects.answers import ByRef, answered
from include.sandbox.sage100.objects.business import BusinessObject
from include.sandbox.sage100.objects.editor import not_on_file
from include.sandbox.sage100.refusals import RefusedError

if TYPE_CHECKING:
    from include.sandbox.sage100.objects.session import Session

NO_BATCH = "A batch must be selected first."


class BatchedEntry(BusinessObject):
    """An entry whose new records go into the selected batch."""

    module: ClassVar[str]
    """Batches are numbered per module."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._batch = ""

    @answered
    def nSelectNewBatch(self, answer: ByRef, private: str = "N", comment: str = "") -> int:
        """Open a batch under the next number and select it. A private one is its user's alone."""
        self._demand_batches()
        db = self._session.db
        with database.writing(db):
            sql = "SELECT coalesce(max(number), 0) FROM sandbox_batch WHERE module = ?"
            number = int(db.execute(sql, (self.module,)).fetchone()[0]) + 1
            values = (self.module, number, private, comment, self._session.user_key)
            db.execute("INSERT INTO sandbox_batch VALUES (?, ?, ?, ?, ?)", values)
        self._batch = answer.value = f"{number:05d}"
        return 1

    @answered
    def nSelectBatch(self, number: str) -> int:
        """Select an open batch: 1, or 0 when there is none of this number."""
        self._demand_batches()
        wanted = int(number) if number.isdecimal() else 0
        sql = (
            "SELECT 1 FROM sandbox_batch WHERE module = ? AND number = ? AND (private <> 'Y' OR user_key = ?)"
        )
        if self._session.db.execute(sql, (self.module, wanted, self._session.user_key)).fetchone() is None:
            raise not_on_file("BatchNo")
        self._batch = f"{wanted:05d}"
        return 1

    @answered
    def nCloseBatch(self) -> int:
        """Select no batch any more."""
        self._batch = ""
        return 1

    def _chosen_batch(self) -> str:
        """The batch of a new record; blank where the site has none."""
        if not self._session.settings.batch_entry:
            return ""
        if not self._batch:
            raise RefusedError(NO_BATCH)
        return self._batch

    def _demand_batches(self) -> None:
        self._session.refresh()
        if not self._session.settings.batch_entry:
            raise RefusedError("Batch processing is not set up.")
