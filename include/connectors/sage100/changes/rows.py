"""Rows of a read as plain values, and how many they were."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from include.connectors.sage100.database import Database
    from include.connectors.sage100.queries import Statement

Row = dict[str, Any]
"""Column -> text, ``Decimal``, ``date`` or ``None`` (a blank date); or a list of rows."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The reads of one poll.

    Attributes:
        count: rows read so far, by table.
    """

    database: Database
    count: Counter[str] = field(default_factory=Counter)

    def rows(
        self,
        statement: Statement,
        values: Iterable[str] | None = None,
        *,
        since: date | None = None,
        span: tuple[str, str] | None = None,
    ) -> list[Row]:
        """As :meth:`Database.fetch`; no values are no query."""
        wanted = None if values is None else sorted(set(values))
        if wanted == []:
            return []
        found: list[Row] = self.database.fetch(statement, wanted, since=since, span=span).to_pylist()
        self.count[statement.table] += len(found)
        return found


def without(row: Row, *names: str) -> Row:
    """A row without some columns."""
    return {name: value for name, value in row.items() if name not in names}


def grouped(rows: Iterable[Row], names: Sequence[str]) -> dict[tuple[str, ...], list[Row]]:
    """Rows by the values of some columns, in their order; ask it with ``.get``."""
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return dict(groups)
