"""What a query's SELECT makes of a row: nested records, each with its attributes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from include.sandbox.salesforce.schema import Field, Schema, SObject
    from include.sandbox.salesforce.soql.names import Column, Parents

Json = dict[str, Any]


@dataclass
class Shape:
    """The members of one record in the order selected: a field, a parent, or a child list's place."""

    fields: dict[str, Field | Branch | None] = field(default_factory=dict)

    def add(self, column: Column) -> None:
        """Select a field, through its parents."""
        here = self
        for step in column.steps:
            name = step.relationship_name or step.name
            branch = here.fields.setdefault(name, Branch(step, Shape()))
            if isinstance(branch, Branch):
                here = branch.shape
        here.fields[column.field.name] = column.field

    def render(self, row: Json, sobject: SObject, address: str, parents: Parents, schema: Schema) -> Json:
        """A row as the answer shows it.

        Args:
            row: all fields of the record.
            sobject: its object.
            address: the path of the API's version, ``/services/data/v64.0``.
            parents: where parents are read.
            schema: says which object a parent is of.
        """
        out: Json = {"attributes": attributes(sobject, row["Id"], address)}
        for name, member in self.fields.items():
            if isinstance(member, Branch):
                target = row.get(member.reference.name)
                found = parents.record(target) if target else None
                kind = schema.of_id(str(target)) if found else None
                out[name] = (
                    member.shape.render(found, kind, address, parents, schema) if found and kind else None
                )
            else:
                out[name] = row.get(name) if member else None
        return out


@dataclass(frozen=True, slots=True)
class Branch:
    """A parent's members."""

    reference: Field
    shape: Shape


def attributes(sobject: SObject, record: str, address: str) -> Json:
    """What every record of an answer begins with."""
    return {"type": sobject.name, "url": f"{address}/sobjects/{sobject.name}/{record}"}
