"""Source rows of a mapping: records and lines as they come off the wire, or out of canonical frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.canonical import Reason
from include.errors import SetError
from include.translation.cells import Cells
from include.translation.columns import CANONICAL, KINDS, constant, mask, pick, plain
from include.translation.problems import Complaint
from include.translation.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from include.translation.cells import Court
    from include.translation.columns import Rows as Index
    from include.translation.files import Source

KEY = "@key"
LINE = "@position"
_NO_VALUE = Complaint(
    Reason.INVALID_FORMAT, "holds no readable value (a list, an object, or text that is no text)"
)
_OTHER_ID = Complaint(Reason.INVALID_FORMAT, "is not the id under which the record was fetched")


def records_of(keys: list[str], columns: dict[str, pa.Array], source: Source, court: Court) -> Rows:
    """Records off the wire, under the keys by which they were fetched."""
    columns[KEY] = pa.array(keys, KINDS["text"])
    labels = _labels(source.noun, columns[source.number], columns[KEY])
    rows = Rows(len(keys), columns, columns[KEY], labels)
    _note_unreadable(rows, court)
    other = mask(pc.not_equal(columns[source.key], columns[KEY]))
    court.same(Cells.of(columns[source.key], source.key), rows, other, _OTHER_ID)
    return rows


def lines_of_records(columns: dict[str, pa.Array], owner: Index, *, parent: Rows, court: Court) -> Rows:
    """The lines of those records."""
    at = pa.array(owner)
    position = _numbered(owner)
    columns[LINE] = position
    rows = Rows(len(owner), columns, parent.keys.take(at), parent.labels.take(at), position, parent, owner)
    _note_unreadable(rows, court)
    return rows


def canonical_sources(
    frames: Mapping[str, pd.DataFrame], source: Source, *, with_lines: bool
) -> dict[str, Rows]:
    """Orders and, where they are wanted, their lines, as rows.

    Raises:
        SetError: lines belong to orders that are not there.
    """
    orders = _columns_of(frames["orders"], CANONICAL["orders"])
    keys = orders[source.key]
    rows = Rows(len(keys), orders, keys, _labels(source.noun, orders[source.number], keys))
    if not with_lines:
        return {"orders": rows}
    return {"orders": rows, "lines": _lines_of(_columns_of(frames["lines"], CANONICAL["lines"]), rows)}


def _labels(noun: str, numbers: pa.Array, keys: pa.Array) -> pa.Array:
    said = pc.fill_null(pc.greater(pc.utf8_length(numbers), 0), fill_value=False)
    called = pick(mask(said), pc.fill_null(numbers, ""), pc.fill_null(keys, ""))
    return pc.binary_join_element_wise(pa.scalar(noun), called, " ")


def _note_unreadable(rows: Rows, court: Court) -> None:
    for name, column in list(rows.columns.items()):
        if column.null_count:
            court.same(Cells(column, name, constant("", rows.count)), rows, mask(column.is_null()), _NO_VALUE)


def _numbered(owner: Index) -> pa.Array:
    """1, 2, 3 ... within each owner; owners stand together."""
    return pa.array(np.arange(len(owner)) - np.searchsorted(owner, owner, side="left") + 1, KINDS["count"])


def _columns_of(frame: pd.DataFrame, schema: pa.Schema) -> dict[str, pa.Array]:
    """A canonical frame's columns as Arrow arrays of the canonical types."""
    table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False).combine_chunks()
    return {name: plain(table[name]) for name in schema.names}


def _lines_of(lines: dict[str, pa.Array], parent: Rows) -> Rows:
    """Lines joined to their orders and put in the orders' order, then by position."""
    found = pc.index_in(lines["order_source_id"], parent.column("source_id"))
    if found.null_count:
        orphans = sorted(set(lines["order_source_id"].filter(found.is_null()).to_pylist()))
        raise SetError(
            f"lines belong to orders that are not in the batch: {', '.join(map(str, orphans[:5]))}"
        )
    owner = found.to_numpy(zero_copy_only=False).astype(np.int64)
    order = np.lexsort((lines["position"].to_numpy(zero_copy_only=False), owner))
    if (order != np.arange(len(order))).any():
        lines, owner = {name: column.take(pa.array(order)) for name, column in lines.items()}, owner[order]
    at = pa.array(owner)
    return Rows(
        len(owner), lines, parent.keys.take(at), parent.labels.take(at), lines["position"], parent, owner
    )
