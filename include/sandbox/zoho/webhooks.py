"""Workflow webhooks: what they send, to whom, and the history of every attempt.

A delivery is a row with the exact bytes it will send, made in the same breath as the change that
caused it. So nothing that was announced is lost with the process, and a retry sends what the first
attempt sent. Sending itself is :mod:`include.sandbox.sender`.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import time
import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from include.sandbox.zoho.wire import wire_time

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from include.sandbox.clock import Clock
    from include.sandbox.database import Database
    from include.sandbox.zoho.settings import Switchboard

SCHEMA = """
CREATE TABLE IF NOT EXISTS zoho_webhooks (name TEXT PRIMARY KEY, rule TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS zoho_deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, webhook TEXT NOT NULL, entity TEXT NOT NULL,
    entity_id TEXT NOT NULL, event TEXT NOT NULL, body BLOB NOT NULL, status TEXT NOT NULL,
    due REAL NOT NULL, made TEXT NOT NULL,
    retry_count INTEGER NOT NULL DEFAULT 0, last_execution_time TEXT NOT NULL DEFAULT '',
    next_retry_time TEXT NOT NULL DEFAULT '', response_status INTEGER NOT NULL DEFAULT 0,
    detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS zoho_deliveries_due ON zoho_deliveries (status, due);
CREATE INDEX IF NOT EXISTS zoho_deliveries_entity ON zoho_deliveries (entity_id);
"""
SECRET = "sandboxWebhookSecret2026"  # noqa: S105 - the sandbox's published secret
SIGNATURE = "X-Zoho-Webhook-Signature"
MEDIA_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded;charset=UTF-8"}
Event = Literal["created", "edited", "status", "deleted"]


class Webhook(BaseModel):
    """A workflow rule with a webhook action: who is told what, and how.

    ``format`` "json" is Zoho's Default Payload, "form" the older ``JSONString`` field. An empty secret
    sends no signature.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="orders", max_length=50)
    entity: Literal["salesorder", "item", "contact"] = "salesorder"
    url: str = Field(pattern=r"^https?://", max_length=5000)
    method: Literal["POST", "PUT"] = "POST"
    secret: str = SECRET
    format: Literal["json", "form"] = "json"
    headers: dict[str, str] = {}
    query_parameters: dict[str, str] = {}
    events: tuple[Event, ...] = ("created", "edited", "status")
    active: bool = True

    def target(self) -> str:
        """The URL with its query parameters."""
        if not self.query_parameters:
            return self.url
        return f"{self.url}{'&' if urlsplit(self.url).query else '?'}{urlencode(self.query_parameters)}"

    def body(self, document: str) -> bytes:
        """The bytes to send for a document's JSON text."""
        payload = f'{{"{self.entity}":{document}}}'
        return (payload if self.format == "json" else urlencode({"JSONString": payload})).encode()

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers of a delivery."""
        headers = {"Content-Type": MEDIA_TYPES[self.format], "User-Agent": "ZohoInventory", **self.headers}
        if self.secret:
            headers[SIGNATURE] = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        return headers


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to make."""

    id: int
    webhook: Webhook
    body: bytes
    retry_count: int

    @property
    def method(self) -> str:
        """As the rule says."""
        return self.webhook.method

    def target(self) -> str:
        """The URL with its query parameters."""
        return self.webhook.target()

    def headers(self) -> dict[str, str]:
        """The rule's headers and the signature."""
        return self.webhook.signed(self.body)


