"""B14, B20: Clarity's webhooks are kept by the event's id and judged by their signature."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from include.errors import TransientError
from include.ledger import Ledger
from tests.airflow.clarity_events import SECRETS, WEBHOOK, an_event, signed
from tests.airflow.serving import Wire, served
from tradebridge import connections, flows
from tradebridge.web import waker
from tradebridge.web.app import create_app
from tradebridge.web.body import MAX_BODY
from tradebridge.web.senders import SENDERS, WOKEN

FLOW = "clarity_orders_to_sage100"
LEFT_OVER = "clarity_ecommerce"


@pytest.fixture
def shop(ledger: Ledger, rings: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The receiver with a connection as its form makes it: nothing said of scheme and header."""
    whole = {"conn_type": "clarity_ecommerce", "extra": {"webhook_secrets": " ".join(SECRETS)}}
    monkeypatch.setenv("AIRFLOW_CONN_CLARITY_ECOMMERCE", json.dumps(whole))
    connections._doorkeeper.cache_clear()
    with TestClient(create_app(), raise_server_exceptions=False) as http:
        yield http
    connections._doorkeeper.cache_clear()


def deliver(shop: TestClient, body: bytes, **headers: str) -> int:
    return shop.post(WEBHOOK, content=body, headers={**signed(body), **headers}).status_code


@pytest.mark.parametrize("kind", ["order.created", "order.updated", "order.cancelled"])
def test_an_order_event_is_on_disk_and_wakes_its_flow(
    shop: TestClient, ledger: Ledger, rings: list[str], kind: str
) -> None:
    body = an_event(kind=kind)
    answer = shop.post(WEBHOOK, content=body, headers=signed(body))
    assert (answer.status_code, answer.json()) == (202, {"status": "kept", "record": "100001"})
    (row,) = ledger.inbox.history("100001")
    assert (row.flow, row.system, row.event, row.version) == (FLOW, "clarity_ecommerce", kind, "3")
    assert (row.delivery_id, row.payload, row.state) == ("evt_1", body, "pending")
    assert rings


def test_what_lists_show_of_a_version_is_kept_with_it(shop: TestClient, ledger: Ledger) -> None:
    order = {"id": 7, "rowVersion": 2, "updatedDate": "2026-03-02T16:04:31.412Z"}
    assert deliver(shop, an_event(data={"order": order})) == 202
    assert ledger.inbox.listed(FLOW, {"7": "2"}) == {"7": {"2026-03-02T16:04:31.412Z"}}


def test_a_payment_wakes_the_flow_of_payments(shop: TestClient, ledger: Ledger, rings: list[str]) -> None:
    body = an_event(kind="payment.captured", data={"payment": {"id": 77, "rowVersion": 2}})
    assert deliver(shop, body) == 202
    (row,) = ledger.inbox.history("77")
    assert (row.flow, row.version, row.state) == ("clarity_payments_to_sage100", "2", "pending")
    assert rings


def test_an_event_that_is_delivered_again_is_one_row_though_its_bytes_differ(
    shop: TestClient, ledger: Ledger
) -> None:
    for attempt in (1, 1, 2, 3):
        assert deliver(shop, an_event(attempt=attempt)) == 202
    assert ledger.inbox.pending(FLOW) == 1
    assert deliver(shop, an_event(2)) == 202
    assert ledger.inbox.pending(FLOW) == 2


@pytest.mark.parametrize("data", [{"id": 100001}, {"orderId": 100001}, {"order": {"id": 100001}}])
def test_a_thin_event_names_its_record(shop: TestClient, ledger: Ledger, data: dict[str, object]) -> None:
    assert deliver(shop, an_event(data=data)) == 202
    (row,) = ledger.inbox.history("100001")
    assert (row.flow, row.version, row.state) == (FLOW, "", "pending")


@pytest.mark.parametrize("secrets", [SECRETS[:1], SECRETS[1:], SECRETS, ("newest", SECRETS[0])])
def test_while_a_secret_is_rotated_either_of_either_side_will_do(
    shop: TestClient, secrets: tuple[str, ...]
) -> None:
    assert deliver(shop, an_event(), **signed(an_event(), *secrets)) == 202


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Clarity-Signature": ""},
        {"X-Clarity-Signature": "v1=" + "0" * 64},
        {"X-Clarity-Timestamp": ""},
        {"X-Clarity-Timestamp": "1772467472"},
        signed(an_event(), "guess"),
        signed(an_event(2)),
        signed(an_event(), late=3600),
        signed(an_event(), late=-3600),
        {"X-Clarity-Signature": "", "X-Zoho-Webhook-Signature": "0" * 64},
    ],
)
def test_any_other_caller_hears_the_same_no_and_leaves_nothing(
    shop: TestClient, ledger: Ledger, headers: dict[str, str]
) -> None:
    answer = shop.post(WEBHOOK, content=an_event(), headers={**signed(an_event()), **headers})
    assert (answer.status_code, answer.json()) == (401, {"detail": "signature missing or wrong"})
    assert ledger.inbox.history("100001") == []


