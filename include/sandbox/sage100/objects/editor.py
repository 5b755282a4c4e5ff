# ruff: noqa: N802 - Sage's own names
"""Setting and getting the columns of a current row, under the dictionary's rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from include.sandbox.sage100.objects.answers import Answering, ByRef, answered
from include.sandbox.sage100.objects.values import accept, column_of, given_out
from include.sandbox.sage100.records import Record, Value
from include.sandbox.sage100.refusals import RefusedError

if TYPE_CHECKING:
    from include.sandbox.sage100.dictionary import Column

Reaction = Callable[[Record, Value], None]


def not_on_file(column: str) -> RefusedError:
    """The answer to a value that its reference table does not hold."""
    return RefusedError(f"The {column} is not on file.")


class Editor(Answering):
    """The values of a current row: what a record and an order's lines have in common."""

    _reactions: Mapping[str, Reaction] = {}
    """What else happens before a column takes its value; may refuse it."""

    def _editable(self) -> Record:
        """The row that takes values."""
        raise NotImplementedError

    def _readable(self) -> Record:
        """The row that gives values."""
        return self._editable()

    def _permit(self, record: Record, column: Column) -> None:
        """Refuse a column that may not be set, or not yet."""

    @answered
    def nSetValue(self, column: str, value: object) -> int:
        """Set a column (``CustomerNo$``, ``UnitPrice``) of the open record."""
        record = self._editable()
        known = column_of(record.table, column)
        if known.read_only or known.name in record.table.primary:
            raise RefusedError(f"The {known.name} may not be changed.")
        self._permit(record, known)
        taken = accept(known, value, cut=self._session.settings.too_long == "cut")
        self._on_file(known, taken)
        reaction = self._reactions.get(known.name)
        if reaction is not None:
            reaction(record, taken)
        record.values[known.name] = taken
        return 1

    @answered
    def nGetValue(self, column: str, answer: ByRef) -> int:
        """Put the value of a column into ``answer.value``: text, ``YYYYMMDD`` or a double."""
        record = self._readable()
        answer.value = given_out(record.values[column_of(record.table, column).name])
        return 1

    def _on_file(self, column: Column, value: Value) -> None:
        if not (column.refers and value):
            return
        target = self._session.table(column.refers)
        sql = f"SELECT 1 FROM {target.name} WHERE {target.primary[-1]} = ?"  # noqa: S608
        if self._session.db.execute(sql, (value,)).fetchone() is None:
            raise not_on_file(column.name)
