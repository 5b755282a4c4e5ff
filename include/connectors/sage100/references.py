"""Sage's reference tables as look-ups from what a shop says to Sage's own codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pycountry

from include.canonical import REFERENCE_FRAME
from include.connectors.sage100 import queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.connectors.sage100.queries import Statement

LOOK_UPS: dict[str, Statement] = {
    statement.name: statement
    for statement in (
        queries.TERMS,
        queries.WAREHOUSES,
        queries.SHIP_VIA,
        queries.TAX_SCHEDULES,
        queries.COUNTRIES,
        queries.DIVISIONS,
    )
}
"""Name of the reference -> the statement that reads it; code first, then the description."""

Row = tuple[str, str, str]


def look_up(name: str, table: pa.Table) -> pd.DataFrame:
    """One reference table as ``REFERENCE_FRAME``: keys are the code itself and its description.

    Countries are also found by their ISO 3166-1 alpha-2 code, which shops use and Sage's own three letters
    are not. A description that two codes share stands there twice: whoever looks up sees that it
    is ambiguous.
    """
    rows = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    entries = _countries(rows) if name == "countries" else _codes(rows)
    distinct = list(dict.fromkeys(entries))
    arrays = [pa.array([row[place] for row in distinct], pa.string()) for place in range(3)]
    frame: pd.DataFrame = pa.table(arrays, schema=REFERENCE_FRAME).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _codes(rows: Iterable[tuple[str, ...]]) -> Iterator[Row]:
    for code, label, *_ in rows:
        for key in (code, label):
            if key:
                yield key, code, label


def _countries(rows: Iterable[tuple[str, ...]]) -> Iterator[Row]:
    for code, label, iso in rows:
        for key in (iso or _iso_code(code, label), code, label):
            if key:
                yield key, code, label


def _iso_code(code: str, label: str) -> str:
    """ISO alpha-2 of a country that the site's table knows by name or by ISO's three letters only."""
    for word in (label, code):
        try:
            return str(pycountry.countries.lookup(word).alpha_2)
        except LookupError:
            continue
    return ""
