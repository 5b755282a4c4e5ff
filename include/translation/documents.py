"""Frames in a foreign system's names as its JSON records: what a write carries.

A frame whose target is a record (``shipment``) gives the record; one whose target is a list in it
(``shipment.packages``) gives that list's entries, in their order. Dots in a column's name lead into
objects (``totals.tax``); a name that ends in ``[]`` is a list of words, joined by U+001F in its column.

A blank or unknown value is left out, and so is an object of which nothing is left: what is not said does
not change the other side. A list is always said, however empty. Numbers are :class:`~decimal.Decimal`,
without the zeros that only their column's scale gave them; :func:`as_json` writes them digit for digit.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from include.translation.wire import LISTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from include.translation.making import FramePlan
    from include.translation.mapping import Mapping as Compiled

KEY = "key"
"""The column, under ``carry``, that says which record a row belongs to."""
LIST = "[]"
_EXACT = msgspec.json.Encoder(decimal_format="number")


def documents_of(mapping: Compiled, frames: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, Any]]:
    """The records that a mapping's frames describe, by key, in the frames' order."""
    records = {name: plan for name, plan in mapping.plans.items() if "." not in plan.table}
    lists = {name: plan for name, plan in mapping.plans.items() if "." in plan.table}
    found: dict[str, dict[str, Any]] = {}
    for name, plan in records.items():
        found |= {key: _nested(row) for key, row in _rows(plan, frames[name])}
    for name, plan in lists.items():
        member = plan.table.split(".", 1)[1]
        for document in found.values():
            document[member] = []
        for key, row in _rows(plan, frames[name]):
            if key in found:
                found[key][member].append(_nested(row))
    return found


def as_json(document: Mapping[str, Any]) -> bytes:
    """A record as JSON, every number with exactly its digits."""
    return _EXACT.encode(document)


def _rows(plan: FramePlan, frame: pd.DataFrame) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row's key and its members as JSON knows them, blank ones left out."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    spilled = {name for spill in plan.sentence.fit.spill for name in spill.into}
    members = [name for name in plan.kinds if name in plan.sentence.fields or name in spilled]
    columns = [table[name].to_pylist() for name in members]
    for key, *values in zip(table[KEY].to_pylist(), *columns, strict=True):
        said = {
            name: _said(name, value)
            for name, value in zip(members, values, strict=True)
            if value is not None and (value != "" or name.endswith(LIST))
        }
        yield key, said


def _said(name: str, value: Any) -> Any:
    if name.endswith(LIST):
        return value.split(LISTED) if value else []
    if isinstance(value, Decimal):
        return _plain(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    return value.isoformat() if isinstance(value, date) else value


def _plain(number: Decimal) -> Decimal:
    """The same number with no more decimals than it needs: 38.400000 is 38.4, and 100 stays 100."""
    short = number.normalize()
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else short


def _nested(row: Mapping[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, value in row.items():
        *path, last = name.removesuffix(LIST).split(".")
        inner = record
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return record
