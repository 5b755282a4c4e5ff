"""Bulk API 2.0: one file, one job, an answer for each row; and a job outlives who began it.

A job's id is kept under a fingerprint of what it carries. Whoever comes with the same batch again, after a
crash or because the job took too long, takes up that job. One that is still open was
never processed, and a second file would spoil it, so it is aborted and made anew.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
import tempfile
from collections import defaultdict
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, Protocol

from include.connectors.salesforce.batches import Done, judged
from include.connectors.salesforce.errors import NotFoundError, SalesforceRefusal, code_of, fields_of
from include.errors import ConfigurationError, IntegrationError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import requests

    from include.connectors.salesforce.client import SalesforceClient

LARGEST_FILE = 90_000_000
"""Bytes of a file; Salesforce takes 150 MB once it is encoded in base64."""
POLL_FIRST, POLL_MOST = 0.5, 15.0
"""Seconds between two looks at a job, the wait growing by half each time."""
COME_BACK = 60.0
"""Seconds after which a job that takes longer than our patience is looked at again."""
NULL = "#N/A"
"""In a file this empties a field; an empty cell leaves it as it is."""
ENDED = frozenset({"JobComplete", "Failed", "Aborted"})

_FAILURE = re.compile(r"(?s)([A-Z][A-Z0-9_]+):(?:.*:)?([^:]*?)\s*--\s*", re.ASCII)
_NO_FIELD = re.compile(r"[Ff]ield name not found : ([\w.]{1,80})", re.ASCII)


class JobStore(Protocol):
    """Remembers which job carries what, for all workers."""

    def get(self, fingerprint: str) -> str | None:
        """The job's id."""

    def put(self, fingerprint: str, job_id: str) -> None:
        """Remember a job; replaces an earlier one."""

    def forget(self, fingerprint: str) -> None:
        """The job has ended and its answers were read."""


