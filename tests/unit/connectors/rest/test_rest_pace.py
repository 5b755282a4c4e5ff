"""How long a remote asks us to wait, in both forms that RFC 9110 allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.connectors.rest.pace import LONGEST_RETRY_AFTER, retry_after

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 3600 ", 3600.0),
        ("0", 0.0),
        ("Sat, 21 Nov 2026 15:01:30 GMT", 90.0),
        ("Sat, 21 Nov 2026 14:00:00 GMT", 0.0),
        ("Saturday, 21-Nov-26 15:00:10 GMT", 10.0),
        ("99999999999", 86400.0),
        ("Sat, 21 Nov 2099 14:00:00 GMT", 86400.0),
        ("-5", None),
        ("1.5e3", None),
        ("soon", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.integers(min_value=0, max_value=10**30))
def test_any_number_of_seconds_is_read_and_capped(seconds: int) -> None:
    assert retry_after(str(seconds), NOW) == min(float(seconds), LONGEST_RETRY_AFTER)


@given(st.integers(min_value=-(10**6), max_value=10**6))
def test_any_date_is_read_as_the_distance_to_it_and_never_as_a_negative_one(seconds: int) -> None:
    header = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after(header, NOW) == min(max(float(seconds), 0.0), LONGEST_RETRY_AFTER)


@given(st.text())
def test_no_text_at_all_breaks_it(header: str) -> None:
    seconds = retry_after(header, NOW)
    assert seconds is None or 0.0 <= seconds <= LONGEST_RETRY_AFTER
