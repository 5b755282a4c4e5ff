"""A query job of Bulk API 2.0 from its SOQL to its pages of CSV."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.bulk import csvfile
from include.sandbox.salesforce.bulk.jobs import COMPLETE, FAILED, OVER
from include.sandbox.salesforce.soql.errors import QueryError
from include.sandbox.salesforce.soql.query import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.sandbox.salesforce.bulk.jobs import Job, Jobs
    from include.sandbox.salesforce.bulk.pace import Pace
    from include.sandbox.salesforce.soql.query import Prepared
    from include.sandbox.salesforce.store import Store

Json = dict[str, Any]
AT_ONCE = 1000
RELATIONS = "Aggregate Relationships not supported in Bulk V2 Query with CSV content type"
COMPOUNDS = "Selecting compound data not supported in Bulk Query"
REST_ZONE, BULK_ZONE = "+0000", "Z"
"""Bulk's files write UTC in another way than REST does."""


class Extract:
    """Works query jobs off."""

    def __init__(self, store: Store, jobs: Jobs, pace: Pace) -> None:
        self._store = store
        self._jobs = jobs
        self._pace = pace

    def run(self, job: Job) -> None:
        """Work a job off; one that was begun begins anew."""
        try:
            prepared = bulk_query(self._store, job.query, deleted=job.operation == "queryAll")
            ids = prepared.run().ids
        except QueryError as exc:
            self._jobs.change(job.id, unless=OVER, state=FAILED, error=f"{exc.code} : {exc.message}")
            return
        self._jobs.forget(job.id)
        for start in range(0, len(ids), AT_ONCE):
            if start % (10 * AT_ONCE) == 0:
                self._pace.batch()
            records = prepared.render(ids[start : start + AT_ONCE], "")
            lines = [
                (True, json.dumps([cell(record, one.names) for one in prepared.columns]))
                for record in records
            ]
            self._jobs.note(job.id, start, lines)
            if self._jobs.change(job.id, unless=OVER, processed=start + len(lines)) is None:
                return
        self._jobs.change(job.id, unless=OVER, state=COMPLETE, milliseconds=self._pace.spent())

    def page(self, job: Job, start: int, stop: int) -> Iterator[str]:
        """The lines of some rows, below a header."""
        prepared = prepare(self._store, job.query)
        names = [column.path for column in prepared.columns]
        yield csvfile.line(names, job.delimiter, job.line_ending)
        for body in self._jobs.results(job.id, start=start, stop=stop):
            yield csvfile.line(json.loads(body), job.delimiter, job.line_ending)


def bulk_query(store: Store, text: str, *, deleted: bool = False) -> Prepared:
    """A query that Bulk API takes.

    Raises:
        QueryError: it is refused, by SOQL or because it has what a CSV file cannot hold.
    """
    prepared = prepare(store, text, deleted=deleted)
    if prepared.counts or prepared.grouping or prepared.children or prepared.query.offset:
        raise QueryError("FEATURENOTENABLED", RELATIONS)
    if prepared.compounds() or any(getattr(one, "function", "") for one in prepared.query.select):
        raise QueryError("FUNCTIONALITY_NOT_ENABLED", COMPOUNDS)
    return prepared


def cell(record: Json, names: tuple[str, ...]) -> str:
    """A value as a file shows it: null is empty, a boolean a word."""
    value: Any = record
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text.removesuffix(REST_ZONE) + BULK_ZONE if _moment(text) else text


def _moment(text: str) -> bool:
    return len(text) == 28 and text.endswith(REST_ZONE) and text[10] == "T"