@dataclass(frozen=True, slots=True)
class NoJobs:
    """Remembers nothing: a job that is interrupted is made anew, which an upsert by external id allows."""

    def get(self, fingerprint: str) -> str | None:
        """Nothing."""
        del fingerprint
        return None

    def put(self, fingerprint: str, job_id: str) -> None:
        """Nothing."""

    def forget(self, fingerprint: str) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a job carries.

    Attributes:
        operation: ``upsert``, ``insert`` or ``update``.
        object: API name.
        key: column by which a result is matched to its row: the external id of an upsert, ``Id`` of an
            update, any column whose values differ of an insert.
        rows: members by field; None empties the field, an absent member leaves it.
        facts: what else tells this load from another of the same content, e.g. idempotency keys.
        name: under which the job is remembered, ``""`` makes one of content and facts. While another job of
            a given name is known none is begun: :meth:`Bulk.end` ends it.
    """

    operation: str
    object: str
    key: str
    rows: Sequence[Mapping[str, Any]] = field(repr=False)
    facts: Sequence[str] = field(default=(), repr=False)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Bulk:
    """Runs jobs in one org.

    Args:
        client: carries the calls.
        jobs: remembers them.
    """

    client: SalesforceClient
    jobs: JobStore = NoJobs()

    def run(self, load: Load) -> list[Done]:
        """Carry the rows and say what became of each, in their order.

        Raises:
            ConfigurationError: the file as a whole is refused, e.g. for a field that is not there.
            IntegrationError: see :meth:`SalesforceClient.send`; what is transient comes as answers instead.
        """
        with self.carried(load) as done:
            return done

    @contextmanager
    def carried(self, load: Load) -> Iterator[list[Done]]:
        """As :meth:`run`, while more is done about the same rows.

        Jobs are forgotten with the end of the block: who dies in it finds them done and begins no others.
        """
        done, names = list[Done](), list[str]()
        for rows in parts(load.rows):
            try:
                name, answers = self._run(replace(load, rows=rows))
            except TransientError as error:
                # The job's fate is known to Salesforce, and the same batch will ask it.
                wait = COME_BACK if error.retry_after is None else error.retry_after
                answers = [Done("retry", retry_after=wait)] * len(rows)
            else:
                names.append(name)
            done += answers
        yield done
        for name in names:
            self.jobs.forget(name)

    def finish(self, load: Load) -> list[str]:
        """Wait for the job that carries this load, if one was begun and closed.

        Returns:
            Fingerprints of what the load's jobs are remembered under.

        Raises:
            TransientError: it takes longer than our patience.
            IntegrationError: see :meth:`SalesforceClient.get`.
        """
        names = []
        for rows in parts(load.rows):
            with tempfile.TemporaryFile() as file:
                name = write(replace(load, rows=rows), file)
            names.append(name)
            job = self.jobs.get(name)
            with suppress(NotFoundError):
                if job is not None and self._info(job)["state"] not in {"Open", *ENDED}:
                    self._wait(job)
        return names

    def end(self, name: str) -> bool:
        """Wait for the job that is remembered under a name and forget it; whether there was one.

        One that was never closed is aborted. Raises as :meth:`finish`.
        """
        if self.jobs.get(name) is None:
            return False
        if job := self._known(name):
            self._wait(job)
        self.jobs.forget(name)
        return True

    def _run(self, load: Load) -> tuple[str, list[Done]]:
        """What the job is remembered under, and its answers."""
        with tempfile.TemporaryFile() as file:
            name = write(load, file)
            job = self._known(name)
            if job and load.name:
                # It carries the rows of an earlier try, or of another verb: its answers are none to these.
                raise TransientError(f"Bulk API job {job} of the same batch is under way")
            job = job or self._begin(load, name, file)
        info = self._wait(job)
        if info["state"] != "JobComplete":
            self.jobs.forget(name)
            raise _failed(load, info)
        return name, self._results(load, job)

    def _known(self, name: str) -> str:
        """The job that carries this already, ``""`` when there is none that can go on."""
        job = self.jobs.get(name)
        if job is None:
            return ""
        try:
            state = self._info(job)["state"]
        except NotFoundError:
            state = "Aborted"
        if state == "Open":
            # Nobody can tell whether its file has arrived.
            with suppress(SalesforceRefusal):
                self._move(job, "Aborted")
        return "" if state in {"Open", "Aborted", "Failed"} else job

    def _begin(self, load: Load, name: str, file: IO[bytes]) -> str:
        order = {
            "operation": load.operation,
            "object": load.object,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        if load.operation == "upsert":
            order["externalIdFieldName"] = load.key
        # A job made without our knowledge is empty and harms nobody.
        job = str(self.client.send("POST", "jobs/ingest", order, idempotent=True)["id"])
        self.jobs.put(name, job)
        try:
            self.client.upload(f"jobs/ingest/{job}/batches", file)
        except IntegrationError:
            with suppress(IntegrationError):
                self._move(job, "Aborted")
            raise
        try:
            self._move(job, "UploadComplete")
        except SalesforceRefusal:
            # An earlier try of the same call may have closed it.
            if self._info(job)["state"] == "Open":
                raise
        return job

    def _move(self, job: str, state: str) -> None:
        self.client.send("PATCH", f"jobs/ingest/{job}", {"state": state}, idempotent=True)

    def _info(self, job: str) -> dict[str, Any]:
        told = self.client.get(f"jobs/ingest/{job}")
        if not isinstance(told, dict) or not isinstance(told.get("state"), str):
            raise TransientError(f"GET jobs/ingest/{job}: the answer has no state")
        return told

    def _wait(self, job: str) -> dict[str, Any]:
        waited, pause = 0.0, POLL_FIRST
        while (info := self._info(job))["state"] not in ENDED:
            if waited >= self.client.settings.bulk_patience:
                raise TransientError(f"Bulk API job {job} is still under way", retry_after=COME_BACK)
            self.client.pause(pause)
            waited += pause
            pause = min(pause * 1.5, POLL_MOST)
        return info

    def _results(self, load: Load, job: str) -> list[Done]:
        """Results come in any order and repeat the file's columns, so they are matched by the key."""
        places: dict[str, list[int]] = defaultdict(list)
        for place, row in enumerate(load.rows):
            places[str(row[load.key]).casefold()].append(place)
        done = [Done("unknown")] * len(load.rows)

        def keep(row: Mapping[str, str], what: Done) -> None:
            for place in places.get(str(row.get(load.key) or "").casefold(), ()):
                done[place] = what

        for row in self._rows(job, "successfulResults"):
            created = load.operation == "insert" or row.get("sf__Created") == "true"
            keep(row, Done("created" if created else "changed", row.get("sf__Id") or ""))
        for row in self._rows(job, "failedResults"):
            keep(row, judged([failure_of(row.get("sf__Error") or "")]))
        for row in self._rows(job, "unprocessedrecords"):
            keep(row, Done("retry", retry_after=COME_BACK))
        return done

    def _rows(self, job: str, kind: str) -> Iterator[dict[str, str]]:
        locator = ""
        while True:
            path = f"jobs/ingest/{job}/{kind}" + (f"?locator={locator}" if locator else "")
            rows, locator = self.client.download(path, _table)
            yield from rows
            if not locator:
                return


