"""The Avro schema of an object's change event, out of the object's description.

Fields stand in describe's order behind the header. What describe lists in pieces stands there once: an
address as a record, a person's name as a record too (an account's as text or record, for it may be a person).
Formulas and what follows from other records are not there, nor is what the header says already.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import fastavro

if TYPE_CHECKING:
    from include.sandbox.salesforce.schema import SObject

Json = dict[str, Any]

NAMESPACE = "com.sforce.eventbus"
NEVER_SENT = frozenset(
    {
        "Id", "IsDeleted", "MasterRecordId", "SystemModstamp", "LastActivityDate", "LastViewedDate",
        "LastReferencedDate", "IsPersonAccount",
    }
)  # fmt: skip
NAME_PARTS = ("Salutation", "FirstName", "LastName", "MiddleName", "Suffix")
COMPANY_OR_PERSON = "Account"
"""The object whose name is a text, or a person's."""
TEXT_PARTS = ("Street", "City", "State", "PostalCode", "Country", "StateCode", "CountryCode")
ADDRESS_PARTS = (*TEXT_PARTS, "Latitude", "Longitude", "GeocodeAccuracy")
NUMBERS = frozenset({"Latitude", "Longitude"})
AVRO = {
    "boolean": "boolean",
    "int": "int",
    "double": "double",
    "currency": "double",
    "percent": "double",
    "date": "long",
    "datetime": "long",
}
CHANGE_TYPES = (
    "CREATE", "UPDATE", "DELETE", "UNDELETE",
    "GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE", "GAP_OVERFLOW", "SNAPSHOT",
)  # fmt: skip
STRINGS = {"type": "array", "items": "string"}
HEADER = {
    "type": "record",
    "name": "ChangeEventHeader",
    "fields": [
        {"name": "entityName", "type": "string"},
        {"name": "recordIds", "type": STRINGS},
        {"name": "changeType", "type": {"type": "enum", "name": "ChangeType", "symbols": list(CHANGE_TYPES)}},
        {"name": "changeOrigin", "type": "string"},
        {"name": "transactionKey", "type": "string"},
        {"name": "sequenceNumber", "type": "int"},
        {"name": "commitTimestamp", "type": "long"},
        {"name": "commitNumber", "type": "long"},
        {"name": "commitUser", "type": "string"},
        {"name": "nulledFields", "type": STRINGS},
        {"name": "diffFields", "type": STRINGS},
        {"name": "changedFields", "type": STRINGS},
    ],
}


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a record: its name in the event, the field it comes from and that field's type."""

    name: str
    source: str
    type: str


@dataclass(frozen=True, slots=True)
class Column:
    """One field of the event. With ``parts`` it is a record; ``switchable``: or a text, of a company."""

    position: int
    name: str
    type: str
    parts: tuple[Part, ...] = ()
    switchable: bool = False
    hidden: bool = False


@dataclass(frozen=True)
class EventSchema:
    """An Avro schema with the id that its text has."""

    text: str
    id: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.text.encode()).digest()
        object.__setattr__(self, "id", base64.urlsafe_b64encode(digest[:16]).decode().rstrip("="))

    @cached_property
    def parsed(self) -> Any:
        """What fastavro takes."""
        return fastavro.parse_schema(json.loads(self.text))


@dataclass(frozen=True, slots=True)
class Layout:
    """An object's change event: its columns behind the header, and their schema."""

    entity: str
    columns: tuple[Column, ...]
    schema: EventSchema


def event_name(entity: str) -> str:
    """``AccountChangeEvent``, ``Rating__ChangeEvent``."""
    return f"{entity.removesuffix('__c')}__ChangeEvent" if entity.endswith("__c") else f"{entity}ChangeEvent"


def layout_of(sobject: SObject) -> Layout:
    """The layout as the object's fields stand now: another field, another schema and another id."""
    columns = _columns(sobject)
    seen: set[str] = set()
    fields: list[Json] = [{"name": "ChangeEventHeader", "type": HEADER}]
    for column in columns:
        union: list[Any] = ["null"]
        if not column.parts:
            union.append(AVRO.get(column.type, "string"))
        else:
            union += ["string"] if column.switchable else []
            union.append(_record(column, seen))
        fields.append({"name": column.name, "type": union, "default": None})
    schema = {
        "type": "record", "name": event_name(sobject.name), "namespace": NAMESPACE, "fields": fields
    }  # fmt: skip
    return Layout(sobject.name, columns, EventSchema(json.dumps(schema, separators=(",", ":"))))


def platform_schema(name: str, fields: dict[str, str]) -> EventSchema:
    """A platform event's schema: who published it and when, then its fields."""
    known: list[Json] = [{"name": "CreatedDate", "type": "long"}, {"name": "CreatedById", "type": "string"}]
    known += [{"name": one, "type": ["null", kind], "default": None} for one, kind in fields.items()]
    schema = {"type": "record", "name": name, "namespace": NAMESPACE, "fields": known}
    return EventSchema(json.dumps(schema, separators=(",", ":")))


def _columns(sobject: SObject) -> tuple[Column, ...]:
    fields = sobject.fields
    switchable = sobject.name == COMPANY_OR_PERSON
    person = switchable or ("Name" in fields and "LastName" in fields)
    columns: list[Column] = []
    for one in fields.values():
        if one.name in NEVER_SENT or one.compound or one.calculated or (person and one.name in NAME_PARTS):
            continue
        place = len(columns) + 1
        if one.type == "address":
            column = Column(place, one.name, one.type, _address_parts(one.name), hidden=one.hidden)
        elif person and one.name == "Name":
            names = NAME_PARTS[:3] if switchable else tuple(name for name in NAME_PARTS if name in fields)
            parts = tuple(Part(name, name, "string") for name in names)
            column = Column(place, one.name, one.type, parts, switchable, one.hidden)
        else:
            column = Column(place, one.name, one.type, hidden=one.hidden)
        columns.append(column)
    return tuple(columns)


def _address_parts(name: str) -> tuple[Part, ...]:
    prefix = name.removesuffix("Address")
    return tuple(
        Part(one, f"{prefix}{one}", "double" if one in NUMBERS else "string") for one in ADDRESS_PARTS
    )


def _record(column: Column, seen: set[str]) -> Any:
    """The record's definition at its first use, its name from then on."""
    if column.type == "address":
        name = "Address"
    else:
        name = "Switchable_PersonName" if column.switchable else "PersonName"
    if name in seen:
        return name
    seen.add(name)
    members = [{"name": one.name, "type": ["null", one.type], "default": None} for one in column.parts]
    return {"type": "record", "name": name, "fields": members}
