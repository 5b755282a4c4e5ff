"""Bulk API 2.0: ``jobs/ingest`` and ``jobs/query``."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.bulk.csvfile import DELIMITERS, LINE_ENDINGS
from include.sandbox.salesforce.bulk.extract import bulk_query
from include.sandbox.salesforce.bulk.jobs import (
    ABORTED,
    CLASSIC,
    COMPLETE,
    INGEST,
    OPEN,
    OVER,
    QUERY,
    UPLOADED,
)
from include.sandbox.salesforce.bulk.loading import OPERATIONS
from include.sandbox.salesforce.errors import ApiError
from include.sandbox.salesforce.exchange import DATA, Call, Reply, Route
from include.sandbox.salesforce.limits import BATCHES, QUERY_JOBS
from include.sandbox.salesforce.soql.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.sandbox.salesforce.bulk.jobs import Job, Jobs
    from include.sandbox.salesforce.bulk.worker import Worker
    from include.sandbox.salesforce.world import World

Json = dict[str, Any]
JOBS = f"{DATA}/jobs"
LARGEST = 150_000_000
"""Bytes of an upload."""
PAGE = 50_000
"""Rows of a query's page unless ``maxRecords`` says fewer."""
LISTED = 1000
BASE64 = 4 / 3
"""By so much an upload grows before its size is judged."""
NO_LOCATOR = "null"
QUERIES = frozenset({"query", "queryAll"})
TWICE = (
    "Found multipe contents for job: <{}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a "
    "new Job and make sure you only do 'PUT' once on a given Job."
)


