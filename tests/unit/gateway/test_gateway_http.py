"""The door and the addresses: who comes in, how much may be carried, how a refusal looks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn

from include.gateway.app import create_app
from include.gateway.settings import Settings
from tests.unit.gateway.conftest import Company, an_order

TOKEN = {"Authorization": "Bearer second-token"}
Serve = Callable[..., httpx.Client]


@pytest.fixture
def serve(make_settings: Callable[..., Settings]) -> Iterator[Serve]:
    started: list[tuple[uvicorn.Server, threading.Thread, httpx.Client]] = []

    def start(**changes: Any) -> httpx.Client:
        config = uvicorn.Config(create_app(make_settings(**changes)), port=0, log_config=None, lifespan="on")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=TOKEN, timeout=30)
        started.append((server, thread, client))
        return client

    yield start
    for server, thread, client in started:
        client.close()
        server.should_exit = True
        thread.join(20)


def body(number: str = "1", **changes: Any) -> dict[str, Any]:
    return an_order(number, **changes).model_dump(mode="json")


def test_an_order_goes_in_and_comes_out(serve: Serve) -> None:
    client = serve()
    made = client.post("/SO/SalesOrder", json=body(), headers={"Idempotency-Key": '"k1"'})
    assert (made.status_code, made.json()["totals"]["Total"]) == (201, "35.00")
    again = client.post("/SO/SalesOrder", json=body(), headers={"Idempotency-Key": "k1"})
    assert (again.status_code, again.headers["Idempotency-Replayed"], again.json()) == (
        201,
        "true",
        made.json(),
    )
    read = client.get("/SO/SalesOrder/1").json()
    assert (read["header"]["UDF_SYNC_KEY"], len(read["lines"])) == ("k1", 2)
    put = client.put("/SO/SalesOrder/0000001", json=body())
    assert put.json()["status"] == "unchanged"
    gone = client.delete("/SO/SalesOrder/0000001", params={"reason": "no longer wanted"})
    assert gone.json() == {"status": "cancelled", "SalesOrderNo": "0000001", "warnings": []}
    assert client.get("/SO/SalesOrder/0000001").status_code == 404


def test_a_batch_answers_each_record(serve: Serve) -> None:
    records = [
        {"idempotency_key": "a", "order": body("1")},
        {"idempotency_key": "b", "order": body("2", lines=[{"ItemCode": "NOPE"}])},
    ]
    answer = serve().post("/SO/SalesOrder/batch", json={"records": records})
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [(result["idempotency_key"], result["status"]) for result in results] == [("a", 201), ("b", 422)]
    assert results[1]["body"]["errors"][0]["code"] == "not_on_file"


def test_customers_have_the_same_addresses(serve: Serve) -> None:
    client = serve()
    customer = {"CustomerNo": None, "fields": {"CustomerName": "Vins", "UDF_ZOHO_CONTACT_ID": "77"}}
    made = client.post("/AR/Customer", json=customer, headers={"Idempotency-Key": "c1"})
    assert (made.status_code, made.json()["status"]) == (201, "created")
    records = [{"idempotency_key": "c2", "customer": customer}]
    again = client.post("/AR/Customer/batch", json={"records": records}).json()["results"]
    assert [(result["status"], result["body"]["CustomerNo"]) for result in again] == [(200, "0000001")]
    read = client.get("/AR/Customer/00/0000001")
    assert read.json()["fields"]["CustomerName"] == "Vins"


def test_a_missing_key_is_400(serve: Serve) -> None:
    """§3.1: the draft's table."""
    answer = serve().post("/SO/SalesOrder", json=body())
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["errors"][0]["field"] == "header.Idempotency-Key"


def test_a_lock_says_when_to_come_back(serve: Serve, company: Company) -> None:
    company.fault("SO.nSetKey", "refuse:The record is in use by another user.", times=2)
    answer = serve().post("/SO/SalesOrder", json=body(), headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()["retry_after"]) == (
        423,
        "15",
        15,
    )


