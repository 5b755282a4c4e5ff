"""Work on whole Arrow columns.

Two shapes of work are allowed in translation: an Arrow kernel on the column, or Python on its
*distinct* values (a batch of ten thousand orders knows three warehouses). Nothing here walks rows.
Text is blank as ``""``; null in a column means "reported already, nothing to say here".
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.canonical import frames

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Mask = np.ndarray[Any, np.dtype[np.bool_]]
    Rows = np.ndarray[Any, np.dtype[np.int64]]

KINDS: dict[str, pa.DataType] = {
    "text": pa.string(),
    "flag": pa.bool_(),
    "count": pa.int64(),
    "date": pa.date32(),
    "moment": pa.timestamp("us", tz="UTC"),
    "amount": pa.decimal128(18, 2),
    "quantity": pa.decimal128(18, 6),
    "price": pa.decimal128(18, 6),
    "percent": pa.decimal128(9, 6),
    "percent3": pa.decimal128(9, 3),
    "rate": pa.decimal128(20, 10),
}
"""What a mapping calls a type, and the Arrow type of it."""

WORKING = pa.decimal128(38, 10)
"""Numbers between their text and their target: nothing is rounded away on the way."""

SUMMAND = pa.decimal128(30, 10)
"""Numbers while they are added: Arrow widens a sum by one digit, and 38 is the most it carries."""

CANONICAL: dict[str, pa.Schema] = {name: frames.frame_schema(noun) for name, noun in frames.NOUNS.items()}
"""The canonical frames by the names that mappings use."""


def constant(value: object, rows: int, kind: pa.DataType = KINDS["text"]) -> pa.Array:
    """One value, ``rows`` times."""
    return pa.repeat(pa.scalar(value, kind), rows) if value is not None else pa.nulls(rows, kind)


def plain(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One contiguous array."""
    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return column


def mask(column: pa.Array) -> Mask:
    """A boolean column as a NumPy mask; null counts as false."""
    return np.asarray(
        pc.fill_null(plain(column), fill_value=False).to_numpy(zero_copy_only=False), dtype=bool
    )


def is_text(column: pa.Array) -> bool:
    """Whether the column holds text."""
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def blank(column: pa.Array) -> Mask:
    """Rows that say nothing: null, or text without a visible character."""
    if is_text(column):
        return mask(
            pc.fill_null(pc.equal(pc.binary_length(pc.utf8_trim_whitespace(column)), 0), fill_value=True)
        )
    return mask(column.is_null())


def pick(condition: Mask, yes: pa.Array, no: pa.Array) -> pa.Array:
    """``yes`` where the condition holds, else ``no``."""
    return plain(pc.if_else(pa.array(condition), yes, no))


def nulled(column: pa.Array, where: Mask) -> pa.Array:
    """The column with null at those rows."""
    return pick(where, pa.nulls(len(column), column.type), column) if where.any() else column


def distinct(column: pa.Array) -> tuple[list[Any], pa.Array]:
    """The different values, and for each row the index of its value (null stays null)."""
    encoded = plain(column).dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices


def per_value(column: pa.Array, work: Callable[[Any], Any], kind: pa.DataType) -> pa.Array:
    """``work`` on each different value once. Null stays null."""
    values, index = distinct(column)
    if not values:
        return pa.nulls(len(column), kind)
    return pa.array([work(value) for value in values], kind).take(index)


def distinct_rows(columns: Sequence[pa.Array]) -> tuple[list[tuple[Any, ...]], Rows]:
    """The different combinations of several columns, and for each row the index of its combination."""
    codes: Rows | None = None
    for column in columns:
        index = column.dictionary_encode(null_encoding="encode").indices.to_numpy(zero_copy_only=False)
        index = index.astype(np.int64)
        if codes is None:
            codes = index
            continue
        joined = codes * (int(index.max(initial=0)) + 1) + index
        codes = np.unique(joined, return_inverse=True)[1].astype(np.int64) if len(joined) else joined
    if codes is None or not len(codes):
        return [], np.empty(0, np.int64)
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    rows = pa.array(first)
    return list(zip(*(column.take(rows).to_pylist() for column in columns), strict=True)), inverse.astype(
        np.int64
    )


