"""Making the lines of a live order equal to the wanted ones with the fewest edits.

Lines keep their LineKey (others refer to it) as long as the items agree from the top; from the
first difference on, the rest is deleted and added again, because Sage appends new lines at the end
and the order of lines is part of the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from include.gateway.dictionary import Column, Kind, Table
from include.gateway.kits import own_lines
from include.gateway.messages import Finding
from include.gateway.objects import Lines, Reference, at_end
from include.gateway.reading import number, shown
from include.gateway.sequence import LINE_FIRST, Fields, in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from include.gateway.dialogue import Dialogue

MOST_LINES = 20_000
"""A walk over an order's lines that takes longer than this is walking in a circle."""


@dataclass(frozen=True, slots=True)
class LineChange:
    """What to do with the lines: by LineKey the changed columns and the lines to remove, then new lines."""

    kept: int
    updated: Mapping[str, dict[str, str | int]]
    positions: Mapping[str, int]
    removed: tuple[str, ...]
    added: tuple[Fields, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the lines are as wanted already."""
        return not (self.updated or self.removed or self.added)


NO_LINES = LineChange(kept=0, updated={}, positions={}, removed=(), added=())
"""Lines stay as they are."""


def differences(live: Mapping[str, Any], wanted: Fields, table: Table) -> dict[str, str | int]:
    """The wanted columns whose live value is another."""
    return {
        name: value
        for name, value in wanted.items()
        if value is not None and not _same(table[name], live.get(name), value)
    }


def line_change(live: Sequence[Mapping[str, Any]], wanted: Sequence[Fields], table: Table) -> LineChange:
    """Compare line by line from the top."""
    own = own_lines(live)
    same_items = list(
        takewhile(
            lambda pair: _same(table["ItemCode"], pair[0]["ItemCode"], pair[1].get("ItemCode") or ""),
            zip(own, wanted, strict=False),
        )
    )
    changed = {line["LineKey"]: differences(line, want, table) for line, want in same_items}
    kept = len(same_items)
    return LineChange(
        kept=kept,
        updated={key: fields for key, fields in changed.items() if fields},
        positions={line["LineKey"]: position for position, (line, _) in enumerate(same_items, start=1)},
        removed=tuple(line["LineKey"] for line in own[kept:]),
        added=tuple(wanted[kept:]),
    )


class LineEditor:
    """Changes and deletes lines of an opened order; a line is found by its LineKey."""

    def __init__(
        self, lines: Lines, talk: Dialogue, table: Table, reference: Callable[[], Reference]
    ) -> None:
        self._lines = lines
        self._talk = talk
        self._table = table
        self._reference = reference

    def carry_out(self, change: LineChange) -> None:
        """Update and remove; what cannot be done is an error of the dialogue."""
        for key, fields in change.updated.items():
            self._update(key, fields, change.positions[key])
        for key in change.removed:
            if self._find(key):
                self._talk.heard(self._lines.nDelete(), self._lines, "line", doing="deleting a line")

    def _update(self, key: str, fields: Fields, position: int) -> None:
        if not self._find(key):
            return
        before = len(self._talk.errors)
        ordered = in_order(fields, LINE_FIRST)
        self._talk.set_fields(self._lines, ordered, self._table, source="line", line=position)
        if len(self._talk.errors) == before:
            self._talk.heard(self._lines.nWrite(), self._lines, "line", line=position, doing="the line")

    def _find(self, key: str) -> bool:
        if any(found == key for found in self._walk()):
            return True
        gone = Finding(
            "not_on_file", "line", f"line {key} is not in the order any more", field="LineKey", value=key
        )
        self._talk.errors.append(gone)
        return False

    def _walk(self) -> Iterator[str]:
        return walk(self._lines, "LineKey$", self._reference)


def walk(lines: Lines, column: str, reference: Callable[[], Reference]) -> Iterator[str]:
    """A column of each line from the first on; the object stands on the line whose value was given last."""
    lines.nMoveFirst()
    for _ in range(MOST_LINES):
        if at_end(lines):
            return
        into = reference()
        lines.nGetValue(column, into)
        yield str(into.value).strip()
        lines.nMoveNext()


def _same(column: Column, live: Any, wanted: str | int) -> bool:
    if column.kind is Kind.NUMBER:
        return number(live) == Decimal(str(wanted or 0))
    if column.kind is Kind.DATE:
        return (shown(live) or "") == str(wanted)
    text = str(wanted).rstrip()
    return str(live or "") in {text, text.upper()}
