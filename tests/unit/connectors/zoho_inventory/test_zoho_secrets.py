"""No secret and no body leaves the connector: not in an error, a log line, a traceback or a repr."""

from __future__ import annotations

import logging
import pickle

import pytest
import requests

from include.connectors.rest.transport import Answer, Call
from include.connectors.zoho_inventory import ZohoReader, ZohoWriter
from include.connectors.zoho_inventory.webhook import SIGNATURE_HEADER, identify, payload
from include.connectors.zoho_inventory.wire import open_envelope
from include.errors import IntegrationError
from include.webhooks import Doorkeeper

BODY = '{"code":%d,"message":"The customer \\"canary-name\\" already exists.","x":"canary-body"}'
TROUBLES = [
    *[
        (status, {}, (BODY % code).encode())
        for status in (200, 400, 401, 403, 404, 429, 500)
        for code in (2, 43, 45, 57, 1000, 3062, 4711)
    ],
    (200, {}, b'{"code":0,"canary-body'),
    (502, {}, b"<html>canary-body</html>"),
    (302, {"Location": "https://canary-host"}, b""),
    (200, {}, b'{"salesorder":{"salesorder_id":"99","n":"canary-body"},"comments":"canary-body"}'),
    requests.ReadTimeout("timeout"),
    requests.ConnectionError("reset"),
]


def told(error: BaseException | None) -> str:
    """All that a log, a pickle or a page could show of an error and of what it is chained to."""
    text = ""
    while error is not None:
        text += f"{error!r} {error} {error.__dict__} {getattr(error, '__notes__', '')}"
        text += repr(pickle.dumps(error)) if isinstance(error, IntegrationError) else ""
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return text


@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_trouble_of_the_api_shows_a_canary(bench, caplog, trouble) -> None:
    caplog.set_level(logging.DEBUG)
    bench.zoho.accounts = lambda _request: (200, {}, {"access_token": "canary-token", "expires_in": 3600})
    bench.zoho.replies(trouble)
    client = bench.client()
    attempts = (
        lambda: ZohoReader(client).sales_order("1"),
        lambda: ZohoWriter(client).add_comment("1", "canary-note"),
        lambda: ZohoWriter(client).set_custom_fields("1", {"cf_x": "canary-value"}),
        lambda: client.send_json("POST", "/x", {"canary-key": "canary-value"}),
    )
    for attempt in attempts:
        with pytest.raises(IntegrationError) as caught:
            attempt()
        assert "canary" not in told(caught.value)
    assert "canary" not in ZohoReader(client).check().message
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    "reply",
    [
        (200, {}, {"error": "invalid_code", "error_description": "canary"}),
        (200, {}, {"error": "canary"}),
        (400, {}, {"error": "Access Denied", "error_description": "canary"}),
        (200, {}, b'{"access_token": "canary'),
        (200, {}, {"access_token": 5, "x": "canary"}),
        (200, {}, {"access_token": "canary-token", "api_domain": "https://canary.example"}),
        requests.ReadTimeout("timeout"),
    ],
)
def test_no_trouble_of_the_accounts_host_shows_a_canary(bench, caplog, reply) -> None:
    caplog.set_level(logging.DEBUG)
    bench.zoho.accounts = lambda _request: reply
    if isinstance(reply, Exception):
        bench.zoho.accounts = lambda _request: requests.ReadTimeout("timeout")
    with pytest.raises(IntegrationError) as caught:
        bench.client().get("/items")
    assert "canary" not in told(caught.value)
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    "body",
    [b'{"a":"canary', b'{"a":NaN,"b":"canary"}', b'{"canary":1,"canary":2}', b'"canary"', b"canary\xff"],
)
def test_no_webhook_shows_its_body_or_its_secret(body: bytes) -> None:
    for attempt in (
        lambda: identify(body),
        lambda: payload(b"canary", "text/plain"),
        lambda: payload(b"JSONString=%ff&canary=1", "application/x-www-form-urlencoded"),
        lambda: Doorkeeper.of(("canary-secret",), header=SIGNATURE_HEADER).check(
            body, {SIGNATURE_HEADER: "canary"}, now=0
        ),
    ):
        with pytest.raises(IntegrationError) as caught:
            attempt()
        assert "canary" not in repr(caught.value) + str(caught.value) + str(caught.value.__dict__)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_what_passes_through_our_hands_has_no_telling_repr() -> None:
    things = (
        Call("POST", "/x", content=b"canary"),
        Answer(200, {"Set-Cookie": "canary"}, b"canary"),
        open_envelope(b'{"code":1,"message":"canary","x":"canary"}'),
    )
    assert "canary" not in repr(things)
