"""``t=...,v1=...`` in one header: the cases of Stripe's own test_webhook.py (promises 3.1: 2)."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import ConfigurationError
from include.webhooks import SignatureError, timestamped

HEADER = "Stripe-Signature"
SECRET = "whsec_test_secret"
BODY = b'{\n  "id": "evt_test_webhook",\n  "object": "event"\n}'
NOW = 1_700_000_000
verify = partial(timestamped.verify, header=HEADER, now=NOW)


def tag(body: bytes = BODY, secret: str = SECRET, at: object = NOW) -> str:
    return hmac.digest(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hex()


def header(at: object = NOW, scheme: str = "v1", signature: str | None = None) -> dict[str, str]:
    return {HEADER: f"t={at},{scheme}={signature or tag(at=at)}"}


def refused(headers: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> None:
    with pytest.raises(SignatureError, match=r"^the webhook's signature is missing or wrong$"):
        verify(body, headers, secrets)


def test_a_valid_header_is_accepted() -> None:
    verify(BODY, header(), [SECRET])


def test_a_body_that_is_not_json_is_none_of_the_signatures_business() -> None:
    body = b"this is not valid JSON"
    verify(body, header(signature=tag(body)), [SECRET])


@pytest.mark.parametrize("body", [b"", b"\xff\x00", "grüße".encode(), "grüße".encode("utf-16")])
def test_bodies_are_bytes_whatever_they_mean(body: bytes) -> None:
    verify(body, header(signature=tag(body)), [SECRET])


@pytest.mark.parametrize(
    "value",
    [
        "",
        "bad_header",
        "i'm not even a real signature header",
        f"t=,v1={tag()}",
        f"v1={tag()}",
        f"t={NOW}",
        f"t={NOW},v1=",
        f"t={NOW},v1",
        f"t={NOW}.0,v1={tag(at=f'{NOW}.0')}",
        f"t=x,v1={tag(at='x')}",
        f"t=١٢,v1={tag(at='١٢')}",
        f"t={NOW},t={NOW},v1={tag()}",
        f"t={NOW} v1={tag()}",
        f"t={NOW},v1={tag().upper()}",
        f"t={NOW},v1={tag()}00",
        f"t={NOW}," + ",".join(["v1=" + "0" * 64] * 50) + f",v1={tag()}",
    ],
)
def test_a_malformed_header_is_refused(value: str) -> None:
    refused({HEADER: value})


def test_no_header_or_two_are_refused() -> None:
    refused({})
    refused({**header(), HEADER.lower(): header()[HEADER]})


def test_no_signature_of_the_expected_scheme_is_refused() -> None:
    refused(header(scheme="v0"))


def test_no_valid_signature_for_the_body_is_refused() -> None:
    refused(header(signature="0" * 64))
    refused(header(), BODY + b" ")


@pytest.mark.parametrize("seconds", [-301, 301, -(10**6), 10**9])
def test_a_time_outside_the_tolerance_is_refused_either_way(seconds: int) -> None:
    refused(header(at=NOW + seconds))


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_time_inside_the_tolerance_is_accepted(seconds: int) -> None:
    verify(BODY, header(at=NOW + seconds), [SECRET])


def test_off_by_years_but_no_tolerance_asked_for() -> None:
    verify(BODY, header(at=12345), [SECRET], tolerance=math.inf)


def test_a_time_that_was_not_signed_is_refused() -> None:
    refused({HEADER: f"t={NOW},v1={tag(at=NOW - 400)}"})


def test_one_valid_signature_among_several_schemes_is_enough() -> None:
    verify(BODY, {HEADER: f"t={NOW},v0=bad,v1={'0' * 64},v1={tag()}"}, [SECRET])
    verify(BODY, {HEADER: f"t={NOW}, v1={tag()}"}, [SECRET])


@pytest.mark.parametrize("secrets", [("new", SECRET), (SECRET, "new")])
def test_two_secrets_are_good_while_one_is_rotated_out(secrets: tuple[str, ...]) -> None:
    verify(BODY, header(), secrets)
    refused(header(), secrets=("new", "newer"))


def test_without_a_secret_nothing_is_accepted() -> None:
    with pytest.raises(ConfigurationError):
        verify(BODY, header(signature=tag(secret="")), ["", " "])


def test_json_that_was_written_again_is_another_body() -> None:
    refused(header(), json.dumps(json.loads(BODY)).encode())


@given(length=st.integers(0, 63))
def test_truncated_tags_are_refused_as_in_wycheproof(length: int) -> None:
    refused({HEADER: f"t={NOW},v1={tag()[:length]}"})


@given(data=st.data())
def test_any_one_byte_of_body_or_header_changed_is_refused(data: st.DataObject) -> None:
    value = header()[HEADER]
    whole = bytearray(data.draw(st.sampled_from([BODY, value.encode()])))
    in_body = len(whole) == len(BODY)
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] = data.draw(st.integers(0, 127).filter(lambda byte: byte != whole[at]))
    if in_body:
        refused(header(), bytes(whole))
    else:
        refused({HEADER: whole.decode()})
