"""No secret and no body leaves the connector: not in an error, a log line, a traceback or a repr."""

from __future__ import annotations

import logging
import pickle
from typing import Any

import pytest

from include.connectors.clarity_ecommerce import ClarityReader, ClarityWriter, Write
from include.connectors.clarity_ecommerce.records import Kind, Record
from include.connectors.clarity_ecommerce.webhook import identify
from include.connectors.clarity_ecommerce.wire import Reply
from include.errors import IntegrationError

STATUSES = [200, 400, 401, 403, 404, 409, 412, 413, 422, 429, 500, 503]
BODIES = [
    b'{"code": "canary of Gulf Coast", "detail": "canary", "errors": {"canary name": ["canary"]}}',
    b'{"data": {"id": "canary body", "id": 2}}',
    b"<html>canary-body</html>",
    b'{"data": "canary-body',
    b'{"code": "validation_failed", "existingId": "canary id", "errors": {"canary\\n": []}}',
]


def told(error: BaseException | None) -> str:
    """All that a log, a pickle or a page could show of an error and of what it is chained to."""
    text = ""
    while error is not None:
        text += f"{error!r} {error} {error.__dict__} {getattr(error, '__notes__', '')}"
        text += repr(pickle.dumps(error)) if isinstance(error, IntegrationError) else ""
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return text


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("body", BODIES)
def test_no_trouble_of_the_api_shows_a_canary(bench, caplog, answer, *, status: int, body: bytes) -> None:
    caplog.set_level(logging.DEBUG)
    bench.tenant.login = lambda _asked: answer(200, {"access_token": "canary-token"})
    bench.tenant.replies(answer(status, body))
    client = bench.client(attempts=2, auth_mode="both", api_key="canary-api-key", patience=0.0)
    reader, writer = ClarityReader(client), ClarityWriter(client)
    attempts: tuple[Any, ...] = (
        lambda: reader.record(Kind.ORDERS, "1"),
        lambda: list(reader.changed(Kind.ORDERS)),
        lambda: client.send("POST", "/x", {"canary-key": "canary-value"}),
        lambda: writer.write_shipments([Write("k", {"shipmentNumber": "canary"})]),
        reader.check,
    )
    shown = [outcome(bench, attempt) for attempt in attempts]
    assert "canary" not in "".join(shown) + caplog.text
    assert status == 200 or sum("Error" in each for each in shown) >= 3


def outcome(bench, attempt: Any) -> str:
    """What comes of it, as somebody could see it."""
    bench.budget.blocked.clear()
    try:
        return repr(attempt())
    except IntegrationError as error:
        return told(error)


def test_a_lost_connection_shows_no_canary(bench, caplog, answer) -> None:
    caplog.set_level(logging.DEBUG)
    bench.tenant.replies(answer(200, b"canary-body", cut=True))
    client = bench.client(attempts=1, auth_mode="api_key", api_key="canary-api-key")
    for method in ("GET", "POST"):
        with pytest.raises(IntegrationError) as caught:
            client.get("/x") if method == "GET" else client.send(method, "/x", {"a": "canary"})
        assert "canary" not in told(caught.value)
    assert "canary" not in caplog.text


@pytest.mark.parametrize("body", [b'{"a":"canary', b'{"a":NaN,"b":"canary"}', b'"canary"', b"canary\xff"])
def test_no_webhook_shows_its_body(body: bytes) -> None:
    with pytest.raises(IntegrationError) as caught:
        identify(body)
    assert "canary" not in told(caught.value)


def test_what_passes_through_our_hands_has_no_telling_repr(bench) -> None:
    dialect = bench.settings().spoken
    things = (
        Reply(200, b"canary"),
        Record.of(Kind.ORDERS, b'{"id": 1, "email": "canary"}', dialect),
        Write("k", {"email": "canary"}),
        bench.client(),
    )
    assert "canary" not in repr(things)
