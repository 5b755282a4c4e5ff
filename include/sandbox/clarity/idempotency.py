"""``Idempotency-Key``: the first answer, kept and given again.

Only answers that took effect are kept: a refused request changed nothing and may be sent again, corrected.
The answer is kept in the transaction of its effect, so a killed process has both or neither.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.sandbox.clarity.problem import Problem

if TYPE_CHECKING:
    from include.sandbox.border import Answer
    from include.sandbox.clarity.exchange import Request
    from include.sandbox.clarity.settings import Switchboard
    from include.sandbox.clock import Clock
    from include.sandbox.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS clarity_idempotency (
    client TEXT NOT NULL, key TEXT NOT NULL, print TEXT NOT NULL, at REAL NOT NULL, status INTEGER NOT NULL,
    headers TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (client, key)
);
"""
LONGEST = 255


@dataclass(frozen=True, slots=True)
class Claim:
    """A key in use by one request."""

    client: str
    key: str
    print: str


class Keys:
    """Keys with their answers, and those whose first request still runs."""

    def __init__(self, database: Database, clock: Clock, switches: Switchboard) -> None:
        self._database = database
        self._clock = clock
        self._switches = switches
        self._running: set[tuple[str, str]] = set()
        database.create(SCHEMA)

    def claim(self, client: str, request: Request) -> Claim | None:
        """Take the key of a POST for this request; None when it has none.

        Raises:
            Problem: 409 while the first request runs.
        """
        key = request.headers.get("idempotency-key", "")
        if not key or request.method != "POST":
            return None
        if len(key) > LONGEST:
            raise Problem(400, "idempotency_key_invalid", f"At most {LONGEST} characters.")
        if (client, key) in self._running:
            raise Problem(
                409,
                "idempotency_in_progress",
                "The first request with this Idempotency-Key is still running.",
                headers={"Retry-After": "1"},
            )
        self._running.add((client, key))
        seen = f"{request.method} {request.path}\n".encode() + request.raw
        return Claim(client, key, hashlib.sha256(seen).hexdigest())

    def release(self, claim: Claim | None) -> None:
        """The request has ended."""
        if claim is not None:
            self._running.discard((claim.client, claim.key))

    def stored(self, claim: Claim) -> tuple[int, dict[str, str], bytes] | None:
        """The first answer, if there is one.

        Raises:
            Problem: the key was used for something else.
        """
        oldest = self._clock.now().timestamp() - self._switches.present.idempotency_hours * 3600
        found = self._database.row(
            "SELECT * FROM clarity_idempotency WHERE client = ? AND key = ? AND at > ?",
            (claim.client, claim.key, oldest),
        )
        if found is None:
            return None
        if found["print"] != claim.print:
            raise Problem(
                self._switches.present.idempotency_mismatch,
                "idempotency_key_reused",
                "This Idempotency-Key was used with a different body.",
            )
        return found["status"], json.loads(found["headers"]), found["body"]

    def keep(self, claim: Claim, answer: Answer) -> None:
        """Keep an answer that took effect."""
        headers = {name.decode(): value.decode() for name, value in answer.headers}
        self._database.change(
            "INSERT OR REPLACE INTO clarity_idempotency VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                claim.client,
                claim.key,
                claim.print,
                self._clock.now().timestamp(),
                answer.status,
                json.dumps(headers),
                answer.body,
            ),
        )
