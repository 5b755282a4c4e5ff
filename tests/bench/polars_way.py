"""The same work in Polars, as fast as we could write it: a proxy for what the machine can do.

Written for these two systems only: no mapping files, no reasons in words, no candidates; checks are
expressions, and one true or false an order is all that comes of them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from include.translation import load
from include.translation.addresses import Postal, standardised
from include.translation.fitting import lines_of
from tests.bench.carried import Carried
from tests.bench.polars_check import HEADER, records, shown, sound
from tests.bench.polars_parse import WORK, line_frame, order_frame, read
from tests.bench.site import SETTINGS, customer_no, site, widths
from tests.bench.working_in import unit_price

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ZERO = Decimal(0)
COMPANY = SETTINGS["company_currency"]
PARTS = (
    "attention",
    "",
    "address",
    "street2",
    "",
    "city",
    "state",
    "state_code",
    "zip",
    "country",
    "country_code",
)


def carry(keys: Sequence[str], payloads: Sequence[bytes]) -> Carried:
    """One chunk, from JSON bytes to records."""
    found = read(payloads)
    orders = [order for order in found if order is not None]
    headers = _headers(order_frame(orders))
    lines = _lines(line_frame(orders), headers)
    lines = pl.concat([lines, _adjustments(headers)], how="diagonal_relaxed")
    headers = shown(_with_residue(headers, lines))
    lines = pl.concat([lines, _roundings(headers), _notes(headers)], how="diagonal_relaxed")
    good = sound(headers, lines).filter("sound").select("at")
    chosen = headers.join(good, on="at", how="semi", maintain_order="left")
    writes = records(chosen, lines.join(good, on="at", how="semi", maintain_order="left"))
    return Carried(writes, frozenset(keys) - {write.key for write in writes})


# Orders -----------------------------------------------------------------------------------------------


def _headers(orders: pl.DataFrame) -> pl.DataFrame:
    text = {name: pl.col(name).str.strip_chars() for name in ("salesorder_number", "currency_code", "notes")}
    orders = orders.with_columns(**text).with_columns(
        rate=pl.when(pl.col("currency_code") == COMPANY)
        .then(pl.lit(Decimal(1), WORK))
        .otherwise(pl.when(pl.col("exchange_rate") > 0).then("exchange_rate")),
        discount_amount=pl.when(pl.col("discount_type") == "entity_level")
        .then("discount_amount")
        .otherwise(pl.lit(ZERO, WORK)),
        shipping_charge=pl.when("is_inclusive_tax")
        .then("shipping_charge_exclusive_of_tax")
        .otherwise("shipping_charge"),
        adjustment=pl.col("adjustment") + pl.col("roundoff_value"),
        OrderStatus=_known("order_status", _statuses()),
        OrderDate=pl.col("date").str.to_date("%Y-%m-%d", strict=False),
        TermsCode=_asked("payment_terms_label", "terms"),
        ShipVia=_asked("delivery_method", "ship_via"),
        WarehouseCode=_asked("location_name", "warehouses"),
    )
    orders = orders.with_columns(
        company_total=_converted("total"),
        DiscountAmt=_converted("discount_amount"),
        FreightAmt=_converted("shipping_charge"),
        tax=_converted("tax_total"),
        company_adjustment=_converted("adjustment"),
        ShipExpireDate=pl.when(pl.col("shipment_date") == "")
        .then("OrderDate")
        .otherwise(pl.col("shipment_date").str.to_date("%Y-%m-%d", strict=False)),
        TaxSchedule=pl.when(pl.col("tax_total") != 0)
        .then(_asked("tax_name", "tax_schedules"))
        .otherwise(pl.lit(SETTINGS["default_tax_schedule"])),
    )
    orders = _with_address(_with_address(orders, "billing", "BillTo"), "shipping", "ShipTo")
    return orders.with_columns(
        CustomerNo=pl.col("customer_id").replace_strict(
            {c: customer_no(c) for c in orders["customer_id"].unique() if c}, default=None
        ),
        BillToName=pl.col("customer_name").str.replace_all(r"\s+", " ").str.strip_chars(),
        ShipToName=pl.col("customer_name").str.replace_all(r"\s+", " ").str.strip_chars(),
        Comment=pl.col("reference_number")
        .str.strip_chars()
        .str.slice(0, widths()[HEADER, "Comment"])
        .str.strip_chars_end(),
    )


def _statuses() -> dict[str, str]:
    """Zoho's words by way of ours to Sage's."""
    ours = load("zoho_inventory/sales_order").tables["order_status"].values
    sage = load("sage100/sales_order").tables["order_status"].values
    return {word: sage.get(noun, "") for word, noun in ours.items()}


def _known(column: str, words: dict[str, str]) -> pl.Expr:
    return pl.col(column).replace_strict(words, default=None, return_dtype=pl.String)


def _asked(column: str, reference: str) -> pl.Expr:
    """The code of a word: as it stands, else normalised; blank says nothing, unknown is null."""

    def code(word: str) -> str | None:
        if not word.strip():
            return ""
        asked = (site().reference(reference).find(word, how) for how in ("exact", "normalised"))
        return next((answer.values[0] for answer in asked if len(answer.values) == 1), None)

    return _by_value(column, code)


def _by_value(column: str, work: Callable[[str], str | None]) -> pl.Expr:
    def mapped(values: pl.Series) -> pl.Series:
        different = values.unique()
        return values.replace_strict(different, pl.Series([work(v) for v in different], dtype=pl.String))

    return pl.col(column).map_batches(mapped, return_dtype=pl.String)


def _converted(column: str) -> pl.Expr:
    return (pl.col(column) * pl.col("rate")).round(2, mode="half_away_from_zero")


def _with_address(orders: pl.DataFrame, prefix: str, sage: str) -> pl.DataFrame:
    """Standardised and spread over Sage's lines, once for each different address."""
    named = [f"{prefix}.{part}" for part in PARTS if part]
    name = "customer_name" if sage == "ShipTo" else None
    different = orders.select(*named, *([name] if name else [])).unique()
    rows = [_sage_address(row, sage) for row in different.iter_rows(named=True)]
    made = pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame()
    return orders.join(
        pl.concat([different, made], how="horizontal"),
        on=different.columns,
        how="left",
        maintain_order="left",
    )


