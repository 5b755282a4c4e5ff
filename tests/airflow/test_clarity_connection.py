"""B12, B19: Clarity's connection as Airflow's form makes it, tried against the sandbox's shop over HTTP."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from airflow.sdk import Connection
from airflow.sdk.log import redact
from cryptography.fernet import Fernet

from include.connectors.clarity_ecommerce import ClarityOrders
from include.errors import CircuitOpenError, ConfigurationError
from include.ledger import Ledger
from include.ledger.inbox import LISTED_AS
from include.sandbox.app import create_app as create_sandbox
from include.standalone import environment as env
from include.standalone import services
from include.standalone.ports import Ports
from include.standalone.secret_store import secrets_of
from tests.airflow.serving import served
from tradebridge import connections
from tradebridge.hooks import ClarityEcommerceHook
from tradebridge.provider import get_provider_info
from tradebridge.web.app import create_app

FLOW = "clarity_orders_to_sage100"
NAME = "AIRFLOW_CONN_CLARITY_ECOMMERCE"


def a_connection(host: str = "https://shop.example.com", **extra: Any) -> Connection:
    return Connection(
        conn_id="clarity_ecommerce",
        conn_type="clarity_ecommerce",
        host=host,
        login="client",
        password="canary-secret",
        extra=json.dumps(extra),
    )


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The sandbox on a port of its own."""
    with served(create_sandbox(tmp_path_factory.mktemp("sandbox"))) as port:
        yield port


@pytest.fixture
def machine(sandbox: int, tmp_path: Path) -> env.Machine:
    return env.Machine(tmp_path, Ports(1, sandbox, 1, 1), secrets_of(tmp_path / "secrets"))


