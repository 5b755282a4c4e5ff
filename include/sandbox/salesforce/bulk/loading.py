"""Rows of a job into the org: chunks of 200, each one transaction, each row for itself within it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.errors import RowError
from include.sandbox.salesforce.values import from_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.sandbox.salesforce.bulk.jobs import Job
    from include.sandbox.salesforce.schema import Field, Schema, SObject
    from include.sandbox.salesforce.store import Store
    from include.sandbox.salesforce.transaction import Transaction

Json = dict[str, Any]
CHUNK = 200
NULL = "#N/A"
OPERATIONS = frozenset({"insert", "update", "upsert", "delete", "hardDelete"})
BY_ID = frozenset({"update", "delete", "hardDelete"})
ORIGIN = "bulkapi"


class HeaderError(ValueError):
    """Columns that fail the whole job; the text is its ``errorMessage``."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one row."""

    id: str
    created: bool = False
    error: RowError | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a field of the object, or a parent's external id (``Account.Zoho_Contact_Id__c``)."""

    name: str
    """The field's name, or the relationship's."""
    field: Field
    """By what a cell is read."""
    parent_key: str = ""

    def value(self, cell: str) -> Any:
        """A cell as a value.

        Raises:
            RowError: it is of another type.
        """
        if cell == NULL:
            return None
        return {self.parent_key: cell} if self.parent_key else from_text(self.field, cell)


def columns(schema: Schema, sobject: SObject, names: Sequence[str], key: str) -> list[Column]:
    """The columns of a header.

    Args:
        schema: the org's metadata.
        sobject: the job's object.
        names: the header.
        key: the column that must be there: ``Id``, the external id field, or none.

    Raises:
        HeaderError: a name means nothing, stands twice, or the key is missing.
    """
    found = [_column(schema, sobject, name.strip()) for name in names]
    if key and all(one.name.lower() != key.lower() for one in found):
        raise HeaderError(f"InvalidBatch : Field name not found : {key}")
    twice = [
        name for name, count in Counter((one.name, one.parent_key) for one in found).items() if count > 1
    ]
    if twice:
        raise HeaderError(f"InvalidBatch : Field name duplicated : {twice[0][0]}")
    return found


def _column(schema: Schema, sobject: SObject, name: str) -> Column:
    relation, dot, key = name.partition(".")
    if not dot:
        field = sobject.field(name)
        if field is not None:
            return Column(field.name, field)
    else:
        reference = sobject.relationship(relation)
        target = schema.object(reference.reference_to[0]) if reference else None
        known = target.field(key) if target else None
        if reference is not None and known is not None and known.id_lookup:
            return Column(reference.relationship_name or relation, reference, known.name)
    raise HeaderError(f"InvalidBatch : Field name not found : {name}")


def read(found: Sequence[Column], cells: Sequence[str]) -> Json | RowError:
    """A record's values; an empty cell says nothing of its field, ``#N/A`` empties it."""
    try:
        return {
            column.name: column.value(cell) for column, cell in zip(found, cells, strict=False) if cell != ""
        }
    except RowError as exc:
        return exc


def load(store: Store, tx: Transaction, job: Job, chunk: Sequence[Json | RowError]) -> list[Outcome]:
    """Write one chunk of rows; a row that is refused leaves the others alone.

    Args:
        store: the org's records.
        tx: the transaction of the chunk.
        job: what to do, on which object.
        chunk: each row's values, or why they could not be read.
    """
    twice = _twice(store, job, chunk)
    return [
        Outcome(_given_id(row), error=row)
        if isinstance(row, RowError)
        else _written(tx, job, row, duplicate=_key(job, row) in twice)
        for row in chunk
    ]


def _written(tx: Transaction, job: Job, row: Mapping[str, Any], *, duplicate: bool) -> Outcome:
    if duplicate:
        said = f"Duplicate external id specified: {row[job.external_id]}"
        return Outcome(_given_id(row), error=RowError("DUPLICATE_VALUE", said, [job.external_id]))
    try:
        with tx.savepoint():
            return _apply(tx, job, dict(row))
    except RowError as exc:
        return Outcome(_given_id(row), error=exc)


def _apply(tx: Transaction, job: Job, row: Json) -> Outcome:
    if job.operation == "insert":
        return Outcome(tx.insert(job.object, row), created=True)
    if job.operation == "upsert":
        key = row.pop(job.external_id, None)
        if key is None and job.external_id == "Id":
            return Outcome(tx.insert(job.object, row), created=True)
        record, created = tx.upsert(job.object, job.external_id, key, row)
        return Outcome(record, created)
    record = row.pop("Id", None)
    if not record:
        raise RowError("MISSING_ARGUMENT", "Id not specified in an update call", ["Id"])
    if job.operation == "update":
        tx.update(job.object, record, row)
    elif job.operation == "delete":
        tx.delete(job.object, record)
    else:
        tx.purge(job.object, record)
    return Outcome(record)


def _given_id(row: Mapping[str, Any] | RowError) -> str:
    return "" if isinstance(row, RowError) else str(row.get("Id") or "")


def _key(job: Job, row: Json | RowError) -> str:
    value = row.get(job.external_id) if job.operation == "upsert" and not isinstance(row, RowError) else None
    return "" if value is None else str(value).lower()


def _twice(store: Store, job: Job, chunk: Sequence[Json | RowError]) -> frozenset[str]:
    """External ids that several rows of a chunk have: Salesforce cannot tell which one is meant."""
    field = store.schema.objects[job.object].field(job.external_id) if job.operation == "upsert" else None
    if field is None:
        return frozenset()
    counted = Counter(_key(job, row) for row in chunk)
    return frozenset(key for key, count in counted.items() if key and count > 1)
