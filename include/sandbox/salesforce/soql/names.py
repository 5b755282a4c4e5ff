"""What a query's names mean: objects, fields, parents of parents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.soql.errors import INVALID_FIELD, INVALID_TYPE, MALFORMED, QueryError, located

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.sandbox.salesforce.schema import Field, Schema, SObject
    from include.sandbox.salesforce.soql.syntax import Operand
    from include.sandbox.salesforce.store import Store

Json = dict[str, Any]

STEPS = 5
"""Parents of parents."""
REMEMBERED = 20_000
"""Parent records kept while a query runs."""
DESCRIBED = "Please reference your WSDL or the describe call for the appropriate names."
CUSTOM_FIELD = (
    "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. "
    f"{DESCRIBED}"
)
CUSTOM_RELATION = (
    "If you are attempting to use a custom relationship, be sure to append the '__r' after the custom "
    f"relationship name. {DESCRIBED}"
)


@dataclass(frozen=True, slots=True)
class Column:
    """A field of the queried object, or of one of its parents."""

    steps: tuple[Field, ...]
    """The reference fields that lead to the parent."""
    owner: SObject
    field: Field

    @property
    def names(self) -> tuple[str, ...]:
        """The path in the schema's own spelling."""
        return (*(step.relationship_name or step.name for step in self.steps), self.field.name)

    @property
    def path(self) -> str:
        """The path as text: ``Account.Owner.Name``."""
        return ".".join(self.names)


def object_named(schema: Schema, name: str) -> SObject:
    """An object that a query names.

    Raises:
        QueryError: ``INVALID_TYPE``.
    """
    found = schema.object(name)
    if found is None:
        hint = (
            "If you are attempting to use a custom object, be sure to append the '__c' after the entity name."
        )
        raise QueryError(INVALID_TYPE, f"sObject type '{name}' is not supported. {hint} {DESCRIBED}")
    return found


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a query's names are looked up."""

    schema: Schema
    sobject: SObject
    alias: str
    text: str
    """The whole query, to show the place of a bad name."""

    def column(self, operand: Operand) -> Column:
        """The field behind a path.

        Raises:
            QueryError: ``INVALID_FIELD``; a hidden field is as good as none.
        """
        *steps, last = self._segments(operand.path)
        owner, through = self.sobject, []
        for step in steps:
            reference = owner.relationship(step)
            target = self.schema.object(reference.reference_to[0]) if reference else None
            if reference is None or target is None:
                said = f"Didn't understand relationship '{step}' in field path. {CUSTOM_RELATION}"
                raise located(INVALID_FIELD, self.text, operand.at, said)
            through.append(reference)
            owner = target
        if len(through) > STEPS:
            raise QueryError(MALFORMED, f"Relationship queries go up {STEPS} levels at most: {operand.path}")
        field = owner.field(last)
        if field is None:
            said = f"No such column '{last}' on entity '{owner.name}'. {CUSTOM_FIELD}"
            raise located(INVALID_FIELD, self.text, operand.at, said)
        return Column(tuple(through), owner, field)

    def _segments(self, path: str) -> list[str]:
        segments = path.split(".")
        first = segments[0].lower()
        if len(segments) > 1 and (
            first == self.alias.lower()
            or (first == self.sobject.name.lower() and self.sobject.relationship(first) is None)
        ):
            return segments[1:]
        return segments


class Parents:
    """Reads values of rows and of their parents, each parent once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Json | None] = {}

    def record(self, record: str) -> Json | None:
        """A record by its id, whatever object it is of; a child still shows one in the recycle bin."""
        if record not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            sobject = self._store.schema.of_id(record)
            self._known[record] = self._store.read(sobject.name, record, deleted=True) if sobject else None
        return self._known[record]

    def getter(self, column: Column) -> Callable[[Json], Any]:
        """How a column's value is had from a row of the queried object."""
        name = column.field.name
        if not column.steps:
            return lambda row: row[name]
        keys = [step.name for step in column.steps]

        def follow(row: Json) -> Any:
            found: Json | None = row
            for key in keys:
                target = found.get(key) if found else None
                found = self.record(target) if target else None
            return found.get(name) if found else None

        return follow
