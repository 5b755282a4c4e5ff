"""Who may call: client credentials, API keys, scopes, limits."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest

from .conftest import CLIENT, KEY, SECRET, Clarity


def test_client_credentials_by_basic_and_by_body(clarity: Clarity) -> None:
    granted = clarity.grant(scope="orders.read products.read")
    assert granted.json() == {
        "access_token": clarity.token, "token_type": "Bearer", "expires_in": 3600,
        "scope": "orders.read products.read",
    }  # fmt: skip
    assert granted.headers["cache-control"] == "no-store"
    posted = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET}
    assert clarity.http.post("/clarity/oauth2/token", data=posted).json()["scope"].startswith("orders.read")


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_id": CLIENT, "client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": CLIENT, "client_secret": SECRET, "scope": "all"}, 400, "invalid_scope"),
        ({"client_id": CLIENT, "client_secret": SECRET, "grant_type": "password"}, 400,
         "unsupported_grant_type"),
    ],
)  # fmt: skip
def test_token_errors_are_rfc_6749(clarity: Clarity, form: dict, status: int, error: str) -> None:
    asked = {"grant_type": "client_credentials", **form}
    answer = clarity.http.post("/clarity/oauth2/token", data=asked)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_an_api_key_works_alone_rotates_with_overlap_and_ends(clarity: Clarity) -> None:
    def status(key: str) -> httpx.Response:
        return clarity.http.get("/clarity/api/v1/orders", headers={"X-API-Key": key})

    assert status(KEY).status_code == 200
    new = clarity.tell("/clarity/keys/rotate", {"key": KEY, "overlap_seconds": 60})["key"]
    assert (status(KEY).status_code, status(new).status_code) == (200, 200)
    clarity.tell("/clock", {"jump_seconds": 61})
    assert (status(KEY).json()["code"], status(new).status_code) == ("key_invalid", 200)


def test_both_means_the_key_and_the_bearer(clarity: Clarity) -> None:
    clarity.tell("/clarity/settings", {"auth": "both"})
    assert clarity.call("GET", "/orders").json()["code"] == "token_missing"
    assert clarity.call("GET", "/orders", headers={"X-API-Key": KEY}).status_code == 200


def test_tokens_expire_and_are_revoked(clarity: Clarity) -> None:
    clarity.get("/orders")
    clarity.tell("/clock", {"jump_seconds": 3601})
    expired = clarity.call("GET", "/orders")
    assert (expired.status_code, expired.json()["code"]) == (401, "token_expired")
    assert expired.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    clarity.grant()
    clarity.get("/orders")
    clarity.tell("/clarity/tokens/revoke")
    assert clarity.call("GET", "/orders").json()["code"] == "token_invalid"


def test_missing_credentials_and_scopes(clarity: Clarity) -> None:
    assert clarity.http.get("/clarity/api/v1/orders").json()["code"] == "token_missing"
    clarity.grant(scope="orders.read")
    refused = clarity.call("POST", "/shipments", body={})
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    assert refused.json()["detail"] == "Scope shipments.write is required."


@pytest.mark.parametrize("form", ["seconds", "date", "none"])
def test_the_minute_limit_says_how_long_in_every_form(clarity: Clarity, form: str) -> None:
    clarity.tell("/clock", {"freeze": "2026-03-02T16:00:00Z"})
    clarity.tell("/clarity/settings", {"per_minute": 2, "retry_after": form})
    seen = [clarity.call("GET", "/stores") for _ in range(3)]
    assert [one.status_code for one in seen] == [200, 200, 429]
    assert seen[1].headers["x-ratelimit-remaining"] == "0"
    assert seen[2].json()["code"] == "rate_limited"
    after = seen[2].headers.get("retry-after")
    if form == "seconds":
        assert after == "60"
    elif form == "date":
        assert parsedate_to_datetime(after) == datetime(2026, 3, 2, 16, 1, tzinfo=UTC)
    else:
        assert after is None
    clarity.tell("/clock", {"jump_seconds": 61})
    assert clarity.call("GET", "/stores").status_code == 200


def test_a_burst_within_one_second_is_limited(clarity: Clarity) -> None:
    clarity.tell("/clarity/settings", {"burst": 1, "latency_seconds": 0})
    statuses = {clarity.call("GET", "/stores").status_code for _ in range(5)}
    assert 429 in statuses


def test_too_many_at_a_time(clarity: Clarity) -> None:
    clarity.get("/stores")
    clarity.tell("/clarity/settings", {"concurrent": 1, "latency_seconds": 1})
    codes: list[str] = []

    def ask() -> None:
        headers = {"Authorization": f"Bearer {clarity.token}"}
        answer = httpx.get(f"{clarity.http.base_url}/clarity/api/v1/stores", headers=headers)
        codes.append(answer.json().get("code", "ok"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "concurrency_limited" in codes
    assert "ok" in codes
