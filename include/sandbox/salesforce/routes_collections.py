"""Up to two hundred records in one call: each row has its own answer, in the order asked."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.errors import ApiError, Json, RowError
from include.sandbox.salesforce.exchange import DATA, Call, Reply, Route
from include.sandbox.salesforce.ids import full_id
from include.sandbox.salesforce.records import chosen, known, saved, shown
from include.sandbox.salesforce.routes_records import saves_duplicates

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.salesforce.transaction import Transaction
    from include.sandbox.salesforce.world import World

COLLECTION = f"{DATA}/composite/sobjects"
MOST, MOST_READ = 200, 2000
ROLLED_BACK = {
    "success": False,
    "errors": [
        {
            "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "message": "Record rolled back because not all records were valid and the request was using "
            "AllOrNone header",
            "fields": [],
        }
    ],
}


class _RollBack(Exception):  # noqa: N818 - no error: the way out of a transaction
    pass


class CollectionRoutes:
    """The sObject collections."""

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> list[Route]:
        """All routes."""
        return [
            Route("POST", COLLECTION, self.create),
            Route("PATCH", COLLECTION, self.update),
            Route("DELETE", COLLECTION, self.delete),
            Route("GET", f"{COLLECTION}/{{object}}", self.read),
            Route("POST", f"{COLLECTION}/{{object}}", self.read_posted),
            Route("PATCH", f"{COLLECTION}/{{object}}/{{field}}", self.upsert),
        ]

    def create(self, call: Call) -> Reply:
        """New records, of several objects if need be."""

        def step(tx: Transaction, row: Json) -> Json:
            return saved(tx.insert(_type(row), _values(row)))

        return self._each(call, self._rows(call), step)

    def update(self, call: Call) -> Reply:
        """Changes; every row has its ``id``."""

        def step(tx: Transaction, row: Json) -> Json:
            record = next((value for name, value in row.items() if name.lower() == "id"), None)
            if record is None:
                raise RowError("MISSING_ARGUMENT", "Id not specified in an update call")
            values = {name: value for name, value in _values(row).items() if name.lower() != "id"}
            tx.update(_type(row), record, values)
            return saved(full_id(record) or "")

        return self._each(call, self._rows(call), step)

    def upsert(self, call: Call) -> Reply:
        """Changes or new records of one object by one external id."""
        sobject = known(self._world.schema, call.path["object"])
        field = sobject.field(call.path["field"])
        if field is None or not field.id_lookup:
            text = f"Provided external ID field does not exist or is not accessible: {call.path['field']}"
            raise ApiError(404, "NOT_FOUND", text)
        rows = self._rows(call)
        for row in rows:
            if _type(row).lower() != sobject.name.lower():
                text = f"Record type {_type(row)} does not match the type {sobject.name} of the resource."
                raise ApiError(400, "INVALID_INPUT", text)
        given = [next((v for k, v in row.items() if k.lower() == field.name.lower()), None) for row in rows]
        often = Counter(str(value).lower() for value in given if value is not None)

        def step(tx: Transaction, row: Json) -> Json:
            value = next((v for k, v in row.items() if k.lower() == field.name.lower()), None)
            if often[str(value).lower()] > 1:
                raise RowError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", [field.name])
            values = {name: v for name, v in _values(row).items() if name.lower() != field.name.lower()}
            record, created = tx.upsert(sobject.name, field.name, value, values)
            return saved(record, created=created)

        return self._each(call, rows, step)

    def delete(self, call: Call) -> Reply:
        """Records of any object into the recycle bin."""
        ids = [one for one in call.query.get("ids", "").split(",") if one]
        if not ids:
            raise ApiError(400, "REQUIRED_FIELD_MISSING", "The ids parameter is required.")
        _few_enough(len(ids), MOST)

        def step(tx: Transaction, row: Json) -> Json:
            sobject = self._world.schema.of_id(row["id"])
            if sobject is None:
                raise RowError("MALFORMED_ID", f"malformed id {row['id']}")
            tx.delete(sobject.name, row["id"])
            return saved(full_id(row["id"]) or "")

        whole = call.query.get("allOrNone", "false").lower() == "true"
        return self._each(call, [{"id": one} for one in ids], step, whole=whole)

    def read(self, call: Call) -> Reply:
        """Records by ids in the query string; null where there is none."""
        ids, fields = (call.query.get(name, "").split(",") for name in ("ids", "fields"))
        return self._read(call, ids, fields)

    def read_posted(self, call: Call) -> Reply:
        """The same with a body."""
        body = call.record()
        return self._read(call, list(body.get("ids", ())), list(body.get("fields", ())))

    def _read(self, call: Call, ids: list[str], names: list[str]) -> Reply:
        sobject = known(self._world.schema, call.path["object"])
        _few_enough(len(ids), MOST_READ)
        fields = chosen(sobject, [name for name in names if name])
        found = {one["Id"]: one for one in self._world.store.read_many(sobject.name, ids)}
        rows = [found.get(full_id(one) or "") for one in ids]
        return Reply([shown(sobject, one, call.root, fields) if one else None for one in rows])

    def _rows(self, call: Call) -> list[Json]:
        rows = call.record().get("records")
        if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
            raise ApiError(400, "JSON_PARSER_ERROR", "The body must have a list of objects as 'records'.")
        _few_enough(len(rows), MOST)
        for row in rows:
            _type(row)
        return rows

    def _each(
        self,
        call: Call,
        rows: list[Json],
        step: Callable[[Transaction, Json], Json],
        *,
        whole: bool | None = None,
    ) -> Reply:
        if whole is None:
            whole = call.record().get("allOrNone") is True
        whole = whole or call.all_or_none
        results: list[Json] = []
        # The client's name in the call options is not documented to reach collections.
        commit = self._world.store.commit(call.caller.user_id, allow_duplicates=saves_duplicates(call))
        try:
            with commit as tx:
                results = [_tried(tx, row, step) for row in rows]
                if whole:
                    _all_saved(results)
        except _RollBack:
            results = [ROLLED_BACK if one["success"] else one for one in results]
            return Reply(results, failed=True)
        return Reply(results)


def _tried(tx: Transaction, row: Json, step: Callable[[Transaction, Json], Json]) -> Json:
    try:
        with tx.savepoint():
            return step(tx, row)
    except RowError as exc:
        return {"success": False, "errors": [exc.row()]}


def _all_saved(results: list[Json]) -> None:
    if not all(one["success"] for one in results):
        raise _RollBack


def _few_enough(count: int, most: int) -> None:
    if count > most:
        text = f"record limit reached. cannot submit more than {most} records into this call"
        raise ApiError(400, "EXCEEDED_ID_LIMIT", text)


def _type(row: Json) -> str:
    attributes: Any = row.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        text = "Every record needs attributes with its type."
        raise ApiError(400, "INVALID_INPUT", text)
    return name


def _values(row: Json) -> Json:
    return {name: value for name, value in row.items() if name != "attributes"}
