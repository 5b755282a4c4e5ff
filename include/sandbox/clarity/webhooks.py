"""Webhook subscriptions, what is due to them, and what became of it.

A delivery is a row made in the same transaction as the change that caused it, so nothing announced is lost
with the process. ``attempt`` and timestamp change between attempts, and the signature with them; the
event's id does not. Waiting goes by real time, scaled: a stopped clock must not stop what is on its way.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import random
import secrets
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from include.sandbox.clarity.wire import Json, stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from include.sandbox.clarity.settings import Mischief, Switchboard
    from include.sandbox.clock import Clock
    from include.sandbox.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS clarity_subscriptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, asked TEXT NOT NULL, secret TEXT NOT NULL,
    old_secret TEXT NOT NULL DEFAULT '', old_until REAL NOT NULL DEFAULT 0,
    active INTEGER NOT NULL DEFAULT 1, failures INTEGER NOT NULL DEFAULT 0, disabled_reason TEXT,
    created TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS clarity_deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, delivery TEXT NOT NULL, subscription INTEGER NOT NULL,
    event TEXT NOT NULL, type TEXT NOT NULL, record TEXT NOT NULL, store TEXT NOT NULL,
    occurred TEXT NOT NULL, data TEXT NOT NULL, trick TEXT NOT NULL, status TEXT NOT NULL, due REAL NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0, response_status INTEGER NOT NULL DEFAULT 0,
    detail TEXT NOT NULL DEFAULT '', last_attempt TEXT NOT NULL DEFAULT '', sent TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS clarity_deliveries_due ON clarity_deliveries (status, due);
"""
STALE_SECONDS = 3600
REPLAY = "replay"
Outcome = Literal["pending", "sending", "success", "failed"]


