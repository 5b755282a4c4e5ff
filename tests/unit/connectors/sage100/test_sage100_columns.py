"""What a driver hands over becomes exact columns (money is exact)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.connectors.sage100.columns import arrow_column, exact_decimal
from include.connectors.sage100.dictionary import ColumnSpec, column_spec
from include.errors import ConfigurationError

PRICE = ColumnSpec(15, 6, "decimal")
AMOUNT = ColumnSpec(11, 2, "decimal")
TEXT = ColumnSpec(30, 0, "text")
DATE = ColumnSpec(10, 0, "date")


@settings(deadline=None)
@given(st.decimals(min_value="-99999999.999999", max_value="99999999.999999", places=6))
def test_a_price_is_the_same_however_the_driver_hands_it(price: Decimal) -> None:
    """The whole capacity of Sage's widest layout, 14 digits, through text, Decimal and double."""
    handed = [format(price, "f"), price, float(price), format(price, ".15g")]
    assert {exact_decimal(value, 6) for value in handed} == {price}


@settings(deadline=None)
@given(st.lists(st.decimals(min_value="0", max_value="99999999.99", places=2), max_size=200))
def test_a_sum_that_the_driver_made_of_doubles_is_exact_to_the_cent(amounts: list[Decimal]) -> None:
    assert exact_decimal(sum(float(amount) for amount in amounts), 2) == sum(amounts, Decimal(0))


@pytest.mark.parametrize("value", ["19.999", Decimal("0.005"), 1.2345])
def test_a_value_finer_than_the_dictionary_says_is_reported_not_rounded(value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"column SO_X\.FreightAmt"):
        arrow_column("SO_X.FreightAmt", [value], AMOUNT)


def test_text_that_is_no_number_is_reported_without_its_value() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        arrow_column("AR_Customer.CreditLimit", ["secret words"], AMOUNT)
    assert "CreditLimit" in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_blank_numbers_are_zero_and_keep_their_scale() -> None:
    column = arrow_column("x", [None, "", " ", 0, 12], PRICE)
    assert column.type == pa.decimal128(18, 6)
    assert column.to_pylist() == [Decimal(0)] * 4 + [Decimal(12)]


def test_text_loses_its_padding_and_nothing_else() -> None:
    assert arrow_column("x", ["abc   ", "  x\t", None, "", 5], TEXT).to_pylist() == [
        "abc",
        "  x\t",
        "",
        "",
        "5",
    ]


def test_both_ways_of_writing_a_blank_date_are_none() -> None:
    handed = [
        None,
        "",
        date(1753, 1, 1),
        datetime.fromisoformat("1753-01-01"),
        date(2026, 1, 31),
        "2026-01-31",
        datetime.fromisoformat("2026-01-31"),
    ]
    day = date(2026, 1, 31)
    assert arrow_column("x", handed, DATE).to_pylist() == [None] * 4 + [day] * 3


@pytest.mark.parametrize(
    ("row", "spec"),
    [
        ((None, None, "T", "C", 1, "CHAR", 50, 50, None), ColumnSpec(50, 0, "text")),
        ((None, None, "T", "C", 12, "CHAR(30)", 30, 30, 10), ColumnSpec(30, 0, "text")),
        ((None, None, "T", "C", 3, "DECIMAL", 16, 18, 6), ColumnSpec(16, 6, "decimal")),
        ((None, None, "T", "C", 2, "numeric", 16, 18, None), ColumnSpec(16, 6, "decimal")),
        ((None, None, "T", "C", 12, "DECIMAL(15,6)", 6, 15, 10), ColumnSpec(15, 6, "decimal")),
        ((None, None, "T", "C", 12, "DECIMAL(3,0)", 0, 3, 10), ColumnSpec(3, 0, "decimal")),
        ((None, None, "T", "C", 93, "datetime", 23, 16, 3), ColumnSpec(23, 0, "date")),
        ((None, None, "T", "C", 91, "DATE", 0, 10, 10), ColumnSpec(0, 0, "date")),
        ((None, None, "T", "C", 4, "INTEGER", 9, 10, 10), ColumnSpec(9, 0, "integer")),
        ((None, None, "T", "C", -1, "VARCHAR(2048)", 2048, 2048, 10), ColumnSpec(2048, 0, "text")),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_the_dictionaries_of_three_drivers_say_the_same(row: tuple[object, ...], spec: ColumnSpec) -> None:
    """ProvideX, SQL Server and SQLite each put width and scale elsewhere (A9)."""
    assert column_spec(row) == spec
