"""Questions that fit into an address, and what counts as the same."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import quote_plus

import pytest

from include.connectors.salesforce import soql
from include.connectors.salesforce.likeness import holds
from include.connectors.salesforce.records import is_id


def test_a_literal_cannot_be_left() -> None:
    assert soql.text("O'Neil\\ OR\nName != ''") == r"'O\'Neil\\ OR\nName != \'\''"
    assert soql.instant(datetime(2026, 3, 2, 14, 5, 11, 999, tzinfo=UTC)) == "2026-03-02T14:05:11Z"


def test_thousands_of_ids_and_hundreds_of_fields_fit_into_addresses() -> None:
    ids = [f"001Hp{n:010}IAV" for n in range(3000)]
    fields = [f"Quite_A_Long_Custom_Field_{n:04}__c" for n in range(800)]
    lists, columns = list(soql.in_lists(ids)), list(soql.field_lists(["Id", *fields]))
    assert [each for some in lists for each in some] == ids
    assert [each for some in columns for each in some if each != "Id"] == fields
    assert all(some[0] == "Id" for some in columns)
    for some in lists:
        for part in columns:
            where = soql.is_in("Id", some)
            assert len(where) <= 4000
            url = quote_plus(f"SELECT {','.join(part)} FROM Account WHERE {where} ORDER BY Id")
            assert len(url) < 15_000
    assert max(map(len, lists)) > 100


@pytest.mark.parametrize(
    ("key", "right"),
    [
        ("001Hp00002WqXyZIAV", True),
        ("001Hp00002WqXyaIAF", True),
        ("001Hp00002WqXyZIAF", False),
        ("001hp00002WqXyZIAV", False),
        ("001Hp00002WqXyZ", True),
        ("001Hp00002WqXy", False),
        ("001*", False),
        ("001Hp00002WqXy'IAV", False),
    ],
)
def test_an_id_is_told_from_what_is_none(key, right) -> None:
    assert is_id(key) is right


def test_values_are_asked_for_once() -> None:
    assert list(soql.in_lists(["a", "b", "a"])) == [["a", "b"]]


@pytest.mark.parametrize(
    ("stands", "asked"),
    [
        (Decimal("9.650"), Decimal("9.65")),
        (10, Decimal("10.0")),
        (None, ""),
        ("a\nb", " a\r\nb "),
        ("2026-03-02T14:05:11.000+0000", "2026-03-02T14:05:11Z"),
        (False, False),
        ({"Key__c": "1", "Id": "x"}, {"Key__c": "1"}),
        ("13:45:00.000Z", "13:45:00"),
        ("13:45:00.000Z", "13:45:00Z"),
    ],
)
def test_the_same_is_the_same_however_it_is_written(stands, asked) -> None:
    assert holds({"X": stands}, {"X": asked, "attributes": {"type": "Y"}})


@pytest.mark.parametrize(
    ("stands", "asked"),
    [
        (Decimal("9.65"), Decimal("9.66")),
        (0, None),
        (False, None),
        ("9.65", Decimal("9.65")),
        ("Abc", "abc"),
        ("13:45:00.000Z", "13:46:00Z"),
        ("13:45:00.500Z", "13:45:00Z"),
        (None, {"Key__c": "1"}),
        ({"Key__c": "2"}, {"Key__c": "1"}),
    ],
)
def test_what_differs_differs(stands, asked) -> None:
    assert not holds({"X": stands}, {"X": asked})