class Subscription(BaseModel):
    """What ``POST /webhooks/subscriptions`` takes. ``thin`` carries ids only; no secret: one is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^https?://", max_length=2000)
    events: tuple[str, ...] = ("order.created", "product.updated")
    format: Literal["full", "thin"] = "full"
    secret: str = ""

    def wants(self, name: str) -> bool:
        """Whether it hears of this event; a test is for everybody."""
        return name in self.events or "*" in self.events or name == "webhook.test"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, once; ``texts`` are its data, full and thin."""

    id: str
    name: str
    record: str
    store: str
    at: str
    texts: tuple[str, str]

    @classmethod
    def new(cls, name: str, *, record: str, store: str, at: str, texts: tuple[str, str]) -> Event:
        """With an id of its own."""
        return cls(f"evt_{uuid.uuid4()}", name, record, store, at, texts)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to make."""

    id: int
    subscription: int
    attempt: int
    url: str
    body: bytes
    sent: dict[str, str]
    method: str = "POST"

    def target(self) -> str:
        """The URL."""
        return self.url

    def headers(self) -> dict[str, str]:
        """Signature and all."""
        return self.sent


def signature(timestamp: int, body: bytes, keys: Sequence[str]) -> str:
    """``v1=<hex>`` over timestamp, a dot and the raw bytes; one value for each secret in force."""
    signed = f"{timestamp}.".encode() + body
    return ",".join(f"v1={hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()}" for key in keys)


class Webhooks:
    """Subscriptions and deliveries."""

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
        self._database.change("UPDATE clarity_deliveries SET status = 'pending' WHERE status = 'sending'")
        self._next_due = 0.0

    # -- subscriptions ---------------------------------------------------------------------------

    def subscribe(self, asked: Subscription) -> Json:
        """A new subscription, with its secret: shown only now and at a rotation."""
        secret = asked.secret or f"whsec_{secrets.token_hex(16)}"
        found = self._database.row(
            "INSERT INTO clarity_subscriptions (asked, secret, created) VALUES (?, ?, ?) RETURNING *",
            (asked.model_dump_json(), secret, stamp(self._clock.now())),
        )
        return {**_shown(found), "secret": secret} if found else {}

    def subscriptions(self) -> list[Json]:
        """All of them, without secrets."""
        return [_shown(row) for row in self._database.rows("SELECT * FROM clarity_subscriptions ORDER BY id")]

    def unsubscribe(self, number: int) -> bool:
        """Whether there was one."""
        return self._database.change("DELETE FROM clarity_subscriptions WHERE id = ?", (number,)) > 0

    def subscription(self, number: int) -> Json | None:
        """One, without its secret."""
        found = self._database.row("SELECT * FROM clarity_subscriptions WHERE id = ?", (number,))
        return _shown(found) if found else None

    def rotate(self, number: int) -> Json | None:
        """A new secret; the old one signs beside it until the overlap ends."""
        secret = f"whsec_{secrets.token_hex(16)}"
        until = time.time() + self._switches.present.secret_overlap_seconds
        found = self._database.row(
            "UPDATE clarity_subscriptions SET old_secret = secret, old_until = ?, secret = ? WHERE id = ? "
            "RETURNING *",
            (until, secret, number),
        )
        return {**_shown(found), "secret": secret} if found else None

    def enable(self, number: int) -> bool:
        """Let a disabled subscription hear again; whether it exists."""
        return (
            self._database.change(
                "UPDATE clarity_subscriptions SET active = 1, failures = 0, disabled_reason = NULL "
                "WHERE id = ?",
                (number,),
            )
            > 0
        )

    # -- queueing --------------------------------------------------------------------------------

    def announce(
        self,
        event: Event,
        *,
        only: int | None = None,
        mischief: Mischief | None = None,
        wait: float = 0.0,
    ) -> int:
        """Queue an event for every active subscription that wants it; answers how many deliveries."""
        rows = self._database.rows("SELECT * FROM clarity_subscriptions WHERE active ORDER BY id")
        queued = 0
        for row in rows:
            asked = Subscription.model_validate_json(row["asked"])
            if asked.wants(event.name) and only in {None, row["id"]}:
                queued += self._queue(
                    row["id"], asked, event, mischief or self._switches.present.mischief, wait
                )
        return queued

    def _queue(self, number: int, asked: Subscription, event: Event, mischief: Mischief, wait: float) -> int:
        chance = random.Random(f"{mischief.seed}/{self._turn()}")  # noqa: S311 - repeatable chance
        if chance.random() < mischief.drop:
            return 0
        data = event.texts[0 if asked.format == "full" else 1]
        for _ in range(mischief.duplicate):
            trick = (
                "wrong_signature" if chance.random() < mischief.wrong_signature else
                "stale_timestamp" if chance.random() < mischief.stale_timestamp else ""
            )  # fmt: skip
            due = time.time() + wait + mischief.delay_seconds + chance.random() * mischief.scatter_seconds
            self._database.change(
                "INSERT INTO clarity_deliveries (delivery, subscription, event, type, record, store, "
                "occurred, data, trick, status, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?)",
                (f"dlv_{uuid.uuid4()}", number, event.id, event.name, event.record, event.store, event.at,
                 data, trick, due),
            )  # fmt: skip
        self._next_due = 0.0
        return mischief.duplicate

    def _turn(self) -> int:
        found = self._database.row("SELECT count(*) AS n FROM clarity_deliveries")
        return int(found["n"]) if found else 0

    def replay(self, delivery: str) -> bool:
        """Send the very bytes and headers of an attempt once more, as an eavesdropper would."""
        with self._database.transaction():
            made = self._database.change(
                "INSERT INTO clarity_deliveries (delivery, subscription, event, type, record, store, "
                "occurred, data, trick, status, due, attempt, sent) "
                "SELECT delivery, subscription, event, type, record, store, "
                "occurred, data, ?, 'pending', ?, attempt - 1, sent FROM clarity_deliveries "
                "WHERE delivery = ? AND attempt > 0 ORDER BY id LIMIT 1",
                (REPLAY, time.time(), delivery),
            )
            self._next_due = 0.0
        return made > 0

    def redeliver(self, delivery: str) -> bool:
        """Send a delivery again, whatever became of it; whether it exists."""
        with self._database.transaction():
            touched = self._database.change(
                "UPDATE clarity_deliveries SET status = 'pending', due = ? "
                "WHERE delivery = ? AND status != 'sending'",
                (time.time(), delivery),
            )
            self._next_due = 0.0
        return touched > 0

    # -- sending ---------------------------------------------------------------------------------

    def take(self) -> Delivery | None:
        """The next delivery that is due, now marked as being sent."""
        if time.time() < self._next_due:
            return None
        with self._database.transaction():
            row = self._database.row(
                "UPDATE clarity_deliveries SET status = 'sending', attempt = attempt + 1 WHERE id = ("
                "SELECT id FROM clarity_deliveries WHERE status = 'pending' AND due <= ? "
                "ORDER BY due, id LIMIT 1) RETURNING *",
                (time.time(),),
            )
            if row is None:
                self._look_ahead()
                return None
            target = self._database.row(
                "SELECT * FROM clarity_subscriptions WHERE id = ? AND active", (row["subscription"],)
            )
            if target is not None:
                delivery = _prepared(row, target)
                self._database.change(
                    "UPDATE clarity_deliveries SET sent = ? WHERE id = ?",
                    (json.dumps(delivery.sent), row["id"]),
                )
                return delivery
            self._close(row["id"], "failed", 0, "no active subscription")
        return self.take()

    def _look_ahead(self) -> None:
        found = self._database.row("SELECT min(due) AS due FROM clarity_deliveries WHERE status = 'pending'")
        self._next_due = math.inf if found is None or found["due"] is None else found["due"]

    def record(self, delivery: Delivery, status: int, detail: str = "") -> None:
        """Write an attempt's end down: HTTP status, or 0 and what went wrong."""
        with self._database.transaction():
            if 200 <= status < 300:
                self._close(delivery.id, "success", status, detail)
                self._database.change(
                    "UPDATE clarity_subscriptions SET failures = 0 WHERE id = ?", (delivery.subscription,)
                )
                return
            self._blame(delivery.subscription, status)
            waits = self._switches.present.webhook_retry_seconds
            if delivery.attempt > len(waits) or status == 410:
                self._close(delivery.id, "failed", status, detail)
                return
            self._close(delivery.id, "pending", status, detail)
            wait = waits[delivery.attempt - 1] * self._switches.present.webhook_time_scale
            self._database.change(
                "UPDATE clarity_deliveries SET due = ? WHERE id = ?", (time.time() + wait, delivery.id)
            )
            self._next_due = 0.0

    def _blame(self, number: int, status: int) -> None:
        """Count a failure; 410 unsubscribes, too many in a row disable."""
        after = self._switches.present.webhook_disable_after
        self._database.change(
            "UPDATE clarity_subscriptions SET failures = failures + 1, "
            "active = active AND ? != 410 AND failures + 1 < ?, "
            "disabled_reason = CASE WHEN NOT active THEN disabled_reason WHEN ? = 410 THEN 'gone' "
            "WHEN failures + 1 >= ? THEN 'too_many_failures' END WHERE id = ?",
            (status, after, status, after, number),
        )

    def _close(self, number: int, status: Outcome, answered: int, detail: str) -> None:
        self._database.change(
            "UPDATE clarity_deliveries SET status = ?, response_status = ?, detail = ?, last_attempt = ? "
            "WHERE id = ?",
            (status, answered, detail[:200], stamp(self._clock.now()), number),
        )

    def history(self, *, status: str | None = None, limit: int = 200) -> list[Json]:
        """The latest deliveries, newest first."""
        rows = self._database.rows(
            "SELECT * FROM clarity_deliveries WHERE status = coalesce(?, status) ORDER BY id DESC LIMIT ?",
            (status, limit),
        )
        return [
            {"id": row["delivery"], "subscriptionId": row["subscription"], "eventId": row["event"]}
            | {name: row[name] for name in ("type", "record", "status", "attempt", "detail")}
            | {"responseStatus": row["response_status"], "lastAttemptAt": row["last_attempt"] or None}
            for row in rows
        ]

    def counts(self) -> dict[str, int]:
        """Deliveries by status."""
        rows = self._database.rows("SELECT status, count(*) AS n FROM clarity_deliveries GROUP BY status")
        found = {row["status"]: row["n"] for row in rows}
        return {status: found.get(status, 0) for status in ("pending", "sending", "success", "failed")}

    def busy(self) -> bool:
        """Whether anybody listens or waits: nobody needs sending threads before."""
        counts = self.counts()
        return bool(counts["pending"] or self.subscriptions())


