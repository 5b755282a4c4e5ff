"""A11, A25: how a sender signs is what its Airflow connection says, and what it says wrongly is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from standardwebhooks.webhooks import Webhook

from include.errors import ConfigurationError
from include.ledger import Ledger
from include.webhooks import Doorkeeper, Scheme
from tests.airflow.events import WEBHOOK, an_event, signed
from tradebridge import connections
from tradebridge.web.app import create_app

FLOW = "zoho_orders_to_sage100"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
Connect = Callable[..., None]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Put extras into the connection ``zoho_inventory``, as its form does."""

    def put(**extra: object) -> None:
        whole = {"conn_type": "zoho_inventory", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_ZOHO_INVENTORY", json.dumps(whole))
        connections._doorkeeper.cache_clear()

    yield put
    connections._doorkeeper.cache_clear()


def test_zohos_own_way_is_what_a_secret_alone_means(connect: Connect) -> None:
    connect(webhook_secrets="new old", webhook_scheme=None, webhook_header="")
    expected = Doorkeeper(("new", "old"), Scheme.HEX, "X-Zoho-Webhook-Signature")
    assert connections.doorkeeper("zoho_inventory") == expected


def test_scheme_header_and_secrets_may_be_named(connect: Connect) -> None:
    connect(webhook_secrets=["s"], webhook_scheme="base64", webhook_header="X-Shopify-Hmac-SHA256")
    expected = Doorkeeper(("s",), Scheme.BASE64, "X-Shopify-Hmac-SHA256")
    assert connections.doorkeeper("zoho_inventory") == expected


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        ({}, "secret"),
        ({"webhook_secrets": "  "}, "secret"),
        ({"webhook_secrets": "tell-nobody", "webhook_scheme": "md5"}, "md5"),
        ({"webhook_secrets": "tell-nobody", "webhook_header": "no header"}, "no header"),
    ],
)
def test_what_is_wrong_is_named_with_its_connection(
    connect: Connect, extra: dict[str, str], word: str
) -> None:
    connect(**extra)
    with pytest.raises(ConfigurationError, match="zoho_inventory") as caught:
        connections.doorkeeper("zoho_inventory")
    assert word in str(caught.value)
    assert "tell-nobody" not in str(caught.value)


def test_a_standard_webhook_of_the_reference_client_is_kept(
    connect: Connect, ledger: Ledger, rings: list[str]
) -> None:
    connect(webhook_secrets=WHSEC, webhook_scheme="standard")
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(WHSEC).sign("msg_1", now, an_event().decode()),
    }
    with TestClient(create_app()) as http:
        assert http.post(WEBHOOK, content=an_event(), headers=headers).status_code == 202
        assert http.post(WEBHOOK, content=an_event(2), headers=headers).status_code == 401
        assert http.post(WEBHOOK, content=an_event(), headers=signed(an_event())).status_code == 401
    assert ledger.inbox.pending(FLOW) == 1


def test_a_connection_that_is_missing_or_wrong_is_a_503_and_not_a_401(
    connect: Connect, ledger: Ledger, rings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender did nothing wrong and shall send it again."""
    connect(webhook_secrets="s", webhook_scheme="md5")
    with TestClient(create_app()) as http:
        assert http.post(WEBHOOK, content=an_event(), headers=signed(an_event())).status_code == 503
        connect(webhook_secrets="")
        assert http.post(WEBHOOK, content=an_event(), headers=signed(an_event())).status_code == 503
