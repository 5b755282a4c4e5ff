"""A batch of Bulk API 1.0 in JSON."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.bulk.jobs import FAILED, OVER, RUNNING
from include.sandbox.salesforce.bulk.loading import CHUNK, ORIGIN, load
from include.sandbox.salesforce.limits import BATCHES
from include.sandbox.salesforce.soql.errors import QueryError
from include.sandbox.salesforce.soql.query import prepare
from include.sandbox.salesforce.store import dumps, loads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.sandbox.salesforce.bulk.jobs import Job, Jobs
    from include.sandbox.salesforce.bulk.loading import Outcome
    from include.sandbox.salesforce.bulk.pace import Pace
    from include.sandbox.salesforce.schema import SObject
    from include.sandbox.salesforce.world import World

Json = dict[str, Any]
MOST = 10_000
COMPLETED = "Completed"
QUERIES = frozenset({"query", "queryAll"})
AT_ONCE = 1000
MISMATCH = (
    "INVALID_TYPE_FOR_OPERATION: The root entity of the requested query ({}) does not match the entity of "
    "the requested Bulk API Job ({})."
)


class BatchError(ValueError):
    """What fails a whole batch; the text is its ``stateMessage``."""


class Classic:
    """Works batches off; one that was begun goes on behind its last row."""

    def __init__(self, world: World, jobs: Jobs, pace: Pace) -> None:
        self._world = world
        self._jobs = jobs
        self._pace = pace

    def run(self, batch: Job) -> None:
        """Work a batch off."""
        self._world.limits.count(BATCHES)
        self._pace.batch()
        try:
            if batch.operation in QUERIES:
                self._query(batch)
            elif not self._load(batch):
                return
        except BatchError as exc:
            self._jobs.change(batch.id, unless=OVER, state=FAILED, error=str(exc))
            return
        self._jobs.change(batch.id, unless=OVER, state=COMPLETED, milliseconds=self._pace.spent())

    def _load(self, batch: Job) -> bool:
        rows = self._rows(batch)
        done = self._jobs.noted(batch.id)
        rest = islice(rows, done, None)
        store = self._world.store
        while chunk := list(islice(rest, CHUNK)):
            with store.commit(batch.user_id, client=batch.client, origin=ORIGIN) as tx:
                present = self._jobs.get(batch.id)
                if present is None or present.state != RUNNING:
                    return False
                outcomes = load(store, tx, batch, chunk)
                self._jobs.note(batch.id, done, ((one.error is None, dumps(shown(one))) for one in outcomes))
                done += len(chunk)
                failed = present.failed + sum(one.error is not None for one in outcomes)
                self._jobs.change(batch.id, processed=done, failed=failed)
        return True

    def _rows(self, batch: Job) -> list[Json]:
        try:
            rows = loads(b"".join(self._jobs.data(batch.id)))
        except ValueError as exc:
            raise BatchError("InvalidBatch : Failed to parse JSON") from exc
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BatchError("InvalidBatch : Records not found")
        if len(rows) > MOST:
            raise BatchError(f"InvalidBatch : Records processed exceeds the limit of {MOST}")
        sobject = self._world.schema.objects[batch.object]
        for name in {name: None for row in rows for name in row}:
            if name != "attributes" and sobject.field(name) is None and sobject.relationship(name) is None:
                raise BatchError(f"InvalidBatch : Field name not found : {name}")
        return [_named(sobject, row) for row in rows]

    def _query(self, batch: Job) -> None:
        text = b"".join(self._jobs.data(batch.id)).decode("utf-8", "replace")
        try:
            prepared = prepare(self._world.store, text, deleted=batch.operation == "queryAll")
            if prepared.counts or prepared.grouping or prepared.children or prepared.query.offset:
                raise _refused("FEATURENOTENABLED: Aggregate Relationships not supported in Bulk Query")
            if prepared.compounds():
                raise _refused(
                    "FUNCTIONALITY_NOT_ENABLED: Selecting compound data not supported in Bulk Query"
                )
            if prepared.sobject.name != batch.object:
                raise _refused(MISMATCH.format(prepared.sobject.name, batch.object))
            ids = prepared.run().ids
        except QueryError as exc:
            raise _refused(f"{exc.code}: {exc.message}") from exc
        for start in range(self._jobs.noted(batch.id), len(ids), AT_ONCE):
            records = prepared.render(ids[start : start + AT_ONCE], f"/services/data/v{batch.version}")
            self._jobs.note(batch.id, start, ((True, dumps(record)) for record in records))
            self._jobs.change(batch.id, processed=start + len(records))


def shown(outcome: Outcome) -> Json:
    """What came of one row, as the result lists it."""
    error = outcome.error
    errors = [] if error is None else [{**error.row(), "extendedErrorDetails": None}]
    return {
        "success": error is None,
        "created": outcome.created,
        "id": outcome.id or None,
        "errors": errors,
    }


def joined(bodies: Sequence[str]) -> bytes:
    """JSON texts as one array."""
    return f"[{','.join(bodies)}]".encode()


def _named(sobject: SObject, row: Json) -> Json:
    """A row under the fields' own names."""
    found = {}
    for name, value in row.items():
        field = sobject.field(name)
        found[field.name if field else name] = value
    return found


def _refused(said: str) -> BatchError:
    return BatchError(f"InvalidBatch : Failed to process query: {said}")
