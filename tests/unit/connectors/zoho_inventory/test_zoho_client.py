"""One call: envelope before status, limits, outages, unknown outcomes (A18, A47)."""

from __future__ import annotations

import pytest
import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from include.connectors.zoho_inventory.errors import DuplicateError, NotFoundError, ZohoError
from include.connectors.zoho_inventory.wire import MalformedAnswerError
from include.errors import (
    AuthenticationError,
    ConfigurationError,
    OutcomeUnknownError,
    PermanentError,
    RateLimitedError,
    TransientError,
)

FINE = (200, {}, {"code": 0, "message": "success", "items": []})
HTML = b"<!DOCTYPE html><html><body>Bad gateway canary-body</body></html>"
NEVER_SENT = requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "refused")))  # type: ignore[arg-type]


def test_a_code_inside_a_200_is_an_error_and_not_an_empty_list(bench, refused) -> None:
    bench.zoho.api = lambda _request: refused(200, 4711, "new trouble")
    with pytest.raises(ZohoError):
        bench.client().get("/items")


def test_a_success_without_its_payload_is_not_an_empty_list(bench) -> None:
    bench.zoho.replies((200, {}, {"code": 0, "message": "success"}))
    with pytest.raises(MalformedAnswerError, match="no 'items'"):
        bench.client().get("/items").part("items")


@pytest.mark.parametrize(
    "body",
    [
        HTML,
        b"",
        b'{"code":0,"message":"success","items":[{"a":',
        b"[]",
        b"null",
        b'{"code":"x"}',
        b'{"code":0,"items":NaN}',
        b'{"code":0,"items":"\xff"}',
        b'{"code":0,"items":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_a_200_that_is_not_zohos_envelope_is_read_again_and_then_transient(bench, body: bytes) -> None:
    bench.zoho.replies((200, {}, body))
    with pytest.raises(TransientError) as caught:
        bench.client().get("/items")
    assert not isinstance(caught.value, RateLimitedError)
    assert len(bench.zoho.asked) == 4
    bench.zoho.replies((200, {}, body), FINE)
    assert bench.client().get("/items").part("items") == b"[]"


def test_a_write_answered_with_nonsense_may_have_happened(bench) -> None:
    bench.zoho.replies((200, {}, HTML))
    with pytest.raises(OutcomeUnknownError):
        bench.client().send_json("POST", "/x", {})
    assert len(bench.zoho.asked) == 1


@pytest.mark.parametrize(
    "trouble", [(500, {}, {"code": 1000}), (502, {}, HTML), (503, {}, b""), (504, {}, HTML)]
)
def test_an_outage_met_by_a_read_heals(bench, trouble) -> None:
    bench.zoho.replies(trouble, trouble, FINE)
    assert bench.client().get("/items").code == 0
    assert bench.clock.slept == [0.5, 1.0]


def test_an_outage_that_stays_ends_after_the_attempts(bench) -> None:
    bench.zoho.replies((503, {}, HTML))
    with pytest.raises(TransientError):
        bench.client(attempts=3).get("/items")
    assert len(bench.zoho.asked) == 3


def test_the_remotes_advice_wins_over_our_backoff(bench) -> None:
    bench.zoho.replies((503, {"Retry-After": "7"}, b""), FINE)
    bench.client().get("/items")
    assert bench.clock.slept == [7.0]


def test_advice_as_a_date_is_followed_too(bench) -> None:
    bench.zoho.replies((503, {"Retry-After": "Sat, 21 Nov 2026 15:00:12 GMT"}, b""), FINE)
    bench.client().get("/items")
    assert bench.clock.slept == [12.0]


def test_advice_beyond_our_patience_is_handed_on(bench) -> None:
    bench.zoho.replies((503, {"Retry-After": "900"}, b""), FINE)
    with pytest.raises(TransientError) as caught:
        bench.client().get("/items")
    assert caught.value.retry_after == 900
    assert bench.clock.slept == []


@pytest.mark.parametrize(
    "trouble",
    [
        requests.ReadTimeout("slow"),
        requests.ConnectionError("reset"),
        requests.exceptions.ChunkedEncodingError("cut"),
        requests.exceptions.ContentDecodingError("gzip"),
        requests.ConnectTimeout("slow"),
        NEVER_SENT,
    ],
)
def test_a_lost_read_is_asked_again(bench, trouble) -> None:
    bench.zoho.replies(trouble, FINE)
    assert bench.client().get("/items").code == 0


@pytest.mark.parametrize(
    "trouble",
    [
        requests.ReadTimeout("slow"),
        requests.ConnectionError("reset"),
        requests.exceptions.ChunkedEncodingError("cut"),
        (500, {}, {"code": 1000, "message": "Internal error"}),
        (502, {}, HTML),
        (503, {"Retry-After": "2"}, b""),
        (200, {}, {"message": "success"}),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_write_whose_answer_is_lost_is_never_repeated_here(bench, trouble, method: str) -> None:
    bench.zoho.replies(trouble)
    with pytest.raises(OutcomeUnknownError):
        bench.client().send_json(method, "/salesorders/1/comments", {"description": "x"})
    assert len(bench.zoho.asked) == 1


@pytest.mark.parametrize("trouble", [requests.ConnectTimeout("slow"), NEVER_SENT])
def test_a_write_that_never_left_is_sent_again(bench, trouble) -> None:
    bench.zoho.replies(trouble, FINE)
    assert bench.client().send_json("POST", "/x", {}).code == 0
    assert len(bench.zoho.asked) == 2


def test_a_write_refused_by_a_limit_has_not_happened_and_is_sent_again(bench, refused) -> None:
    bench.zoho.replies(refused(429, 1070), FINE)
    assert bench.client().send_json("POST", "/x", {}).code == 0


def test_a_refused_token_has_not_written_anything(bench, refused) -> None:
    bench.zoho.replies(refused(401, 57), FINE)
    assert bench.client().send_form("PUT", "/x", {"a": "ü"}).code == 0
    assert bench.zoho.asked[1].body == b"a=%C3%BC"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, 1002, NotFoundError),
        (400, 36004, DuplicateError),
        (400, 4, ZohoError),
        (404, 5, ConfigurationError),
        (400, 6041, ConfigurationError),
        (403, 0, AuthenticationError),
    ],
)
def test_what_asking_again_cannot_help_is_asked_once(bench, refused, status, code, kind) -> None:
    bench.zoho.replies(refused(status, code))
    with pytest.raises(kind):
        bench.client().get("/items")
    assert len(bench.zoho.asked) == 1
    assert bench.clock.slept == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_refused_so_that_the_token_does_not_follow_it(bench, status: int) -> None:
    bench.zoho.api = lambda _request: (status, {"Location": "https://evil.example/"}, b"")
    with pytest.raises(ConfigurationError, match="redirect"):
        bench.client().get("/items")
    assert len(bench.zoho.asked) == 1


def test_an_answer_that_is_too_large_is_not_read(bench) -> None:
    bench.zoho.replies((200, {}, b'{"code":0,"items":"' + b"x" * 4096 + b'"}'))
    with pytest.raises(PermanentError, match="larger than 1000 bytes"):
        bench.client(max_response_bytes=1000).get("/items")


def test_netrc_does_not_replace_the_token(bench, tmp_path, monkeypatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine www.zohoapis.com login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    bench.client().get("/items")
    assert bench.zoho.asked[0].headers["Authorization"] == "Zoho-oauthtoken 1000.token.1"
