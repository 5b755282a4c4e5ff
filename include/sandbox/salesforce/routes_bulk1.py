"""Bulk API 1.0 in JSON: jobs with batches, the session in ``X-SFDC-Session``, errors of its own shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.bulk.classic import COMPLETED, QUERIES, joined
from include.sandbox.salesforce.bulk.jobs import BATCH, CLASSIC, OPEN, OVER, QUEUED
from include.sandbox.salesforce.bulk.loading import OPERATIONS
from include.sandbox.salesforce.errors import ApiError
from include.sandbox.salesforce.exchange import JSON, Call, Reply, Route
from include.sandbox.salesforce.ids import record_id
from include.sandbox.salesforce.limits import BATCHES

if TYPE_CHECKING:
    from include.sandbox.salesforce.bulk.jobs import Job, Jobs
    from include.sandbox.salesforce.bulk.worker import Worker
    from include.sandbox.salesforce.world import World

Json = dict[str, Any]
JOB = "/services/async/{version}/job"
LARGEST = 10_000_000
"""Bytes of a batch."""
MODES = {"0": "Parallel", "1": "Serial", "parallel": "Parallel", "serial": "Serial"}
CLOSED, ABORTED = "Closed", "Aborted"
RESULT = "752"
"""Prefix of a query result's id."""


class AsyncError(ApiError):
    """A refusal as Bulk API 1.0 words it: one object, HTTP 400."""

    def __init__(self, code: str, message: str, http: int = 400) -> None:
        super().__init__(http, code, message)

    def body(self) -> Any:
        """The body."""
        return {"exceptionCode": self.code, "exceptionMessage": self.message}


