"""What a connection may say, and what it is told when it says something else."""

from __future__ import annotations

import pytest

from include.errors import ConfigurationError


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"domain": "https://acme.my.salesforce.com"}, "acme.my"),
        ({"domain": "acme.my.salesforce.com"}, "before .salesforce.com"),
        ({"domain": "evil.example/"}, "domain"),
        ({"domain": "login"}, "My Domain"),
        ({"consumer_key": ""}, "consumer_key"),
        ({"consumer_secret": ""}, "consumer_secret"),
        ({"private_key": "PEM"}, "username"),
        ({"api_version": "v64.0"}, "64.0"),
        ({"api_version": "45.0"}, "46.0 or later"),
        ({"page_size": 100}, "200 to 2000"),
        ({"page_size": "200"}, "200 to 2000"),
        ({"org_share": 0}, "org_share"),
        ({"timeout": 10}, "timeout"),
        ({"overlap": -1}, "overlap"),
        ({"calls_per_day": "many"}, "calls_per_day"),
        ({"product_key": "Zoho Item"}, "product_key"),
        ({"active_field": "Active?"}, "active_field"),
        ({"pricebook_id": "x"}, "pricebook_id"),
        ({"timezone": "Mars/Olympus"}, "time zone"),
        ({"verify": "/no/such/file"}, "verify"),
        ({"client_name": "a,b=c"}, "client_name"),
        ({"reserved": {"x": 2}}, "reserved"),
    ],
)
def test_a_value_that_cannot_be_right_is_named(bench, changes, said) -> None:
    with pytest.raises(ConfigurationError, match=said):
        bench.settings(**changes)


def test_secrets_do_not_show_and_name_the_token(bench) -> None:
    settings = bench.settings(private_key="canary-pem", username="u@acme.example")
    assert "canary" not in repr(settings)
    assert "canary" not in settings.token_name
    assert settings.token_name != bench.settings(consumer_secret="another").token_name


def test_the_jwt_grant_may_use_the_common_domain(bench) -> None:
    assert bench.settings(domain="login", username="u", private_key="PEM").endpoint == "salesforce:login"
