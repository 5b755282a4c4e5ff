"""The org's metadata: which objects there are and what their fields take.

Files under ``metadata/`` name what ``describe`` would say of an object, leaving out what is usual; the
control API adds custom fields and objects, and hides fields from the API as field-level security does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

METADATA = Path(__file__).parent / "metadata"
NUMBERS = frozenset({"int", "double", "currency", "percent"})
TEXTS = frozenset({"string", "textarea", "phone", "url", "email", "picklist", "id", "reference"})

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PicklistValue:
    """One choice."""

    value: str
    label: str
    default: bool = False
    active: bool = True


@dataclass(frozen=True, slots=True)
class Field:
    """One field, as far as values and queries are judged by it.

    ``precision`` counts all digits and ``scale`` those behind the point. ``hidden``: field-level security
    keeps it from the API as if it did not exist.
    """

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    default_value: Any = None
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    picklist_values: tuple[PicklistValue, ...] = ()
    restricted_picklist: bool = False
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    compound: str | None = None
    calculated: bool = False
    auto_number: bool = False
    hidden: bool = False

    @property
    def custom(self) -> bool:
        """Made by the org's administrator."""
        return self.name.endswith("__c")

    @property
    def id_lookup(self) -> bool:
        """Whether a record may be named by this field."""
        return self.name == "Id" or self.external_id


@dataclass(frozen=True, slots=True)
class ChildRelationship:
    """Records that point at a record, under the name by which a query reaches them."""

    child: str
    field: str
    name: str | None
    cascade: bool = False
    restricted: bool = False
    """A record that has such children is not deleted."""


@dataclass(frozen=True)
class SObject:
    """One object."""

    name: str
    label: str
    key_prefix: str
    fields: Mapping[str, Field]
    custom: bool = False
    child_relationships: tuple[ChildRelationship, ...] = ()
    label_plural: str = ""
    createable: bool = True
    deletable: bool = True
    undeletable: bool = True

    @cached_property
    def _names(self) -> dict[str, str]:
        return {name.lower(): name for name in self.fields}

    @cached_property
    def _relationships(self) -> dict[str, Field]:
        return {one.relationship_name.lower(): one for one in self.fields.values() if one.relationship_name}

    @cached_property
    def visible(self) -> tuple[Field, ...]:
        """The fields that the API knows, in describe's order."""
        return tuple(one for one in self.fields.values() if not one.hidden)

    @cached_property
    def keys(self) -> tuple[Field, ...]:
        """The fields by whose value records are found or told apart."""
        return tuple(one for one in self.fields.values() if one.external_id or one.unique)

    @cached_property
    def parents(self) -> tuple[Field, ...]:
        """The fields that point at other records, people apart."""
        return tuple(
            one for one in self.fields.values() if one.type == "reference" and one.reference_to != ("User",)
        )

    @cached_property
    def blank(self) -> Json:
        """A record with nothing in it: every field, booleans false."""
        return {one.name: False if one.type == "boolean" else None for one in self.fields.values()}

    @cached_property
    def defaults(self) -> Json:
        """What a new record has without being told, its owner apart."""
        chosen = {
            one.name: next((value.value for value in one.picklist_values if value.default), one.default_value)
            for one in self.fields.values()
        }
        return {name: value for name, value in chosen.items() if value is not None}

    def field(self, name: str, *, hidden: bool = False) -> Field | None:
        """A field by its name in any case; hidden ones only on demand."""
        found = self.fields.get(self._names.get(name.lower(), ""))
        return found if found is None or hidden or not found.hidden else None

    def relationship(self, name: str) -> Field | None:
        """The reference field behind a parent relationship's name (``Account`` -> ``AccountId``)."""
        found = self._relationships.get(name.lower())
        return None if found is None or found.hidden else found

    def children(self, name: str) -> ChildRelationship | None:
        """A child relationship by its name (``Contacts``)."""
        wanted = name.lower()
        return next((one for one in self.child_relationships if (one.name or "").lower() == wanted), None)


