# ruff: noqa: N802 - Sage's own names
"""SO_SalesJournal_upd: the sales journal is printed, then updated; without the print there is no update."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from include.sandbox.sage100 import database
from include.sandbox.sage100.objects.answers import Answering, answered
from include.sandbox.sage100.objects.editor import not_on_file
from include.sandbox.sage100.objects.values import is_date
from include.sandbox.sage100.posting import Journal
from include.sandbox.sage100.refusals import RefusedError

if TYPE_CHECKING:
    from include.sandbox.sage100.objects.session import Session

NOT_PRINTED = "The sales journal must be printed before the update."


class SalesJournal(Answering):
    """One printing and its update."""

    bus: ClassVar[str] = "SO_SalesJournal_upd"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.nPDFSilent = 0
        """Programs set it, so that the print opens no window; here there is none."""
        self._batches: list[str] = []
        self._date = session.date
        self._printed: list[str] = []

    @answered
    def nSelectBatch(self, number: str) -> int:
        """Take the entries of a batch: 1, or 0 when it has none."""
        if not self._journal().entries([number]):
            raise not_on_file("BatchNo")
        self._batches.append(number)
        self._printed = []
        return 1

    @answered
    def nCloseBatch(self, number: str) -> int:
        """Leave a batch out again."""
        self._batches = [batch for batch in self._batches if batch != number]
        self._printed = []
        return 1

    @answered
    def nSetPostingDate(self, day: str) -> int:
        """Post under this date (YYYYMMDD) instead of the session's."""
        if not is_date(day):
            raise RefusedError("The date is not valid.")
        self._date = day
        return 1

    @answered
    def nProcessReport(self, how: str) -> int:
        """``PRINT`` the journal; what it lists is what the update posts. A ``PREVIEW`` allows no update."""
        self._session.refresh()
        if self._session.settings.batch_entry and not self._batches:
            raise RefusedError("A batch must be selected first.")
        entries = self._journal().entries(self._batches)
        if not entries:
            raise RefusedError("There is nothing to print.")
        self._printed = entries if how.upper() == "PRINT" else []
        return 1

    @answered
    def nEndOfPDFConverterJob(self) -> int:
        """Programs call it after the print."""
        return 1

    @answered
    def nUpdate(self) -> int:
        """Post what was printed, all of it or nothing."""
        if not self._printed:
            raise RefusedError(NOT_PRINTED)
        self._session.refresh()
        with database.writing(self._session.db):
            self._journal().post(self._printed, self._date)
        self._printed = []
        return 1

    def nCleanup(self) -> int:
        """Nothing is held; works on a poisoned session too."""
        return 1

    def DropObject(self) -> int:
        """Release the object."""
        return self.nCleanup()

    def _journal(self) -> Journal:
        return Journal(self._session.accounts())
