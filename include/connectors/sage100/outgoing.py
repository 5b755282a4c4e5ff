"""Sage frames become the records that the gateway takes, by columns and not by rows.

Each column is turned into text once, in Arrow; rows are then cut out of parallel lists. Lines are
brought into order by sorting positions, so the cost is one sort and no look-up per order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.connectors.sage100.records import CustomerWrite, OrderWrite
from include.errors import SetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

_HEADER_OWN = frozenset(
    {"key", "number", "customer_source_id", "expected_total", "expected_tax", "expected_lines"}
)
_LINE_OWN = frozenset({"key", "position", "extension", "ItemType"})
"""Columns that are ours. ItemType is Sage's to derive from ItemCode."""
_CUSTOMER_OWN = frozenset({"key"})
_NEEDLESS_ZEROS = r"^(-?\d+)(?:\.0+|(\.\d*?[1-9])0*)$"

Fields = dict[str, str]


def order_writes(
    headers: pd.DataFrame,
    lines: pd.DataFrame,
    numbers: Mapping[str, str] | None = None,
    *,
    keys: Mapping[str, str] | None = None,
) -> list[OrderWrite]:
    """One record per header, in their order, with its lines by ``position``.

    Args:
        headers: Sage header frame (one row per ``key``).
        lines: Sage line frame, in any order.
        numbers: ``key`` -> SalesOrderNo of the live order to change; missing or blank creates.
        keys: ``key`` -> idempotency key; without it the records have none yet.

    Raises:
        SetError: a line without its header, or a header twice: the frames do not belong together.
    """
    names = _texts(headers["key"])
    bounds, details = _details(names, lines)
    rows = _rows(headers, _HEADER_OWN)
    totals: list[Decimal | None] = _arrow(headers["expected_total"]).to_pylist()
    counts = headers["expected_lines"].to_numpy(dtype="int64")
    numbers, keys = numbers or {}, keys or {}
    return [
        OrderWrite(
            key=key,
            idempotency_key=keys.get(key, ""),
            header=rows[place],
            lines=details[bounds[place] : bounds[place + 1]],
            expected_lines=int(counts[place]),
            expected_total=totals[place],
            sales_order_no=numbers.get(key) or "",
        )
        for place, key in enumerate(names)
    ]


def customer_writes(customers: pd.DataFrame, *, keys: Mapping[str, str] | None = None) -> list[CustomerWrite]:
    """One record per row, in their order.

    Args:
        customers: Sage customer frame (one row per ``key``).
        keys: ``key`` -> idempotency key; without it the records have none yet.
    """
    keys = keys or {}
    rows = _rows(customers, _CUSTOMER_OWN)
    return [
        CustomerWrite(key=key, idempotency_key=keys.get(key, ""), fields=fields)
        for key, fields in zip(_texts(customers["key"]), rows, strict=True)
    ]


def _details(names: Sequence[str], lines: pd.DataFrame) -> tuple[list[int], list[Fields]]:
    """Lines in header order and, within one, by position; where each header's lines begin."""
    index = pd.Index(names)
    if not index.is_unique:
        raise SetError(f"{int(index.duplicated().sum())} order headers stand twice in one batch")
    owner = index.get_indexer(pd.Index(_texts(lines["key"])))
    if (owner < 0).any():
        raise SetError(f"{int((owner < 0).sum())} order lines have no header in their batch")
    order = np.lexsort((lines["position"].to_numpy(dtype="int64"), owner))
    bounds = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=len(names)))))
    rows = _rows(lines, _LINE_OWN)
    return bounds.tolist(), [rows[place] for place in order.tolist()]


def _rows(frame: pd.DataFrame, own: frozenset[str]) -> list[Fields]:
    """Each row as Sage columns -> text, blanks left out."""
    texts = {name: _wire_texts(frame[name]) for name in frame.columns if name not in own}
    written = {name: pc.not_equal(values, "") for name, values in texts.items()}
    full = {name: texts[name].to_pylist() for name, mask in written.items() if pc.all(mask).as_py()}
    rows = [dict(zip(full, row, strict=True)) for row in zip(*full.values(), strict=True)]
    if not full:
        rows = [{} for _ in range(len(frame))]
    # Many of Sage's columns are blank in most rows or in all: they cost what they hold.
    for name, mask in written.items():
        if name not in full:
            values = texts[name].filter(mask).to_pylist()
            for place, value in zip(np.flatnonzero(mask).tolist(), values, strict=True):
                rows[place][name] = value
    return rows


def _wire_texts(column: pd.Series) -> pa.Array:
    """A column as Sage's wire text: plain decimals, ISO dates, null as blank."""
    return pc.fill_null(wire_text(_arrow(column)), "")


def _texts(column: pd.Series) -> list[str]:
    values: list[str] = _wire_texts(column).to_pylist()
    return values


def wire_text(values: pa.Array) -> pa.Array:
    """Values as text: decimals without exponent or needless zeros, dates as ``YYYY-MM-DD``.

    Binary floats are refused: an amount that went through one is no longer known to be exact.

    Raises:
        SetError: the column holds floats.
    """
    if pa.types.is_floating(values.type):
        raise SetError("a column of binary floats cannot become an ERP amount; keep it decimal")
    if pa.types.is_decimal(values.type):
        return pc.replace_substring_regex(_plain(values), _NEEDLESS_ZEROS, r"\1\2")
    return values.cast(pa.string())


def _plain(values: pa.Array) -> pa.Array:
    """Decimals in full; Arrow itself changes to exponents below one millionth."""
    if values.type.scale <= 6:
        return values.cast(pa.string())
    return pa.array(
        [None if value is None else format(value, "f") for value in values.to_pylist()], pa.string()
    )


def _arrow(column: pd.Series) -> pa.Array:
    values = pa.array(column)
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