class Webhooks:
    """Rules, pending deliveries and history."""

    def __init__(self, database: Database, clock: Clock, switches: Switchboard) -> None:
        self._database = database
        self._clock = clock
        self._switches = switches
        self._next_due = 0.0
        """No delivery is due before this: spares idle threads the database."""
        database.create(SCHEMA)
        self.reset()

    def reset(self) -> None:
        """Take up what a killed process was sending."""
        self._database.change("UPDATE zoho_deliveries SET status = 'pending' WHERE status = 'sending'")
        self._next_due = 0.0

    def configure(self, webhook: Webhook) -> None:
        """Put a rule in place; one of the same name is replaced."""
        self._database.change(
            "INSERT OR REPLACE INTO zoho_webhooks VALUES (?, ?)", (webhook.name, webhook.model_dump_json())
        )

    def remove(self, name: str) -> bool:
        """Whether there was such a rule."""
        return self._database.change("DELETE FROM zoho_webhooks WHERE name = ?", (name,)) > 0

    def rules(self) -> list[Webhook]:
        """Every rule."""
        rows = self._database.rows("SELECT rule FROM zoho_webhooks ORDER BY name")
        return [Webhook.model_validate_json(row["rule"]) for row in rows]

    def announce(self, entity: str, entity_id: str, event: Event, document: str) -> int:
        """Queue a delivery for each active rule that wants this event; answers how many."""
        wanting = [
            rule for rule in self.rules() if rule.active and rule.entity == entity and event in rule.events
        ]
        return self.queue([(rule, entity_id, event, document, 0.0) for rule in wanting])

    def queue(self, deliveries: Sequence[tuple[Webhook, str, str, str, float]]) -> int:
        """Queue deliveries: rule, record id, event, document text, seconds from now."""
        now, made = time.time(), wire_time(self._clock.now())
        with self._database.transaction():
            self._database.change_many(
                "INSERT INTO zoho_deliveries (webhook, entity, entity_id, event, body, status, due, made) "
                "VALUES (?, ?, ?, ?, ?, 'pending', ?, ?)",
                (
                    (rule.name, rule.entity, entity_id, event, _packed(rule, text), now + wait, made)
                    for rule, entity_id, event, text, wait in deliveries
                ),
            )
            self._next_due = 0.0
        return len(deliveries)

    def take(self) -> Delivery | None:
        """The next delivery that is due, now marked as being sent."""
        if time.time() < self._next_due:
            return None
        with self._database.transaction():
            row = self._database.row(
                "UPDATE zoho_deliveries SET status = 'sending' WHERE id = (SELECT id FROM zoho_deliveries "
                "WHERE status = 'pending' AND due <= ? ORDER BY due, id LIMIT 1) RETURNING *",
                (time.time(),),
            )
            if row is None:
                self._look_ahead()
                return None
        rule = self._database.row("SELECT rule FROM zoho_webhooks WHERE name = ?", (row["webhook"],))
        if rule is None:
            self._close(row["id"], "failed", 0, "the webhook was deleted")
            return self.take()
        return Delivery(
            row["id"],
            Webhook.model_validate_json(rule["rule"]),
            zlib.decompress(row["body"]),
            row["retry_count"],
        )

    def _look_ahead(self) -> None:
        found = self._database.row("SELECT min(due) AS due FROM zoho_deliveries WHERE status = 'pending'")
        self._next_due = math.inf if found is None or found["due"] is None else found["due"]

    def record(self, delivery: Delivery, status: int, detail: str = "") -> None:
        """Write an attempt's end down: HTTP status, or 0 and what went wrong."""
        waits = self._switches.present.webhook_retry_seconds
        if 200 <= status < 300:
            self._close(delivery.id, "success", status, detail)
        elif delivery.retry_count >= len(waits):
            self._close(delivery.id, "failed", status, detail)
        else:
            self._try_again(delivery.id, waits[delivery.retry_count], status, detail)

    def _try_again(self, number: int, wait: float, answered: int, detail: str) -> None:
        next_time = wire_time(self._clock.now() + timedelta(seconds=wait))
        with self._database.transaction():
            self._close(number, "pending", answered, detail)
            self._database.change(
                "UPDATE zoho_deliveries SET retry_count = retry_count + 1, due = ?, next_retry_time = ? "
                "WHERE id = ?",
                (time.time() + wait, next_time, number),
            )
            self._next_due = 0.0

    def _close(self, number: int, status: str, answered: int, detail: str) -> None:
        self._database.change(
            "UPDATE zoho_deliveries SET status = ?, response_status = ?, detail = ?, "
            "last_execution_time = ?, next_retry_time = '' WHERE id = ?",
            (status, answered, detail[:200], wire_time(self._clock.now()), number),
        )

    def resend(self, number: int) -> bool:
        """Send a delivery again, whatever became of it; whether it exists."""
        with self._database.transaction():
            touched = self._database.change(
                "UPDATE zoho_deliveries SET status = 'pending', due = ?, retry_count = 0 "
                "WHERE id = ? AND status != 'sending'",
                (time.time(), number),
            )
            self._next_due = 0.0
        return touched > 0

    def history(
        self, *, status: str | None = None, entity_id: str | None = None, limit: int = 200
    ) -> list[dict[str, Any]]:
        """The latest deliveries, newest first, without their bodies."""
        rows = self._database.rows(
            "SELECT * FROM zoho_deliveries WHERE status = coalesce(?, status) "
            "AND entity_id = coalesce(?, entity_id) ORDER BY id DESC LIMIT ?",
            (status, entity_id, limit),
        )
        return [_shown(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Deliveries by status."""
        rows = self._database.rows("SELECT status, count(*) AS n FROM zoho_deliveries GROUP BY status")
        found = {row["status"]: row["n"] for row in rows}
        return {status: found.get(status, 0) for status in ("pending", "sending", "success", "failed")}


def _packed(rule: Webhook, document: str) -> bytes:
    return zlib.compress(rule.body(document), 1)


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    shown = {key: row[key] for key in row.keys() if key not in {"body", "due", "id"}}  # noqa: SIM118 - sqlite3.Row
    return {"webhook_history_id": str(row["id"]), **shown}
