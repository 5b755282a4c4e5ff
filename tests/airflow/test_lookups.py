"""C8: request and reply behind Airflow's login."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace

import pytest
from airflow.api_fastapi.core_api.security import get_user
from fastapi.testclient import TestClient

from include.errors import UnreachableError
from include.ledger import Ledger, Link
from tradebridge import lookups
from tradebridge.web import app as web
from tradebridge.web.exceptions import may_replay


class Shop:
    """Has one order and can be away."""

    away = False

    def documents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        if self.away:
            raise UnreachableError("no connection to zoho_inventory:5129873")
        for key in keys:
            yield key, b'{"total": 1800.10, "salesorder_number": "SO-1"}' if key == "46001" else None


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    made = Shop()
    monkeypatch.setattr(lookups, "_readers", lambda _kind: {"zoho_inventory": lambda: made})
    lookups.lookup.cache_clear()
    yield made
    lookups.lookup.cache_clear()


@pytest.fixture
def app(ledger: Ledger, rings: list[str], shop: Shop) -> Iterator[TestClient]:
    ledger.crosswalk.bind(
        [Link("sales_order", "zoho_inventory", "46001", "sage100", "0000123", natural_key="SO-1")]
    )
    made = web.create_app()
    made.dependency_overrides[get_user] = lambda: SimpleNamespace(get_name=lambda: "clerk")
    made.dependency_overrides[may_replay] = lambda: None
    with TestClient(made, raise_server_exceptions=False) as http:
        yield http


def test_an_order_is_told_in_the_systems_own_words(app: TestClient) -> None:
    answer = app.get("/api/orders/0000123")
    assert answer.status_code == 200
    assert b'"total": 1800.10' in answer.content, "digits stay as the system wrote them"
    (told,) = answer.json()
    assert (told["system"], told["id"], told["names"]) == ("zoho_inventory", "46001", ["SO-1"])
    assert (told["stale"], told["problem"]) == (False, "")


def test_a_system_that_is_away_is_told_stale_and_unknown_names_are_404(app: TestClient, shop: Shop) -> None:
    app.get("/api/orders/SO-1")
    shop.away = True
    (told,) = app.get("/api/orders/SO-1", params={"max_age": 0}).json()
    assert told["stale"]
    assert told["record"]["salesorder_number"] == "SO-1"
    assert app.get("/api/orders/SO-2").status_code == 404
    assert app.get("/api/customers/SO-1").status_code == 404


def test_nobody_answered_is_a_time_out_and_not_an_empty_answer(app: TestClient, shop: Shop) -> None:
    shop.away = True
    answer = app.get("/api/orders/SO-1", params={"system": "zoho_inventory"})
    assert answer.status_code == 504
    assert answer.json() == {"detail": "no connection to zoho_inventory:5129873"}


@pytest.mark.parametrize("query", [{"within": 0}, {"within": 11}, {"max_age": -1}, {"system": "mars"}])
def test_questions_without_sense_are_refused(app: TestClient, query: dict[str, object]) -> None:
    assert app.get("/api/orders/SO-1", params=query).status_code == 422


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("user", 404), ("admin", 404)])
def test_customers_data_are_for_those_who_may_mend_exceptions(
    client: TestClient, shop: Shop, tokens: dict[str, str], role: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {tokens[role]}"}
    assert client.get("/api/customers/SO-2", headers=headers).status_code == status