def _sage_address(row: dict[str, str], sage: str) -> dict[str, str | None]:
    prefix = "billing" if sage == "BillTo" else "shipping"
    parts = [row[f"{prefix}.{part}"] if part else "" for part in PARTS]
    done = standardised(Postal(*parts[:-1]), parts[-1])
    state = (
        done.subdivision_code if len(done.subdivision_code) == 2 and done.subdivision_code.isalpha() else ""
    )
    streets = (done.street1, done.street2, done.street3, "" if state else done.subdivision)
    note = (
        done.attention
        if sage == "ShipTo" and done.attention != " ".join(row["customer_name"].split())
        else ""
    )
    spread = lines_of(streets, (note,), 3, widths()[HEADER, f"{sage}Address1"])
    known = site().reference("countries").find(done.country).values
    country = (known[0] if known else None) if done.country else ""
    return {
        **{f"{sage}Address{at}": line for at, line in enumerate(spread, start=1)},
        f"{sage}City": done.city, f"{sage}State": state, f"{sage}ZipCode": done.postal_code,
        f"{sage}CountryCode": country, f"{sage}.attention": done.attention,
    }  # fmt: skip


# Lines ------------------------------------------------------------------------------------------------


def _lines(lines: pl.DataFrame, headers: pl.DataFrame) -> pl.DataFrame:
    needed = headers.select(
        "at", "rate", "is_inclusive_tax", "discount_type", order_warehouse="WarehouseCode"
    )
    lines = lines.join(needed, on="at", how="left", maintain_order="left")
    by_line = pl.col("discount_type") == "item_level"
    in_percent = pl.col("discount").str.ends_with("%")
    said = pl.col("discount").str.strip_suffix("%").cast(WORK, strict=False)
    lines = lines.with_columns(
        percent=pl.when(by_line & in_percent).then(said).otherwise(pl.lit(ZERO, WORK)),
        off=pl.when(by_line & ~in_percent).then(said).otherwise(pl.lit(ZERO, WORK)),
        ItemCode=_by_value("sku", _item_code),
        WarehouseCode=pl.when(pl.col("location_name") == "")
        .then("order_warehouse")
        .otherwise(_asked("location_name", "warehouses")),
        UnitPrice=(pl.col("rate") * pl.col("rate_right")).round(6, mode="half_away_from_zero"),
        QuantityOrdered="quantity",
    )
    lines = _folded(lines)
    gross = (
        pl.col("QuantityOrdered")
        * pl.col("UnitPrice")
        * (pl.lit(Decimal(100), WORK) - pl.col("LineDiscountPercent"))
    )
    return lines.with_columns(
        extension=gross.round(0, mode="half_away_from_zero") * pl.lit(Decimal("0.01"), WORK),
        ItemCodeDesc=_by_value("ItemCode", lambda code: site().reference("items").labels.get(code, "")),
        UnitOfMeasure=pl.lit("EACH"),
        kind=pl.lit(0, pl.Int8),
    )


