"""A47: what a connection says of the budget reaches the client, and a wrong word is told at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk import Connection

from include.errors import CircuitOpenError, ConfigurationError
from include.ledger import Ledger
from tradebridge import connections

FLOW = "zoho_orders_to_sage100"


def a_connection(**extra: Any) -> Connection:
    known = {
        "organization_id": "5129873",
        "refresh_token": "canary",
        "api_base": "http://127.0.0.1:9",
        **extra,
    }
    return Connection(
        conn_id="zoho_inventory",
        conn_type="zoho_inventory",
        login="id",
        password="secret",
        extra=json.dumps(known),
    )


@pytest.mark.parametrize("written", [{FLOW: 0.5}, '{"zoho_orders_to_sage100": 0.5}'])
def test_shares_are_read_from_json_and_from_a_forms_text(ledger: Ledger, written: object) -> None:
    settings = connections.zoho_client(a_connection(reserved=written)).settings
    assert dict(settings.reserved) == {FLOW: 0.5}


@pytest.mark.parametrize(
    "written", ["half", "[1]", {FLOW: 1.5}, {FLOW: 0.6, "x": 0.6}, {FLOW: "0.5"}, {FLOW: 0}, 7]
)
def test_shares_that_cannot_be_right_are_refused(ledger: Ledger, written: object) -> None:
    with pytest.raises(ConfigurationError, match="reserved"):
        connections.zoho_client(a_connection(reserved=written))


def test_without_shares_nothing_is_reserved(ledger: Ledger) -> None:
    assert dict(connections.zoho_client(a_connection(reserved="")).settings.reserved) == {}


def test_the_test_button_calls_whatever_the_breaker_says(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who presses it wants to know how it is now."""
    name, calls = "zoho_inventory:5129873", []
    for number in range(5):
        with ledger.breakers.guard(name, subject=str(number)) as attempt:
            attempt.fail("HTTP 502")
    monkeypatch.setattr(connections.BaseHook, "get_connection", lambda _: a_connection())
    for client in (connections.zoho_client(), connections.zoho_client(a_connection())):
        try:
            with client._breaker.guard(name):
                calls.append(1)
        except CircuitOpenError:
            calls.append(0)
    assert calls == [0, 1]
