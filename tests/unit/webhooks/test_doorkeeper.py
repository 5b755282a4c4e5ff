"""A connection's words become one of the schemes, and a wrong word is named."""

from __future__ import annotations

import base64
import hmac

import pytest

from include.errors import ConfigurationError
from include.webhooks import Doorkeeper, Scheme, SignatureError
from tests.unit.webhooks.test_standard_webhooks import SECRET as WHSEC
from tests.unit.webhooks.test_standard_webhooks import sent
from tests.unit.webhooks.test_timestamped_webhooks import header, tag

BODY = b'{"a": 1}'
NOW = 1_700_000_000
ZOHO = "X-Zoho-Webhook-Signature"
HEX = hmac.digest(b"s", BODY, "sha256").hex()

PROVED = [
    ("hex", "s", {ZOHO: HEX}),
    ("base64", "s", {ZOHO: base64.b64encode(bytes.fromhex(HEX)).decode()}),
    ("standard", WHSEC, sent(BODY, at=NOW)),
    ("timestamped", "s", header(signature=tag(BODY, "s"))),
    (
        "timestamp_apart",
        "s",
        {"X-Clarity-Timestamp": str(NOW), "X-Clarity-Signature": f"v1={tag(BODY, 's')}"},
    ),
    ("shared_secret", "s", {"X-Tradebridge-Key": "s"}),
]


def test_every_scheme_is_tried_here() -> None:
    assert {scheme for scheme, _, _ in PROVED} == set(Scheme)


@pytest.mark.parametrize(("scheme", "secret", "headers"), PROVED)
def test_each_scheme_lets_its_own_through_and_no_other(scheme: str, secret: str, headers) -> None:
    Doorkeeper.of((secret,), scheme=scheme, usual=ZOHO).check(BODY, headers, now=NOW)
    for other, _, foreign in PROVED:
        if other != scheme:
            with pytest.raises(SignatureError):
                Doorkeeper.of((secret,), scheme=scheme, usual=ZOHO).check(BODY, foreign, now=NOW)


def test_plain_hex_at_the_senders_usual_place_is_what_a_blank_means() -> None:
    assert Doorkeeper.of(("s",), usual=ZOHO) == Doorkeeper(("s",), Scheme.HEX, ZOHO)


def test_another_header_may_be_named() -> None:
    door = Doorkeeper.of(("s",), scheme="base64", header="X-Shopify-Hmac-SHA256", usual=ZOHO)
    door.check(BODY, {"x-shopify-hmac-sha256": PROVED[1][2][ZOHO]}, now=NOW)


@pytest.mark.parametrize(
    "words",
    [
        {"scheme": "md5"},
        {"scheme": "HEX"},
        {"header": "X Header"},
        {"header": "X-Header:"},
        {"header": "X-Ä"},
        {"usual": ""},
    ],
)
def test_what_no_scheme_or_header_is_called_is_refused_by_name(words: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="webhook_"):
        Doorkeeper.of(("s",), **{"usual": ZOHO, **words})


@pytest.mark.parametrize("secrets", [(), ("",), (" ", "\t")])
def test_no_secret_is_no_door(secrets: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="secret"):
        Doorkeeper.of(secrets, usual=ZOHO)


def test_a_secret_is_not_shown() -> None:
    assert "tell-nobody" not in repr(Doorkeeper.of(("tell-nobody",), usual=ZOHO))
