"""The checks between translation and load of sales orders."""

from __future__ import annotations

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
) -> Checked:
    """Judge a batch of orders.

    Args:
        orders: ``ORDER_FRAME``.
        lines: ``LINE_FRAME``.
        headers: what would be written to SO_SalesOrderHeader, with ``key``,
            ``expected_tax`` and ``expected_total``.
        details: what would be written to SO_SalesOrderDetail, with ``key``, ``position``, ``extension``.
        widths: characters of each text column, by (table, column), as the site's dictionary says.

    Raises:
        SetError: the set is wrong as a whole.
    """
    if not len(orders):
        return Checked(judge("order_widths", (), _widths_frame(headers, details, {}, {})).problems, [])
    labels = dict(zip(orders.source_id, orders.number, strict=True))
    verdicts = [
        judge("orders", ORDERS, _orders_frame(orders, lines, headers, details)),
        judge("order_lines", LINES, _lines_frame(lines, labels)),
        judge("order_widths", WIDTHS, _widths_frame(headers, details, widths, labels)),
    ]
    problems = pd.concat([verdict.problems for verdict in verdicts], ignore_index=True)
    return Checked(problems, [verdict.result for verdict in verdicts])


def _orders_frame(
    orders: pd.DataFrame, lines: pd.DataFrame, headers: pd.DataFrame, details: pd.DataFrame
) -> pd.DataFrame:
    """Orders with the sums their totals are compared with."""
    frame = orders.rename(columns={"source_id": "key"}).assign(line=0, label=orders.number)
    sums = _sum(lines, "order_source_id", "line_total").rename(columns={"line_total": "lines_total"})
    frame = frame.merge(sums, on="key", how="left")
    table = pa.Table.from_pandas(
        frame[
            [
                "subtotal",
                "discount_amount",
                "shipping_amount",
                "adjustment_amount",
                "tax_amount",
                "lines_total",
            ]
        ],
        preserve_index=False,
    )
    zero = pa.scalar(0, MONEY)
    subtotal, discount, shipping, adjustment, tax, lines_total = (
        pc.coalesce(column.cast(MONEY), zero) for column in table.columns
    )
    net = pc.add(pc.add(pc.subtract(subtotal, discount), shipping), adjustment)
    taxed = pc.if_else(pa.array(frame.prices_include_tax.fillna(value=False)), net, pc.add(net, tax))
    frame = frame.assign(
        lines_total=_series(lines_total.cast(MONEY)),
        due=_series(taxed.cast(MONEY)),
        line_count=frame.line_count.fillna(0).astype("int64[pyarrow]"),
    )
    return frame.merge(_sage_totals(headers, details), on="key", how="left")


def _sage_totals(headers: pd.DataFrame, details: pd.DataFrame) -> pd.DataFrame:
    """What Sage 100 will compute: extensions less discount plus freight and tax, against what we expect."""
    sums = _sum(details, "key", "extension").drop(columns="line_count")
    table = pa.Table.from_pandas(
        headers[["key", "FreightAmt", "DiscountAmt", "expected_tax", "expected_total"]].merge(
            sums, on="key", how="left"
        ),
        preserve_index=False,
    )
    zero = pa.scalar(0, MONEY)
    freight, discount, tax, extension = (
        pc.coalesce(table[name].cast(MONEY), zero)
        for name in ("FreightAmt", "DiscountAmt", "expected_tax", "extension")
    )
    due = pc.add(pc.add(pc.subtract(extension, discount), freight), tax).cast(MONEY)
    frame: pd.DataFrame = pa.table(
        {"key": table["key"], "sage_due": due, "sage_total": table["expected_total"].cast(MONEY)}
    ).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _sum(frame: pd.DataFrame, by: str, column: str) -> pd.DataFrame:
    """Sum of ``column`` and row count per ``by``, renamed ``key``; Arrow keeps the decimals exact."""
    table = pa.Table.from_pandas(frame[[by, column]], preserve_index=False).rename_columns(["key", column])
    grouped = table.group_by("key").aggregate([(column, "sum"), ("key", "count")])
    sums: pd.DataFrame = grouped.rename_columns(["key", column, "line_count"]).to_pandas(
        types_mapper=pd.ArrowDtype
    )
    return sums


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


def _series(column: pa.ChunkedArray | pa.Array) -> pd.Series[Any]:
    return pd.Series(pd.array(column.to_pylist(), dtype=pd.ArrowDtype(MONEY)))
