"""A11, promises 3.1: 5, 7, 8, 10: whatever is sent, a decided answer; nothing signed is lost; never a 500."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from include.errors import PermanentError, TransientError
from include.ledger import Ledger
from tests.airflow.events import WEBHOOK, an_event, signed
from tests.airflow.json_documents import DEPENDS, INVALID, REPEATED_KEYS, VALID
from tests.airflow.serving import Wire, chunked, served
from tradebridge import connections
from tradebridge.web import body as bodies
from tradebridge.web.app import create_app
from tradebridge.web.body import MAX_BODY, memory

FLOW = "zoho_orders_to_sage100"


@pytest.fixture(params=["httptools", "h11"])
def port(request: pytest.FixtureRequest, client: TestClient) -> Iterator[int]:
    """The receiver behind uvicorn, with each of its parsers; ``client`` gives it its secrets."""
    with served(create_app(), http=request.param) as port:
        yield port
    assert memory.held == 0


def in_an_event(document: bytes) -> bytes:
    """The document as a field of an order that is otherwise in order."""
    return b'{"salesorder": {"salesorder_id": "5129873000000200001", "x": %b}}' % document


DECIDED = [
    *((name, document, True) for name, document in VALID.items()),
    *((name, document, False) for name, document in (REPEATED_KEYS | INVALID).items()),
    *((name, document, good) for name, (document, good) in DEPENDS.items()),
]


def test_every_document_of_the_json_suite_has_its_decided_answer(client: TestClient, ledger: Ledger) -> None:
    """Each as a field of a signed order: kept as an order, or kept as an exception with its very bytes."""
    sent: dict[bytes, bool] = {}
    surprises = []
    for name, document, good in DECIDED:
        body = in_an_event(document)
        sent[body] = good
        answer = client.post(WEBHOOK, content=body, headers=signed(body)).status_code
        if answer != (202 if good else 400):
            surprises.append((name, answer))
    assert not surprises
    assert len(DECIDED) > 190
    kept = {row.payload for row in ledger.inbox.history("5129873000000200001", limit=1000)}
    refused = {
        row.payload
        for exception in ledger.exceptions.list(limit=1000)
        for row in ledger.inbox.history(exception.record_key)
    }
    assert kept == {body for body, good in sent.items() if good}
    assert refused == {body for body, good in sent.items() if not good}


def test_every_document_of_the_json_suite_alone_is_no_order(client: TestClient, ledger: Ledger) -> None:
    answers = {
        client.post(WEBHOOK, content=document, headers=signed(document)).status_code
        for _, document, _ in DECIDED
    }
    assert answers == {400}
    assert ledger.inbox.pending(FLOW) == 0
    assert ledger.exceptions.count(FLOW) == len({document for _, document, _ in DECIDED})


@given(
    body=st.binary(max_size=200)
    | st.text(max_size=100).map(lambda text: in_an_event(text.encode("utf-8", "replace")))
)
@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_signed_body_is_a_500_and_none_is_lost(client: TestClient, ledger: Ledger, body: bytes) -> None:
    answer = client.post(WEBHOOK, content=body, headers=signed(body))
    assert answer.status_code in {202, 400}
    keys = [row.record_key for row in ledger.exceptions.list(limit=1000)] + ["5129873000000200001"]
    assert body in {row.payload for key in keys for row in ledger.inbox.history(key, limit=1000)}


def test_a_byte_order_mark_before_an_order_is_passed_over(client: TestClient) -> None:
    body = b"\xef\xbb\xbf" + an_event()
    assert client.post(WEBHOOK, content=body, headers=signed(body)).status_code == 202


def test_an_empty_body_is_refused_with_or_without_a_signature(port: int) -> None:
    with Wire(port) as wire:
        assert wire.post(b"").status == 400
        assert wire.post(b"", {"X-Zoho-Webhook-Signature": None}).status == 401


def test_100_mb_are_refused_by_their_announcement(port: int) -> None:
    """Not a byte of the body is sent, and the answer is there."""
    with Wire(port) as wire:
        wire.head(headers={"Content-Length": 100_000_000})
        answer = wire.answer()
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        assert wire.is_closed()


@pytest.mark.parametrize("length", ["1" * 13, str(MAX_BODY + 1)])
def test_a_length_above_the_limit_is_refused(port: int, length: str) -> None:
    with Wire(port) as wire:
        wire.head(headers={"Content-Length": length})
        assert wire.answer().status == 413


def test_100_mb_without_a_length_are_cut_off(port: int) -> None:
    part = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    sent = 0
    with Wire(port) as wire:
        wire.head(headers={"Content-Length": None, "Transfer-Encoding": "chunked"})
        with suppress(ConnectionError):
            while sent < 100_000_000:
                wire.send(part)
                sent += len(part)
    assert sent < 100_000_000


def test_a_body_just_too_long_without_a_length_hears_why(port: int) -> None:
    with Wire(port) as wire:
        wire.head(headers={"Content-Length": None, "Transfer-Encoding": "chunked"})
        wire.send(b"%x\r\n" % (MAX_BODY + 1) + b"x" * (MAX_BODY + 1))
        assert wire.answer().status == 413


def test_the_longest_body_is_taken(port: int, ledger: Ledger) -> None:
    body = an_event()[:-1] + b" " * (MAX_BODY - len(an_event())) + b"}"
    with Wire(port) as wire:
        assert wire.post(body).status == 202
    assert ledger.inbox.pending(FLOW) == 1


def test_chunks_without_a_length_are_one_body(port: int) -> None:
    with Wire(port) as wire:
        wire.head(an_event(), {"Content-Length": None, "Transfer-Encoding": "chunked"})
        wire.send(chunked(an_event()))
        assert wire.answer().status == 202


def test_a_length_that_is_too_short_leaves_half_a_body_that_nobody_signed(port: int, ledger: Ledger) -> None:
    with Wire(port) as wire:
        # One of uvicorn's parsers sees the rest, which is no request, before we have answered.
        assert wire.post(an_event(), {"Content-Length": 10}).status in {400, 401}
    assert ledger.inbox.tally(FLOW) == {}


def test_a_length_that_is_too_long_and_a_sender_that_hangs_up_leave_nothing(
    port: int, ledger: Ledger
) -> None:
    with Wire(port) as wire:
        wire.head(an_event(), {"Content-Length": len(an_event()) + 1})
        wire.send(an_event())
    with Wire(port) as wire:  # and the server is well
        assert wire.post(an_event(2)).status == 202
    assert ledger.inbox.pending(FLOW) == 1


@pytest.mark.parametrize(
    "more",
    [b"Content-Length: 3\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked, identity\r\n"],
)
def test_two_ideas_of_where_a_body_ends_are_no_request(port: int, ledger: Ledger, more: bytes) -> None:
    """Request smuggling: a proxy and we must not see two different requests."""
    with Wire(port) as wire:
        assert wire.post(an_event(), more=more).status in {400, 501}
        assert wire.is_closed()
    assert ledger.inbox.tally(FLOW) == {}


def test_a_compressed_body_is_refused_unread(port: int, ledger: Ledger) -> None:
    """A bomb of 100 MB in 100 kB never goes off: nothing here inflates anything."""
    bomb = gzip.compress(b"\0" * 100_000_000)
    for coding, body in (
        ("gzip", bomb),
        ("deflate", zlib.compress(an_event())),
        ("x-gzip", b""),
        ("br", b""),
        ("identity, gzip", b""),
    ):
        with Wire(port) as wire:
            wire.head(body, {"Content-Encoding": coding})
            answer = wire.answer()
            assert (answer.status, answer.headers["accept-encoding"]) == (415, "identity")
    with Wire(port) as wire:
        assert wire.post(an_event(), {"Content-Encoding": "Identity"}).status == 202
    assert ledger.inbox.pending(FLOW) == 1


@pytest.mark.parametrize(
    ("media", "status"),
    [
        ("application/json", 202),
        ("Application/JSON; charset=utf-8", 202),
        ("application/cloudevents+json", 202),
        ("text/plain", 202),
        (None, 202),
        ("multipart/form-data; boundary=x", 415),
        ("application/octet-stream", 415),
        ("text/html", 415),
        ("image/png", 415),
        ("é", 415),
    ],
)
def test_another_media_type_is_a_415(client: TestClient, media: str | None, status: int) -> None:
    headers = {**signed(an_event()), "Content-Type": (media or "").encode()}
    if media is None:
        del headers["Content-Type"]
    assert client.post(WEBHOOK, content=an_event(), headers=headers).status_code == status


def test_a_sender_that_asks_first_is_told_to_go_on(port: int) -> None:
    with Wire(port) as wire:
        wire.head(an_event(), {"Expect": "100-continue"})
        wire.send(an_event())
        answer = wire.answer()
        assert (answer.interim, answer.status) == ([100], 202)


@pytest.mark.parametrize(
    ("headers", "status"), [({"Content-Length": 100_000_000}, 413), ({"Content-Encoding": "gzip"}, 415)]
)
def test_a_sender_that_asks_first_is_refused_before_it_sends(
    port: int, headers: dict[str, Any], status: int
) -> None:
    with Wire(port) as wire:
        wire.head(an_event(), {"Expect": "100-continue", **headers})
        answer = wire.answer()
        assert (answer.interim, answer.status) == ([], status)


def test_two_signatures_are_none(port: int) -> None:
    tag = signed(an_event())["X-Zoho-Webhook-Signature"].encode()
    with Wire(port) as wire:
        for other in (tag, b"0" * 64):
            assert wire.post(an_event(), more=b"x-zoho-webhook-signature: " + other + b"\r\n").status == 401


def test_header_names_come_in_any_case(port: int) -> None:
    headers = {name.swapcase(): value for name, value in signed(an_event()).items()}
    with Wire(port) as wire:
        answer = wire.post(an_event(), dict.fromkeys(signed(b""), None) | headers)
        assert answer.status == 202


def test_slow_senders_are_cut_and_hold_up_nobody(
    port: int, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "SECONDS", 1.0)
    slow = [Wire(port) for _ in range(30)]
    for wire in slow:
        wire.head(an_event())
        wire.send(an_event()[:5])
    with Wire(port) as quick:
        for number in range(20):
            assert quick.post(an_event(number)).status == 202
    for wire in slow:
        answer = wire.answer()
        assert (answer.status, answer.headers["connection"]) == (408, "close")
        assert wire.is_closed()
        wire.socket.close()
    assert ledger.inbox.pending(FLOW) == 20


def test_hundreds_of_silent_connections_hold_up_nobody(port: int, ledger: Ledger) -> None:
    """Headers that never end are the proxy's to cut; until then they cost a socket and nothing else."""
    silent = [Wire(port) for _ in range(400)]
    for wire in silent:
        wire.send(b"POST / HTTP/1.1\r\nX-Slow: ")
    with Wire(port) as quick:
        assert [quick.post(an_event(number)).status for number in range(5)] == [202] * 5
    for wire in silent:
        wire.socket.close()
    assert ledger.inbox.pending(FLOW) == 5