class Bulk2Routes:
    """Jobs that take CSV in and give CSV out."""

    def __init__(self, world: World, jobs: Jobs, worker: Worker) -> None:
        self._world = world
        self._jobs = jobs
        self._worker = worker

    def table(self) -> list[Route]:
        """The routes."""
        ingest, query = f"{JOBS}/ingest", f"{JOBS}/query"
        return [
            Route("POST", ingest, self.create),
            Route("GET", ingest, self.ingests),
            Route("GET", f"{ingest}/{{job}}", self.ingest),
            Route("PATCH", f"{ingest}/{{job}}", self.close),
            Route("DELETE", f"{ingest}/{{job}}", self.delete),
            Route("PUT", f"{ingest}/{{job}}/batches", self.upload),
            Route("GET", f"{ingest}/{{job}}/successfulResults", self.successes),
            Route("GET", f"{ingest}/{{job}}/failedResults", self.failures),
            Route("GET", f"{ingest}/{{job}}/unprocessedrecords", self.unprocessed),
            Route("GET", f"{ingest}/{{job}}/unprocessedRecords", self.unprocessed),
            Route("POST", query, self.ask),
            Route("GET", query, self.queries),
            Route("GET", f"{query}/{{job}}", self.query),
            Route("PATCH", f"{query}/{{job}}", self.abort),
            Route("DELETE", f"{query}/{{job}}", self.delete_query),
            Route("GET", f"{query}/{{job}}/results", self.results),
        ]

    # Ingest

    def create(self, call: Call) -> Reply:
        """Open a job that takes one file."""
        body = call.record()
        operation = _one_of(body, "operation", OPERATIONS)
        sobject = self._world.schema.object(str(body.get("object", "")))
        if sobject is None:
            raise ApiError(400, "INVALIDENTITY", f"Unable to find object: {body.get('object')}")
        if _said(body, "contentType", "CSV") != "CSV":
            raise ApiError(400, "INVALIDJOB", "contentType must be CSV")
        external = str(body.get("externalIdFieldName") or "")
        key = sobject.field(external) if external else None
        if operation == "upsert" and (key is None or not key.id_lookup):
            said = f"Field name provided, {external} does not match an External ID"
            raise ApiError(400, "INVALIDJOB", f"{said}, Salesforce Id, or indexed field for {sobject.name}")
        self._within(BATCHES, self._world.switches.present.daily_bulk_batches)
        job = self._jobs.add(
            INGEST,
            state=OPEN,
            operation=operation,
            object=sobject.name,
            external_id=key.name if key and operation == "upsert" else "",
            **self._common(call, body),
        )
        content = f"services/data/v{call.version}/jobs/ingest/{job.id}/batches"
        return Reply(_created(job) | {"contentUrl": content})

    def upload(self, call: Call) -> Reply:
        """Take the job's file; it is judged when the job is closed."""
        job = self._job(call, INGEST)
        if call.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/csv":
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be text/csv")
        if len(call.raw) * BASE64 > LARGEST:
            raise ApiError(
                413, "REQUEST_LIMIT_EXCEEDED", "The file is larger than 150 MB when encoded in base64."
            )
        if job.state != OPEN:
            raise _wrong_state(f"Uploading to a Job that is {job.state} not allowed")
        self._jobs.upload(job.id, call.raw)
        self._jobs.change(job.id, uploads=job.uploads + 1)
        return Reply(status=201, raw=b"")

    def close(self, call: Call) -> Reply:
        """Give a job to the worker, or abort it."""
        job = self._job(call, INGEST)
        state = _one_of(call.record(), "state", frozenset({UPLOADED, ABORTED}))
        if state == ABORTED:
            return self.abort(call)
        if job.state != OPEN:
            already = "Completed" if job.state in OVER else "Closed"
            raise _wrong_state(f"Closing already {already} Job not allowed")
        if job.uploads != 1:
            said = TWICE.format(job.id) if job.uploads else f"No data was uploaded for job: <{job.id}>"
            raise ApiError(400, "INVALIDJOB", said)
        changed = self._jobs.change(job.id, state=UPLOADED) or job
        self._worker.wake()
        return Reply(_created(changed))

    def abort(self, call: Call) -> Reply:
        """End a job before its time; what is written stays written."""
        kind = QUERY if "/jobs/query/" in call.url else INGEST
        job = self._job(call, kind)
        _one_of(call.record(), "state", frozenset({ABORTED}))
        changed = self._jobs.change(job.id, unless=OVER, state=ABORTED)
        if changed is None:
            raise _wrong_state("Aborting already Completed Job not allowed")
        return Reply(_created(changed))

    def ingest(self, call: Call) -> Reply:
        """How an ingest job stands."""
        return Reply(_info(self._job(call, INGEST)))

    def ingests(self, call: Call) -> Reply:
        """All ingest jobs, those of Bulk API 1.0 too."""
        return self._listed(call, (INGEST, CLASSIC))

    def delete(self, call: Call) -> Reply:
        """Forget a job that is over."""
        return self._deleted(self._job(call, INGEST))

    def successes(self, call: Call) -> Reply:
        """The rows that were written."""
        job = self._over(call, INGEST)
        return _csv(self._worker.ingest.results(job, success=True))

    def failures(self, call: Call) -> Reply:
        """The rows that were refused, and why."""
        job = self._over(call, INGEST)
        return _csv(self._worker.ingest.results(job, success=False))

    def unprocessed(self, call: Call) -> Reply:
        """The rows that nobody came to."""
        return _csv(self._worker.ingest.unprocessed(self._over(call, INGEST)))

    # Query

    def ask(self, call: Call) -> Reply:
        """Open a query job; it begins at once."""
        body = call.record()
        operation = _one_of(body, "operation", QUERIES)
        self._within(QUERY_JOBS, self._world.switches.present.daily_query_jobs)
        text = str(body.get("query") or "")
        try:
            prepared = bulk_query(self._world.store, text)
        except QueryError as exc:
            raise ApiError(400, "API_ERROR", exc.message) from exc
        self._world.limits.count(QUERY_JOBS)
        name = prepared.sobject.name
        common = self._common(call, body)
        job = self._jobs.add(QUERY, state=UPLOADED, operation=operation, object=name, query=text, **common)
        self._worker.wake()
        return Reply(_created(job))

    def query(self, call: Call) -> Reply:
        """How a query job stands."""
        return Reply(_info(self._job(call, QUERY)))

    def queries(self, call: Call) -> Reply:
        """All query jobs."""
        return self._listed(call, (QUERY,))

    def delete_query(self, call: Call) -> Reply:
        """Forget a query job that is over."""
        return self._deleted(self._job(call, QUERY))

    def results(self, call: Call) -> Reply:
        """A page of a query's rows."""
        job = self._job(call, QUERY)
        if job.state != COMPLETE:
            raise _wrong_state(f"Job results are not available: the job is {job.state}")
        start = _offset(call.query.get("locator", ""))
        asked = call.query.get("maxRecords", str(PAGE))
        if not asked.isdecimal() or not 0 < len(asked) < 10 or start > job.processed:
            raise ApiError(400, "INVALIDQUERYLOCATOR", "The locator or maxRecords is invalid.")
        stop = min(job.processed, start + max(1, min(int(asked), PAGE)))
        following = _locator(stop) if stop < job.processed else NO_LOCATOR
        try:
            reply = _csv(self._worker.extract.page(job, start, stop))
        except QueryError as exc:
            raise ApiError(400, "API_ERROR", exc.message) from exc
        reply.headers.update({"Sforce-NumberOfRecords": str(stop - start), "Sforce-Locator": following})
        return reply

    # Both

    def _common(self, call: Call, body: Json) -> Json:
        return {
            "user_id": call.caller.user_id,
            "client": call.caller.client,
            "version": call.version,
            "delimiter": _one_of(body, "columnDelimiter", frozenset(DELIMITERS), "COMMA"),
            "line_ending": _one_of(body, "lineEnding", frozenset(LINE_ENDINGS), "LF"),
        }

    def _job(self, call: Call, kind: str) -> Job:
        found = self._jobs.get(call.path["job"])
        if found is None or found.kind != kind:
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
        if found.version != call.version:
            raise ApiError(409, "INVALIDJOB", f"The job was created with API version {found.version}.")
        return found

    def _over(self, call: Call, kind: str) -> Job:
        job = self._job(call, kind)
        if job.state not in OVER:
            raise _wrong_state(f"Job results are not available: the job is {job.state}")
        return job

    def _deleted(self, job: Job) -> Reply:
        if job.state not in OVER:
            raise _wrong_state(f"Deleting a Job that is {job.state} not allowed")
        self._jobs.remove(job.id)
        return Reply(status=204)

    def _listed(self, call: Call, kinds: Iterable[str]) -> Reply:
        wanted = call.query.get("jobType", "")
        found = [job for job in self._jobs.listed(kinds) if wanted in {"", job.kind}]
        start = _offset(call.query.get("queryLocator", ""))
        page, more = found[start : start + LISTED], start + LISTED < len(found)
        collection = call.url.partition("?")[0].rstrip("/")
        following = f"{collection}?queryLocator={_locator(start + LISTED)}" if more else None
        records = [_created(job) | {"jobType": job.kind} for job in page]
        return Reply({"done": not more, "records": records, "nextRecordsUrl": following})

    def _within(self, name: str, most: int) -> None:
        if self._world.limits.used(name) >= most:
            raise ApiError(400, "EXCEEDEDQUOTA", "ApiBatchItems Limit exceeded.")


