"""What the desks share. A desk carries out one request: judge, look in Sage, write, read back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from include.gateway.dictionary import Judge
from include.gateway.problems import ProblemError, refusal, unavailable
from include.gateway.reading import ReadFailedError, Reading, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from include.gateway.jobs import Job
    from include.gateway.lookup import Lookup
    from include.gateway.messages import Finding, MessageTable
    from include.gateway.problems import Answer
    from include.gateway.sequence import Fields
    from include.gateway.session import SageSession
    from include.gateway.settings import Settings

T = TypeVar("T")


class Desk:
    """Everything the API does with one kind of record."""

    def __init__(
        self,
        settings: Settings,
        session: SageSession,
        reading: Reading,
        lookup: Lookup,
        messages: MessageTable,
    ) -> None:
        self._settings = settings
        self._session = session
        self._reading = reading
        self._lookup = lookup
        self._messages = messages

    def carry_out(self, job: Job) -> Answer:
        """Carry out one job of this desk's verbs.

        Raises:
            ProblemError: nothing was written, or (504) that cannot be told.
        """
        raise NotImplementedError

    def _judge(self, *tables: str) -> Judge:
        return Judge({name: self._reading.table(name) for name in tables}, self._settings.code_page)

    def _refusal(self, findings: Sequence[Finding]) -> ProblemError:
        return refusal(findings, retry_after=self._settings.retry_after_seconds)

    def _stamped(self, table: str, fields: Fields, key: str) -> dict[str, str | int | None]:
        """The fields with the idempotency key, where the site keeps one.

        Raises:
            ProblemError: 503 misconfigured; without the promised UDF every look-up would find nothing.
        """
        column = self._settings.sync_key_column
        if column and column not in self._reading.table(table):
            raise unavailable(
                "misconfigured",
                f"{table} has no column {column}: add the UDF in Sage or empty the setting",
                retry_after=self._settings.retry_after_seconds,
            )
        return {**fields, column: key} if column and key else dict(fields)

    def _patiently(self, write: Callable[[], T]) -> T:
        """One more try after a lock: most are held for the blink of a screen."""
        try:
            return write()
        except ProblemError as problem:
            if problem.status != 423:
                raise
        time.sleep(self._settings.lock_retry_seconds)
        return write()

    def _read_after(self, read: Callable[[], T]) -> T:
        """Read what was just written; from here on a failed read means that the outcome is unknown."""
        try:
            found = read()
        except ReadFailedError as error:
            raise ProblemError(504, f"written, but {error.detail}", errors=error.errors) from error
        self._session.writing = False
        return found


def as_text(row: Mapping[str, Any]) -> dict[str, str | None]:
    """A row as the API shows it."""
    return {name: shown(value) for name, value in row.items()}
