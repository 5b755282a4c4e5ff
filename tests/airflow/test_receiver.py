"""A11: keep first, think later; and one way to say no."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import httpx
import pytest
from fastapi.testclient import TestClient

from include.errors import TransientError
from include.ledger import Ledger
from tests.airflow.events import DOOR, SECRETS, WEBHOOK, an_event, signed
from tradebridge import connections
from tradebridge.web.app import create_app
from tradebridge.web.body import MAX_BODY

FLOW = "zoho_orders_to_sage100"


def test_a_signed_event_is_on_disk_before_it_is_answered(
    client: TestClient, ledger: Ledger, rings: list[str]
) -> None:
    answer = client.post(WEBHOOK, content=an_event(), headers=signed(an_event()))
    assert answer.status_code == 202
    assert ledger.inbox.pending(FLOW) == 1
    assert rings


def test_the_same_event_again_is_a_2xx_and_one_row(client: TestClient, ledger: Ledger) -> None:
    for _ in range(3):
        assert client.post(WEBHOOK, content=an_event(), headers=signed(an_event())).status_code == 202
    assert ledger.inbox.pending(FLOW) == 1


def test_a_newer_version_is_another_row(client: TestClient, ledger: Ledger) -> None:
    for body in (an_event(), an_event(modified="2026-10-14T10:22:42-0400")):
        assert client.post(WEBHOOK, content=body, headers=signed(body)).status_code == 202
    assert ledger.inbox.pending(FLOW) == 2


@pytest.mark.parametrize("secret", SECRETS)
def test_two_secrets_are_good_while_one_is_rotated_out(client: TestClient, secret: str) -> None:
    assert client.post(WEBHOOK, content=an_event(), headers=signed(an_event(), secret)).status_code == 202


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Zoho-Webhook-Signature": ""},
        {"X-Zoho-Webhook-Signature": "0" * 64},
        {"X-Zoho-Webhook-Signature": signed(an_event(2))["X-Zoho-Webhook-Signature"]},
        {"X-Zoho-Webhook-Signature": signed(an_event(), "guess")["X-Zoho-Webhook-Signature"]},
        {"X-Zoho-Webhook-Signature": signed(an_event())["X-Zoho-Webhook-Signature"][:32]},
        {"X-Zoho-Webhook-Signature": "é" * 8},
    ],
)
def test_any_other_caller_hears_the_same_no_and_leaves_nothing(
    client: TestClient, ledger: Ledger, headers: dict[str, str]
) -> None:
    encoded = {name: value.encode() for name, value in headers.items()}
    answer = client.post(WEBHOOK, content=an_event(), headers=encoded)
    assert (answer.status_code, answer.json()) == (401, {"detail": "signature missing or wrong"})
    assert ledger.inbox.tally(FLOW) == {}


def test_the_form_variant_is_understood(client: TestClient, ledger: Ledger) -> None:
    body = urlencode({"JSONString": an_event().decode()}).encode()
    headers = {**signed(body), "Content-Type": "application/x-www-form-urlencoded"}
    assert client.post(WEBHOOK, content=body, headers=headers).status_code == 202
    assert ledger.inbox.pending(FLOW) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"salesorder": null}',
        b'{"salesorder": {"salesorder_id": "../../etc"}}',
        b'{"salesorder": {"salesorder_id": NaN}}',
        b"{" * 100_000,
        b"[" * 100_000,
        '{"salesorder": {}}'.encode("utf-16"),
        b'{"salesorder": {"salesorder_id": "\\ud800"}}',
        b"\xff\xfe\x00",
    ],
    ids=range(11),
)
def test_signed_nonsense_is_a_400_and_an_exception_never_a_500(
    client: TestClient, ledger: Ledger, body: bytes
) -> None:
    assert client.post(WEBHOOK, content=body, headers=signed(body)).status_code == 400
    (exception,) = ledger.exceptions.list()
    assert exception.code == "record.unreadable"
    assert [row.payload for row in ledger.inbox.history(exception.record_key)] == [body]
    assert ledger.inbox.pending(FLOW) == 0


def test_an_unknown_system_or_event_is_not_found(client: TestClient) -> None:
    for path in ("/webhooks/zoho_inventory/invoice", "/webhooks/nobody/salesorder"):
        assert client.post(path, content=an_event(), headers=signed(an_event())).status_code == 404


def test_a_body_that_is_too_long_is_refused_before_it_is_read_to_its_end(client: TestClient) -> None:
    sent = 0

    def endless() -> object:
        nonlocal sent
        while sent < 100 * MAX_BODY:
            sent += 65536
            yield b"x" * 65536

    answer = client.post(WEBHOOK, content=endless(), headers=signed(b""))  # type: ignore[arg-type]
    assert answer.status_code == 413


def test_a_ledger_that_is_down_is_a_503_with_a_time(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> Ledger:
        raise TransientError("the ledger is away")

    monkeypatch.setattr(connections, "ledger", away)
    answer = client.post(WEBHOOK, content=an_event(), headers=signed(an_event()))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


@pytest.mark.usefixtures("rings")
def test_a_burst_is_kept_whole(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """400 at once: every answer 2xx, every row there, in far fewer transactions."""
    monkeypatch.setattr(connections, "doorkeeper", lambda system: DOOR)
    transactions = 0
    keep_many = ledger.inbox.keep_many

    def counted(flow: str, deliveries: object) -> int:
        nonlocal transactions
        transactions += 1
        return keep_many(flow, deliveries)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger.inbox, "keep_many", counted)

    async def burst() -> list[int]:
        transport = httpx.ASGITransport(app=create_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            calls = [http.post(WEBHOOK, content=an_event(n), headers=signed(an_event(n))) for n in range(400)]
            return [answer.status_code for answer in await asyncio.gather(*calls)]

    assert asyncio.run(burst()) == [202] * 400
    assert ledger.inbox.pending(FLOW) == 400
    assert transactions < 200


def test_everything_but_the_receiver_asks_for_a_login(client: TestClient) -> None:
    """The receiver is the one route without a login: its callers are machines that sign."""
    open_routes = set()
    for route in create_app().routes:
        path, methods = getattr(route, "path", ""), getattr(route, "methods", None) or set()
        for method in methods - {"HEAD", "OPTIONS"}:
            if client.request(method, path.replace("{name}", "x")).status_code != 401:
                open_routes.add((method, path))
    assert open_routes <= {("POST", "/webhooks/{system}/{event}")}