@dataclass
class Schema:
    """All objects; ``version`` counts the changes."""

    objects: dict[str, SObject] = field(default_factory=dict)
    version: int = 0

    @classmethod
    def shipped(cls) -> Schema:
        """The org as it comes."""
        return cls(dict(_shipped()))

    def reset(self) -> None:
        """Back to the org as it comes."""
        self.objects = dict(_shipped())
        self.version += 1

    def object(self, name: str) -> SObject | None:
        """An object by its name in any case."""
        return self.objects.get(name) or next(
            (one for key, one in self.objects.items() if key.lower() == name.lower()), None
        )

    def of_id(self, record: str) -> SObject | None:
        """The object whose records' ids begin like this one."""
        return next((one for one in self.objects.values() if one.key_prefix == record[:3]), None)

    def references(self, name: str) -> Iterator[tuple[SObject, Field]]:
        """Every field of any object that points at records of an object."""
        for one in self.objects.values():
            for candidate in one.parents:
                if name in candidate.reference_to:
                    yield one, candidate

    def add_object(self, described: Json) -> SObject:
        """Add an object, or replace it."""
        made = read_object(described)
        self.objects[made.name] = made
        self.version += 1
        return made

    def add_field(self, name: str, described: Json) -> Field:
        """Add a field to an object, or replace it; a new lookup is a relationship of its target too.

        Raises:
            KeyError: no such object.
        """
        owner = self._known(name)
        made = read_field(described)
        self._put(owner, {**owner.fields, made.name: made})
        child_name = described.get("childRelationshipName")
        for target in made.reference_to if child_name else ():
            parent = self._known(target)
            more = ChildRelationship(owner.name, made.name, child_name)
            self.objects[parent.name] = replace(
                parent, child_relationships=(*parent.child_relationships, more)
            )
        return made

    def hide_field(self, name: str, field_name: str, *, hidden: bool = True) -> None:
        """Take a field from the API's sight, or give it back.

        Raises:
            KeyError: no such object or field.
        """
        owner = self._known(name)
        found = owner.field(field_name, hidden=True)
        if found is None:
            raise KeyError(f"{owner.name} has no field {field_name}")
        self._put(owner, {**owner.fields, found.name: replace(found, hidden=hidden)})

    def _known(self, name: str) -> SObject:
        found = self.object(name)
        if found is None:
            raise KeyError(f"there is no object {name}")
        return found

    def _put(self, owner: SObject, fields: dict[str, Field]) -> None:
        self.objects[owner.name] = replace(owner, fields=fields)
        self.version += 1


@cache
def _shipped() -> dict[str, SObject]:
    described = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(METADATA.glob("*.json"))]
    return {one["name"]: read_object(one) for one in described}


def read_object(described: Json) -> SObject:
    """An object out of its description."""
    fields = [read_field(one) for one in described["fields"]]
    name: str = described["name"]
    return SObject(
        name=name,
        label=described.get("label", name),
        key_prefix=described["keyPrefix"],
        fields={one.name: one for one in fields},
        custom=name.endswith("__c"),
        child_relationships=tuple(
            ChildRelationship(
                child=one["childSObject"],
                field=one["field"],
                name=one.get("relationshipName"),
                cascade=one.get("cascadeDelete", False),
                restricted=one.get("restrictedDelete", False),
            )
            for one in described.get("childRelationships", ())
        ),
        label_plural=described.get("labelPlural", f"{described.get('label', name)}s"),
        createable=described.get("createable", True),
        deletable=described.get("deletable", True),
        undeletable=described.get("undeletable", True),
    )


def read_field(described: Json) -> Field:
    """A field out of its description; what is left out is usual."""
    name: str = described["name"]
    usual = Field(name, described.get("label") or name, described["type"])
    default = described.get("defaultValue", False if usual.type == "boolean" else None)
    return replace(
        usual,
        length=described.get("length", 0),
        precision=described.get("precision", 0),
        scale=described.get("scale", 0),
        digits=described.get("digits", 0),
        nillable=described.get("nillable", usual.type != "boolean"),
        createable=described.get("createable", True),
        updateable=described.get("updateable", True),
        default_value=default,
        external_id=described.get("externalId", False),
        unique=described.get("unique", False),
        case_sensitive=described.get("caseSensitive", False),
        picklist_values=tuple(
            PicklistValue(
                one["value"],
                one.get("label", one["value"]),
                one.get("defaultValue", False),
                one.get("active", True),
            )
            for one in described.get("picklistValues", ())
        ),
        restricted_picklist=described.get("restrictedPicklist", False),
        reference_to=tuple(described.get("referenceTo", ())),
        relationship_name=described.get("relationshipName"),
        compound=described.get("compoundFieldName"),
        calculated=described.get("calculated", False),
        auto_number=described.get("autoNumber", False),
        hidden=described.get("hidden", False),
    )
