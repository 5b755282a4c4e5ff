"""Airflow's own forms know our systems, and their Test button says what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from include.standalone.environment import connections
from tests.e2e.site import Site

pytestmark = pytest.mark.e2e

TYPES = {
    "ZOHO_INVENTORY": "zoho_inventory",
    "CLARITY_ECOMMERCE": "clarity_ecommerce",
    "SAGE100_READONLY": "sage100_odbc",
    "SAGE100_GATEWAY": "sage100_gateway",
    "LEDGER": "tradebridge_ledger",
}
SPOILT = {
    "ZOHO_INVENTORY": {"password": "not-the-secret"},
    "CLARITY_ECOMMERCE": {"password": "not-the-secret"},
    "SAGE100_READONLY": {"extra": {"driver": "SQLite3", "database": "/nowhere/MAS_ABC.sqlite"}},
    "SAGE100_GATEWAY": {"password": "not-the-token"},
    "LEDGER": {"password": "not-the-password"},
}


def test_the_form_offers_our_connection_types_with_their_fields(site: Site) -> None:
    offered = {kind["connection_type"]: kind for kind in site.airflow.get("/ui/connections/hook_meta").json()}
    assert set(TYPES.values()) <= set(offered)
    zoho = offered["zoho_inventory"]
    assert zoho["hook_name"] == "Zoho Inventory"
    assert zoho["standard_fields"]["password"]["title"] == "Client secret"
    assert zoho["extra_fields"]["refresh_token"]["schema"]["format"] == "password"
    named = {"organization_id", "webhook_secrets", "webhook_scheme", "webhook_header", "calls_per_minute"}
    assert named <= set(zoho["extra_fields"])
    clarity = offered["clarity_ecommerce"]
    assert clarity["standard_fields"]["host"]["title"] == "Address (https://...)"
    assert clarity["extra_fields"]["api_key"]["schema"]["format"] == "password"
    assert "ca_file" in offered["sage100_gateway"]["extra_fields"]


@pytest.mark.parametrize("name", TYPES)
def test_the_test_button_is_green_for_a_good_connection(site: Site, name: str) -> None:
    answer = press_test(site, name)
    assert answer["status"] is True, answer["message"]


@pytest.mark.parametrize("name", TYPES)
def test_the_test_button_names_what_is_wrong(site: Site, name: str) -> None:
    answer = press_test(site, name, **SPOILT[name])
    assert answer["status"] is False
    assert answer["message"].strip()
    for value in ("not-the-secret", "not-the-token", "not-the-password", "Traceback"):
        assert value not in answer["message"]


def press_test(site: Site, name: str, **changes: object) -> Any:
    """What the form sends when the button is pressed."""
    known = {**json.loads(connections(site.machine)[f"AIRFLOW_CONN_{name}"]), **changes}
    body = {
        "connection_id": f"tried_{name.lower()}",
        "conn_type": TYPES[name],
        "extra": json.dumps(known.get("extra", {})),
        **{
            field: known[field] for field in ("host", "port", "login", "password", "schema") if field in known
        },
    }
    answer = site.airflow.post("/api/v2/connections/test", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()
