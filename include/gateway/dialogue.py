"""Talking with a Business Object so that no answer goes unheard.

Peers that skip one return code write orders short. Here every call goes through :class:`Dialogue`:
0 or an empty answer is an error, -1 a warning, and the text is fetched from the object that spoke.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.gateway.dictionary import Table, to_sage
from include.gateway.messages import Finding, MessageTable, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.gateway.objects import BusinessObject, Lines, Speaker

WARNING = -1


class Dialogue:
    """One record's conversation: collects errors and warnings of the header and of its lines."""

    def __init__(self, table: MessageTable) -> None:
        self._messages = table
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = []

    def heard(
        self,
        answer: Any,
        speaker: Speaker,
        source: Source,
        *,
        line: int | None = None,
        field: str | None = None,
        value: str | None = None,
        doing: str = "",
    ) -> bool:
        """Take a return value; True when the call was carried out, with or without a warning."""
        code = _code(answer)
        if code > 0:
            return True
        message = (
            str(speaker.sLastErrorMsg or "").strip() or f"Sage refused {doing or field} without a reason"
        )
        kind = self._messages.code_of(message)
        finding = Finding(kind, source, message, line=line, field=field, value=value)
        (self.warnings if code == WARNING else self.errors).append(finding)
        return code == WARNING

    def set_fields(
        self,
        speaker: BusinessObject | Lines,
        fields: Mapping[str, str | int],
        table: Table,
        *,
        source: Source,
        line: int | None = None,
        leading: frozenset[str] = frozenset(),
    ) -> bool:
        """Set columns in order; False after a refused leading column, which all else would only echo."""
        for name, value in fields.items():
            column = table[name]
            answer = speaker.nSetValue(column.spoken, to_sage(column, value))
            done = self.heard(answer, speaker, source, line=line, field=name, value=str(value))
            if not done and name in leading:
                return False
        return True

    def add_leftover(self, lines: Lines) -> None:
        """After a refused write: what the lines object has to say that the header did not."""
        message = str(lines.sLastErrorMsg or "").strip()
        if message and all(message != finding.message for finding in (*self.errors, *self.warnings)):
            self.errors.append(Finding(self._messages.code_of(message), "line", message))


def _code(answer: Any) -> int:
    """A return value as a number; nothing, an empty text or no number at all count as refused."""
    try:
        return int(answer or 0)
    except (TypeError, ValueError):
        return 0
