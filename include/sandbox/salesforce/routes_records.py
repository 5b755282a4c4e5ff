"""Single records: metadata, reading, writing, and both by external id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.salesforce import describe
from include.sandbox.salesforce.errors import ApiError, Json, RowError
from include.sandbox.salesforce.exchange import DATA, Call, Reply, Route
from include.sandbox.salesforce.records import chosen, known, saved, shown

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from include.sandbox.salesforce.schema import SObject
    from include.sandbox.salesforce.transaction import Transaction
    from include.sandbox.salesforce.world import World

OBJECTS = f"{DATA}/sobjects"
ONE = f"{OBJECTS}/{{object}}"
RECORD = f"{ONE}/{{id}}"
EXTERNAL = f"{ONE}/{{field}}/{{value}}"


def saves_duplicates(call: Call) -> bool:
    """Whether the caller wants a record saved although a duplicate rule warns."""
    options = call.headers.get("sforce-duplicate-rule-header", "").lower().replace(" ", "")
    return "allowsave=true" in options


class RecordRoutes:
    """The sObject resources."""

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> list[Route]:
        """All routes."""
        return [
            Route("GET", OBJECTS, self.overview),
            Route("GET", ONE, self.basics),
            Route("POST", ONE, self.create),
            Route("GET", f"{ONE}/describe", self.described),
            Route("GET", RECORD, self.read),
            Route("PATCH", RECORD, self.update),
            Route("DELETE", RECORD, self.delete),
            Route("GET", EXTERNAL, self.read_by),
            Route("PATCH", EXTERNAL, self.upsert),
            Route("DELETE", EXTERNAL, self.delete_by),
        ]

    def overview(self, call: Call) -> Reply:
        """Every object."""
        return Reply(describe.overview(self._world.schema, call.root))

    def basics(self, call: Call) -> Reply:
        """One object in short; what was looked at last is nobody's business here."""
        sobject = self._object(call)
        return Reply({"objectDescribe": describe.summary(sobject, call.root), "recentItems": []})

    def described(self, call: Call) -> Reply:
        """One object with its fields."""
        return Reply(describe.described(self._object(call), call.root))

    def create(self, call: Call) -> Reply:
        """A new record."""
        sobject = self._object(call)
        with self._commit(call) as tx:
            made = tx.insert(sobject.name, call.record())
        return Reply(saved(made), 201, {"Location": f"{call.root}/sobjects/{sobject.name}/{made}"})

    def read(self, call: Call) -> Reply:
        """A record by its id."""
        return self._shown(call, self._object(call), call.path["id"])

    def update(self, call: Call) -> Reply:
        """Some fields of a record."""
        sobject = self._object(call)
        values = call.record()
        _not_in_body(values, "Id")
        with self._commit(call) as tx:
            tx.update(sobject.name, call.path["id"], values)
        return Reply(status=204)

    def delete(self, call: Call) -> Reply:
        """A record into the recycle bin."""
        sobject = self._object(call)
        with self._commit(call) as tx:
            tx.delete(sobject.name, call.path["id"])
        return Reply(status=204)

    def read_by(self, call: Call) -> Reply:
        """A record by an external id."""
        sobject = self._object(call)
        return self._shown(call, sobject, self._named(call, sobject))

    def upsert(self, call: Call) -> Reply:
        """Change the record with an external id, or create it."""
        sobject = self._object(call)
        values, field = call.record(), call.path["field"]
        _not_in_body(values, field)
        with self._commit(call) as tx:
            record, created = tx.upsert(sobject.name, field, call.path["value"], values)
        headers = {"Location": f"{call.root}/sobjects/{sobject.name}/{record}"} if created else {}
        return Reply(saved(record, created=created), 201 if created else 200, headers)

    def delete_by(self, call: Call) -> Reply:
        """The record with an external id into the recycle bin."""
        sobject = self._object(call)
        record = self._named(call, sobject)
        with self._commit(call) as tx:
            tx.delete(sobject.name, record)
        return Reply(status=204)

    def _object(self, call: Call) -> SObject:
        return known(self._world.schema, call.path["object"])

    def _commit(self, call: Call) -> AbstractContextManager[Transaction]:
        caller = call.caller
        return self._world.store.commit(
            caller.user_id, caller.client, allow_duplicates=saves_duplicates(call)
        )

    def _shown(self, call: Call, sobject: SObject, record: str) -> Reply:
        names = call.query.get("fields")
        fields = chosen(sobject, names.split(",")) if names else None
        found = self._world.store.read(sobject.name, record, deleted=True)
        if found is None:
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
        if found.get("IsDeleted"):
            raise RowError("ENTITY_IS_DELETED", "entity is deleted", http=404)
        return Reply(shown(sobject, found, call.root, fields))

    def _named(self, call: Call, sobject: SObject) -> str:
        field = sobject.field(call.path["field"])
        if field is None or not field.id_lookup:
            text = f"Provided external ID field does not exist or is not accessible: {call.path['field']}"
            raise ApiError(404, "NOT_FOUND", text)
        if field.name == "Id":
            return call.path["value"]
        found = self._world.store.lookup(sobject.name, field.name, call.path["value"])
        if not found:
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
        if len(found) > 1:
            urls = [f"{call.root}/sobjects/{sobject.name}/{one}" for one in found]
            raise RowError("DUPLICATE_EXTERNAL_ID", "several records have this value", http=300, urls=urls)
        return found[0]


def _not_in_body(values: Json, field: str) -> None:
    if any(name.lower() == field.lower() for name in values):
        text = f"The {field} field should not be specified in the sobject data."
        raise RowError("INVALID_FIELD", text, [field])
