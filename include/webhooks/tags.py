"""HMAC-SHA256 of the raw body in a header of its own: lower-case hex (Zoho) or base64 (Shopify)."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Literal

from include.webhooks.headers import Headers, SignatureError, only, usable

if TYPE_CHECKING:
    from collections.abc import Sequence

Spelling = Literal["hex", "base64"]

_TAGS: dict[Spelling, re.Pattern[str]] = {
    "hex": re.compile(r"[0-9a-f]{64}", re.ASCII),
    "base64": re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII),
}


def verify(body: bytes, headers: Headers, secrets: Sequence[str], *, header: str, spelling: Spelling) -> None:
    """Check the tag of the body, in constant time.

    Args:
        body: as received, before any decoding.
        headers: a mapping or pairs; names in any case.
        secrets: any of them may have signed (two while one is rotated out); blank ones are passed over.
        header: that carries the tag, exactly once.
        spelling: how the tag is written: 64 lower-case hex digits or 44 characters of base64.

    Raises:
        SignatureError: no tag, several, one of another length or alphabet, or one that does not match.
        ConfigurationError: there is no secret to check against.
    """
    tag = only(headers, header)
    keys = usable(secrets)
    if not _TAGS[spelling].fullmatch(tag):
        raise SignatureError
    matches = False
    for key in keys:
        digest = hmac.digest(key.encode(), body, hashlib.sha256)
        expected = digest.hex().encode() if spelling == "hex" else b64encode(digest)
        matches |= hmac.compare_digest(expected, tag.encode("ascii"))
    if not matches:
        raise SignatureError
