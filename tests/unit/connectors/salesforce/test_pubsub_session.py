"""C33: one session for REST and the event bus, renewed once however many streams are refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from include.connectors.salesforce.pubsub.session import ClientSession


class Tokens:
    """As the shared token: mints when told that the current one is stale."""

    def __init__(self) -> None:
        self.minted = 1

    def current(self) -> Any:
        return SimpleNamespace(value=f"token-{self.minted}", api_domain="https://acme.my.salesforce.com")

    def renewed(self, stale: Any) -> Any:
        if stale.value == self.current().value:
            self.minted += 1
        return self.current()


class Client:
    def __init__(self, user_id: str = "") -> None:
        self.settings = SimpleNamespace(user_id=user_id)
        self.tokens = Tokens()
        self.asked = 0

    def identity(self) -> Any:
        self.asked += 1
        return SimpleNamespace(user_id="005Hp000004IntUIAS", organization_id="00DHp000000aBcDMAU")


@pytest.fixture
def client() -> Client:
    return Client()


def test_session_is_the_clients(client: Client) -> None:
    session = ClientSession(client)  # type: ignore[arg-type]
    assert session.instance_url == "https://acme.my.salesforce.com"
    assert session.access_token() == "token-1"
    assert (session.tenant_id, session.user_id) == ("00DHp000000aBcDMAU", "005Hp000004IntUIAS")
    assert client.asked == 1


def test_site_may_name_the_user(client: Client) -> None:
    assert ClientSession(Client("005A")).user_id == "005A"  # type: ignore[arg-type]


def test_streams_that_are_refused_together_get_one_new_token(client: Client) -> None:
    session = ClientSession(client)  # type: ignore[arg-type]
    refused = session.access_token()
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(session.renew, [refused] * 3))
    assert session.access_token() == "token-2"
    assert client.tokens.minted == 2
    session.renew(session.access_token())
    assert session.access_token() == "token-3"
