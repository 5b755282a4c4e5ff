"""Where Zoho answers, and settings that cannot be right."""

from __future__ import annotations

import pickle

import pytest

from include.connectors.zoho_inventory import hosts
from include.errors import ConfigurationError


def test_canada_breaks_the_pattern_of_hosts() -> None:
    assert hosts.data_centre("ca").accounts == "https://accounts.zohocloud.ca"
    assert hosts.data_centre("eu").api == "https://www.zohoapis.eu"


def test_an_unknown_data_centre_is_refused_with_the_list(bench) -> None:
    with pytest.raises(ConfigurationError, match=r"'mars'.*au, ca, cn, eu, in, jp, sa, uk, us"):
        bench.settings(data_centre="mars")


def test_the_token_names_the_api_host() -> None:
    base = hosts.api_base(override="", api_domain="https://www.zohoapis.in/", centre="us")
    assert base == "https://www.zohoapis.in/inventory/v1"


def test_without_a_named_host_the_data_centre_decides() -> None:
    assert hosts.api_base(override="", api_domain="", centre="eu") == "https://www.zohoapis.eu/inventory/v1"


@pytest.mark.parametrize(
    "api_domain",
    [
        "https://evil.example",
        "http://www.zohoapis.com",
        "https://www.zohoapis.com.evil.example",
        "https://x@www.zohoapis.com",
    ],
)
def test_a_token_cannot_send_itself_to_a_foreign_host(api_domain: str) -> None:
    with pytest.raises(ConfigurationError, match="none of Zoho's"):
        hosts.api_base(override="", api_domain=api_domain, centre="us")


def test_an_override_wins_and_gets_the_path_if_it_has_none() -> None:
    assert hosts.api_base(override="http://127.0.0.1:1/", api_domain="https://x", centre="us").endswith(
        ":1/inventory/v1"
    )
    assert hosts.api_base(override="http://h/api/v1", api_domain="", centre="us") == "http://h/api/v1"


@pytest.mark.parametrize(
    "change",
    [
        {"organization_id": " "},
        {"organization_id": 5129873},
        {"calls_per_minute": "80"},
        {"attempts": True},
        {"client_secret": ""},
        {"refresh_token": ""},
        {"calls_per_minute": 0},
        {"concurrency": 0},
        {"api_base": "ftp://host"},
        {"api_base": "//host"},
        {"accounts_base": "https://user:pw@host"},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../etc/passwd"},
    ],
)
def test_settings_that_cannot_be_right_are_refused_when_made(bench, change) -> None:
    with pytest.raises(ConfigurationError):
        bench.settings(**change)


def test_settings_survive_a_pickle_and_hide_their_secrets(bench) -> None:
    settings = bench.settings()
    assert pickle.loads(pickle.dumps(settings)) == settings
    assert "canary" not in repr(settings)


def test_a_renewed_consent_does_not_find_the_old_token(bench) -> None:
    assert bench.settings().token_name != bench.settings(refresh_token="another").token_name
    assert bench.settings().token_name != bench.settings(client_secret="another").token_name
    assert "canary" not in bench.settings().token_name