class Bulk1Routes:
    """Jobs whose batches are lists of records, or a query."""

    def __init__(self, world: World, jobs: Jobs, worker: Worker) -> None:
        self._world = world
        self._jobs = jobs
        self._worker = worker

    def table(self) -> list[Route]:
        """The routes."""
        batch = f"{JOB}/{{job}}/batch"
        return [
            Route("POST", JOB, self.create),
            Route("GET", f"{JOB}/{{job}}", self.job),
            Route("POST", f"{JOB}/{{job}}", self.close),
            Route("POST", batch, self.add),
            Route("GET", batch, self.batches),
            Route("GET", f"{batch}/{{batch}}", self.batch),
            Route("GET", f"{batch}/{{batch}}/request", self.request),
            Route("GET", f"{batch}/{{batch}}/result", self.result),
            Route("GET", f"{batch}/{{batch}}/result/{{result}}", self.records),
        ]

    def create(self, call: Call) -> Reply:
        """Open a job."""
        body = _record(call)
        operation = str(body.get("operation", ""))
        if operation not in OPERATIONS | QUERIES:
            raise AsyncError("InvalidJob", f"Unable to parse Job: unknown operation '{operation}'")
        sobject = self._world.schema.object(str(body.get("object", "")))
        if sobject is None:
            raise AsyncError("InvalidJob", f"Unable to find object: {body.get('object')}")
        if body.get("contentType", "JSON") != "JSON":
            raise AsyncError("InvalidJob", "The sandbox takes contentType JSON only")
        external = sobject.field(str(body.get("externalIdFieldName") or ""))
        if operation == "upsert" and (external is None or not external.id_lookup):
            said = f"External ID was not found for {sobject.name}: {body.get('externalIdFieldName')}"
            raise AsyncError("InvalidJob", said)
        mode = MODES.get(str(body.get("concurrencyMode", "Parallel")).lower())
        if mode is None:
            raise AsyncError("InvalidJob", f"Unable to parse Job: concurrencyMode {body['concurrencyMode']}")
        made = self._jobs.add(
            CLASSIC,
            state=OPEN,
            operation=operation,
            object=sobject.name,
            external_id=external.name if external and operation == "upsert" else "",
            user_id=call.caller.user_id,
            client=call.caller.client,
            version=call.path["version"],
            serial=mode == "Serial",
        )
        return Reply(self._shown(made), 201)

    def add(self, call: Call) -> Reply:
        """Queue a batch."""
        job = self._job(call)
        if job.state != OPEN:
            raise AsyncError("InvalidJobState", f"Job is not in the open state: {job.state}")
        if len(call.raw) > LARGEST:
            raise AsyncError("ExceededQuota", "Request size exceeds the limit of 10 MB for a batch")
        if self._world.limits.used(BATCHES) >= self._world.switches.present.daily_bulk_batches:
            raise AsyncError("ExceededQuota", "ApiBatchItems Limit exceeded.")
        with self._world.store.database.transaction():
            made = self._jobs.add(
                BATCH,
                state=QUEUED,
                operation=job.operation,
                object=job.object,
                external_id=job.external_id,
                user_id=call.caller.user_id,
                client=call.caller.client or job.client,
                version=job.version,
                parent=job.id,
            )
            self._jobs.upload(made.id, call.raw)
        self._worker.wake()
        return Reply(_batch(made), 201)

    def close(self, call: Call) -> Reply:
        """Close a job, or abort it with the batches that wait."""
        job = self._job(call)
        state = _record(call).get("state")
        if state not in {CLOSED, ABORTED}:
            raise AsyncError("InvalidJobState", f"Cannot change the job's state to {state}")
        if job.state != OPEN:
            raise AsyncError("InvalidJobState", f"Job is not in the open state: {job.state}")
        changed = self._jobs.change(job.id, state=state) or job
        if state == ABORTED:
            for one in self._jobs.listed((BATCH,), job.id):
                self._jobs.change(one.id, unless=OVER, state="NotProcessed")
        return Reply(self._shown(changed))

    def job(self, call: Call) -> Reply:
        """How a job stands."""
        return Reply(self._shown(self._job(call)))

    def batches(self, call: Call) -> Reply:
        """A job's batches."""
        job = self._job(call)
        return Reply({"batchInfo": [_batch(one) for one in self._jobs.listed((BATCH,), job.id)]})

    def batch(self, call: Call) -> Reply:
        """How a batch stands."""
        return Reply(_batch(self._batch(call)))

    def request(self, call: Call) -> Reply:
        """What was sent as a batch."""
        batch = self._batch(call)
        return Reply(raw=b"".join(self._jobs.data(batch.id)), headers={"Content-Type": JSON})

    def result(self, call: Call) -> Reply:
        """What came of each record, in the order sent; of a query the ids of its results."""
        batch = self._batch(call)
        if batch.state != COMPLETED:
            raise AsyncError(
                "InvalidBatch", "Records not processed" if batch.state in OVER else "Batch not completed"
            )
        if batch.operation in QUERIES:
            return Reply([_result(batch)])
        return Reply(raw=joined(list(self._jobs.results(batch.id))), headers={"Content-Type": JSON})

    def records(self, call: Call) -> Reply:
        """A query's records."""
        batch = self._batch(call)
        if (
            batch.state != COMPLETED
            or batch.operation not in QUERIES
            or call.path["result"] != _result(batch)
        ):
            raise AsyncError("InvalidBatch", "Result not found")
        return Reply(raw=joined(list(self._jobs.results(batch.id))), headers={"Content-Type": JSON})

    def _job(self, call: Call) -> Job:
        found = self._jobs.get(call.path["job"])
        if found is None or found.kind != CLASSIC:
            raise AsyncError("InvalidJob", f"Unable to find job for id: {call.path['job']}")
        if found.version != call.path["version"]:
            raise AsyncError("InvalidVersion", f"The job was created with API version {found.version}.")
        return found

    def _batch(self, call: Call) -> Job:
        job, found = self._job(call), self._jobs.get(call.path["batch"])
        if found is None or found.parent != job.id:
            raise AsyncError("InvalidBatch", f"Unable to find batch for id: {call.path['batch']}")
        return found

    def _shown(self, job: Job) -> Json:
        batches = self._jobs.listed((BATCH,), job.id)
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
            "concurrencyMode": "Serial" if job.serial else "Parallel",
            "contentType": "JSON",
            "apiVersion": float(job.version),
            "numberBatchesQueued": sum(one.state == QUEUED for one in batches),
            "numberBatchesInProgress": sum(one.state == "InProgress" for one in batches),
            "numberBatchesCompleted": sum(one.state == COMPLETED for one in batches),
            "numberBatchesFailed": sum(one.state == "Failed" for one in batches),
            "numberBatchesTotal": len(batches),
            "numberRecordsProcessed": sum(one.processed for one in batches),
            "numberRecordsFailed": sum(one.failed for one in batches),
            "numberRetries": 0,
        }


def _batch(batch: Job) -> Json:
    return {
        "id": batch.id,
        "jobId": batch.parent,
        "state": batch.state,
        "stateMessage": batch.error or None,
        "createdDate": batch.created,
        "systemModstamp": batch.modified,
        "numberRecordsProcessed": batch.processed,
        "numberRecordsFailed": batch.failed,
        "totalProcessingTime": batch.milliseconds,
    }


def _result(batch: Job) -> str:
    """The id of a query batch's one result."""
    return record_id(RESULT, 0)[:6] + batch.id[6:]


def _record(call: Call) -> Json:
    try:
        return call.record()
    except ApiError as exc:
        raise AsyncError("InvalidJob", f"Unable to parse Job: {exc.message}") from exc
