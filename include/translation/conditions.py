"""Conditions as data become masks over whole columns."""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.translation.columns import WORKING, blank, is_text, mask, number
from include.translation.language import TESTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.translation.columns import Mask
    from include.translation.language import Condition
    from include.translation.rows import Rows

_ORDER = {"above": pc.greater, "at_least": pc.greater_equal, "below": pc.less, "at_most": pc.less_equal}


def holds(condition: Condition, rows: Rows) -> Mask:
    """Where the condition holds. A null or unreadable number meets no comparison."""
    if condition.all is not None:
        return reduce(np.logical_and, (holds(part, rows) for part in condition.all))
    if condition.any is not None:
        return reduce(np.logical_or, (holds(part, rows) for part in condition.any))
    if condition.not_ is not None:
        return ~holds(condition.not_, rows)
    return _tested(condition, rows.column(condition.column or ""), rows)


def columns_of(condition: Condition) -> Iterator[str]:
    """Every column that a condition looks at."""
    if condition.column:
        yield condition.column
    if condition.same_as:
        yield condition.same_as
    for part in (*(condition.all or ()), *(condition.any or ()), *filter(None, [condition.not_])):
        yield from columns_of(part)


def _tested(condition: Condition, column: pa.Array, rows: Rows) -> Mask:  # noqa: PLR0911 - one return for each test
    test = next(name for name in TESTS if getattr(condition, name) is not None)
    wanted = getattr(condition, test)
    if test == "blank":
        return blank(column) if wanted else ~blank(column)
    if test == "same_as":
        return mask(pc.equal(column, rows.column(wanted)))
    if test in _ORDER:
        return mask(_ORDER[test](number(column)[0], pa.scalar(Decimal(wanted), WORKING)))
    if test == "one_of":
        return reduce(np.logical_or, (_same(column, value) for value in wanted))
    if test == "equals":
        return _same(column, wanted)
    if test == "not_equals":
        return ~_same(column, wanted) & mask(column.is_valid())
    text = column if is_text(column) else pc.cast(column, pa.string())
    if test == "matches":
        return mask(pc.match_substring_regex(text, wanted))
    return mask(pc.greater(pc.utf8_length(text), int(wanted)))


def _same(column: pa.Array, value: str) -> Mask:
    """Text compares as text, anything else as what it is: 0 equals 0.00."""
    if is_text(column):
        return mask(pc.equal(column, value))
    if pa.types.is_decimal(column.type) or pa.types.is_integer(column.type):
        return mask(pc.equal(number(column)[0], pa.scalar(Decimal(value), WORKING)))
    return mask(pc.equal(column, pa.scalar(value, pa.string()).cast(column.type)))
