"""Standard Webhooks (https://www.standardwebhooks.com): id, timestamp, and a list of signatures.

``webhook-signature`` holds signatures separated by blanks, each ``<version>,<base64>``, over
``<id>.<timestamp>.<body>``: ``v1`` is HMAC-SHA256 with a secret ``whsec_<base64>``, ``v1a`` is Ed25519
with a public key ``whpk_<base64>``. One right signature is enough; versions we do not know are passed
over, so that a sender can add one. An id with a dot would make two messages with one signed content.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from include.errors import ConfigurationError
from include.webhooks.headers import (
    MOST_SIGNATURES,
    TOLERANCE,
    Headers,
    SignatureError,
    only,
    recent,
    usable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

PREFIX = "webhook"
SECRET = "whsec_"  # noqa: S105 - the prefix of a secret
PUBLIC_KEY = "whpk_"

_ID = re.compile(r"[!-\-/-~]{1,200}", re.ASCII)
"""Printable, without blanks and without the dot."""


def verify(
    body: bytes,
    headers: Headers,
    secrets: Sequence[str],
    *,
    now: float,
    prefix: str = PREFIX,
    tolerance: float = TOLERANCE,
) -> None:
    """Check that one of the signatures is right and the timestamp recent.

    Args:
        body: as received, before any decoding.
        headers: a mapping or pairs; names in any case.
        secrets: ``whsec_...``, its bare base64, or ``whpk_...``; any of them may have signed.
        now: seconds since the epoch.
        prefix: of the three headers; older senders write ``svix-id`` and so on.
        tolerance: seconds that the timestamp may differ, either way.

    Raises:
        SignatureError: a header is missing or doubled, the id or the time is not one, or nothing matches.
        ConfigurationError: there is no secret to check against, or one is not base64.
    """
    identity, time, listed = (only(headers, f"{prefix}-{name}") for name in ("id", "timestamp", "signature"))
    keys = usable(secrets)
    if not _ID.fullmatch(identity):
        raise SignatureError
    recent(time, now, tolerance)
    content = f"{identity}.{time}.".encode() + body
    matches = False
    for version, signature in _signatures(listed):
        for key in keys:
            matches |= _is_right(version, signature, key, content)
    if not matches:
        raise SignatureError


def _signatures(listed: str) -> list[tuple[str, bytes]]:
    items = listed.split(" ")
    if len(items) > MOST_SIGNATURES:
        raise SignatureError
    found = []
    for version, _, text in (item.partition(",") for item in items):
        try:
            signature = b64decode(text, validate=True)
        except ValueError:  # also what is not ASCII
            continue
        # Base64 has several spellings for some bytes; a signature has one.
        if b64encode(signature) == text.encode("ascii"):
            found.append((version, signature))
    return found


def _is_right(version: str, signature: bytes, key: str, content: bytes) -> bool:
    if version == "v1" and not key.startswith(PUBLIC_KEY):
        digest = hmac.digest(_decoded(key.removeprefix(SECRET)), content, hashlib.sha256)
        return hmac.compare_digest(digest, signature)
    if version == "v1a" and key.startswith(PUBLIC_KEY):
        return _ed25519(_decoded(key.removeprefix(PUBLIC_KEY)), signature, content)
    return False


def _decoded(text: str) -> bytes:
    """A key's bytes; many dashboards show base64 without its padding."""
    try:
        key = b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except (binascii.Error, ValueError):
        # Not chained and not quoted: the text is the secret.
        raise ConfigurationError("a webhook secret is not base64, as Standard Webhooks has them") from None
    if not key:
        raise ConfigurationError("a webhook secret is empty behind its prefix")
    return key


def _ed25519(public: bytes, signature: bytes, content: bytes) -> bool:
    # Imported here: the receiver is loaded by every API server, and few senders sign like this.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        key = Ed25519PublicKey.from_public_bytes(public)
    except ValueError:
        raise ConfigurationError("a webhook public key is not 32 bytes of Ed25519") from None
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
