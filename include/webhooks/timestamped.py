"""``t=<seconds>,v1=<hex>`` in one header: HMAC-SHA256 over ``<seconds>.<body>``, as Stripe signs.

Or the same in two: ``<prefix>-Timestamp: <seconds>`` and ``<prefix>-Signature: v1=<hex>``.

Several ``v1`` may stand there while the sender rotates its secret; other schemes (``v0``) are passed
over. Stripe's own libraries refuse old times only; here a time may not lie in the future either.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

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

_TAG = re.compile(r"[0-9a-f]{64}", re.ASCII)


def verify(
    body: bytes,
    headers: Headers,
    secrets: Sequence[str],
    *,
    header: str,
    now: float,
    tolerance: float = TOLERANCE,
) -> None:
    """Check that one of the header's ``v1`` tags is right and its time recent.

    Args:
        body: as received, before any decoding.
        headers: a mapping or pairs; names in any case.
        secrets: any of them may have signed.
        header: that carries time and tags, exactly once.
        now: seconds since the epoch.
        tolerance: seconds that the time may differ.

    Raises:
        SignatureError: no header, no one time, no ``v1``, none that matches, or a time too far away.
        ConfigurationError: there is no secret to check against.
    """
    time, tags = _parts(only(headers, header))
    _check(body, time, tags, secrets)
    recent(time, now, tolerance)


def verify_apart(
    body: bytes,
    headers: Headers,
    secrets: Sequence[str],
    *,
    prefix: str,
    now: float,
    tolerance: float = TOLERANCE,
) -> None:
    """As :func:`verify`, with time and tags in a header each.

    Args:
        body: as received, before any decoding.
        headers: a mapping or pairs; names in any case.
        secrets: any of them may have signed.
        prefix: of both headers.
        now: seconds since the epoch.
        tolerance: seconds that the time may differ.

    Raises:
        SignatureError, ConfigurationError: as :func:`verify`.
    """
    said = only(headers, f"{prefix}-Timestamp")
    time, tags = _parts(f"t={said},{only(headers, f'{prefix}-Signature')}")
    _check(body, time, tags, secrets)
    recent(time, now, tolerance)


def _check(body: bytes, time: str, tags: Sequence[str], secrets: Sequence[str]) -> None:
    keys = usable(secrets)
    signed = f"{time}.".encode() + body
    matches = False
    for key in keys:
        expected = hmac.digest(key.encode(), signed, hashlib.sha256).hex()
        for tag in tags:
            matches |= hmac.compare_digest(expected, tag)
    if not matches:
        raise SignatureError


def _parts(value: str) -> tuple[str, list[str]]:
    items = [item.strip().partition("=") for item in value.split(",", MOST_SIGNATURES + 1)]
    times = [text for name, _, text in items if name == "t"]
    tags = [text for name, _, text in items if name == "v1"]
    well_formed = all(_TAG.fullmatch(tag) for tag in tags) and times and times[0].isascii()
    if len(items) > MOST_SIGNATURES or len(times) != 1 or not tags or not well_formed:
        raise SignatureError
    return times[0], tags
