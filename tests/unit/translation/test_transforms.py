"""Named transforms, called as the engine calls them (A42)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import include.translation.transforms  # noqa: F401 - registers them
from include.translation import Site
from include.translation.columns import WORKING
from include.translation.registry import TRANSFORMS


def work(name: str, *values: object, **arguments: object) -> list[object]:
    transform = TRANSFORMS[name]
    if transform.shape == "value":
        return [transform.work(value, **arguments) for value in values]
    kind = WORKING if transform.takes == "number" else None
    return transform.work(pa.array(values, kind), **arguments).to_pylist()


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("strip", " a b ", "a b"), ("squeeze", " a \t b\n", "a b"), ("upper", "aé", "AÉ"),
        ("lower", "ÄB", "äb"),
        ("without_hash", "#1001", "1001"), ("two_letters", "wa", "WA"), ("two_letters", "IOW", ""),
        ("first_listed", "\x1fa\x1fb", "a"), ("first_listed", "", ""), ("all_listed", "a\x1fb\x1fa", "a + b"),
        ("each_once", "1Z\x1f \x1f1Z\x1f2", "1Z\x1f2"), ("each_once", "", ""),
        ("without_percentage", "NJ Sales Tax (6.625%)", "NJ Sales Tax"),
        ("without_percentage", "Tax (old)", "Tax (old)"),
        ("one_line", "a\r\nb\tc", "a b c"), ("yes_no", "true", "Y"), ("yes_no", "0", "N"), ("yes_no", "", ""),
        ("true_false", "Y", "true"), ("sku_key", " nw-0010", "NW-10"),
        ("barcode_key", "0036000291452", "36000291452"),
        ("division_of", "01-D3600", "01"), ("number_of", "01-D36-00", "D36-00"), ("number_of", "", ""),
        ("percent_part", "5.00%", Decimal(5)), ("percent_part", "12", Decimal(0)), ("percent_part", "", None),
        ("amount_part", "12.5", Decimal("12.5")), ("amount_part", "5%", Decimal(0)),
        ("total", "1.1\x1f2.25", Decimal("3.35")), ("total", "", None),
        ("sage_date", date(2026, 1, 5), "20260105"),
        ("from_sage_date", "20260105", date(2026, 1, 5)), ("from_sage_date", "", None),
        ("negate", Decimal(2), Decimal(-2)),
    ],
)  # fmt: skip
def test_a_transform_does_what_its_documentation_says(name: str, value: object, result: object) -> None:
    assert work(name, value) == [result]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("yes_no", "perhaps"), ("number_of", "D3600"), ("division_of", "1-A"), ("percent_part", "five"),
        ("amount_part", "NaN"), ("amount_part", "1e400"), ("total", "1\x1fx"),
        ("from_sage_date", "2026-01-05"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_said_so(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="is n"):
        work(name, value)


@pytest.mark.parametrize(
    ("value", "result"),
    [("1.005", "1.01"), ("-1.005", "-1.01"), ("1.004999", "1.00"), ("2.5", "2.50"), ("0", "0")],
)
def test_halves_go_away_from_zero(value: str, result: str) -> None:
    assert work("round_half_up", Decimal(value), digits=2) == [Decimal(result)]


numbers = st.decimals(min_value=-99999, max_value=99999, places=6)


@given(numbers, st.decimals(min_value=0, max_value=9999, places=8))
def test_products_are_exact_to_ten_decimals(left: Decimal, right: Decimal) -> None:
    """A42: no float in a money path."""
    product = work("times", left, by=pa.array([right], WORKING))[0]
    assert product == (left * right).quantize(Decimal("1e-10"), rounding="ROUND_HALF_UP")


@given(numbers, numbers)
def test_sums_are_exact(left: Decimal, right: Decimal) -> None:
    assert work("plus", left, amount=f"{right:f}") == [left + right]


@given(st.integers(min_value=0, max_value=4_000_000_000))
def test_a_moment_goes_there_and_back(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    text = TRANSFORMS["wire_moment"].work(moment)
    assert work("moment", text, site=Site()) == [moment]


def test_a_moment_without_offset_is_the_sites() -> None:
    site = Site(time_zone="Europe/Berlin")
    found = work("moment", "2026-07-01T12:00:00", "2026-07-01T12:00:00Z", "soon", site=site)
    assert found == [datetime(2026, 7, 1, 10, tzinfo=UTC), datetime(2026, 7, 1, 12, tzinfo=UTC), None]


@pytest.mark.parametrize("name", [t.name for t in TRANSFORMS.values() if t.settles])
def test_a_normaliser_done_twice_is_done_once(name: str) -> None:
    for value in (" #Ab  c (5%)\x1fz ", "nw-0010", "", "wa", "0036000291452"):
        if name == "total":
            continue
        once = work(name, value)[0]
        assert work(name, once) == [once]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("yes_no", "true"),
        ("true_false", "N"),
        ("sage_date", date(2026, 2, 28)),
        ("from_sage_date", "20260228"),
    ],
)
def test_an_inverse_undoes(name: str, value: object) -> None:
    assert work(TRANSFORMS[name].inverse, work(name, value)[0]) == [value]


def test_every_transform_is_documented_and_every_inverse_exists() -> None:
    for transform in TRANSFORMS.values():
        assert len(transform.documentation) > 10, transform.name
        assert not transform.inverse or transform.inverse in TRANSFORMS


def test_a_list_says_something_of_a_code() -> None:
    column = pa.array(["000=5; 001 = 2.5", "000=5", "", None, "nonsense"])
    code = pa.array(["001", "002", "000", "000", "000"])
    assert TRANSFORMS["entry_for"].work(column, code).to_pylist() == ["2.5", "", "", None, ""]


def test_the_first_entry_with_a_mark_speaks() -> None:
    values = pa.array(["a\x1f\x1fc", "a\x1fb", "a", None])
    marks = pa.array(
        ["shipping\x1fBilling\x1fbilling", "shipping\x1fbilling\x1fbilling", "shipping", "billing"]
    )
    assert TRANSFORMS["entry_where"].work(values, marks, "billing").to_pylist() == ["", None, "", None]


def test_noon_stays_the_same_day_when_the_clocks_change() -> None:
    days = [date(2026, 3, 8), date(2026, 11, 1), date(2026, 7, 1)]
    found = work("noon_there", *days, site=Site(time_zone="America/New_York"))
    assert [moment.hour for moment in found] == [16, 17, 16]
    assert [moment.date() for moment in found] == days
