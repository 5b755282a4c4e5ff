"""Webhook events as Zoho Inventory sends and signs them."""

from __future__ import annotations

import hashlib
import hmac
import json

from include.connectors.zoho_inventory.webhook import SIGNATURE_HEADER
from include.webhooks import Doorkeeper

SECRETS = ("newSecret2026abc", "oldSecret2025abc")
DOOR = Doorkeeper.of(SECRETS, usual=SIGNATURE_HEADER)
WEBHOOK = "/webhooks/zoho_inventory/salesorder"


def an_event(number: int = 1, modified: str = "2026-10-14T10:22:41-0400") -> bytes:
    order = {"salesorder_id": f"51298730000002{number:05}", "last_modified_time": modified}
    return json.dumps({"salesorder": order}).encode()


def signed(body: bytes, secret: str = SECRETS[0]) -> dict[str, str]:
    tag = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Zoho-Webhook-Signature": tag, "Content-Type": "application/json"}
