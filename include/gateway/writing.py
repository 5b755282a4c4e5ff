"""What all writers of Business Objects share: a write is confirmed, or nothing of it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.gateway.failpoints import pass_by
from include.gateway.messages import Finding
from include.gateway.problems import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.gateway.dialogue import Dialogue
    from include.gateway.messages import MessageTable
    from include.gateway.objects import BusinessObject, Lines, Reference
    from include.gateway.problems import ProblemError
    from include.gateway.session import SageSession

NEW_KEY = 2
NUMBERS_TRIED = 3
"""Sage's next number may be one that somebody typed: then the one after it."""


class Writer:
    """Writes one kind of record in one session."""

    def __init__(self, session: SageSession, messages: MessageTable, *, retry_after: int) -> None:
        self._session = session
        self._messages = messages
        self._retry_after = retry_after

    def _next_number(
        self, record: BusinessObject, talk: Dialogue, take: Callable[[Reference], Any], doing: str
    ) -> str:
        into = self._session.reference()
        if not talk.heard(take(into), record, "header", doing=doing):
            raise self._give_up(record, talk)
        return str(into.value)

    def _open_next(
        self,
        record: BusinessObject,
        talk: Dialogue,
        take: Callable[[Reference], Any],
        *,
        field: str,
        doing: str,
    ) -> str:
        """Open a new record under Sage's next number."""
        for _ in range(NUMBERS_TRIED):
            number = self._next_number(record, talk, take, doing)
            answer = record.nSetKey(number)
            if answer == NEW_KEY:
                return number
            if not talk.heard(answer, record, "header", field=field, value=number):
                raise self._give_up(record, talk)
            record.nClear()
        talk.errors.append(Finding("invalid_value", "header", "no number is free", field=field))
        raise self._give_up(record, talk)

    def _set_key(self, record: BusinessObject, talk: Dialogue, **key: str) -> Any:
        """Give a key of several parts and open the record; what ``nSetKey`` answers."""
        for column, value in key.items():
            answer = record.nSetKeyValue(f"{column}$", value)
            if not talk.heard(answer, record, "header", field=column, value=value):
                raise self._give_up(record, talk)
        return record.nSetKey()

    def _demand(
        self, record: BusinessObject, talk: Dialogue, answer: Any, *, new: bool, field: str, value: str
    ) -> None:
        """Raise unless ``nSetKey`` opened a new record, or one that is there, as was wanted."""
        opened = answer == NEW_KEY or talk.heard(answer, record, "header", field=field, value=value)
        if opened and (answer == NEW_KEY) is not new:
            code, said = ("invalid_value", "it is taken") if new else ("not_on_file", "there is none")
            talk.errors.append(Finding(code, "header", f"{field}: {said}", field=field, value=value))
        if talk.errors:
            raise self._give_up(record, talk)

    def _write(
        self, record: BusinessObject, talk: Dialogue, *, doing: str, lines: Lines | None = None
    ) -> None:
        """Write the open record unless something was refused before."""
        if talk.errors:
            raise self._give_up(record, talk)
        self._carry_out(record, talk, record.nWrite, doing=doing, lines=lines)

    def _carry_out(
        self,
        record: BusinessObject,
        talk: Dialogue,
        act: Callable[[], Any],
        *,
        doing: str,
        lines: Lines | None = None,
    ) -> None:
        pass_by("before_write")
        self._session.writing = True
        done = talk.heard(act(), record, "header", doing=doing)
        pass_by("after_write")
        if not done:
            self._session.writing = False
            if lines is not None:
                talk.add_leftover(lines)
            raise self._give_up(record, talk)

    def _give_up(self, record: BusinessObject, talk: Dialogue) -> ProblemError:
        """Forget what was set, which gives the lock back; the verdict is for the caller to raise."""
        record.nClear()
        return refusal(talk.errors, retry_after=self._retry_after)