def per_row(
    columns: Sequence[pa.Array], work: Callable[..., Sequence[Any]], kinds: Sequence[pa.DataType]
) -> list[pa.Array]:
    """``work`` on each different combination once; it gives one value for each of ``kinds``."""
    rows, index = distinct_rows(columns)
    results = [work(*row) for row in rows]
    taken = pa.array(index)
    return [
        pa.array([result[at] for result in results], kind).take(taken) if results else pa.nulls(0, kind)
        for at, kind in enumerate(kinds)
    ]


def cast(column: pa.Array, kind: pa.DataType) -> tuple[pa.Array, Mask | None]:
    """The column as ``kind``, and a mask of the values that cannot be (they become null).

    One bad value does not cost the column: the kernel runs first, and only when it refuses are the
    distinct values asked one by one.
    """
    if column.type == kind:
        return column, None
    try:
        return plain(pc.cast(column, kind)), None
    except pa.ArrowInvalid:
        values, index = distinct(column)
        done = [_cast_one(pa.scalar(value, column.type), kind) for value in values]
        result = pa.array(done, kind).take(index)
        return result, mask(pc.and_(column.is_valid(), result.is_null()))


def _cast_one(value: pa.Scalar, kind: pa.DataType) -> Any:
    try:
        return value.cast(kind).as_py()
    except pa.ArrowInvalid:
        return None


def number(column: pa.Array) -> tuple[pa.Array, Mask | None]:
    """Text or any number as a working number; blank text becomes null, not an error."""
    if is_text(column):
        trimmed = pc.utf8_trim_whitespace(column)
        return cast(nulled(trimmed, blank(trimmed)), WORKING)
    return cast(column, WORKING)


def rounded(column: pa.Array, digits: int) -> pa.Array:
    """Half goes away from zero, as merchants and Sage round."""
    return plain(pc.round(column, ndigits=digits, round_mode="half_towards_infinity"))


def product(left: pa.Array, right: pa.Array) -> pa.Array:
    """The exact product of numbers with at most 12 + 6 and 8 + 10 digits, as a working number.

    Raises:
        pa.ArrowInvalid: some number has more; :func:`guarded` finds out which.
    """
    exact = pc.multiply(pc.cast(left, pa.decimal128(18, 6)), pc.cast(right, pa.decimal128(18, 10)))
    return plain(pc.cast(pc.round(exact, ndigits=10, round_mode="half_towards_infinity"), WORKING))


def added(columns: Sequence[tuple[int, pa.Array]]) -> pa.Array:
    """The signed sum of several columns, as a working number; null where any of them is null.

    Raises:
        pa.ArrowInvalid: a number is too large; :func:`guarded` finds out which.
    """
    result: pa.Array | None = None
    for sign, column in columns:
        term = pc.cast(column, SUMMAND)
        term = pc.negate(term) if sign < 0 else term
        result = term if result is None else pc.cast(pc.add(result, term), SUMMAND)
    return plain(pc.cast(result, WORKING))


def guarded(work: Callable[..., pa.Array], columns: Sequence[pa.Array], kind: pa.DataType) -> pa.Array:
    """``work`` on whole columns; when a kernel refuses, row by row, so that only the culprits become null."""
    try:
        return plain(work(*columns))
    except pa.ArrowInvalid:
        rows = len(columns[0])
        parts = [_one_row(work, [column.slice(row, 1) for column in columns], kind) for row in range(rows)]
        return pa.concat_arrays([plain(part) for part in parts]) if parts else pa.nulls(0, kind)


def _one_row(work: Callable[..., pa.Array], cells: list[pa.Array], kind: pa.DataType) -> pa.Array:
    try:
        return work(*cells)
    except pa.ArrowInvalid:
        return pa.nulls(1, kind)


def totals(column: pa.Array, owner: Rows, owners: int) -> pa.Array:
    """The column summed by owning row; a row that owns nothing has 0, one that owns a null has null."""
    whole = pc.ScalarAggregateOptions(skip_nulls=False)
    grouped = (
        pa.table({"owner": owner, "value": column}).group_by("owner").aggregate([("value", "sum", whole)])
    )
    sums = plain(grouped["value_sum"])
    found = plain(grouped["owner"]).to_numpy()
    where = np.zeros(owners, np.int64)
    where[found] = np.arange(len(found))
    owning = np.zeros(owners, bool)
    owning[found] = True
    if not len(sums):
        return constant(Decimal(0), owners, sums.type)
    return pick(owning, sums.take(pa.array(where)), constant(Decimal(0), owners, sums.type))
