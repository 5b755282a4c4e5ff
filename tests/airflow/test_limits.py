"""A47, A48: what keeps calls back is seen, and a person may let a flow try again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from airflow.api_fastapi.core_api.security import get_user
from airflow.sdk.exceptions import AirflowNotFoundException
from fastapi.testclient import TestClient

from include.connectors.clarity_ecommerce import Settings as ClaritySettings
from include.connectors.zoho_inventory import Settings
from include.errors import TransientError, UnreachableError
from include.ledger import Ledger
from tradebridge import connections
from tradebridge.web import app as web
from tradebridge.web.exceptions import may_replay

FLOW = "zoho_orders_to_sage100"
SETTINGS = Settings(
    organization_id="5129873",
    client_id="id",
    client_secret="canary",
    refresh_token="canary",
    reserved={FLOW: 0.5},
)


def missing() -> None:
    raise AirflowNotFoundException("no such connection")


@pytest.fixture
def app(ledger: Ledger, rings: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(connections, "zoho_client", lambda: SimpleNamespace(settings=SETTINGS))
    monkeypatch.setattr(connections, "clarity_client", missing)
    made = web.create_app()
    made.dependency_overrides[get_user] = lambda: SimpleNamespace(get_name=lambda: "clerk")
    made.dependency_overrides[may_replay] = lambda: None
    with TestClient(made, raise_server_exceptions=False) as http:
        yield http


@pytest.fixture
def trouble(ledger: Ledger) -> Ledger:
    """A gateway that does not answer, an organisation that is blocked, and the flow that waits."""
    for _ in range(5):
        with pytest.raises(UnreachableError), ledger.breakers.guard("sage100_gateway:sage:8080"):
            raise UnreachableError("no connection <script>alert(1)</script>")
    ledger.budgets.take(
        SETTINGS.budget_name, per_minute=80, per_day=5000, flow=FLOW, reserved=SETTINGS.reserved
    )
    hour = ledger.database.now() + timedelta(hours=1)
    ledger.budgets.block(SETTINGS.budget_name, hour, reason="Zoho says: blocked for an hour")
    ledger.parking.park(FLOW, hour, reason="Zoho's call budget is spent")
    return ledger


def test_json_tells_circuits_budgets_and_parked_flows(app: TestClient, trouble: Ledger) -> None:
    told = app.get("/api/limits").json()
    (endpoint,), (budget,), (flow,) = told["endpoints"], told["budgets"], told["flows"]
    assert (endpoint["name"], endpoint["state"], endpoint["failures"]) == (
        "sage100_gateway:sage:8080",
        "open",
        5,
    )
    assert (budget["name"], budget["last_minute"], budget["today"]) == (SETTINGS.budget_name, 1, 1)
    assert (budget["per_minute"], budget["per_day"], budget["flows"]) == (80, 5000, {FLOW: 1})
    assert budget["reason"] == "Zoho says: blocked for an hour"
    assert (flow["flow"], flow["until"]) == (FLOW, budget["blocked_until"])


def test_the_page_shows_the_same_and_escapes_it(app: TestClient, trouble: Ledger) -> None:
    answer = app.get("/limits")
    for words in (
        "sage100_gateway:sage:8080",
        "open",
        "1 of 80",
        "1 of 5000",
        "50 %",
        "blocked for an hour",
        FLOW,
    ):
        assert words in answer.text
    assert "<script>" not in answer.text
    assert "canary" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_where_nothing_is_wrong_it_says_so(app: TestClient) -> None:
    text = app.get("/limits").text
    for words in ("No flow is parked", "No endpoint has ever failed", "Nothing has been called yet"):
        assert words in text


def test_budgets_are_shown_without_a_connection_too(
    app: TestClient, trouble: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "zoho_client", missing)
    (budget,) = app.get("/api/limits").json()["budgets"]
    assert (budget["last_minute"], budget["per_minute"]) == (1, None)


def test_a_second_system_stands_beside_the_first(
    app: TestClient, trouble: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = ClaritySettings(
        base_url="https://shop.example.com",
        client_id="us",
        client_secret="canary",
        calls_per_minute=60,
        calls_per_day=900,
    )
    trouble.budgets.take(shop.budget_name, per_minute=60, per_day=900)
    with pytest.raises(UnreachableError), trouble.breakers.guard(shop.endpoint):
        raise UnreachableError("no connection")
    monkeypatch.setattr(connections, "clarity_client", lambda: SimpleNamespace(settings=shop))
    told = app.get("/api/limits").json()
    budgets = {budget["name"]: (budget["per_minute"], budget["per_day"]) for budget in told["budgets"]}
    assert budgets == {SETTINGS.budget_name: (80, 5000), shop.budget_name: (60, 900)}
    assert "clarity_ecommerce:shop.example.com" in {endpoint["name"] for endpoint in told["endpoints"]}
    page = app.get("/limits").text
    assert "1 of 60" in page
    assert "canary" not in page


def test_a_person_lets_a_flow_try_again_and_is_written_down(app: TestClient, trouble: Ledger) -> None:
    assert app.post(f"/api/limits/flows/{FLOW}/lift").json() == {"lifted": True}
    assert trouble.parking.get(FLOW) is None
    assert app.post(f"/api/limits/flows/{FLOW}/lift").json() == {"lifted": False}
    trouble.audit.verify()
    with trouble.database.begin("count") as connection:
        rows = connection.exec_driver_sql("SELECT actor, action, flow FROM audit").all()
    assert [tuple(row) for row in rows] == [("clerk", "parking lifted", FLOW)]


def test_without_the_ledger_the_page_asks_to_come_back(
    app: TestClient, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise TransientError("ledger: away")

    monkeypatch.setattr(ledger.parking, "standing", away)
    assert app.get("/api/limits").status_code == 503
    assert app.get("/limits").status_code == 503


def test_nobody_sees_or_lifts_anything_without_a_login(client: TestClient) -> None:
    assert client.get("/limits").status_code == 401
    assert client.get("/api/limits").status_code == 401
    assert client.post(f"/api/limits/flows/{FLOW}/lift").status_code == 401
