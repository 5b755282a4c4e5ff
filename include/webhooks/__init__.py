"""Is a webhook its sender's? Every common way of signing, held against the raw body.

::

    headers        a header's only value; the one way to say no
    tags           HMAC-SHA256 of the body in a header, as hex (Zoho) or base64 (Shopify)
    standard       Standard Webhooks: id, timestamp and a list of signatures, v1 (HMAC) and v1a (Ed25519)
    timestamped    ``t=...,v1=...`` in one header (Stripe), or in two (Clarity)
    shared         a secret in a header: the baseline, weaker than a signature
    doorkeeper     which of them a site has chosen

Nothing here interprets a body, and every comparison takes the same time whether it fails early or late.
"""

from __future__ import annotations

from include.webhooks.doorkeeper import Doorkeeper, Scheme
from include.webhooks.headers import Headers, SignatureError

__all__ = ["Doorkeeper", "Headers", "Scheme", "SignatureError"]
