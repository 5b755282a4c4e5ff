"""Values as a driver hands them, as Arrow columns.

Money stays exact. A driver may hand a decimal as text, as ``Decimal`` or as a double; Sage's numbers
have at most 14 digits, and a double carries 15 significant ones faithfully, so text of 15 digits
rounded to the dictionary's scale is the stored number again. A value that has *more* decimals than the
dictionary admits is not rounded away but reported: then dictionary and table disagree.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.connectors.sage100.dictionary import ColumnSpec

PRECISION = 18
NO_DATE = date(1753, 1, 1)
"""How Premium (SQL Server) stores a blank date."""


def arrow_type(spec: ColumnSpec) -> pa.DataType:
    """The Arrow type of a column; decimals have 18 digits and the dictionary's scale."""
    match spec.type:
        case "decimal":
            return pa.decimal128(PRECISION, spec.scale)
        case "integer":
            return pa.int64()
        case "date":
            return pa.date32()
        case _:
            return pa.string()


def arrow_column(name: str, values: Sequence[object], spec: ColumnSpec) -> pa.Array:
    """One column.

    Blank text is ``""`` and a missing number 0 (the ERP knows no NULL there); a blank date is null.

    Raises:
        ConfigurationError: a value does not fit the dictionary's type or scale; names the column.
    """
    try:
        return _column(values, spec)
    except (ValueError, InvalidOperation, pa.ArrowInvalid) as error:
        raise ConfigurationError(
            f"column {name}: a value does not fit its dictionary entry {spec}"
        ) from error


def _column(values: Sequence[object], spec: ColumnSpec) -> pa.Array:
    match spec.type:
        case "decimal":
            numbers = [exact_decimal(value, spec.scale) for value in values]
            return pa.array(numbers, arrow_type(spec))
        case "integer":
            return pa.array([int(str(value or 0)) for value in values], pa.int64())
        case "date":
            return pa.array([as_date(value) for value in values], pa.date32())
        case _:
            texts = pa.array(["" if value is None else str(value) for value in values], pa.string())
            return pc.utf8_rtrim(texts, characters=" ")


def exact_decimal(value: object, scale: int) -> Decimal:
    """The stored number, exactly, with ``scale`` decimals.

    Raises:
        ValueError: no number, or more decimals than ``scale`` (beyond a double's noise).
    """
    if value is None or value == "":
        return Decimal(0).scaleb(-scale)
    number = (
        Decimal(format(value, ".15g")) if isinstance(value, float) else Decimal(str(value).strip() or "0")
    )
    unit = Decimal(1).scaleb(-scale)
    rounded = number.quantize(unit, rounding=ROUND_HALF_EVEN)
    if abs(rounded - number) > unit / 1000:
        raise ValueError(f"more than {scale} decimals")
    return rounded


def as_date(value: object) -> date | None:
    """A date as the driver hands it; the two ways of writing "blank" give None.

    Raises:
        ValueError: the text is no date.
    """
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        found = value.date()
    elif isinstance(value, date):
        found = value
    else:
        found = date.fromisoformat(str(value).strip()[:10])
    return None if found == NO_DATE else found
