"""Ports, secrets and the environment of one machine."""

from __future__ import annotations

import json
import socket
import stat
from pathlib import Path

import pytest

from include.standalone import environment as env
from include.standalone.environment import Machine
from include.standalone.ports import Ports, choose, is_free
from include.standalone.secret_store import secrets_of, write_private


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path, Ports(1001, 1002, 1003, 1004), secrets_of(tmp_path / "secrets"))


def taken_port() -> socket.socket:
    server = socket.create_server(("127.0.0.1", 0))
    server.listen()
    return server


def test_a_taken_port_is_replaced_by_a_free_one(tmp_path: Path) -> None:
    with taken_port() as server:
        busy = server.getsockname()[1]
        chosen = choose(tmp_path, {"airflow": busy})
    assert chosen.airflow != busy
    assert len(set(chosen)) == len(chosen)
    assert all(is_free(port) for port in chosen)


def test_a_restart_gets_the_same_ports(tmp_path: Path) -> None:
    first = choose(tmp_path, {"airflow": 0, "sandbox": 0, "gateway": 0})
    assert choose(tmp_path) == first


def test_secrets_are_drawn_once_and_belong_to_their_owner(tmp_path: Path) -> None:
    first = secrets_of(tmp_path / "secrets")
    file = tmp_path / "secrets" / "secrets.json"
    assert secrets_of(tmp_path / "secrets") == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert secrets_of(tmp_path / "other") != first


def test_a_secret_that_a_newer_version_needs_is_added(tmp_path: Path) -> None:
    first = secrets_of(tmp_path)
    file = tmp_path / "secrets.json"
    kept = json.loads(file.read_text())
    del kept["gateway_token"]
    write_private(file, json.dumps(kept))
    second = secrets_of(tmp_path)
    assert second.gateway_token not in {"", first.gateway_token}
    assert second.postgres_password == first.postgres_password


def test_a_setting_of_the_caller_wins(machine: Machine) -> None:
    base = {
        "AIRFLOW__CORE__PARALLELISM": "3",
        "AIRFLOW_CONN_ZOHO_INVENTORY": "{}",
        "TRADEBRIDGE_GATEWAY_WORKERS": "1",
        "PATH": "/bin",
    }
    built = env.environment(machine, base)
    assert {name: built[name] for name in base} == base


def test_nothing_inherited_slows_python_down(machine: Machine) -> None:
    assert "PYTHONDONTWRITEBYTECODE" not in env.environment(machine, {"PYTHONDONTWRITEBYTECODE": "1"})


def test_a_proxy_is_never_asked_for_this_machine(machine: Machine) -> None:
    built = env.environment(machine, {"HTTP_PROXY": "http://proxy:3128", "no_proxy": "corp.example"})
    assert built["no_proxy"] == built["NO_PROXY"] == "corp.example,127.0.0.1,localhost"


def test_nothing_is_looked_up_or_reported_outside(machine: Machine) -> None:
    """P1: runs without the internet."""
    built = env.environment(machine, {})
    assert built["GX_ANALYTICS_ENABLED"] == "false"
    assert built["AIRFLOW__CORE__HOSTNAME_CALLABLE"] == "socket.gethostname"
    assert built["AIRFLOW__API__HOST"] == "127.0.0.1"


def test_all_components_share_keys_and_addresses(machine: Machine) -> None:
    built = env.airflow_settings(machine)
    assert built["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:1001/execution/"
    assert built["AIRFLOW__API__PORT"] == "1001"
    assert built["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].endswith("@127.0.0.1:1004/airflow")
    assert len(built["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64


def test_the_ledger_is_never_in_airflows_database(machine: Machine) -> None:
    built = env.environment(machine, {})
    ledger = json.loads(built["AIRFLOW_CONN_LEDGER"])
    assert ledger["schema"] == "tradebridge"
    assert built["TRADEBRIDGE_LEDGER_URL"] != built["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]


def test_the_gateway_takes_the_token_that_the_flow_sends(machine: Machine) -> None:
    from include.gateway.settings import Settings

    settings = Settings(
        **{
            name.removeprefix("TRADEBRIDGE_GATEWAY_").lower(): value
            for name, value in env.gateway_settings(machine).items()
        }
    )
    sent = json.loads(env.connections(machine)["AIRFLOW_CONN_SAGE100_GATEWAY"])
    assert [token.get_secret_value() for token in settings.tokens] == [sent["password"]]
    assert sent["host"] == f"http://{settings.host}:{settings.port}"


def test_the_sandboxes_agree_on_who_may_enter(machine: Machine) -> None:
    from include.sandbox.clarity import oauth as clarity_oauth
    from include.sandbox.clarity.server import PREFIX
    from include.sandbox.sage100 import company
    from include.sandbox.zoho import oauth, webhooks, wire

    zoho = json.loads(env.connections(machine)["AIRFLOW_CONN_ZOHO_INVENTORY"])
    assert (zoho["login"], zoho["password"]) == (oauth.CLIENT_ID, oauth.CLIENT_SECRET)
    assert zoho["extra"]["refresh_token"] == oauth.REFRESH_TOKEN
    assert zoho["extra"]["organization_id"] == wire.ORGANIZATION_ID
    assert zoho["extra"]["webhook_secrets"] == [webhooks.SECRET]
    clarity = json.loads(env.connections(machine)["AIRFLOW_CONN_CLARITY_ECOMMERCE"])
    assert (clarity["login"], clarity["password"]) == (clarity_oauth.CLIENT_ID, clarity_oauth.CLIENT_SECRET)
    assert clarity["host"] == machine.sandbox_url + PREFIX
    gateway = env.gateway_settings(machine)
    assert gateway["TRADEBRIDGE_GATEWAY_USER"] == company.API_USER
    assert gateway["TRADEBRIDGE_GATEWAY_PASSWORD"] == company.API_PASSWORD
