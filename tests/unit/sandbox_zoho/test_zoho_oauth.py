"""OAuth as Zoho's accounts server does it, and what a token opens."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from .conftest import GRANT, ORG, Zoho

WIRE = json.loads((Path(__file__).parent / "wire_keys.json").read_text())


def asked(zoho: Zoho, **changes: str):
    return zoho.http.post("/oauth/v2/token", params={**GRANT, **changes})


def status_with(zoho: Zoho, header: str) -> int:
    params = {"organization_id": ORG}
    return zoho.http.get("/inventory/v1/items", params=params, headers={"Authorization": header}).status_code


def test_a_refresh_answers_a_token_and_the_api_domain(zoho: Zoho) -> None:
    answer = zoho.refresh()
    assert answer.status_code == 200
    assert list(answer.json()) == WIRE["token"]
    assert answer.json()["api_domain"] == str(zoho.http.base_url).rstrip("/")
    assert answer.json()["expires_in"] == 3600


def test_parameters_may_come_in_the_form(zoho: Zoho) -> None:
    assert "access_token" in zoho.http.post("/oauth/v2/token", data=GRANT).json()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"refresh_token": "1000.nobody"}, "invalid_code"),
        ({"client_id": "1000.nobody"}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client_secret"),
        ({"grant_type": "authorization_code", "code": "1000.never"}, "invalid_code"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_errors_arrive_with_http_200(zoho: Zoho, changes: dict[str, str], error: str) -> None:
    answer = asked(zoho, **changes)
    assert (answer.status_code, answer.json()) == (200, {"error": error})


def test_a_code_is_good_once_and_brings_a_refresh_token(zoho: Zoho) -> None:
    code = zoho.tell("/zoho/tokens/code", {})["code"]
    first = asked(zoho, grant_type="authorization_code", code=code).json()
    assert asked(zoho, grant_type="authorization_code", code=code).json() == {"error": "invalid_code"}
    assert "access_token" in asked(zoho, refresh_token=first["refresh_token"]).json()


def test_a_code_lives_sixty_seconds(zoho: Zoho) -> None:
    code = zoho.tell("/zoho/tokens/code", {})["code"]
    zoho.tell("/clock", {"jump_seconds": 61})
    assert asked(zoho, grant_type="authorization_code", code=code).json() == {"error": "invalid_code"}


def test_consent_redirects_back_with_code_and_state(zoho: Zoho) -> None:
    answer = zoho.http.get(
        "/oauth/v2/auth", params={"redirect_uri": "http://me/cb", "state": "s1"}, follow_redirects=False
    )
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert answer.status_code == 302
    assert back["state"] == ["s1"]
    assert "access_token" in asked(zoho, grant_type="authorization_code", code=back["code"][0]).json()


def test_client_credentials_bring_a_token_without_a_refresh_token(zoho: Zoho) -> None:
    answer = asked(zoho, grant_type="client_credentials", soid=f"ZohoInventory.{ORG}").json()
    assert "refresh_token" not in answer
    assert status_with(zoho, f"Bearer {answer['access_token']}") == 200


def test_the_eleventh_request_in_ten_minutes_is_throttled(zoho: Zoho) -> None:
    statuses = [asked(zoho).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [400]
    assert asked(zoho).json()["error"] == "Access Denied"
    zoho.tell("/clock", {"jump_seconds": 601})
    assert asked(zoho).status_code == 200


def test_an_eleventh_token_kills_the_oldest(zoho: Zoho) -> None:
    zoho.tell("/zoho/settings", {"token_requests": 100})
    tokens = [asked(zoho).json()["access_token"] for _ in range(11)]
    assert [status_with(zoho, f"Zoho-oauthtoken {token}") for token in tokens[:2]] == [401, 200]
    assert status_with(zoho, f"Zoho-oauthtoken {tokens[-1]}") == 200


def test_a_token_expires_by_the_sandboxes_clock(zoho: Zoho) -> None:
    zoho.refresh()
    zoho.tell("/clock", {"jump_seconds": 3599})
    assert zoho.call("GET", "/items").status_code == 200
    zoho.tell("/clock", {"jump_seconds": 2})
    answer = zoho.call("GET", "/items")
    assert answer.status_code == 401
    assert answer.json() == {"code": 57, "message": "You are not authorized to perform this operation"}


@pytest.mark.parametrize("scheme", ["Zoho-oauthtoken", "Bearer"])
def test_both_header_schemes_open(zoho: Zoho, scheme: str) -> None:
    zoho.refresh()
    assert status_with(zoho, f"{scheme} {zoho.token}") == 200


@pytest.mark.parametrize("header", ["", "Basic abc", "Zoho-oauthtoken", "Zoho-oauthtoken 1000.no.body"])
def test_anything_else_is_code_57(zoho: Zoho, header: str) -> None:
    assert status_with(zoho, header) == 401


def test_revoking_the_refresh_token_kills_what_it_gave(zoho: Zoho) -> None:
    zoho.refresh()
    revoked = zoho.http.post("/oauth/v2/token/revoke", params={"token": GRANT["refresh_token"]})
    assert revoked.json() == {"status": "success"}
    assert zoho.call("GET", "/items").status_code == 401
    assert asked(zoho).json() == {"error": "invalid_code"}


def test_a_missing_scope_looks_like_a_bad_token(zoho: Zoho) -> None:
    scope = "ZohoInventory.items.READ,ZohoInventory.salesorders.READ"
    code = zoho.tell("/zoho/tokens/code", {"scope": scope})["code"]
    zoho.token = asked(zoho, grant_type="authorization_code", code=code).json()["access_token"]
    assert zoho.call("GET", "/salesorders").status_code == 200
    for method, path in (("GET", "/contacts"), ("POST", "/salesorders"), ("GET", "/settings/taxes")):
        assert zoho.call(method, path, body={}).json()["code"] == 57
