"""Standard Webhooks: the fixed vector, its fifteen cases PyPI's client as sender, Ed25519 (3.1: 1)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from include.errors import ConfigurationError
from include.webhooks import SignatureError
from include.webhooks.standard import verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
NOW = 1614265330
BODY = b'{"test": 2432232314}'
KNOWN = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def sent(body: bytes = BODY, *, secret: str = SECRET, identity: str = ID, at: int = NOW) -> dict[str, str]:
    """A request's headers as the reference client writes them."""
    when = datetime.fromtimestamp(at, tz=UTC)
    signature = Webhook(secret).sign(identity, when, body.decode())
    return {"webhook-id": identity, "webhook-timestamp": str(at), "webhook-signature": signature}


def refused(headers: dict[str, str], body: bytes = BODY, secrets: list[str] | None = None) -> None:
    with pytest.raises(SignatureError, match=r"^the webhook's signature is missing or wrong$"):
        verify(body, headers, secrets or [SECRET], now=NOW)


def test_the_fixed_vector_is_accepted() -> None:
    assert sent()["webhook-signature"] == KNOWN
    verify(
        BODY,
        {"webhook-id": ID, "webhook-timestamp": str(NOW), "webhook-signature": KNOWN},
        [SECRET],
        now=NOW,
    )


@pytest.mark.parametrize("secret", ["", " ", "whsec_", "whpk_"])
def test_an_empty_secret_is_no_secret(secret: str) -> None:
    with pytest.raises(ConfigurationError):
        verify(BODY, sent() | {"webhook-signature": f"{KNOWN} v1a,AAAA"}, [secret], now=NOW)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_or_doubled_header_is_refused(name: str) -> None:
    headers = sent()
    refused({key: value for key, value in headers.items() if key != name})
    refused({**headers, name.upper(): headers[name]})


@pytest.mark.parametrize("time", ["hello", "", "1614265330.0", "1614265330 ", "+1614265330", "١٦١٤", "1e9"])
def test_a_timestamp_that_is_no_number_of_seconds_is_refused(time: str) -> None:
    refused(sent() | {"webhook-timestamp": time})


@pytest.mark.parametrize(
    "signature",
    [
        "v1,dawfeoifkpqwoekfpqoekf",
        "v1,",
        "v1",
        KNOWN.removeprefix("v1,"),
        KNOWN.replace("v1", "v2"),
        KNOWN.replace("v1", "v1a"),
        KNOWN[:-1],
        f"{KNOWN}=",
        KNOWN.replace("E=", "F="),
        f"v1,{'é' * 44}",
        " ".join(["v1,AAAA"] * 100 + [KNOWN]),
    ],
)
def test_a_wrong_signature_is_refused(signature: str) -> None:
    refused(sent() | {"webhook-signature": signature})


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_off_is_accepted(seconds: int) -> None:
    verify(BODY, sent(at=NOW + seconds), [SECRET], now=NOW)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_five_minutes_and_a_second_is_too_old_or_too_new(seconds: int) -> None:
    refused(sent(at=NOW + seconds))


def test_one_right_signature_among_several_is_enough() -> None:
    others = [
        "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
        "v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
    ]
    verify(BODY, sent() | {"webhook-signature": " ".join([*others, KNOWN, "v1a,!!"])}, [SECRET], now=NOW)
    refused(sent() | {"webhook-signature": " ".join(others)})


def test_the_secret_may_lack_its_prefix() -> None:
    verify(BODY, sent(), [SECRET.removeprefix("whsec_")], now=NOW)


@pytest.mark.parametrize("length", [24, 25, 26])
def test_a_secret_may_lack_its_padding(length: int) -> None:
    padded = base64.b64encode(bytes(range(length))).decode()
    for secret in (padded, padded.rstrip("="), f"whsec_{padded.rstrip('=')}"):
        verify(BODY, sent(secret=padded), [secret], now=NOW)


def test_a_secret_that_is_not_base64_is_our_own_mistake_and_is_not_quoted() -> None:
    with pytest.raises(ConfigurationError) as caught:
        verify(BODY, sent(), ["whsec_not base64!"], now=NOW)
    assert "not base64!" not in str(caught.value)


@pytest.mark.parametrize("secrets", [[SECRET, "whsec_AAAA"], ["whsec_AAAA", SECRET]])
def test_two_secrets_are_good_while_one_is_rotated_out(secrets: list[str]) -> None:
    verify(BODY, sent(), secrets, now=NOW)


