"""Tokens: asked for as RFC 6749 says, shared by all workers, renewed in time; and the settings' own rules."""

from __future__ import annotations

import base64
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from include.errors import AuthenticationError, ConfigurationError, RateLimitedError, TransientError


@pytest.fixture
def fine(answer):
    return answer(200, {"data": {"id": 1}})


def test_a_token_is_asked_for_by_client_credentials(bench, fine) -> None:
    bench.tenant.replies(fine)
    bench.client(client_secret="s:e cret%", scopes=("orders.read", "orders.write")).get("/x")
    (asked,) = bench.tenant.minted
    assert (asked.method, asked.path) == ("POST", "/oauth2/token")
    assert base64.b64decode(asked.headers["Authorization"].removeprefix("Basic ")) == (
        b"clarity-test:s%3Ae%20cret%25"
    )
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["orders.read orders.write"],
    }


def test_credentials_may_go_in_the_body(bench, fine) -> None:
    bench.tenant.replies(fine)
    bench.client(dialect_overrides={"auth": {"token": {"credentials": "body"}}}).get("/x")
    (asked,) = bench.tenant.minted
    assert "Authorization" not in asked.headers
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["clarity-test"],
        "client_secret": ["canary-client-secret"],
    }


def test_a_token_is_renewed_at_nine_tenths_of_its_life(bench, fine) -> None:
    bench.tenant.replies(fine)
    client = bench.client()
    client.get("/x")
    bench.clock.now += timedelta(seconds=3239)
    client.get("/x")
    assert len(bench.tenant.minted) == 1
    bench.clock.now += timedelta(seconds=1)
    client.get("/x")
    assert len(bench.tenant.minted) == 2


def test_twenty_workers_without_a_token_mint_one(bench) -> None:
    clients = [bench.client() for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        found = set(pool.map(lambda client: client.tokens.current().value, clients))
    assert found == {"cl_1"}
    assert len(bench.tenant.minted) == 1


def test_other_credentials_and_other_scopes_have_a_token_of_their_own(bench) -> None:
    names = {
        bench.settings(**changes).token_name
        for changes in ({}, {"client_secret": "x"}, {"scopes": ("a",)}, {"client_id": "y"})
    }
    assert len(names) == 4
    assert not any("canary" in name for name in names)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": "invalid_client", "error_description": "canary"}, AuthenticationError),
        (400, {"error": "invalid_grant"}, AuthenticationError),
        (401, b"<html>canary", AuthenticationError),
        (400, {"error": "invalid_scope"}, ConfigurationError),
        (400, {"error": "unsupported_grant_type"}, ConfigurationError),
        (404, b"", ConfigurationError),
        (429, b"", RateLimitedError),
        (500, b"<html>", TransientError),
        (503, {"error": "temporarily_unavailable"}, TransientError),
        (400, {"error": "temporarily_unavailable"}, TransientError),
        (200, {}, TransientError),
        (200, b"<html>canary", TransientError),
        (200, {"access_token": {"canary": 1}}, TransientError),
        (200, {"access_token": "a\r\nb"}, TransientError),
    ],
)
def test_the_token_endpoints_answers_are_judged(bench, answer, *, status: int, body: Any, kind: type) -> None:
    bench.tenant.login = lambda _asked: answer(status, body)
    with pytest.raises(kind) as caught:
        bench.client(attempts=1).send("POST", "/x", {})
    assert type(caught.value) is kind
    assert bench.tenant.asked == []
    assert "canary" not in str(caught.value)


def test_a_throttled_token_endpoint_pauses_all_minting(bench, answer) -> None:
    bench.tenant.login = lambda _asked: answer(429, b"", {"Retry-After": "Mon, 02 Mar 2026 16:20:00 GMT"})
    for _ in range(2):
        with pytest.raises(RateLimitedError) as caught:
            bench.client().get("/x")
        assert caught.value.retry_after == 1200
    assert len(bench.tenant.minted) == 1


@pytest.mark.parametrize(
    ("said", "life"), [({"expires_in": 600}, 540), ({"expires_in": "600"}, 540), ({}, 3240)]
)
def test_a_tokens_life_is_the_answers_or_the_dialects(bench, answer, fine, *, said: Any, life: int) -> None:
    bench.tenant.login = lambda _asked: answer(200, {"access_token": "t", **said})
    bench.tenant.replies(fine)
    client = bench.client()
    client.get("/x")
    kept = bench.tokens.kept[client.settings.token_name]
    assert kept.expires_at == bench.clock.now + timedelta(seconds=life)


WRONG = [
    ({"base_url": ""}, "base_url"),
    ({"base_url": "ftp://shop.example"}, "base_url"),
    ({"base_url": "https://user:pw@shop.example"}, "base_url"),
    ({"base_url": "https://169.254.169.254"}, "base_url"),
    ({"base_url": "https://shop.example/api/v1"}, "ends before /api/v1"),
    ({"base_url": "http://shop.example"}, "must be https"),
    ({"token_url": "http://shop.example/token"}, "must be https"),
    ({"dialect": "v9"}, "there are"),
    ({"auth_mode": "basic"}, "none of oauth2, api_key, both"),
    ({"auth_mode": "api_key"}, "needs api_key"),
    ({"auth_mode": "both", "api_key": "a\nb"}, "needs api_key"),
    ({"client_id": ""}, "needs client_id"),
    ({"client_secret": ""}, "needs client_secret"),
    ({"verify": "/no/such/file.pem"}, "names no file"),
    ({"page_size": 501}, "at most 500"),
    ({"page_size": -1}, "at most 500"),
    ({"calls_per_minute": "100"}, "calls_per_minute"),
    ({"concurrency": 0}, "concurrency"),
    ({"max_response_bytes": True}, "max_response_bytes"),
    ({"timezone": "Mars/Olympus"}, "no time zone"),
]


@pytest.mark.parametrize(("changes", "said"), WRONG)
def test_settings_that_cannot_be_right_are_refused_with_their_name(bench, *, changes: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        bench.settings(**changes)


def test_plain_http_to_another_machine_is_a_choice(bench) -> None:
    assert bench.settings(base_url="http://sandbox:8080", allow_plain_http=True).base == (
        "http://sandbox:8080/api/v1"
    )


def test_settings_show_no_secret_and_survive_a_pickle(bench) -> None:
    made = bench.settings(api_key="canary-api-key", auth_mode="both")
    assert "canary" not in repr(made) + made.budget_name + made.token_name + made.endpoint
    assert pickle.loads(pickle.dumps(made)) == made
