"""A column while a rule works on it, with what is known of its values.

Each cell is in one of three states besides having a value: *void* (the record says nothing there),
*bad* (something is wrong with it, and that is already noted), or null from an earlier step (noted by
whoever made it null). Only a void cell can be "missing".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.canonical import Reason
from include.translation.columns import KINDS, blank, cast, is_text, mask, nulled, number, pick
from include.translation.problems import Complaint, Problems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.translation.columns import Mask
    from include.translation.rows import Rows

SPOKEN = {
    "flag": "is neither true nor false",
    "count": "is not a whole number",
    "date": "is not a date such as 2026-10-03",
    "moment": "is not a point in time such as 2026-10-03T15:40:55-0400",
}


@dataclass(frozen=True)
class Cells:
    """Values of one column.

    Attributes:
        values: null where bad or noted before.
        name: the field as the source names it.
        raw: the values as they came, for messages.
        void: rows that say nothing; None until somebody had to know.
        bad: rows already complained about.
    """

    values: pa.Array
    name: str
    raw: pa.Array
    void: Mask | None = None
    bad: Mask | None = None

    @classmethod
    def of(cls, values: pa.Array, name: str) -> Cells:
        """Cells that just came from a column."""
        return cls(values, name, values)

    def voids(self) -> Mask:
        """Rows that say nothing."""
        found = np.zeros(len(self.values), bool) if self.void is None else self.void
        if is_text(self.values):
            found = found | (blank(self.values) & mask(self.values.is_valid()))
        return found

    def become(self, values: pa.Array) -> Cells:
        """The same cells with other values."""
        return replace(self, values=values)

    def as_number(self) -> tuple[Cells, Mask | None]:
        """Text read as working numbers, and which of them cannot be."""
        void = self.voids() if is_text(self.values) else self.void
        values, wrong = number(self.values)
        return replace(self, values=values, void=void), wrong

    def as_text(self) -> Cells:
        """Whatever it is, as text."""
        return self if is_text(self.values) else self.become(pc.cast(self.values, KINDS["text"]))

    def as_kind(self, kind: pa.DataType) -> tuple[Cells, Mask | None]:
        """The values as the target wants them, and which of them cannot be."""
        if self.values.type == kind:
            return self, None
        if not is_text(self.values):
            values, wrong = cast(self.values, kind)
            return self.become(values), wrong
        void = self.voids()
        trimmed = pc.utf8_trim_whitespace(self.values)
        values, wrong = cast(nulled(trimmed, void), kind)
        return replace(self, values=values, void=void), wrong

    def filled(self, text: str, kind: pa.DataType) -> Cells:
        """A value for the void cells."""
        where = self.voids()
        if not where.any():
            return self
        kind = self.values.type if is_text(self.values) else kind
        values = self.values if self.values.type == kind else cast(self.values, kind)[0]
        filler = pa.scalar(text, KINDS["text"]).cast(kind)
        return replace(self, values=pick(where, pa.repeat(filler, len(values)), values), void=~where & False)


@dataclass
class Court:
    """Where complaints about cells are heard: one for each batch."""

    problems: Problems

    def same(self, cells: Cells, rows: Rows, where: Mask | None, complaint: Complaint) -> Cells:
        """One complaint about every row of a mask; those cells become null."""
        if where is None or not where.any():
            return cells
        return self.each(cells, rows, np.flatnonzero(where), [complaint] * int(where.sum()))

    def by_value(self, cells: Cells, rows: Rows, index: pa.Array, wrong: Mapping[int, Complaint]) -> Cells:
        """Complaints about distinct values; ``index`` says which value each row has."""
        if not wrong:
            return cells
        at = index.to_numpy(zero_copy_only=False)
        bad = np.flatnonzero(np.isin(at, list(wrong)))
        return self.each(cells, rows, bad, [wrong[int(at[row])] for row in bad])

    def each(
        self, cells: Cells, rows: Rows, bad: Sequence[int] | np.ndarray, complaints: Sequence[Complaint]
    ) -> Cells:
        """A complaint for each of some rows; a row that was complained about already keeps its first."""
        noted = np.zeros(len(cells.values), bool) if cells.bad is None else cells.bad.copy()
        for row, complaint in zip(bad, complaints, strict=True):
            if not noted[row]:
                self.problems.add(rows.place(int(row)), cells.name, shown(cells.raw, int(row)), complaint)
                noted[row] = True
        return replace(cells, values=nulled(cells.values, noted), bad=noted)


def shown(raw: pa.Array, row: int) -> str:
    """A value as a message shows it."""
    value = raw[row].as_py()
    return "" if value is None else str(value).replace("\x1f", ", ")


def wrong_kind(kind: pa.DataType) -> Complaint:
    """What to say of a value that is not of its kind."""
    if pa.types.is_decimal(kind):
        whole = kind.precision - kind.scale
        says = f"is not a number with at most {whole} digits before and {kind.scale} after the point"
    else:
        named = next((name for name, known in KINDS.items() if known == kind), "")
        says = SPOKEN.get(named, f"is not a {named or kind}")
    return Complaint(Reason.INVALID_FORMAT, says)
