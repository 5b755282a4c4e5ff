"""What is wrong with records: every reason at once, in words that a clerk can act on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from include.canonical import PROBLEM_FRAME, Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from include.translation.reference import Candidate

LONGEST = 200

REMEDIES = {
    Reason.UNREADABLE: "Send the record again; if it comes the same way, ask the source system's support.",
    Reason.MISSING: "Fill the field in at the source; its next version is carried.",
    Reason.INVALID_FORMAT: "Correct the value at the source; its next version is carried.",
    Reason.OUT_OF_RANGE: "Correct the value at the source; its next version is carried.",
    Reason.TOO_LONG: "Shorten the text at the source, or widen the field in the target, then replay.",
    Reason.UNKNOWN_VALUE: "Add the word to the mapping's table, or correct it at the source, then replay.",
    Reason.NO_REFERENCE: "Create the code in the target or add an alias for it, then replay.",
    Reason.AMBIGUOUS_REFERENCE: "Make the code distinct at the source or add an alias, then replay.",
    Reason.INACTIVE_REFERENCE: "Make the code active in the target, or use another, then replay.",
    Reason.NO_RATE: "Add the exchange rate of that day to the rate table, then replay.",
    Reason.NO_LINES: "Add a line at the source, or cancel the order there.",
    Reason.TOTALS_MISMATCH: "Correct the amounts at the source: total and lines must agree.",
}
"""The way out when the mapping names none."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with one value, whichever record it stands in."""

    code: Reason
    says: str
    remedy: str = ""
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is wrong: the record, how people call it, and the line (0 = the record itself)."""

    key: str
    label: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.label}, line {self.line}" if self.line else self.label


@dataclass
class Problems:
    """A batch's problems, gathered while it is translated."""

    _rows: list[tuple[Place, str, str, Complaint]] = field(default_factory=list)

    def add(self, place: Place, name: str, value: str, complaint: Complaint) -> None:
        """Note one problem.

        Args:
            place: the record and the line.
            name: the field as the source names it.
            value: the value as the source sent it.
            complaint: what is wrong with it.
        """
        self._rows.append((place, name, value, complaint))

    def __len__(self) -> int:
        return len(self._rows)

    def frame(self, order: Sequence[str] = ()) -> pd.DataFrame:
        """As a ``PROBLEM_FRAME``, in the order of the batch's keys, then by line; the same problem once."""
        import pandas as pd  # noqa: PLC0415 - only the border speaks pandas

        rank = {key: at for at, key in enumerate(order)}
        rows = dict.fromkeys(self._rows)
        ordered = sorted(
            rows, key=lambda row: (rank.get(row[0].key, len(rank)), row[0].line, row[1], row[3].code)
        )
        table = pa.Table.from_pylist([_row(*row) for row in ordered], schema=PROBLEM_FRAME)
        frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
        return frame


def _row(place: Place, name: str, value: str, complaint: Complaint) -> dict[str, object]:
    shown = f" {_shortened(value, 60)!r}" if value else ""
    return {
        "key": place.key,
        "line": place.line,
        "code": complaint.code.value,
        "field": name,
        "value": _shortened(value, LONGEST),
        "message": f"{place}: {name}{shown} {complaint.says}",
        "remedy": complaint.remedy or REMEDIES.get(complaint.code, "Correct the value at the source."),
        "candidates": json.dumps(
            [{"value": c.value, "label": c.label, "score": c.score} for c in complaint.candidates],
            ensure_ascii=False,
        ),
    }


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
