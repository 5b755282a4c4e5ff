"""The checks of the Polars version, and its records for the gateway."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from include.connectors.sage100 import OrderWrite
from tests.bench.polars_parse import WORK
from tests.bench.site import widths

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER, DETAIL = "SO_SalesOrderHeader", "SO_SalesOrderDetail"
ZERO = pl.lit(Decimal(0), WORK)
MOST = pl.lit(Decimal("99999999.99"), WORK)
MOST_UNITS = pl.lit(Decimal("99999999.999999"), WORK)
MOST_TOTAL = pl.lit(Decimal("999999999.99"), WORK)
HUNDRED = pl.lit(Decimal(100), WORK)
LOOKED_UP = (
    "OrderStatus", "TermsCode", "ShipVia", "WarehouseCode", "TaxSchedule", "BillToCountryCode",
    "ShipToCountryCode", "OrderDate", "ShipExpireDate", "rate", "residue",
)  # fmt: skip
REQUIRED = ("salesorder_number", "customer_id", "last_modified_time", "BillToName")
ADDRESS = tuple(
    f"{side}{part}"
    for side in ("BillTo", "ShipTo")
    for part in ("Name", "Address1", "Address2", "Address3", "City", "State", "ZipCode", "CountryCode")
)
HEADER_TEXTS = {
    "ARDivisionNo": pl.lit("00"), "CustomerNo": pl.col("CustomerNo"), "OrderType": pl.lit("S"),
    "OrderStatus": pl.col("OrderStatus"), "OrderDate": pl.col("OrderDate").dt.to_string("%Y-%m-%d"),
    "ShipExpireDate": pl.col("ShipExpireDate").dt.to_string("%Y-%m-%d"),
    "CustomerPONo": pl.col("salesorder_number"),
    "TermsCode": pl.col("TermsCode"), "ShipVia": pl.col("ShipVia"), "WarehouseCode": pl.col("WarehouseCode"),
    "TaxSchedule": pl.col("TaxSchedule"), **{name: pl.col(name) for name in ADDRESS},
    "ConfirmTo": pl.coalesce(pl.col("BillTo.attention").replace("", None), "ShipTo.attention"),
    "EmailAddress": pl.col("email").str.strip_chars(), "Comment": pl.col("Comment"),
    "FreightAmt": pl.col("FreightAmt"), "DiscountAmt": pl.col("DiscountAmt"),
    "UDF_ZOHO_ORDER_ID": pl.col("salesorder_id"), "UDF_ZOHO_VERSION": pl.col("last_modified_time"),
    "UDF_RUSH_ORDER": pl.col("rush"),
}  # fmt: skip
LINE_COLUMNS = (
    "ItemCode", "ItemCodeDesc", "QuantityOrdered", "UnitPrice", "LineDiscountPercent", "UnitOfMeasure",
    "WarehouseCode", "CommentText",
)  # fmt: skip


def shown(headers: pl.DataFrame) -> pl.DataFrame:
    """The columns of Sage's header, with those that the records need beside them."""
    return headers.with_columns(**HEADER_TEXTS)


def sound(headers: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Which orders may go on."""
    own = lines.filter(pl.col("kind") == 0)
    line = (
        pl.col("ItemCode").is_not_null() & pl.col("WarehouseCode").is_not_null()
        & (pl.col("quantity") > 0) & (pl.col("quantity") <= MOST_UNITS)
        & (pl.col("rate") >= 0) & (pl.col("rate") <= MOST_UNITS)
        & pl.col("percent").is_between(ZERO, HUNDRED) & pl.col("off").is_not_null()
        & ~pl.struct("at", "line_item_id").is_duplicated()
    )  # fmt: skip
    by_order = own.group_by("at").agg(
        line.all().alias("lines_sound"), pl.col("item_total").sum().alias("lines_total")
    )
    all_lines = lines.group_by("at").agg(
        pl.col("extension").sum().alias("sage_lines"), _fits(lines, DETAIL).alias("lines_fit")
    )
    joined = headers.join(by_order, on="at", how="left").join(all_lines, on="at", how="left")
    return joined.select(
        "at", sound=(_order_sound() & _fits(joined, HEADER, each=True)).fill_null(value=False)
    )


def _order_sound() -> pl.Expr:
    net = pl.col("sub_total") - pl.col("discount_amount") + pl.col("shipping_charge") + pl.col("adjustment")
    due = pl.when("is_inclusive_tax").then(net).otherwise(net + pl.col("tax_total"))
    sage_due = pl.col("sage_lines") - pl.col("DiscountAmt") + pl.col("FreightAmt") + pl.col("tax")
    return (
        pl.all_horizontal(pl.col(name).is_not_null() for name in LOOKED_UP)
        & pl.all_horizontal(pl.col(name) != "" for name in REQUIRED)
        & ~pl.col("salesorder_number").is_duplicated()
        & pl.col("currency_code").str.contains("^[A-Z]{3}$")
        & pl.col("shipping_charge").is_between(ZERO, MOST) & pl.col("discount_amount").is_between(ZERO, MOST)
        & pl.col("total").is_between(ZERO, MOST_TOTAL)
        & (pl.col("residue").abs() <= pl.col("tolerance"))
        & pl.col("lines_sound") & pl.col("lines_fit")
        & (pl.col("lines_total") == pl.col("sub_total")) & (due == pl.col("total"))
        & (sage_due == pl.col("company_total"))
    )  # fmt: skip


def _fits(frame: pl.DataFrame, table: str, *, each: bool = False) -> pl.Expr:
    """Whether all texts fit their columns: of each row, or of all rows together."""
    short = [
        pl.col(name).fill_null("").str.len_chars() <= width
        for (of, name), width in widths().items()
        if of == table and name in frame.columns and frame.schema[name] == pl.String
    ]
    return pl.all_horizontal(short) if each else pl.all_horizontal(short).all()


def records(headers: pl.DataFrame, lines: pl.DataFrame) -> list[OrderWrite]:
    """What the gateway takes; blanks left out."""
    lines = lines.sort("at", "kind", "position", maintain_order=True)
    details = _rows(lines, LINE_COLUMNS)
    counts = headers.select("at").join(
        lines.group_by("at").len(), on="at", how="left", maintain_order="left"
    )["len"]
    bounds = [0, *counts.cum_sum()]
    totals = headers["company_total"].cast(pl.Decimal(18, 2))
    return [
        OrderWrite(
            key=key, header=header, lines=details[start:end], expected_lines=end - start, expected_total=total
        )
        for key, header, total, start, end in zip(
            headers["salesorder_id"],
            _rows(headers, list(HEADER_TEXTS)),
            totals,
            bounds[:-1],
            bounds[1:],
            strict=True,
        )
    ]


def _rows(frame: pl.DataFrame, names: Sequence[str]) -> list[dict[str, str]]:
    plain = frame.select(
        _number(name) if frame.schema[name].is_decimal() else pl.col(name).fill_null("") for name in names
    )
    columns = [column.to_list() for column in plain]
    return [{n: v for n, v in zip(names, row, strict=True) if v} for row in zip(*columns, strict=True)]


def _number(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).str.replace(r"\.?0+$", "")
