"""Dated exchange rates (A44)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from include.translation import Rate, RateTable

TABLE = RateTable(
    [
        Rate("EUR", "USD", date(2026, 3, 2), Decimal("1.10"), "ECB"),
        Rate("EUR", "USD", date(2026, 3, 4), Decimal("1.12"), "ECB"),
        Rate("USD", "JPY", date(2026, 3, 2), Decimal(150), "desk"),
    ]
)


@pytest.mark.parametrize(
    ("day", "rate"), [(2, "1.10"), (3, "1.10"), (4, "1.12"), (11, "1.12"), (12, None), (1, None)]
)
def test_a_rate_holds_until_the_next_one_but_not_for_ever(day: int, rate: str | None) -> None:
    found = TABLE.at("EUR", "USD", date(2026, 3, day))
    assert (found and found.rate) == (rate and Decimal(rate))


def test_a_rate_known_the_other_way_round_is_turned() -> None:
    found = TABLE.at("JPY", "USD", date(2026, 3, 2))
    assert found == Rate("JPY", "USD", date(2026, 3, 2), Decimal("0.0066666667"), "desk")


def test_the_companys_own_currency_needs_no_rate() -> None:
    found = RateTable().at("USD", "USD", date(2026, 3, 2))
    assert found is not None
    assert found.rate == 1


def test_how_long_a_rate_holds_is_the_sites() -> None:
    table = RateTable([Rate("EUR", "USD", date(2026, 1, 1), Decimal("1.1"))], holds=timedelta(days=365))
    assert table.at("EUR", "USD", date(2026, 12, 1)) is not None
