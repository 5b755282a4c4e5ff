"""The checks between translation and load of sales orders."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.checks.judge import judge
from include.checks.suites import LINES, ORDERS, WIDTHS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.checks.suites import Words

HEADER_TABLE, DETAIL_TABLE = "SO_SalesOrderHeader", "SO_SalesOrderDetail"
MONEY = pa.decimal128(18, 2)


@dataclass(frozen=True, slots=True)
class Checked:
    """What all suites found.

    Attributes:
        problems: ``PROBLEM_FRAME`` rows, every reason of every record.
        results: validation results as JSON-ready data, for Data Docs.
    """

    problems: pd.DataFrame
    results: list[dict[str, Any]]


def check_orders(
    *,
    orders: pd.DataFrame,
    lines: pd.DataFrame,
    headers: pd.DataFrame,
    details: pd.DataFrame,
    widths: Mapping[tuple[str, str], int],
    words: Words,
) -> Checked:
    """Judge a batch of orders.

    Args:
        orders: ``ORDER_FRAME``.
        lines: ``LINE_FRAME``.
        headers: what would be written to SO_SalesOrderHeader, with ``key``,
            ``expected_tax`` and ``expected_total``.
        details: what would be written to SO_SalesOrderDetail, with ``key``, ``position``, ``extension``.
        widths: characters of each text column, by (table, column), as the site's dictionary says.
        words: of the people at the shop.

    Raises:
        SetError: the set is wrong as a whole.
    """
    if not len(orders):
        return Checked(judge("order_widths", (), _widths_frame(headers, details, {}, {})).problems, [])
    labels = dict(zip(orders.source_id, orders.number, strict=True))
    verdicts = [
        judge("orders", ORDERS, _orders_frame(orders, lines, headers, details), words),
        judge("order_lines", LINES, _lines_frame(lines, labels), words),
        judge("order_widths", WIDTHS, _widths_frame(headers, details, widths, labels), words),
    ]
    problems = pd.concat([verdict.problems for verdict in verdicts], ignore_index=True)
    return Checked(problems, [verdict.result for verdict in verdicts])


def _orders_frame(
    orders: pd.DataFrame, lines: pd.DataFrame, headers: pd.DataFrame, details: pd.DataFrame
) -> pd.DataFrame:
    """Orders with the sums their totals are compared with."""
    table = pa.Table.from_pandas(orders[[*ASKED, *ADDED, "prices_include_tax"]], preserve_index=False)
    lines_total, line_count = _summed(lines, "order_source_id", "line_total", table["source_id"])
    subtotal, discount, tax, *charges = (_money(table[name]) for name in ADDED)
    net = functools.reduce(pc.add, charges, pc.subtract(subtotal, discount)).cast(MONEY)
    included = pc.fill_null(table["prices_include_tax"], fill_value=False)
    sage_due, sage_total = _sage_totals(headers, details, table["source_id"])
    found = {
        "lines_total": lines_total,
        "line_count": line_count,
        "due": pc.if_else(included, net, pc.add(net, tax)).cast(MONEY),
        "sage_due": sage_due,
        "sage_total": sage_total,
    }
    columns = {"key" if name == "source_id" else name: table[name] for name in (*ASKED, *ADDED)}
    frame: pd.DataFrame = pa.table(columns | found).to_pandas(types_mapper=pd.ArrowDtype)
    return frame.assign(line=0, label=frame.number)


ASKED = ("source_id", "number", "customer_source_id", "status", "currency", "total")
ADDED = (
    "subtotal",
    "discount_amount",
    "tax_amount",
    "shipping_amount",
    "handling_amount",
    "fees_amount",
    "adjustment_amount",
    "rounding_amount",
)


def _sage_totals(
    headers: pd.DataFrame, details: pd.DataFrame, keys: pa.ChunkedArray
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """What Sage 100 will compute (extensions less discount plus freight and tax), and what we expect."""
    names = ["key", "FreightAmt", "DiscountAmt", "expected_tax", "expected_total"]
    table = pa.Table.from_pandas(headers[names], preserve_index=False)
    extension, _ = _summed(details, "key", "extension", table["key"])
    freight, discount, tax = (_money(table[name]) for name in names[1:4])
    due = pc.add(pc.add(pc.subtract(extension, discount), freight), tax).cast(MONEY)
    place = pc.index_in(keys, value_set=table["key"])
    return due.take(place), table["expected_total"].cast(MONEY).take(place)


def _summed(
    frame: pd.DataFrame, by: str, column: str, keys: pa.ChunkedArray
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Sum of ``column`` and row count for each of ``keys``; Arrow keeps the decimals exact."""
    table = pa.Table.from_pandas(frame[[by, column]], preserve_index=False)
    grouped = table.group_by(by).aggregate([(column, "sum"), (by, "count")])
    place = pc.index_in(keys, value_set=grouped[by])
    counts = pc.coalesce(grouped[f"{by}_count"].take(place), pa.scalar(0, pa.int64()))
    return _money(grouped[f"{column}_sum"].take(place)), counts


def _money(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """An amount, nothing being 0."""
    return pc.coalesce(column.cast(MONEY), pa.scalar(0, MONEY))


def _lines_frame(lines: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    frame = lines.rename(columns={"order_source_id": "key", "position": "line"})
    return frame.assign(label=frame.key.map(labels))


def _widths_frame(
    headers: pd.DataFrame,
    details: pd.DataFrame,
    widths: Mapping[tuple[str, str], int],
    labels: Mapping[str, str],
) -> pd.DataFrame:
    """Of each text column the values that are too long, else its longest: the others cannot fail."""
    parts = [
        part
        for table, frame in ((HEADER_TABLE, headers), (DETAIL_TABLE, details))
        for part in _longest(frame, {column: width for (of, column), width in widths.items() if of == table})
    ]
    frame: pd.DataFrame = pa.concat_tables([WIDTH_FRAME.empty_table(), *parts]).to_pandas(
        types_mapper=pd.ArrowDtype
    )
    return frame.assign(label=frame.key.map(labels) if len(frame) else frame.key)


WIDTH_FRAME = pa.schema(
    [
        ("key", pa.string()),
        ("line", pa.int64()),
        ("field", pa.string()),
        ("value", pa.string()),
        ("width", pa.int64()),
        ("length", pa.int64()),
    ]
)


def _longest(frame: pd.DataFrame, widths: Mapping[str, int]) -> Iterator[pa.Table]:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    if "position" not in table.column_names:
        table = table.append_column("position", pa.repeat(pa.scalar(0, pa.int64()), len(table)))
    for column, width in widths.items():
        if not len(table) or column not in table.column_names or not pa.types.is_string(table[column].type):
            continue
        lengths = pc.fill_null(pc.utf8_length(table[column]), 0).to_numpy()
        chosen = np.flatnonzero(lengths > width)
        rows = table.select(["key", "position", column]).take(chosen if len(chosen) else [lengths.argmax()])
        yield pa.table(
            [
                *rows.columns[:2],
                pa.repeat(column, len(rows)),
                rows[column],
                pa.repeat(pa.scalar(width, pa.int64()), len(rows)),
                pc.fill_null(pc.utf8_length(rows[column]), 0).cast(pa.int64()),
            ],
            schema=WIDTH_FRAME,
        )