def test_bodies_share_a_bounded_memory(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_BODIES", 3 * MAX_BODY // 2)
    half = MAX_BODY // 2 + 1
    holders = [Wire(port) for _ in range(2)]
    for wire in holders:
        wire.head(b"x" * (half + 1), {"Expect": "100-continue"})
        wire.send(b"x" * half)
    with Wire(port) as wire:
        while memory.held < 2 * half:
            pass
        answer = wire.post(b"x" * half)
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    for wire in holders:
        wire.socket.close()
    with Wire(port) as wire:
        while memory.held:
            pass
        assert wire.post(an_event()).status == 202


def test_requests_behind_one_another_on_one_connection_are_all_kept(port: int, ledger: Ledger) -> None:
    with Wire(port) as wire:
        for number in range(10):
            wire.head(an_event(number))
            wire.send(an_event(number))
        assert [wire.answer().status for _ in range(10)] == [202] * 10
    assert ledger.inbox.pending(FLOW) == 10


@pytest.mark.parametrize(
    "noise", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\0" * 1000 + b"\r\n\r\n"]
)
def test_what_is_not_http_is_cut(port: int, noise: bytes) -> None:
    with Wire(port) as wire:
        wire.send(noise)
        assert wire.answer().status == 400
        assert wire.is_closed()


@pytest.mark.parametrize("path", [f"{WEBHOOK}/", f"/{WEBHOOK}", "/webhooks/zoho_inventory//salesorder"])
def test_no_address_redirects(client: TestClient, path: str) -> None:
    """CloudEvents' webhooks: a sender that follows would send the body to where it was told."""
    answer = client.post(path, content=an_event(), headers=signed(an_event()), follow_redirects=False)
    assert answer.status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_any_other_method_is_a_405_that_names_the_right_one(client: TestClient, method: str) -> None:
    answer = client.request(method, WEBHOOK)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_an_unknown_address_is_refused_before_its_body_is_read(port: int) -> None:
    with Wire(port) as wire:
        wire.head(b"x" * 1000, {"Expect": "100-continue"}, path="/webhooks/nobody/salesorder")
        answer = wire.answer()
        assert (answer.interim, answer.status) == ([], 404)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("canary-body"), TransientError("away"), PermanentError("refused"), OSError(28, "full")],
)
@pytest.mark.parametrize("place", ["doorkeeper", "ledger"])
def test_whatever_breaks_on_our_side_is_a_503_with_a_time(
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    place: str,
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(connections, place, broken)
    answer = client.post(WEBHOOK, content=an_event(), headers=signed(an_event()))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "canary-body" not in answer.text + caplog.text
    assert type(error).__name__ in caplog.text
