"""A5: the gateway's command speaks TLS, and Airflow's side believes the right authority only."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import trustme
from pydantic import ValidationError

from include.connectors.sage100 import GatewayClient, GatewaySettings
from include.errors import ConfigurationError, TransientError
from include.gateway.settings import Settings
from include.sandbox.sage100.story import load
from tradebridge import connections

TOKEN = "tls-token"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def pem(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authority") / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="module")
def address(authority: trustme.CA, pem: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``python -m include.gateway`` with a certificate for ``localhost``."""
    home = tmp_path_factory.mktemp("sage")
    load(home, password="right")
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(str(home / "key.pem"))
    for part in certificate.cert_chain_pems:
        part.write_to_path(str(home / "chain.pem"), append=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "tokens": TOKEN, "objects": "include.sandbox.sage100.objects:Script", "home": home, "company": "ABC",
        "user": "tradebridge", "password": "right", "odbc": f"Driver=SQLite3;Database={home}/MAS_ABC.sqlite;",
        "state": home / "state", "port": port,
        "tls_certificate": home / "chain.pem", "tls_key": home / "key.pem",
    }  # fmt: skip
    variables = {f"TRADEBRIDGE_GATEWAY_{name.upper()}": str(value) for name, value in settings.items()}
    process = subprocess.Popen([sys.executable, "-m", "include.gateway"], env={**os.environ, **variables})
    url = f"https://localhost:{port}"
    try:
        trusting = ssl.create_default_context(cafile=str(pem))
        for _ in range(600):
            try:
                httpx.get(f"{url}/health", verify=trusting)
                break
            except httpx.ConnectError:
                assert process.poll() is None
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def through_a_connection(address: str, **extra: str) -> GatewayClient:
    """As a task gets it from Airflow's connection."""
    return connections.sage_gateway(
        SimpleNamespace(host=address, port=None, password=TOKEN, extra_dejson=extra)  # type: ignore[arg-type]
    )


def test_the_authority_that_the_connection_names_is_believed(address: str, pem: Path) -> None:
    assert through_a_connection(address, ca_file=str(pem)).check().ok


def test_nobody_else_is(address: str, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    for extra in ({}, {"ca_file": str(other)}):
        with pytest.raises(ConfigurationError, match="certificate is not trusted"):
            through_a_connection(address, **extra).check()


def test_a_certificate_for_another_name_is_refused(address: str, pem: Path) -> None:
    with pytest.raises(ConfigurationError, match="certificate is not trusted"):
        through_a_connection(address.replace("localhost", "127.0.0.1"), ca_file=str(pem)).check()


def test_a_file_that_is_not_there_is_named(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"/nowhere/authority\.pem"):
        through_a_connection(address, ca_file="/nowhere/authority.pem")


def test_plain_http_gets_no_answer(address: str) -> None:
    settings = GatewaySettings(address.replace("https", "http"), TOKEN, attempts=1)
    with pytest.raises(TransientError):
        GatewayClient(settings).check()


def test_half_of_a_certificate_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    given = {
        "tokens": TOKEN, "home": "h", "company": "ABC", "user": "u", "password": "p", "odbc": "o",
        "state": tmp_path, "tls_certificate": tmp_path / "c.pem",
    }  # fmt: skip
    with pytest.raises(ValidationError, match="both a certificate and its key"):
        Settings(**given)


def test_the_keys_password_is_not_shown(tmp_path: Path) -> None:
    given = {
        "tokens": TOKEN, "home": "h", "company": "ABC", "user": "u", "password": "p", "odbc": "o",
        "state": tmp_path, "tls_certificate": tmp_path, "tls_key": tmp_path, "tls_key_password": "canary",
    }  # fmt: skip
    assert "canary" not in repr(Settings(**given)) + json.dumps(Settings(**given).model_dump(), default=str)
