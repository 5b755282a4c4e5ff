"""The shared token (C33): minted once, renewed once, never in a loop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
import requests

from include.connectors.ports import Token
from include.errors import AuthenticationError, ConfigurationError, RateLimitedError, TransientError

UNAUTHORISED = (401, {}, {"code": 57, "message": "You are not authorized to perform this operation"})
FINE = (200, {}, {"code": 0, "message": "success"})
THROTTLED = {
    "error_description": "You have made too many requests continuously. Please try again after some time.",
    "error": "Access Denied",
    "status": "failure",
}


def bearer(request: requests.PreparedRequest) -> str:
    return request.headers["Authorization"]


def test_fifty_workers_that_find_no_token_mint_one(bench) -> None:
    """C33: single flight."""
    clients = [bench.client() for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda client: client.tokens.current(), clients))
    assert len(bench.zoho.minted) == 1


def test_fifty_workers_whose_token_was_revoked_mint_one(bench) -> None:
    """C33: fifty refusals of one token, one refresh."""
    bench.zoho.api = lambda request: UNAUTHORISED if bearer(request).endswith(".1") else FINE
    clients = [bench.client(calls_per_minute=1000) for _ in range(50)]
    assert {client.tokens.current().value for client in clients} == {"1000.token.1"}
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda client: client.get("/salesorders").code, clients))
    assert answers == [0] * 50
    assert len(bench.zoho.minted) == 2


def test_the_credentials_travel_in_the_body_and_not_in_the_address(bench) -> None:
    bench.client().get("/items")
    (request,) = bench.zoho.minted
    assert request.url == "https://accounts.zoho.com/oauth/v2/token"
    assert dict(parse_qsl(request.body.decode())) == {
        "grant_type": "refresh_token",
        "client_id": "1000.CLIENT",
        "client_secret": "canary-client-secret",
        "refresh_token": "canary-refresh-token",
    }


def test_every_call_carries_organisation_and_zohos_own_scheme(bench, query_of) -> None:
    bench.client().get("/items", {"page": "2"})
    (request,) = bench.zoho.asked
    assert bearer(request) == "Zoho-oauthtoken 1000.token.1"
    assert query_of(request) == {"organization_id": "5129873", "page": "2"}
    assert request.url.startswith("https://www.zohoapis.com/inventory/v1/items?")


def test_the_documented_answers_are_understood(bench) -> None:
    sample = {
        "access_token": "1000.a.b",
        "scope": "ZohoInventory.fullaccess.all",
        "api_domain": "https://www.zohoapis.eu",
        "token_type": "Bearer",
        "expires_in": 3600,
    }
    bench.zoho.accounts = lambda _request: (200, {}, sample)
    bench.client().get("/items")
    assert bench.zoho.asked[0].url.startswith("https://www.zohoapis.eu/inventory/v1/items")


def test_the_token_is_given_up_shortly_before_its_end(bench) -> None:
    client = bench.client()
    client.get("/items")
    bench.clock.now += timedelta(seconds=3600 - 121)
    client.get("/items")
    assert len(bench.zoho.minted) == 1
    bench.clock.now += timedelta(seconds=2)
    client.get("/items")
    assert len(bench.zoho.minted) == 2


def test_a_token_that_lives_a_minute_is_not_minted_for_every_call(bench) -> None:
    bench.zoho.accounts = lambda _request: (200, {}, {"access_token": "1000.short", "expires_in": 60})
    client = bench.client()
    for _ in range(20):
        client.get("/items")
    assert len(bench.zoho.minted) == 1


def test_a_token_in_the_store_is_used_by_a_new_process(bench) -> None:
    bench.client().get("/items")
    bench.client().get("/items")
    assert len(bench.zoho.minted) == 1


@pytest.mark.parametrize("status", [401, 400])
def test_a_refused_token_is_renewed_once(bench, status: int) -> None:
    bench.zoho.api = lambda request: (status, {}, UNAUTHORISED[2]) if bearer(request).endswith(".1") else FINE
    assert bench.client().get("/items").code == 0
    assert len(bench.zoho.minted) == 2
    assert len(bench.zoho.asked) == 2


def test_a_second_57_is_a_missing_scope_and_ends_there(bench) -> None:
    """C33: the 401 loop is bounded."""
    bench.zoho.api = lambda _request: UNAUTHORISED
    with pytest.raises(AuthenticationError, match="scope"):
        bench.client().get("/items")
    assert len(bench.zoho.minted) == 2
    assert len(bench.zoho.asked) == 2


def test_one_call_renews_once_even_when_outages_come_between(bench) -> None:
    bench.zoho.replies(UNAUTHORISED, (503, {}, b""), UNAUTHORISED)
    with pytest.raises(AuthenticationError):
        bench.client().get("/items")
    assert len(bench.zoho.minted) == 2


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ("invalid_code", "authorise Tradebridge again"),
        ("invalid_client", "data_centre"),
        ("invalid_client_secret", "client_secret"),
        ("something_else", "check client id"),
    ],
)
def test_dead_credentials_inside_http_200_need_a_person(bench, error: str, hint: str) -> None:
    bench.zoho.accounts = lambda _request: (200, {}, {"error": error})
    with pytest.raises(AuthenticationError, match=hint):
        bench.client().get("/items")
    assert len(bench.zoho.minted) == 1
    assert bench.zoho.asked == []


def test_a_throttled_accounts_host_is_left_alone_by_everyone(bench) -> None:
    """A47: zero calls while paused."""
    bench.zoho.accounts = lambda _request: (400, {}, THROTTLED)
    for _ in range(3):
        with pytest.raises(RateLimitedError) as caught:
            bench.client().get("/items")
        assert caught.value.retry_after == 600
    assert len(bench.zoho.minted) == 1
    bench.zoho.accounts = bench.zoho._mint
    bench.clock.now += timedelta(seconds=600)
    assert bench.client().get("/items").code == 0


@pytest.mark.parametrize(
    "reply",
    [
        (503, {}, b"<html>maintenance</html>"),
        (200, {}, b"<html>captive portal</html>"),
        (200, {}, b""),
        (200, {}, {"scope": "x"}),
        (500, {}, {"error": "server_error"}),
        requests.ConnectionError("gone"),
        requests.ReadTimeout("slow"),
    ],
)
def test_an_accounts_host_in_trouble_is_tried_again(bench, reply) -> None:
    left = [reply]
    bench.zoho.accounts = lambda request: left.pop() if left else bench.zoho._mint(request)
    assert bench.client().get("/items").code == 0
    assert len(bench.zoho.minted) == 2


def test_an_accounts_host_that_stays_in_trouble_is_transient(bench) -> None:
    bench.zoho.accounts = lambda _request: (503, {}, b"")
    with pytest.raises(TransientError) as caught:
        bench.client().get("/items")
    assert type(caught.value) is TransientError


def test_a_token_for_a_foreign_host_is_not_sent_there(bench) -> None:
    bench.zoho.accounts = lambda _request: (
        200,
        {},
        {"access_token": "x", "api_domain": "https://evil.example"},
    )
    with pytest.raises(ConfigurationError):
        bench.client().get("/items")
    assert bench.zoho.asked == []


def test_a_token_hides_its_value(bench) -> None:
    assert "1000.canary" not in repr(Token("1000.canary", bench.clock()))
    assert "canary" not in repr(bench.client())
