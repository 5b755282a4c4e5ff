"""Webhook events as Clarity eCommerce is proposed to send and sign them."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

SECRETS = ("newSecret2026abc", "oldSecret2025abc")
WEBHOOK = "/webhooks/clarity_ecommerce/events"


def an_event(
    number: int = 1, kind: str = "order.created", data: dict[str, Any] | None = None, **more: Any
) -> bytes:
    """One event; the same number is the same event, and the same order unless ``data`` says otherwise."""
    order = {"id": 100_000 + number, "orderNumber": f"WEB-{number}", "rowVersion": 3}
    whole = {
        "id": f"evt_{number}",
        "type": kind,
        "apiVersion": "v1",
        "storeId": "main",
        "occurredAt": "2026-03-02T16:04:31.412Z",
        "attempt": 1,
        "data": {"order": order} if data is None else data,
    }
    return json.dumps(whole | more).encode()


def signed(body: bytes, *secrets: str, late: float = 0) -> dict[str, str]:
    """Headers of a delivery; several secrets sign during a rotation."""
    at = int(time.time() - late)
    content = f"{at}.".encode() + body
    tags = [hmac.digest(key.encode(), content, hashlib.sha256).hex() for key in secrets or SECRETS[:1]]
    return {
        "X-Clarity-Timestamp": str(at),
        "X-Clarity-Signature": ",".join(f"v1={tag}" for tag in tags),
        "Content-Type": "application/json; charset=utf-8",
    }