@pytest.fixture
def book(empty_ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A ledger that can seal tokens."""
    path = shutil.copy(empty_ledger, tmp_path / "sealed.sqlite")
    made = Ledger.connect(f"sqlite:///{path}", secret_key=Fernet.generate_key().decode())
    monkeypatch.setattr(connections, "ledger", lambda *_: made)
    yield made
    made.close()


# The form --------------------------------------------------------------------------------------------


def test_the_form_offers_what_the_connector_can_be_told() -> None:
    (form,) = [
        kind
        for kind in get_provider_info()["connection-types"]
        if kind["connection-type"] == "clarity_ecommerce"
    ]
    room, _, name = form["hook-class-name"].rpartition(".")
    hook = getattr(import_module(room), name)
    assert (hook.conn_type, hook.hook_name) == (form["connection-type"], form["hook-name"])
    fields = form["conn-fields"]
    assert {
        "auth_mode", "api_key", "dialect", "dialect_overrides", "scopes", "page_size", "store_id",
        "webhook_secrets", "webhook_scheme", "webhook_header", "calls_per_minute", "calls_per_day",
        "concurrency", "reserved", "overlap", "ca_file",
    } <= set(fields)  # fmt: skip
    secret = {field for field, about in fields.items() if about["schema"].get("format") == "password"}
    assert secret == {"api_key", "webhook_secrets"}
    assert not {"host", "login", "password"} & set(form["ui-field-behaviour"]["hidden-fields"])


def test_what_is_secret_is_masked_wherever_airflow_shows_a_connection() -> None:
    told = a_connection(api_key="canary-key", webhook_secrets=["canary-hook"], store_id="main")
    shown = str(redact({"password": told.password, **told.extra_dejson}))
    assert "canary" not in shown
    assert "main" in shown


# The connection --------------------------------------------------------------------------------------


def test_every_field_reaches_the_client(book: Ledger, tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    settings = connections.clarity_client(
        a_connection(
            auth_mode="both",
            api_key="clk_1",
            dialect="v1",
            dialect_overrides='{"envelope": {"many": "results"}}',
            scopes="orders.read orders.write",
            token_url="https://login.example.com/token",
            page_size=50,
            store_id="main",
            calls_per_minute=60,
            calls_per_day=900,
            concurrency=3,
            reserved=f'{{"{FLOW}": 0.5}}',
            overlap=600,
            timezone="America/Chicago",
            ca_file=str(authority),
        )
    ).settings
    assert (settings.base, settings.mode) == ("https://shop.example.com/api/v1", "both")
    assert (settings.client_id, settings.client_secret, settings.api_key) == (
        "client",
        "canary-secret",
        "clk_1",
    )
    assert (settings.spoken.envelope.many, settings.rows_asked, settings.store_id) == ("results", 50, "main")
    assert settings.scopes == ("orders.read", "orders.write")
    assert settings.token_address == "https://login.example.com/token"
    assert (settings.calls_per_minute, settings.calls_per_day, settings.concurrency) == (60, 900, 3)
    assert (dict(settings.reserved), settings.timezone) == ({FLOW: 0.5}, "America/Chicago")
    assert (settings.goes_back.total_seconds(), settings.verify) == (600, str(authority))


@pytest.mark.parametrize("empty", ["", None])
def test_empty_fields_mean_the_usual(book: Ledger, empty: str | None) -> None:
    """Airflow's form stores each field that it shows."""
    (form,) = [
        kind["conn-fields"]
        for kind in get_provider_info()["connection-types"]
        if kind["connection-type"] == "clarity_ecommerce"
    ]
    settings = connections.clarity_client(
        a_connection("shop.example.com", **dict.fromkeys(form, empty))
    ).settings
    assert (settings.base_url, settings.dialect, settings.mode) == (
        "https://shop.example.com",
        "v1",
        "oauth2",
    )
    assert (settings.verify, settings.rows_asked, settings.scopes) == (True, 100, ())


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        ({"reserved": "half"}, "reserved"),
        ({"reserved": {FLOW: 1.5}}, "reserved"),
        ({"dialect_overrides": "results"}, "dialect_overrides"),
        ({"dialect_overrides": {"envelop": {}}}, "envelop"),
        ({"dialect": "v9"}, "v9"),
        ({"auth_mode": "api_key"}, "api_key"),
        ({"page_size": "50"}, "page_size"),
        ({"overlap": "600"}, "overlap"),
        ({"calls_per_minute": "60"}, "calls_per_minute"),
        ({"ca_file": "/nowhere.pem"}, "/nowhere.pem"),
    ],
)
def test_what_cannot_be_right_is_named_and_no_secret_is(
    book: Ledger, extra: dict[str, object], word: str
) -> None:
    with pytest.raises(ConfigurationError, match=word) as caught:
        connections.clarity_client(a_connection(**extra))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("host", ["", "http://shop.example.com", "http://169.254.169.254", "ftp://shop"])
def test_an_address_that_must_not_be_called_is_refused(book: Ledger, host: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        connections.clarity_client(a_connection(host))


def test_a_sandbox_on_another_machine_may_be_called_in_the_clear_when_asked_for(book: Ledger) -> None:
    client = connections.clarity_client(a_connection("http://sandbox:18081/clarity", allow_plain_http=True))
    assert client.settings.base == "http://sandbox:18081/clarity/api/v1"


def test_runs_share_a_breaker_and_the_test_button_passes_it(
    book: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, calls = "clarity_ecommerce:shop.example.com", []
    for number in range(5):
        with book.breakers.guard(name, subject=str(number)) as attempt:
            attempt.fail("HTTP 502")
    monkeypatch.setattr(connections.BaseHook, "get_connection", lambda _: a_connection())
    for client in (connections.clarity_client(flow=FLOW), connections.clarity_client(a_connection())):
        assert client.settings.endpoint == name
        try:
            with client._breaker.guard(name):
                calls.append(1)
        except CircuitOpenError:
            calls.append(0)
    assert calls == [0, 1]


# The Test button -------------------------------------------------------------------------------------


def press_test(monkeypatch: pytest.MonkeyPatch, machine: env.Machine, **changes: Any) -> tuple[bool, str]:
    known = json.loads(env.connections(machine)[NAME])
    monkeypatch.setenv(NAME, json.dumps({**known, **changes}))
    return ClarityEcommerceHook().test_connection()


def test_the_demo_machines_connection_is_green_and_its_token_is_shared(
    book: Ledger, machine: env.Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        ok, message = press_test(monkeypatch, machine)
        assert ok, message
        assert "unverified" in message
    with httpx.Client(base_url=f"{machine.sandbox_url}/_sandbox") as control:
        asked = control.get("/requests", params={"system": "clarity"}).json()["requests"]
    assert [row["path"].rpartition("/")[2] for row in asked].count("token") == 1
    spent = book.budgets.state(f"clarity_ecommerce:127.0.0.1:{machine.ports.sandbox}:clarity-sandbox")
    assert spent.last_minute >= 2


def test_an_api_key_alone_will_do(
    book: Ledger, machine: env.Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = {"auth_mode": "api_key", "api_key": "clk_sandbox_0001"}
    ok, message = press_test(monkeypatch, machine, login=None, password=None, extra=key)
    assert ok, message


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"password": "canary-wrong"}, "client id and secret"),
        ({"extra": {"auth_mode": "api_key", "api_key": "canary-wrong"}}, "API key"),
        ({"extra": {"dialect_overrides": {"base": "/elsewhere"}}}, "HTTP 404"),
        ({"extra": {"dialect_overrides": {"envelope": {"many": "rows"}}}}, "rows"),
        ({"host": "http://127.0.0.1:9"}, "no connection"),
        ({"host": ""}, "base_url"),
    ],
)
def test_the_test_button_names_what_is_wrong(
    book: Ledger, machine: env.Machine, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], word: str
) -> None:
    ok, message = press_test(monkeypatch, machine, **changes)
    assert not ok
    assert word in message
    assert "canary" not in message


