"""The checks between translation and load of sales orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.checks.judge import judge
from include.checks.suites import LINES, ORDERS, WIDTHS

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        headers[["key", "FreightAmt", "DiscountAmt", "expected_tax", "expected_total"]].merge(sums, on="key", how="left"),
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
    """One row per text value at least as long as the narrowest column it could meet."""
    parts = [
        _long_values(frame, column, width, line)
        for (table, column), width in widths.items()
        for frame, line in [(headers, None) if table == HEADER_TABLE else (details, "position")]
        if column in frame and pd.api.types.is_string_dtype(frame[column])
    ]
    columns = {"key": "string[pyarrow]", "line": "int64[pyarrow]", "field": "string[pyarrow]"}
    columns |= {"value": "string[pyarrow]", "width": "int64[pyarrow]", "length": "int64[pyarrow]"}
    empty = pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in columns.items()})
    frame = pd.concat([part for part in parts if len(part)] or [empty], ignore_index=True).astype(columns)
    return frame.assign(label=frame.key.map(labels) if len(frame) else frame.key)


def _long_values(frame: pd.DataFrame, column: str, width: int, line: str | None) -> pd.DataFrame:
    """Values within reach of the limit: the suite judges these, the rest cannot fail."""
    values = pa.chunked_array(pa.array(frame[column]))
    lengths = pc.utf8_length(pc.fill_null(values, ""))
    near = pc.greater_equal(lengths, width)
    chosen = frame[near.to_numpy()]
    return pd.DataFrame(
        {
            "key": chosen["key"],
            "line": chosen[line] if line else 0,
            "field": column,
            "value": chosen[column],
            "width": width,
            "length": lengths.filter(near).to_numpy(),
        }
    )


def _series(column: pa.ChunkedArray | pa.Array) -> pd.Series[Any]:
    return pd.Series(pd.array(column.to_pylist(), dtype=pd.ArrowDtype(MONEY)))
