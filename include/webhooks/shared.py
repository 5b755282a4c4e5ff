"""A secret that the webhook sends in a header: for senders that sign nothing.

Whoever reads one request can send any other, so it is only as good as the HTTPS around it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from include.webhooks.headers import Headers, SignatureError, only, usable

if TYPE_CHECKING:
    from collections.abc import Sequence


def verify(headers: Headers, secrets: Sequence[str], *, header: str) -> None:
    """Compare digests, so that not even a secret's length can be measured.

    Raises:
        SignatureError: the header is missing, doubled or wrong.
        ConfigurationError: there is no secret to check against.
    """
    sent = hashlib.sha256(only(headers, header).encode("utf-8", "surrogatepass")).digest()
    matches = False
    for key in usable(secrets):
        matches |= hmac.compare_digest(hashlib.sha256(key.encode()).digest(), sent)
    if not matches:
        raise SignatureError