def _created(job: Job) -> Json:
    """A job as creating, closing and listing show it."""
    external = {"externalIdFieldName": job.external_id} if job.external_id else {}
    return {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": job.user_id,
        "createdDate": job.created,
        "systemModstamp": job.modified,
        "state": job.state,
        **external,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(job.version),
        "lineEnding": job.line_ending,
        "columnDelimiter": job.delimiter,
    }


def _info(job: Job) -> Json:
    """A job with its numbers."""
    counted = {"numberRecordsProcessed": job.processed}
    if job.kind == INGEST:
        counted["numberRecordsFailed"] = job.failed
    times = {"totalProcessingTime": job.milliseconds}
    if job.kind == INGEST:
        times |= {"apiActiveProcessingTime": job.milliseconds, "apexProcessingTime": 0}
    error = {"errorMessage": job.error} if job.error else {}
    return _created(job) | {"jobType": job.kind, **counted, "retries": 0, **times, **error}


def _csv(lines: Iterable[str]) -> Reply:
    return Reply(raw="".join(lines).encode(), headers={"Content-Type": "text/csv"})


def _said(body: Json, name: str, usual: str = "") -> str:
    value = body.get(name)
    return usual if value is None else str(value)


def _one_of(body: Json, name: str, known: frozenset[str], usual: str = "") -> str:
    """A member of the body that is one of some words.

    Raises:
        ApiError: 400, it is none of them.
    """
    value = _said(body, name, usual)
    if value not in known:
        raise ApiError(400, "INVALIDJOB", f"{name} must be one of {', '.join(sorted(known))}, not '{value}'")
    return value


def _wrong_state(said: str) -> ApiError:
    return ApiError(400, "INVALIDJOBSTATE", said)


def _locator(offset: int) -> str:
    return base64.urlsafe_b64encode(str(offset).encode()).decode().rstrip("=")


def _offset(locator: str) -> int:
    """Where a page begins.

    Raises:
        ApiError: 400, nobody gave this locator out.
    """
    if locator in {"", NO_LOCATOR}:
        return 0
    try:
        return int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except (ValueError, binascii.Error) as exc:
        raise ApiError(400, "INVALIDQUERYLOCATOR", "The locator is invalid.") from exc
