"""Whether a record holds what was asked, in Zoho's own way of writing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from include.connectors.zoho_inventory.likeness import custom_values, dropped, holds


@pytest.mark.parametrize(
    ("standing", "wanted", "same"),
    [
        ({"a": "x", "b": 1}, {"a": "x"}, True),
        ({"a": "x "}, {"a": " x"}, True),
        ({"a": "x"}, {"a": "y"}, False),
        ({"a": Decimal("5.0")}, {"a": 5}, True),
        ({"a": "5.00%"}, {"a": "5%"}, True),
        ({"a": "5.00%"}, {"a": "6%"}, False),
        ({"a": ""}, {"a": None}, True),
        ({"a": True}, {"a": False}, False),
        ({"a": "NaN"}, {"a": "Infinity"}, False),
        ({}, {"a": "what Zoho does not show says nothing"}, True),
        ({"a": {"city": "Bern", "zip": "3000"}}, {"a": {"city": "Bern"}}, True),
        ({"a": {"city": "Bern"}}, {"a": {"city": "Genf"}}, False),
        ({"a": "Bern"}, {"a": {"city": "Bern"}}, False),
        ({"a": [{"n": 1}, {"n": 2}]}, {"a": [{"n": 1}, {"n": 2}]}, True),
        ({"a": [{"n": 1}]}, {"a": [{"n": 1}, {"n": 2}]}, False),
        ({"a": None}, {"a": []}, False),
        ({"custom_fields": [{"api_name": "cf_x", "value": "1"}]}, {"cf_x": 1}, True),
        ({"custom_field_hash": {"cf_x": "2"}}, {"cf_x": "1"}, False),
        ({}, {"custom_fields": [{"api_name": "cf_x", "value": "1"}]}, False),
        ({}, {"custom_fields": [{"api_name": "cf_x", "value": ""}]}, True),
    ],
)  # fmt: skip
def test_a_record_holds_what_was_asked(standing: dict[str, Any], wanted: dict[str, Any], same: bool) -> None:
    assert holds(standing, wanted) is same


def test_custom_fields_are_found_wherever_zoho_shows_them() -> None:
    row = {"cf_a": "Formatted", "cf_a_unformatted": 1, "name": "x"}
    assert custom_values(row) == {"cf_a": "Formatted", "cf_a_unformatted": 1}
    assert dropped(row, {"cf_a": "1"}) == []
    detail = {"custom_field_hash": {"cf_a": "yes", "cf_a_unformatted": True}, "custom_fields": []}
    assert dropped(detail, {"cf_a": True, "cf_b": "x"}) == ["cf_b"]
    assert custom_values({"custom_fields": None, "custom_field_hash": "?"}) == {}
