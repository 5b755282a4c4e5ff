"""A table of named columns while a mapping works on it.

A line knows its record (``parent.x``), a record knows its totals over the lines already made
(``lines.extension``), and everything is a whole column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa

from include.errors import MappingError
from include.translation.columns import KINDS, distinct, totals
from include.translation.problems import Place
from include.translation.suggest import among

if TYPE_CHECKING:
    from include.translation.columns import Rows as Index

EXTENSIONS = "extensions"


@dataclass
class Made:
    """A frame already made, and which row of its record each of its rows belongs to."""

    columns: dict[str, pa.Array]
    owner: Index


@dataclass
class Rows:
    """Named columns of one length.

    Attributes:
        count: how many rows.
        columns: by name; rules add what they make under ``out.<name>``.
        keys: record key of each row.
        labels: how messages call the record of each row.
        lines: position of each row in its record; None for records themselves.
        parent: the records whose lines these are.
        owner: row of the parent for each row.
        made: frames already made from these rows' lines.
    """

    count: int
    columns: dict[str, pa.Array]
    keys: pa.Array
    labels: pa.Array
    lines: pa.Array | None = None
    parent: Rows | None = None
    owner: Index | None = None
    made: dict[str, Made] = field(default_factory=dict)

    def column(self, name: str) -> pa.Array:
        """A column by the name that mappings use.

        Raises:
            MappingError: there is none; found when a mapping is loaded, unless a caller's frame lacks it.
        """
        found = self.columns.get(name)
        if found is None:
            found = self._far(name)
            self.columns[name] = found
        return found

    def _far(self, name: str) -> pa.Array:
        head, _, rest = name.partition(".")
        if head == "parent" and self.parent is not None:
            return self.parent.column(rest).take(pa.array(self.owner))
        if head == EXTENSIONS and EXTENSIONS in self.columns:
            return extension_of(self.columns[EXTENSIONS], rest)
        if head in self.made:
            made = self.made[head]
            return totals(made.columns[rest], made.owner, self.count)
        raise MappingError(f"no column {name!r}{among(name, self.columns)}")

    def counted(self, frame: str) -> pa.Array:
        """How many rows of a made frame belong to each row."""
        return pa.array(np.bincount(self.made[frame].owner, minlength=self.count), pa.int64())

    def forget(self, frame: str) -> None:
        """Drop what was totalled over a frame that has grown since."""
        for name in [name for name in self.columns if name.startswith(f"{frame}.")]:
            del self.columns[name]

    def place(self, row: int) -> Place:
        """Where a row stands, for a message."""
        line = self.lines[row].as_py() if self.lines is not None else 0
        return Place(self.keys[row].as_py() or "", self.labels[row].as_py() or "", line or 0)

    def view(self, rows: Index) -> Rows:
        """Some of the rows, as rows of their own."""
        return View(rows, self)


class View(Rows):
    """A part of other rows; a column is taken only when it is asked for."""

    def __init__(self, rows: Index, base: Rows) -> None:
        where = pa.array(rows)
        lines = base.lines.take(where) if base.lines is not None else None
        owner = base.owner[rows] if base.owner is not None else None
        keys, labels = base.keys.take(where), base.labels.take(where)
        super().__init__(len(rows), {}, keys, labels, lines, base.parent, owner)
        self._base, self._where = base, where

    def _far(self, name: str) -> pa.Array:
        return self._base.column(name).take(self._where)

    def counted(self, frame: str) -> pa.Array:
        """How many rows of a made frame belong to each row."""
        return self._base.counted(frame).take(self._where)


def extension_of(column: pa.Array, name: str) -> pa.Array:
    """One value out of a column of JSON objects; blank where an object does not have it."""
    values, index = distinct(column)
    found = [str(_decoded(value).get(name, "")) for value in values]
    return pa.array(found, KINDS["text"]).take(index) if values else pa.nulls(len(column), KINDS["text"])


def _decoded(text: str) -> dict[str, object]:
    return msgspec.json.decode(text, type=dict[str, object]) if text else {}
