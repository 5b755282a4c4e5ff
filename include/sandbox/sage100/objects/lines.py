# ruff: noqa: N802 - Sage's own names
"""``oLines``: the lines of an open document, in memory until the document is written.

They keep their own message: what is wrong with a line never shows on the document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from include.sandbox.sage100.objects.answers import answered
from include.sandbox.sage100.objects.editor import Editor, not_on_file
from include.sandbox.sage100.records import Record
from include.sandbox.sage100.refusals import RefusedError

if TYPE_CHECKING:
    from include.sandbox.sage100.dictionary import Table
    from include.sandbox.sage100.objects.business import BusinessObject


class Lines(Editor):
    """The lines of one document; one of them at a time is current."""

    bus: ClassVar[str] = "oLines"
    leading: ClassVar[str]
    """The column that must be set before any other."""

    def __init__(self, document: BusinessObject, table: Table) -> None:
        super().__init__(document.session)
        self._document = document
        self._table = table
        self.rows: list[Record] = []
        self._position: int | None = None
        self._current: Record | None = None

    def forget(self) -> None:
        """No line is current."""
        self._position = self._current = None

    def empty(self) -> None:
        """The document is closed: there are no lines."""
        self.rows = []
        self.forget()

    # moving

    @answered
    def nSetKey(self, line_key: str) -> int:
        """Make the line with this LineKey current: 1 or 0."""
        self._document.editable()
        keys = [row.text("LineKey") for row in self.rows]
        if line_key not in keys:
            raise not_on_file("LineKey")
        return self._go(keys.index(line_key))

    @answered
    def nMoveFirst(self) -> int:
        """Go to the first line: 1, or 0 when there is none."""
        self._document.header()
        return self._go(0)

    @answered
    def nMoveNext(self) -> int:
        """Go to the next line: 1, or 0 after the last. What was not written is forgotten."""
        self._document.header()
        return self._go(0 if self._position is None else self._position + 1)

    @answered
    def nEOF(self) -> int:
        """1 when there is no line here (any more)."""
        return int(self._position is None or self._position >= len(self.rows))

    def _go(self, position: int) -> int:
        self._position = position
        self._current = self.rows[position].copy() if position < len(self.rows) else None
        return int(self._current is not None)

    # writing

    @answered
    def nAddLine(self) -> int:
        """Begin a line; 2. It counts when its own ``nWrite`` succeeds, and not before."""
        self._may_add()
        self._position, self._current = None, Record.blank(self._table)
        return 2

    @answered
    def nWrite(self) -> int:
        """Take the current line into the document."""
        line = self._editable()
        self._session.delay("latency_line", self._subject())
        if not line.text(self.leading):
            raise RefusedError(f"The {self.leading} is required.")
        self._complete(line)
        if self._position is None:
            self._append(line)
        self.rows[self._position or 0] = line.copy()
        return self._go(self._position or 0)

    @answered
    def nDelete(self) -> int:
        """Take the current line out of the document; the next one becomes current."""
        self._editable()
        if self._position is None:
            self.forget()
            return 1
        self._may_remove(self.rows[self._position])
        del self.rows[self._position]
        self._go(self._position)
        return 1

    @answered
    def nClear(self) -> int:
        """Forget what was set on the current line."""
        self.forget()
        return 1

    def _append(self, line: Record) -> None:
        self._name(line)
        self._position = len(self.rows)
        self.rows.append(line)

    # what a kind of line adds

    def _may_add(self) -> None:
        """Refuse a new line; else any document that may be changed takes one."""
        self._document.editable()

    def _may_remove(self, line: Record) -> None:
        """Refuse that a line goes."""

    def _complete(self, line: Record) -> None:
        """Refuse a line that may not be taken; work out its amounts."""

    def _name(self, line: Record) -> None:
        """Give a new line its key."""

    # the current line

    def _editable(self) -> Record:
        self._document.editable()
        return self._readable()

    def _readable(self) -> Record:
        if self._current is None:
            raise RefusedError("There is no current line: call nAddLine or nMoveFirst.")
        return self._current

    def _subject(self) -> str:
        said = self._current.text(self.leading) if self._current else ""
        return f"{self._document.subject()} {said}"
