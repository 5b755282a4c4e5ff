"""Bulk jobs with what was uploaded to them and what came of each row.

Data lies in parts of a megabyte and results in one row each, so a large job is never whole in memory; results
are written in the transaction of the records they tell of, so a killed process goes on where it was.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.ids import record_id
from include.sandbox.salesforce.store import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.sandbox.salesforce.store import Store

TABLES = """
CREATE TABLE IF NOT EXISTS salesforce_jobs (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS salesforce_job_data (
    job TEXT NOT NULL, part INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY (job, part)
);
CREATE TABLE IF NOT EXISTS salesforce_job_rows (
    job TEXT NOT NULL, number INTEGER NOT NULL, success INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (job, number)
);
"""
INGEST, QUERY, CLASSIC, BATCH = "V2Ingest", "V2Query", "Classic", "Batch"
PREFIXES = {INGEST: "750", QUERY: "750", CLASSIC: "750", BATCH: "751"}
OPEN, UPLOADED, RUNNING = "Open", "UploadComplete", "InProgress"
COMPLETE, FAILED, ABORTED = "JobComplete", "Failed", "Aborted"
QUEUED = "Queued"
OVER = frozenset({COMPLETE, FAILED, ABORTED, "Completed", "NotProcessed"})
KEPT = timedelta(days=7)
PART = 1024 * 1024
ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Job:
    """One job of any kind; a batch of Bulk API 1.0 is one with a ``parent``."""

    id: str
    kind: str
    state: str
    operation: str
    object: str
    user_id: str
    client: str
    version: str
    created: str
    modified: str
    external_id: str = ""
    delimiter: str = "COMMA"
    line_ending: str = "LF"
    query: str = ""
    parent: str = ""
    error: str = ""
    processed: int = 0
    failed: int = 0
    uploads: int = 0
    milliseconds: int = 0
    serial: bool = False


class Jobs:
    """All jobs of the org."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._database = store.database
        self._database.create(TABLES)

    def add(self, kind: str, **said: Any) -> Job:
        """Create a job."""
        at = stamp(self._store.clock.now())
        prefix = PREFIXES[kind]
        with self._database.transaction():
            number = self._store.next_number(prefix)
            made = Job(id=record_id(prefix, number), kind=kind, created=at, modified=at, **said)
            row = (made.id, kind, made.state, json.dumps(asdict(made)))
            self._database.change("INSERT INTO salesforce_jobs VALUES (?, ?, ?, ?)", row)
        return made

    def get(self, job: str) -> Job | None:
        """A job by its 15- or 18-character id, for seven days."""
        row = self._database.row(
            "SELECT body FROM salesforce_jobs WHERE id = ? OR substr(id, 1, 15) = ?", (job, job)
        )
        found = Job(**json.loads(row["body"])) if row else None
        return None if found is None or self._expired(found) else found

    def change(self, job: str, *, unless: frozenset[str] = frozenset(), **changes: Any) -> Job | None:
        """Change a job as it is now; None: it is gone, or in one of the states ``unless``."""
        with self._database.transaction():
            found = self.get(job)
            if found is None or found.state in unless:
                return None
            changed = replace(found, modified=stamp(self._store.clock.now()), **changes)
            sql = "UPDATE salesforce_jobs SET state = ?, body = ? WHERE id = ?"
            self._database.change(sql, (changed.state, json.dumps(asdict(changed)), changed.id))
        return changed

    def listed(self, kinds: Iterable[str], parent: str = "") -> list[Job]:
        """Jobs of some kinds, oldest first; ``parent``: the batches of one job."""
        wanted = sorted(kinds)
        marks = ",".join("?" * len(wanted))
        sql = f"SELECT body FROM salesforce_jobs WHERE kind IN ({marks}) ORDER BY id"  # noqa: S608 - marks only
        found = (Job(**json.loads(row["body"])) for row in self._database.rows(sql, wanted))
        return [one for one in found if one.parent == parent and not self._expired(one)]

    def waiting(self) -> list[str]:
        """Ids of the jobs that the worker has not finished, in their order."""
        rows = self._database.rows(
            "SELECT id FROM salesforce_jobs WHERE state IN (?, ?, ?) AND kind <> ? ORDER BY id",
            (UPLOADED, RUNNING, QUEUED, CLASSIC),
        )
        return [row["id"] for row in rows]

    def remove(self, job: str) -> None:
        """Delete a job with its data and results."""
        with self._database.transaction():
            for table, column in (("jobs", "id"), ("job_data", "job"), ("job_rows", "job")):
                self._database.change(f"DELETE FROM salesforce_{table} WHERE {column} = ?", (job,))  # noqa: S608

    # Data

    def upload(self, job: str, content: bytes) -> None:
        """Keep what was uploaded, in place of what was there."""
        view = memoryview(content)
        with self._database.transaction():
            self._database.change("DELETE FROM salesforce_job_data WHERE job = ?", (job,))
            for part in range(0, len(view), PART):
                row = (job, part // PART, view[part : part + PART])
                self._database.change("INSERT INTO salesforce_job_data VALUES (?, ?, ?)", row)

    def data(self, job: str) -> Iterator[bytes]:
        """What was uploaded, part by part."""
        part = 0
        sql = "SELECT content FROM salesforce_job_data WHERE job = ? AND part = ?"
        while row := self._database.row(sql, (job, part)):
            yield row["content"]
            part += 1

    # Results

    def note(self, job: str, first: int, results: Iterable[tuple[bool, str]]) -> None:
        """Keep what came of rows, from a number on."""
        rows = [(job, first + index, int(success), body) for index, (success, body) in enumerate(results)]
        self._database.change_many("INSERT INTO salesforce_job_rows VALUES (?, ?, ?, ?)", rows)

    def forget(self, job: str) -> None:
        """Drop what came of a job's rows."""
        self._database.change("DELETE FROM salesforce_job_rows WHERE job = ?", (job,))

    def noted(self, job: str) -> int:
        """How many rows of a job are done."""
        row = self._database.row("SELECT count(*) AS n FROM salesforce_job_rows WHERE job = ?", (job,))
        return int(row["n"]) if row else 0

    def results(
        self, job: str, *, success: bool | None = None, start: int = 0, stop: int | None = None
    ) -> Iterator[str]:
        """Results in the order of rows, by success or all; ``start`` and ``stop`` are rows' numbers."""
        number = start
        wanted = "" if success is None else f"AND success = {int(success)} "
        sql = (
            "SELECT number, body FROM salesforce_job_rows WHERE job = ? AND number >= ? AND number < ? "  # noqa: S608
            f"{wanted}ORDER BY number LIMIT {ROWS_AT_ONCE}"
        )
        while True:
            page = self._database.rows(sql, (job, number, 1 << 40 if stop is None else stop))
            for row in page:
                yield row["body"]
            if len(page) < ROWS_AT_ONCE:
                return
            number = page[-1]["number"] + 1

    def _expired(self, job: Job) -> bool:
        return self._store.clock.now() - datetime.fromisoformat(job.created) > KEPT
