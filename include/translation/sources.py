"""Source rows of a mapping: records and lines as they come off the wire, or out of canonical frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.canonical import PARTS, Reason
from include.errors import SetError
from include.translation.cells import Cells
from include.translation.columns import CANONICAL, KINDS, constant, mask, pick, plain
from include.translation.problems import Complaint
from include.translation.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from include.translation.cells import Court
    from include.translation.columns import Rows as Index
    from include.translation.files import Source

KEY = "@key"
LINE = "@position"
BETWEEN = "|"
_NO_VALUE = Complaint(
    Reason.INVALID_FORMAT, "holds no readable value (a list, an object, or text that is no text)"
)
_OTHER_ID = Complaint(Reason.INVALID_FORMAT, "is not the id under which the record was fetched")


def records_of(keys: list[str], columns: dict[str, pa.Array], source: Source, court: Court) -> Rows:
    """Records off the wire, under the keys by which they were fetched."""
    own = joined_key([columns[name] for name in source.keys])
    columns[KEY] = pa.array(keys, KINDS["text"])
    labels = _labels(source.noun, columns[source.number], columns[KEY])
    rows = Rows(len(keys), columns, columns[KEY], labels)
    _note_unreadable(rows, court)
    other = mask(pc.not_equal(own, columns[KEY]))
    court.same(Cells.of(own, source.keys[0]), rows, other, _OTHER_ID)
    return rows


def joined_key(columns: list[pa.Array]) -> pa.Array:
    """What identifies records: one column, or several joined by ``|``."""
    return columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, BETWEEN)


def lines_of_records(columns: dict[str, pa.Array], owner: Index, *, parent: Rows, court: Court) -> Rows:
    """The lines of those records."""
    at = pa.array(owner)
    position = _numbered(owner)
    columns[LINE] = position
    rows = Rows(len(owner), columns, parent.keys.take(at), parent.labels.take(at), position, parent, owner)
    _note_unreadable(rows, court)
    return rows


def canonical_sources(
    frames: Mapping[str, pd.DataFrame], source: Source, record: str, parts: Iterable[str]
) -> dict[str, Rows]:
    """Records and those of their parts that are wanted, as rows.

    Raises:
        SetError: parts belong to records that are not there.
    """
    columns = _columns_of(frames[record], CANONICAL[record])
    keys = joined_key([columns[name] for name in source.keys])
    rows = Rows(len(keys), columns, keys, _labels(source.noun, columns[source.number], keys))
    found = {record: rows}
    for part in parts:
        found[part] = _parts_of(part, _columns_of(frames[part], CANONICAL[part]), rows)
    return found


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


def _parts_of(name: str, lines: dict[str, pa.Array], parent: Rows) -> Rows:
    """Lines joined to their records and put in the records' order, then by position."""
    record, by = PARTS[name]
    found = pc.index_in(lines[by], parent.column("source_id"))
    if found.null_count:
        orphans = sorted(set(lines[by].filter(found.is_null()).to_pylist()))
        listed = ", ".join(map(str, orphans[:5]))
        raise SetError(f"{name} belong to {record} that are not in the batch: {listed}")
    owner = found.to_numpy(zero_copy_only=False).astype(np.int64)
    order = np.lexsort((lines["position"].to_numpy(zero_copy_only=False), owner))
    if (order != np.arange(len(order))).any():
        lines, owner = {name: column.take(pa.array(order)) for name, column in lines.items()}, owner[order]
    at = pa.array(owner)
    return Rows(
        len(owner), lines, parent.keys.take(at), parent.labels.take(at), lines["position"], parent, owner
    )