# The machine -----------------------------------------------------------------------------------------


def test_one_machines_shop_announces_its_orders_to_its_receiver(
    book: Ledger, sandbox: int, tmp_path: Path, rings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """B20: two programs that share no code, over real HTTP, signed by the one and checked by the other."""
    secrets = secrets_of(tmp_path / "secrets")
    with served(create_app()) as port:
        here = env.Machine(tmp_path, Ports(port, sandbox, 1, 1), secrets)
        monkeypatch.setenv(NAME, env.connections(here)[NAME])
        connections._doorkeeper.cache_clear()
        control = httpx.Client(base_url=f"{here.sandbox_url}/_sandbox/clarity")
        for _ in range(2):
            services.raise_call_limits(here)
            services.subscribe_to_clarity(here)
        (subscription,) = control.get("/webhooks").json()["subscriptions"]
        assert subscription["url"].endswith("/tradebridge/webhooks/clarity_ecommerce/events")
        # The receiver stands below /tradebridge only when Airflow mounts it.
        bare = f"http://127.0.0.1:{port}/webhooks/clarity_ecommerce/events"
        asked = {"url": bare, "secret": env.SANDBOX_CLARITY_WEBHOOK_SECRET, "events": ["*"]}
        full, thin = (
            control.post("/webhooks", json={**asked, "format": form}).raise_for_status().json()["id"]
            for form in ("full", "thin")
        )
        (order,) = control.post("/orders", json={"count": 1}).raise_for_status().json()["orders"]
        until(lambda: delivered(control, order) == 2)
        # One event, whole for the one subscription and thin for the other.
        (row,) = book.inbox.history(str(order["id"]))
        assert (row.flow, row.event) == (FLOW, "order.created")
        control.delete(f"/webhooks/{thin}")
        (order,) = control.post("/orders", json={"count": 1}).raise_for_status().json()["orders"]
        until(lambda: delivered(control, order) == 1)
        (row,) = book.inbox.history(str(order["id"]))
        client = connections.clarity_client(flow=FLOW)
        listed = {stub.id: stub.version for stub in ClarityOrders(client).list_sales_orders()}
        assert row.headers[LISTED_AS] == listed[str(order["id"])] != row.version
        client.close()
        for number in (subscription["id"], full):
            control.delete(f"/webhooks/{number}")
        control.close()
    connections._doorkeeper.cache_clear()


def delivered(control: httpx.Client, order: dict[str, Any]) -> int:
    """How often the order was announced with success."""
    sent = control.get("/webhooks/deliveries", params={"status": "success"}).json()["deliveries"]
    return [each["record"] for each in sent].count(order["orderNumber"])


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)