def test_an_older_sender_names_its_headers_otherwise() -> None:
    headers = {name.replace("webhook", "svix"): value for name, value in sent().items()}
    verify(BODY, headers, [SECRET], now=NOW, prefix="svix")


def test_an_id_with_a_dot_would_be_two_messages_with_one_signature() -> None:
    """``a.1`` + body ``x`` and ``a`` + time ``1`` would be one signed content."""
    for identity in ("msg.1", "", "two words", "i" * 201):
        refused(sent() | {"webhook-id": identity})
    verify(BODY, sent(identity="msg-1_a:2"), [SECRET], now=NOW)
    refused(sent(identity="msg.1"))


def test_json_that_was_written_again_is_another_body() -> None:
    refused(sent(), json.dumps(json.loads(BODY), separators=(",", ":")).encode())


SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = SIGNER.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
WHPK = f"whpk_{base64.b64encode(PUBLIC).decode()}"


def sealed(body: bytes = BODY, identity: str = ID) -> dict[str, str]:
    """No client signs v1a yet; the specification says over what."""
    signature = SIGNER.sign(f"{identity}.{NOW}.".encode() + body)
    tag = f"v1a,{base64.b64encode(signature).decode()}"
    return {"webhook-id": identity, "webhook-timestamp": str(NOW), "webhook-signature": tag}


def test_a_public_key_is_enough_for_v1a() -> None:
    verify(BODY, sealed(), [WHPK], now=NOW)
    verify(BODY, sealed(), [SECRET, WHPK], now=NOW)
    both = f"{KNOWN} {sealed()['webhook-signature']}"
    for secrets in ([SECRET], [WHPK]):
        verify(BODY, sealed() | {"webhook-signature": both}, secrets, now=NOW)


def test_v1a_is_never_checked_with_a_secret_nor_v1_with_a_public_key() -> None:
    """Or who knows the public key could sign with it."""
    refused(sealed(), secrets=[SECRET])
    forged = sent(secret=base64.b64encode(PUBLIC).decode())
    refused(forged, secrets=[WHPK])
    refused(forged | {"webhook-signature": forged["webhook-signature"].replace("v1", "v1a")}, secrets=[WHPK])


@pytest.mark.parametrize("length", [0, 1, 32, 63, 65])
def test_an_ed25519_signature_of_another_length_is_refused(length: int) -> None:
    whole = base64.b64decode(sealed()["webhook-signature"].removeprefix("v1a,")) + b"\0"
    tag = f"v1a,{base64.b64encode(whole[:length]).decode()}"
    refused(sealed() | {"webhook-signature": tag}, secrets=[WHPK])


def test_the_same_ed25519_signature_with_its_scalar_raised_is_refused() -> None:
    """Wycheproof, signature malleability: S + L is the same point, and not the same bytes."""
    order = 2**252 + 27742317777372353535851937790883648493
    whole = base64.b64decode(sealed()["webhook-signature"].removeprefix("v1a,"))
    raised = int.from_bytes(whole[32:], "little") + order
    twin = whole[:32] + raised.to_bytes(32, "little")
    refused(
        sealed() | {"webhook-signature": f"v1a,{base64.b64encode(twin).decode()}"},
        secrets=[WHPK],
    )


def test_a_public_key_of_another_length_is_our_own_mistake() -> None:
    with pytest.raises(ConfigurationError, match="32 bytes"):
        verify(BODY, sealed(), ["whpk_AAAA"], now=NOW)


@given(body=st.text(max_size=100).map(str.encode), length=st.integers(0, 31))
def test_truncated_tags_are_refused_as_in_wycheproof(body: bytes, length: int) -> None:
    headers = sent(body)
    tag = base64.b64decode(headers["webhook-signature"].removeprefix("v1,"))[:length]
    refused(headers | {"webhook-signature": f"v1,{base64.b64encode(tag).decode()}"}, body)


@pytest.mark.parametrize(("make", "secret"), [(sent, SECRET), (sealed, WHPK)], ids=["v1", "v1a"])
def test_any_one_byte_of_body_or_headers_changed_is_refused(make, secret: str) -> None:
    @given(data=st.data())
    def one(data: st.DataObject) -> None:
        headers = make()
        part = data.draw(st.sampled_from(["body", *headers]))
        whole = bytearray(BODY if part == "body" else headers[part].encode())
        at = data.draw(st.integers(0, len(whole) - 1))
        byte = data.draw(st.integers(0, 127).filter(lambda byte: byte != whole[at]))
        whole[at] = byte
        if part == "body":
            refused(headers, bytes(whole), [secret])
        else:
            refused(headers | {part: whole.decode()}, BODY, [secret])

    one()