@pytest.mark.parametrize(
    ("kind", "data", "record"),
    [
        ("product.deleted", {"product": {"id": 20431, "sku": "A", "rowVersion": 17}}, "20431"),
        ("inventory.updated", {"inventory": {"sku": "A/B", "warehouseCode": "001"}}, "A/B|001"),
        ("refund.created", {"refund": {"id": 77}}, "77"),
        ("order.teleported", {"order": {"id": 100001}}, "100001"),
        ("Quote.line-item.changed", {"anything": []}, "evt_1"),
        ("webhook.test", {}, "evt_1"),
    ],
)
def test_what_no_flow_takes_is_kept_and_acknowledged(
    shop: TestClient, ledger: Ledger, kind: str, data: dict[str, object], record: str
) -> None:
    for attempt in (1, 2):
        assert deliver(shop, an_event(kind=kind, data=data, attempt=attempt)) == 202
    (row,) = ledger.inbox.history(record)
    assert (row.flow, row.event, row.state, row.outcome) == (LEFT_OVER, kind, "done", "unchanged")
    assert row.payload == an_event(kind=kind, data=data)
    assert ledger.balances.check(LEFT_OVER).balanced


def test_what_no_flow_takes_wakes_nobody(shop: TestClient, rings: list[str]) -> None:
    assert deliver(shop, an_event(kind="product.deleted", data={"product": {"id": 20431}})) == 202
    assert rings == []


def test_whoever_may_send_what_no_flow_takes_has_it_pruned() -> None:
    assert {name for name, sender in SENDERS.items() if sender.addresses is None} == set(flows.LEFT_OVER)
    assert not set(flows.LEFT_OVER) & set(flows.FLOWS)
    assert set(flows.FLOWS) >= WOKEN


def test_what_no_flow_takes_is_forgotten_like_all_that_ended(shop: TestClient, ledger: Ledger) -> None:
    for number in (1, 2):
        deliver(shop, an_event(number, kind="product.deleted", data={"product": {"id": 20431}}))
    forgotten = ledger.retention.prune(LEFT_OVER, ledger.database.now())
    assert (forgotten["inbox"], forgotten["bodies"]) == (1, 1)
    assert [row.payload for row in ledger.inbox.history("20431")] == [b""]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", an_event(id=""), an_event(type="orders"), an_event(data={}), an_event()[:-3]],
    ids=range(7),
)
def test_signed_nonsense_is_a_400_and_an_exception_with_its_bytes(
    shop: TestClient, ledger: Ledger, body: bytes
) -> None:
    assert deliver(shop, body) == 400
    (exception,) = ledger.exceptions.list()
    assert (exception.flow, exception.code) == (FLOW, "record.unreadable")
    assert "Zoho" not in exception.remedy
    assert [row.payload for row in ledger.inbox.history(exception.record_key)] == [body]
    assert ledger.inbox.pending(FLOW) == 0


def test_the_address_decides_nothing_since_only_the_body_is_signed(shop: TestClient, ledger: Ledger) -> None:
    for number, last in enumerate(("events", "order.created", "product.updated")):
        body = an_event(number)
        path = f"/webhooks/clarity_ecommerce/{last}"
        assert shop.post(path, content=body, headers=signed(body)).status_code == 202
    assert ledger.inbox.pending(FLOW) == 3


def test_a_body_that_is_too_large_is_refused_by_its_announcement(shop: TestClient) -> None:
    with served(create_app()) as port, Wire(port) as wire:
        wire.head(headers={**signed(b""), "Content-Length": MAX_BODY + 1}, path=WEBHOOK)
        assert wire.answer().status == 413
        assert wire.is_closed()


def test_without_a_secret_or_a_ledger_the_sender_is_asked_to_come_back(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> Ledger:
        raise TransientError("the ledger is away")

    with monkeypatch.context() as patch:
        patch.setattr(connections, "ledger", away)
        for kind in ("order.created", "product.deleted"):
            body = an_event(kind=kind)
            answer = shop.post(WEBHOOK, content=body, headers=signed(body))
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    monkeypatch.setenv("AIRFLOW_CONN_CLARITY_ECOMMERCE", '{"conn_type": "clarity_ecommerce"}')
    connections._doorkeeper.cache_clear()
    assert deliver(shop, an_event()) == 503


def test_rows_of_a_flow_whose_dag_is_not_there_wait(
    shop: TestClient, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new flow's events may come before its DAG: nothing fails, nothing is lost."""
    assert FLOW in WOKEN
    assert LEFT_OVER not in WOKEN
    monkeypatch.setattr(waker, "create_session", NoDags)
    deliver(shop, an_event())
    assert waker.wake(FLOW) is None
    assert ledger.wakes.outstanding(FLOW) is None
    assert ledger.inbox.pending(FLOW) == 1


class NoDags:
    """A session of Airflow's that knows no DAG."""

    def __enter__(self) -> NoDags:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def get(self, *_: object) -> None:
        return None
