"""Which custom fields an organisation has, and how a body names them."""

from __future__ import annotations

from typing import Any

import pytest

from include.connectors.zoho_inventory.custom_fields import CustomFields, gathered, names_of
from include.errors import AuthenticationError, ConfigurationError

from .conftest import Bench

FIELDS = {
    "contact": [
        {"api_name": "cf_industry", "label": "Industry", "data_type": "dropdown", "is_active": True},
        {"api_name": "cf_old", "is_active": False},
    ]
}


@pytest.mark.parametrize("answer", [{"preferences": {"customfields": FIELDS}}, {"customfields": FIELDS}])
def test_fields_are_read_once_wherever_they_stand(bench: Bench, answer: dict[str, Any]) -> None:
    bench.zoho.replies((200, {}, {"code": 0, "message": "success", **answer}))
    custom = CustomFields(bench.client())
    custom.require("contact", ["cf_industry"])
    assert list(custom.of("contact")) == ["cf_industry"]
    assert custom.of("salesorder") == {}
    assert len(bench.zoho.asked) == 1


def test_nothing_is_asked_when_nothing_is_needed(bench: Bench) -> None:
    CustomFields(bench.client()).require("contact", [])
    assert not bench.zoho.asked


@pytest.mark.parametrize(
    ("entity", "name", "says"),
    [
        ("contact", "cf_industri", "no custom field cf_industri on contacts.*cf_industry"),
        ("contact", "cf_old", "cf_old"),
        ("salesorder", "cf_x", "on sales orders.*none"),
    ],
)
def test_a_field_that_is_not_there_is_named_with_its_likes(
    bench: Bench, entity: str, name: str, says: str
) -> None:
    """A8."""
    bench.zoho.replies((200, {}, {"code": 0, "message": "success", "customfields": FIELDS}))
    with pytest.raises(ConfigurationError, match=says):
        CustomFields(bench.client()).require(entity, [name])


def test_a_token_that_may_not_read_settings_is_told_so(bench: Bench) -> None:
    bench.zoho.replies((401, {}, {"code": 57, "message": "You are not authorized to perform this operation"}))
    with pytest.raises(AuthenticationError, match=r"ZohoInventory\.settings\.READ"):
        CustomFields(bench.client()).of("contact")


def test_custom_fields_of_a_body_come_together() -> None:
    body = gathered(
        {
            "contact_name": "X",
            "cf_a": 1,
            "custom_field_hash": {"cf_b": 2},
            "custom_fields": [{"api_name": "cf_c", "value": 3}, {"customfield_id": "77", "value": 4}],
        }
    )
    assert body == {
        "contact_name": "X",
        "custom_fields": [
            {"api_name": "cf_a", "value": 1},
            {"api_name": "cf_b", "value": 2},
            {"api_name": "cf_c", "value": 3},
            {"customfield_id": "77", "value": 4},
        ],
    }
    assert names_of(body) == ["cf_a", "cf_b", "cf_c"]
    assert gathered({"contact_name": "X"}) == {"contact_name": "X"}