def _prepared(row: sqlite3.Row, target: sqlite3.Row) -> Delivery:
    asked = Subscription.model_validate_json(target["asked"])
    head = json.dumps({
        "id": row["event"], "type": row["type"], "apiVersion": "v1", "storeId": row["store"],
        "occurredAt": row["occurred"], "attempt": row["attempt"],
    }, separators=(",", ":"))  # fmt: skip
    body = f'{head[:-1]},"data":{row["data"]}}}'.encode()
    sent = json.loads(row["sent"]) if row["trick"] == REPLAY else _headers(row, target, body)
    return Delivery(row["id"], row["subscription"], row["attempt"], asked.url, body, sent)


def _headers(row: sqlite3.Row, target: sqlite3.Row, body: bytes) -> dict[str, str]:
    now = int(time.time()) - (STALE_SECONDS if row["trick"] == "stale_timestamp" else 0)
    keys = [target["secret"], *([target["old_secret"]] if target["old_until"] > time.time() else [])]
    if row["trick"] == "wrong_signature":
        keys = ["not the secret"]
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Clarity-Webhooks/1.0",
        "X-Clarity-Event": row["type"],
        "X-Clarity-Event-Id": row["event"],
        "X-Clarity-Delivery": row["delivery"],
        "X-Clarity-Attempt": str(row["attempt"]),
        "X-Clarity-Timestamp": str(now),
        "X-Clarity-Signature": signature(now, body, keys),
    }


def _shown(row: sqlite3.Row | Any) -> Json:
    asked = json.loads(row["asked"])
    return {
        "id": row["id"],
        "url": asked["url"],
        "events": asked["events"],
        "format": asked["format"],
        "status": "active" if row["active"] else "disabled",
        "disabledReason": row["disabled_reason"],
        "consecutiveFailures": row["failures"],
        "createdDate": row["created"],
    }
