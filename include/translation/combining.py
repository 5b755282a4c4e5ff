"""Several columns become one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from include.translation.cells import Cells
from include.translation.columns import KINDS, WORKING, added, blank, guarded, pick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.translation.columns import Mask
    from include.translation.columns import Rows as Index
    from include.translation.rows import Rows


def first_said(names: Sequence[str], rows: Rows) -> Cells:
    """In each row the first column that says something."""
    values = rows.column(names[0])
    for name in names[1:]:
        where = blank(values)
        if where.any():
            values = pick(where, rows.column(name), values)
    return Cells.of(values, names[0])


def summed(signs: Sequence[int], terms: Sequence[Cells]) -> Cells:
    """Terms added or subtracted; null where any term is."""

    def work(*columns: pa.Array) -> pa.Array:
        return added(list(zip(signs, columns, strict=True)))

    values = guarded(work, [term.values for term in terms], WORKING)
    return Cells(values, terms[0].name, values, bad=any_of([term.bad for term in terms]))


def any_of(masks: Sequence[Mask | None]) -> Mask | None:
    """Rows that any of the masks names; None when there is no mask at all."""
    there = [mask for mask in masks if mask is not None]
    return np.logical_or.reduce(there) if there else None


def gathered(places: Sequence[Index], parts: Sequence[Cells], name: str) -> Cells:
    """Parts of a column put back in the order of its rows."""
    order = np.argsort(np.concatenate(places), kind="stable")
    where = pa.array(order)
    kind = parts[0].values.type
    values = pa.concat_arrays([part.values.cast(kind) for part in parts]).take(where)
    raw = pa.concat_arrays([part.raw.cast(KINDS["text"]) for part in parts]).take(where)
    voids = np.concatenate([part.voids() for part in parts])[order]
    silent = [np.zeros(len(part.values), bool) if part.bad is None else part.bad for part in parts]
    return Cells(values, parts[0].name or name, raw, voids, np.concatenate(silent)[order])
