"""What was asked under which key, and what was answered (IETF draft *The Idempotency-Key HTTP Header Field*).

A SQLite file of the gateway's own. It survives ``kill -9``: a row that is ``running`` without anybody
running it says that Sage must be asked, and the gateway asks before every write anyway. Should the
machine lose power and the last rows with it, the key stands in Sage itself.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from include.gateway.problems import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS answer (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'unknown', 'done')),
    status INTEGER,
    body TEXT,
    expires REAL NOT NULL
)
"""


class Verdict(StrEnum):
    """What to do with a request that came under a key."""

    GO = "go"
    RESUME = "resume"
    """An earlier attempt ended without an answer: carry out, with Sage asked first."""
    REPLAY = "replay"
    RUNNING = "running"
    REUSED = "reused"


@dataclass(frozen=True, slots=True)
class Claim:
    """The verdict, with the stored answer when it is REPLAY."""

    verdict: Verdict
    answer: Answer | None = None


class AnswerStore:
    """Keys and answers. One process has the file; what it runs itself it knows by heart.

    Args:
        path: the SQLite file.
        answer_seconds: how long answers of carried-out requests are kept.
        refusal_seconds: how long refusals are.
        clock: seconds since the epoch.
    """

    def __init__(
        self, path: Path, *, answer_seconds: int, refusal_seconds: int, clock: Callable[[], float]
    ) -> None:
        self._path = path
        self._running: set[str] = set()
        self._kept = {200: answer_seconds, 201: answer_seconds, 422: refusal_seconds}
        self._unknown_seconds = answer_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file and forget what has expired."""
        self._db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(SCHEMA)
        self._db.execute("DELETE FROM answer WHERE expires < ?", (self._clock(),))

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def claim(self, key: str, fingerprint: str) -> Claim:
        """Say what to do with a request and, when it is to be carried out, note that it is running.

        Raises:
            sqlite3.Error: the note cannot be made, so nothing may be begun.
        """
        with self._lock:
            claim = self._judge(key, self._row(key), fingerprint)
            if claim.verdict in {Verdict.GO, Verdict.RESUME}:
                self._write(key, fingerprint, "running", None, self._unknown_seconds)
                self._running.add(key)
            return claim

    def finish(self, key: str, fingerprint: str, answer: Answer) -> None:
        """Keep a definitive answer."""
        with self._ending(key):
            self._write(key, fingerprint, "done", answer, self._kept[answer.status])

    def leave_unknown(self, key: str, fingerprint: str) -> None:
        """Note that nobody knows what came of it."""
        with self._ending(key):
            self._write(key, fingerprint, "unknown", None, self._unknown_seconds)

    def forget(self, key: str) -> None:
        """Nothing was done under this key."""
        with self._ending(key):
            self._database().execute("DELETE FROM answer WHERE key = ?", (key,))

    @contextmanager
    def _ending(self, key: str) -> Iterator[None]:
        """The request ends, be it noted or not: without a note its next attempt looks in Sage."""
        with self._lock:
            self._running.discard(key)
            yield

    def _judge(self, key: str, row: tuple[Any, ...] | None, fingerprint: str) -> Claim:
        if row is None:
            return Claim(Verdict.GO)
        known, state, status, body, expires = row
        if key in self._running:
            return Claim(Verdict.RUNNING if known == fingerprint else Verdict.REUSED)
        if expires < self._clock():
            return Claim(Verdict.GO if state == "done" else Verdict.RESUME)
        if known != fingerprint:
            return Claim(Verdict.REUSED)
        if state == "done":
            return Claim(Verdict.REPLAY, Answer(status, json.loads(body), replayed=True))
        return Claim(Verdict.RESUME)

    def _row(self, key: str) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = (
            self._database()
            .execute("SELECT fingerprint, state, status, body, expires FROM answer WHERE key = ?", (key,))
            .fetchone()
        )
        return found

    def _write(self, key: str, fingerprint: str, state: str, answer: Answer | None, seconds: int) -> None:
        status, body = (answer.status, json.dumps(answer.body)) if answer else (None, None)
        self._database().execute(
            "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?)",
            (key, fingerprint, state, status, body, self._clock() + seconds),
        )

    def _database(self) -> sqlite3.Connection:
        if self._db is None:
            raise RuntimeError("the answer store is not open")
        return self._db


def fingerprint_of(verb: str, payload: Any) -> str:
    """The same request, however its JSON was written, has the same fingerprint."""
    canonical = json.dumps([verb, payload], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