def _table(answer: requests.Response) -> tuple[list[dict[str, str]], str]:
    """A file of results, and where the next one begins, ``""`` after the last."""
    rows = list(csv.DictReader(_lines(answer)))
    locator = answer.headers.get("Sforce-Locator", "")
    return rows, "" if locator == "null" else locator


def _lines(answer: requests.Response) -> Iterator[str]:
    """Lines with their ends, which within quotes belong to a value."""
    decoder, rest = codecs.getincrementaldecoder("utf-8")(), ""
    for block in answer.iter_content(1 << 16):
        *whole, rest = (rest + decoder.decode(block)).split("\n")
        yield from (f"{line}\n" for line in whole)
    yield rest + decoder.decode(b"", final=True)


def write(load: Load, file: IO[bytes]) -> str:
    """Write the file and give the name under which its job is remembered."""
    columns = list(dict.fromkeys(column for row in load.rows for column in _flat(row)))
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: cell(value) for name, value in _flat(row).items()} for row in load.rows)
    text.detach()
    file.seek(0)
    if load.name:
        return load.name
    content = hashlib.sha256()
    while block := file.read(1 << 20):
        content.update(block)
    file.seek(0)
    return fingerprint(load.operation, load.object, load.key, *load.facts, content.hexdigest())


def fingerprint(*parts: str) -> str:
    """A short name for what may be long."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def parts(rows: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    """The rows in files that are not too large."""
    start, size = 0, 0
    for place, row in enumerate(rows):
        length = sum(len(cell(value).encode()) + 3 for value in _flat(row).values())
        if place > start and size + length > LARGEST_FILE:
            yield rows[start:place]
            start, size = place, 0
        size += length
    if rows:
        yield rows[start:]


def cell(value: Any) -> str:
    """A value as a file has it."""
    if value is None or value == "":
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        raise TypeError("a binary float cannot be written to Salesforce; keep it decimal")
    return str(value)


def failure_of(said: str) -> tuple[str, tuple[str, ...]]:
    """Code and fields of ``CODE:message:Field,Other --``."""
    match = _FAILURE.match(said)
    if match is None:
        return code_of(said.partition(":")[0]), ()
    return code_of(match[1]), fields_of([name.strip() for name in match[2].split(",")])


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A member that is an object refers to a record by its external id: ``Account.Key__c``."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": each for inner, each in value.items()}
        else:
            flat[name] = value
    return flat


def _failed(load: Load, info: Mapping[str, Any]) -> IntegrationError:
    said = str(info.get("errorMessage") or "")
    fact = f"Bulk API job for {load.object}: {info['state']}"
    column = _NO_FIELD.search(said)
    if column:
        return ConfigurationError(
            f"{fact}; {load.object}.{column[1]} is not writable for the integration user: it does not exist, "
            "or field-level security hides it"
        )
    if said.startswith(("InvalidBatch", "ClientInputError", "InvalidContent")):
        return ConfigurationError(f"{fact}; the file as a whole is refused")
    return TransientError(fact, retry_after=COME_BACK)