UNREADABLE = [
    b"", b"{", b"null", b"[]", b'{"header": {}, "lines": []}', b"\xff\xfe{\x00}\x00", b"[" * 100_000,
    b'{"header": {"Comment": "\\ud800"}, "lines": [{}]}', b'{"header": {"FreightAmt": 1.1}, "lines": [{}]}',
    b'{"header": {"FreightAmt": NaN}, "lines": [{}]}', b'{"header": {"A B": "1"}, "lines": [{}]}',
    b'{"header": {"A": true}, "lines": [{}]}', b'{"header": {}, "lines": [{}], "surprise": 1}',
    b'{"header": {}, "lines": [{}], "expect": {"lines": 1, "total": 1.10}}',
]  # fmt: skip


def test_what_cannot_be_read_is_400(serve: Serve) -> None:
    """§3.1: JSON that is none, hostile or not ours; numbers with a fraction must be text."""
    client = serve()
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    for content in UNREADABLE:
        answer = client.post("/SO/SalesOrder", content=content, headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (400, 400), content[:60]


def test_nobody_comes_in_without_a_token(serve: Serve) -> None:
    client = serve()
    routes = [
        ("GET", "/SO/SalesOrder/1"), ("POST", "/SO/SalesOrder"), ("POST", "/admin/drain"), ("GET", "/docs"),
        ("GET", "/openapi.json"), ("GET", "/nowhere"), ("POST", "/health"), ("PUT", "/SO/SalesOrder/1"),
    ]  # fmt: skip
    for authorization in (
        "",
        "Bearer wrong",
        "Bearer",
        "Basic second-token",
        "second-token",
        "Bearer first-tokenx",
    ):
        for method, path in routes:
            answer = client.request(method, path, headers={"Authorization": authorization})
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer"), (
                path,
                authorization,
            )
    assert client.get("/openapi.json", headers={"Authorization": "bearer first-token"}).status_code == 200


def test_health_is_open_and_says_nothing_of_the_business(serve: Serve) -> None:
    answer = serve().get("/health", headers={"Authorization": ""})
    assert answer.json() == {
        "status": "ok",
        "workers": [{"slot": 0, "state": "stopped", "session": False, "restarts": 0}],
        "seats": {"held": 0, "limit": 1},
    }


def test_docs_may_be_opened_by_a_setting(serve: Serve) -> None:
    client = serve(public_docs=True)
    assert client.get("/docs", headers={"Authorization": ""}).status_code == 200


def test_a_body_has_a_limit_announced_or_not(serve: Serve) -> None:
    """§3.1 item 8."""
    client = serve(max_body_bytes=2000)
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    announced = client.post("/SO/SalesOrder", content=b"x" * 2001, headers=headers)
    chunked = client.post("/SO/SalesOrder", content=iter([b"x" * 1500, b"x" * 1500]), headers=headers)
    assert (announced.status_code, chunked.status_code) == (413, 413)
    assert client.post("/SO/SalesOrder", json=body(), headers=headers).status_code == 201


def test_drain_and_resume_are_addresses(serve: Serve) -> None:
    client = serve()
    assert client.post("/admin/drain").json() == {"status": "draining"}
    refused = client.post("/SO/SalesOrder", json=body(), headers={"Idempotency-Key": "k"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "15")
    assert client.get("/health").json()["status"] == "draining"
    assert client.post("/admin/resume").json() == {"status": "ok"}
    assert client.post("/SO/SalesOrder", json=body(), headers={"Idempotency-Key": "k"}).status_code == 201


def test_no_customer_data_is_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """Codes and keys only, also of what is refused."""
    caplog.set_level(logging.DEBUG)
    client = serve()
    order = body(header={"ShipToName": "Frau Geheim " * 9, "TermsCode": "77", "Comment": "Liebesbrief"})
    client.post("/SO/SalesOrder", json=order, headers={"Idempotency-Key": "k"})
    said = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("include."))
    assert "create_order k: 422 too_long" in said
    assert not any(word in caplog.text for word in ("Geheim", "Liebesbrief", "second-token"))
