"""An ingest job of Bulk API 2.0 from its file to its results."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING

from include.sandbox.salesforce.bulk import csvfile
from include.sandbox.salesforce.bulk.csvfile import CsvError
from include.sandbox.salesforce.bulk.jobs import COMPLETE, FAILED, OVER, RUNNING
from include.sandbox.salesforce.bulk.loading import BY_ID, CHUNK, ORIGIN, HeaderError, columns, load, read
from include.sandbox.salesforce.limits import BATCHES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.sandbox.salesforce.bulk.jobs import Job, Jobs
    from include.sandbox.salesforce.bulk.loading import Column, Outcome
    from include.sandbox.salesforce.bulk.pace import Pace
    from include.sandbox.salesforce.world import World

BATCH = 10_000
"""Rows of an internal batch, which is what the allowance counts."""
SUCCESS_COLUMNS = ("sf__Id", "sf__Created")
FAILURE_COLUMNS = ("sf__Id", "sf__Error")
NO_COLUMNS = "InvalidBatch : The file has no header"


class Ingest:
    """Works ingest jobs off; one that was begun goes on behind its last row."""

    def __init__(self, world: World, jobs: Jobs, pace: Pace) -> None:
        self._world = world
        self._jobs = jobs
        self._pace = pace

    def run(self, job: Job) -> None:
        """Work a job off, unless it is aborted meanwhile."""
        try:
            names, cells = self.file(job)
            done = self._jobs.noted(job.id)
            key = "Id" if job.operation in BY_ID else job.external_id
            store = self._world.store
            found = columns(store.schema, store.schema.objects[job.object], names, key)
            rest = islice(cells, done, None)
            while chunk := list(islice(rest, CHUNK)):
                if done % BATCH == 0:
                    self._world.limits.count(BATCHES)
                    self._pace.batch()
                if not self._chunk(job, found, chunk, done):
                    return
                done += len(chunk)
        except (CsvError, HeaderError) as exc:
            self._jobs.change(job.id, unless=OVER, state=FAILED, error=str(exc))
            return
        self._jobs.change(job.id, unless=OVER, state=COMPLETE, milliseconds=self._pace.spent())

    def file(self, job: Job) -> tuple[list[str], Iterator[list[str]]]:
        """The header, and the rows as cells.

        Raises:
            CsvError: the file has none.
        """
        cells = csvfile.rows(self._jobs.data(job.id), job.delimiter, job.line_ending)
        names = next(cells, None)
        if names is None:
            raise CsvError(NO_COLUMNS)
        return names, _checked(names, cells)

    def results(self, job: Job, *, success: bool) -> Iterator[str]:
        """The lines of ``successfulResults`` or ``failedResults``."""
        own = SUCCESS_COLUMNS if success else FAILURE_COLUMNS
        yield csvfile.header(self._names(job), own, job.delimiter, job.line_ending)
        for body in self._jobs.results(job.id, success=success):
            yield csvfile.line(json.loads(body), job.delimiter, job.line_ending)

    def unprocessed(self, job: Job) -> Iterator[str]:
        """The lines of the rows that a failed or aborted job did not come to."""
        try:
            names, cells = self.file(job)
            yield csvfile.header(names, (), job.delimiter, job.line_ending)
            for row in islice(cells, self._jobs.noted(job.id), None):
                yield csvfile.line(row, job.delimiter, job.line_ending)
        except CsvError:
            return

    def _names(self, job: Job) -> list[str]:
        try:
            return self.file(job)[0]
        except CsvError:
            return []

    def _chunk(self, job: Job, found: list[Column], chunk: Sequence[Sequence[str]], done: int) -> bool:
        """Write a chunk and its results in one transaction; False: the job was aborted."""
        store = self._world.store
        with store.commit(job.user_id, client=job.client, origin=ORIGIN) as tx:
            present = self._jobs.get(job.id)
            if present is None or present.state != RUNNING:
                return False
            outcomes = load(store, tx, job, [read(found, cells) for cells in chunk])
            self._jobs.note(job.id, done, (_noted(*pair) for pair in zip(chunk, outcomes, strict=True)))
            failed = present.failed + sum(one.error is not None for one in outcomes)
            spent = self._pace.spent()
            self._jobs.change(job.id, processed=done + len(chunk), failed=failed, milliseconds=spent)
        return True


def _checked(names: Sequence[str], cells: Iterator[list[str]]) -> Iterator[list[str]]:
    """Rows as long as the header; cells that are left off at the end are empty."""
    for index, row in enumerate(cells, start=2):
        if len(row) > len(names):
            said = f"The row has {len(row)} columns, the header {len(names)}"
            raise CsvError(f"InvalidBatch : Failed to parse CSV. Row {index}: {said}")
        if any(len(cell) > csvfile.CELL for cell in row) or sum(map(len, row)) > csvfile.RECORD:
            raise CsvError(f"InvalidBatch : Failed to parse CSV. Row {index}: The row is too large")
        yield row + [""] * (len(names) - len(row))


def _noted(cells: Sequence[str], outcome: Outcome) -> tuple[bool, str]:
    error = outcome.error
    said = "" if error is None else f"{error.status_code}:{error.message}:{','.join(error.fields)} --"
    own = [outcome.id, said or str(outcome.created).lower()]
    return error is None, json.dumps([*own, *cells], ensure_ascii=False)
