"""C2, C15: what a Salesforce connection says is what the connector does, setting by setting."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Connection

from include.connectors.salesforce import Settings
from include.errors import ConfigurationError
from tradebridge import connections

DOCS = Path(__file__).parents[2] / "docs" / "connect-salesforce.md"
WHO = {"domain": "acme.my", "consumer_key": "key", "consumer_secret": "canary-secret"}
BY_AIRFLOW = {"username", "connection"}
"""The connection's own login and id."""
SAID: dict[str, tuple[Any, Any]] = {
    "domain": ("other.my", "other.my"),
    "consumer_key": ("another", "another"),
    "consumer_secret": ("hidden", "hidden"),
    "private_key": ("-----BEGIN", "-----BEGIN"),
    "version": ("61.0", "61.0"),
    "client_name": ("us", "us"),
    "user_id": ("0055g00000AbCdE", "0055g00000AbCdE"),
    "proxies": ('{"https": "http://proxy:3128"}', {"https": "http://proxy:3128"}),
    "ca_file": (__file__, __file__),
    "calls_per_day": (7, 7),
    "calls_per_minute": (8, 8),
    "org_share": (0.5, 0.5),
    "concurrency": (3, 3),
    "timeout": ([1, 2.5], (1, 2.5)),
    "bulk_timeout": ([3, 4], (3, 4)),
    "deadline": (11, 11),
    "max_response_bytes": (4096, 4096),
    "page_size": (200, 200),
    "overlap": (0, 0),
    "patience": (12, 12),
    "bulk_patience": (13, 13),
    "attempts": (1, 1),
    "session_life": (14, 14),
    "describe_age": (15, 15),
    "bulk_threshold": (16, 16),
    "timezone": ("Europe/Vienna", "Europe/Vienna"),
    "reserved": ({"a_flow": 0.5}, {"a_flow": 0.5}),
    "account_key": ("A__c", "A__c"),
    "contact_key": ("B__c", "B__c"),
    "product_key": ("C__c", "C__c"),
    "order_key": ("D__c", "D__c"),
    "order_line_key": ("E__c", "E__c"),
    "opportunity_key": ("F__c", "F__c"),
    "active_field": ("G__c", "G__c"),
    "active_values": ("ja oui", ("ja", "oui")),
    "pricebook_id": ("01s5g00000AbCdE", "01s5g00000AbCdE"),
    "draft_status": ("Entwurf", "Entwurf"),
}
"""By extra: what stands there, and what becomes of it; none of it the default."""
SETTINGS = {connections.SALESFORCE_EXTRAS.get(each.name, each.name): each for each in fields(Settings)}


def settings_of(login: str = "", **extra: Any) -> Settings:
    connection = Connection(
        conn_id="salesforce_acme", conn_type="salesforce", login=login, extra=json.dumps(WHO | extra)
    )
    return connections._salesforce_settings(connection)


def test_every_setting_of_the_connector_is_tried_here() -> None:
    """One that is added to the connector has to be added here, and so to the documents."""
    assert set(SAID) == set(SETTINGS) - BY_AIRFLOW


@pytest.mark.parametrize("name", sorted(SAID))
def test_what_the_connection_says_arrives(name: str) -> None:
    told, expected = SAID[name]
    setting = SETTINGS[name].name
    usual = settings_of(login="somebody")
    changed = settings_of(login="somebody", **{name: told})
    assert getattr(changed, setting) == expected != getattr(usual, setting)
    others = {each.name for each in fields(Settings)} - {setting}
    assert {each: getattr(changed, each) for each in others} == {
        each: getattr(usual, each) for each in others
    }


def test_who_we_are_is_airflow_s_to_say() -> None:
    made = settings_of(login="integration@acme.example", username="another", connection="another")
    assert (made.username, made.connection) == ("integration@acme.example", "salesforce_acme")


def test_every_extra_is_documented_with_its_usual_value() -> None:
    """The table of the documents and the connector name the same settings, and the same defaults."""
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| .* \|$", DOCS.read_text(), re.MULTILINE)
    told = {name: usual for name, usual in rows if name in SAID}
    assert set(told) == set(SAID)
    assert len([name for name, _ in rows if name in SAID]) == len(SAID), "each once"
    usual = settings_of()
    for name in set(SAID) - set(WHO) - {"private_key", "ca_file", "proxies", "reserved"}:
        assert told[name] == shown(getattr(usual, SETTINGS[name].name)), name


def shown(value: object) -> str:
    """A default as the documents write it."""
    if value == "":
        return "empty"
    if isinstance(value, tuple):
        return f"`{json.dumps(value)}`"
    return (
        f"{value:,g}"
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int)
        else f"`{value}`"
    )


def test_no_connection_turns_certificates_off() -> None:
    assert settings_of(ca_file=False).verify is True


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("proxies", "http://proxy:3128", 'must be JSON like {"https"'),
        ("reserved", [1], "must be JSON like"),
        ("active_values", 5, "active_values must be several values"),
        ("timeout", 30, "timeout must be several values"),
        ("timeout", "10 120", "two numbers of seconds"),
        ("page_size", "200", "page_size must be 200 to 2000"),
        ("calls_per_day", "50000", "whole number"),
        ("order_line_key", "no field", "order_line_key must be a field's API name"),
    ],
)
def test_a_value_that_cannot_be_right_is_refused_by_name(name: str, value: object, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(advice)) as caught:
        settings_of(**{name: value})
    assert "canary-secret" not in str(caught.value)