def _item_code(sku: str) -> str | None:
    if not sku.strip():
        return None
    items = site().reference("items")
    asked = (items.find(sku, how) for how in ("exact", "normalised", "alias", "barcode"))
    return next((answer.values[0] for answer in asked if len(answer.values) == 1), None)


def _folded(lines: pl.DataFrame) -> pl.DataFrame:
    """Discounts in money and taxes included, worked into the price."""
    lines = lines.with_columns(LineDiscountPercent="percent").with_row_index("row")
    some = lines.filter(((pl.col("off") != 0) | pl.col("is_inclusive_tax")) & (pl.col("quantity") != 0))
    prices = [
        unit_price(row["quantity"], row["rate"], row["percent"], off=row["off"], rate=row["rate_right"],
                   tax=row["tax"] if row["is_inclusive_tax"] else None)
        for row in some.iter_rows(named=True)
    ]  # fmt: skip
    worked = some.select("row", worked=pl.Series(prices, dtype=WORK))
    return lines.join(worked, on="row", how="left", maintain_order="left").with_columns(
        UnitPrice=pl.coalesce("worked", "UnitPrice"),
        LineDiscountPercent=pl.when(pl.col("worked").is_null()).then("percent").otherwise(pl.lit(ZERO, WORK)),
    )


def _own_line(
    kind: int, code: str, words: str, amount: str | pl.Expr, comment: str | pl.Expr
) -> dict[str, object]:
    """A line that is not in the shop's order."""
    quantity = ZERO if isinstance(amount, pl.Expr) else Decimal(1)
    return {
        "ItemCode": pl.lit(code), "ItemCodeDesc": pl.lit(words), "UnitPrice": amount, "extension": amount,
        "CommentText": comment, "QuantityOrdered": pl.lit(quantity, WORK),
        "LineDiscountPercent": pl.lit(ZERO, WORK),
        "kind": pl.lit(kind, pl.Int8),
    }  # fmt: skip


def _adjustments(headers: pl.DataFrame) -> pl.DataFrame:
    reason = pl.col("adjustment_description").str.replace_all(r"\s+", " ").str.strip_chars()
    line = _own_line(1, "/ADJ", "Adjustment", "company_adjustment", reason)
    return headers.filter(pl.col("company_adjustment") != 0).select("at", **line)


def _roundings(headers: pl.DataFrame) -> pl.DataFrame:
    line = _own_line(2, "/ROUND", "Rounding", "residue", pl.lit(""))
    return headers.filter(pl.col("residue") != 0).select("at", **line)


def _notes(headers: pl.DataFrame) -> pl.DataFrame:
    line = _own_line(3, "/C", "", pl.lit(ZERO, WORK), "notes")
    return headers.filter(pl.col("notes") != "").select("at", **line)


def _with_residue(headers: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """What conversion and rounding leave between lines and total, and how much of it is tolerable."""
    sums = lines.group_by("at").agg(pl.col("extension").sum().alias("extensions"), pl.len().alias("count"))
    allowance = (pl.col("count") + 4).cast(WORK) * pl.lit(Decimal("0.01"), WORK)
    expected = pl.col("extensions") - pl.col("DiscountAmt") + pl.col("FreightAmt") + pl.col("tax")
    rate = pl.max_horizontal("rate", pl.lit(Decimal(1), WORK))
    return headers.join(sums, on="at", how="left", maintain_order="left").with_columns(
        residue=pl.col("company_total") - expected,
        tolerance=(allowance * rate).round(2, mode="half_away_from_zero"),
    )
