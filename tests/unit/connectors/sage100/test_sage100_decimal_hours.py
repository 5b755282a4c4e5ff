"""TimeUpdated is text of decimal hours."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.connectors.sage100.decimal_hours import format_decimal_hours, parse_decimal_hours


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("15.5", time(15, 30)),
        ("15.50000", time(15, 30)),
        ("8.49238", time(8, 29, 32)),
        ("08.49238", time(8, 29, 32)),
        ("", time(0)),
        ("   ", time(0)),
        ("23.99999", time(23, 59, 59)),
    ],
)
def test_the_documented_examples_read_as_sage_means_them(text: str, moment: time) -> None:
    assert parse_decimal_hours(text) == moment


@settings(deadline=None)
@given(st.times())
def test_a_second_survives_the_way_there_and_back_in_eight_characters(moment: time) -> None:
    text = format_decimal_hours(moment)
    assert len(text) <= 8
    assert parse_decimal_hours(text) == moment.replace(microsecond=0)


@pytest.mark.parametrize("text", ["24", "-1", "noon", "15:30", "NaN"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"day|decimal hours"):
        parse_decimal_hours(text)
