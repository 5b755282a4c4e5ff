"""Whole rows against the metadata: which fields may be written, what must be there, where references lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.salesforce.errors import RowError
from include.sandbox.salesforce.values import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.sandbox.salesforce.schema import Field, SObject
    from include.sandbox.salesforce.store import Json
    from include.sandbox.salesforce.transaction import Transaction

ADDRESS_PARTS = ("City", "Country", "Latitude", "Longitude", "PostalCode", "State", "Street")
NOT_WRITEABLE = (
    "Unable to create/update fields: {}. Please check the security settings of this field and verify that "
    "it is read/write for your profile or permission set."
)


def read(tx: Transaction, sobject: SObject, values: Mapping[str, Any], *, creating: bool) -> Json:
    """The given values under the fields' own names and as they are kept.

    A parent may be named by an external id: ``{"Account": {"Zoho_Contact_Id__c": "4815"}}``.

    Raises:
        RowError: a field is unknown or read-only, a value is wrong, a reference leads nowhere.
    """
    found: Json = {}
    refused = []
    for name, value in values.items():
        if name == "attributes":
            continue
        field = sobject.field(name, hidden=tx.sees_hidden)
        parent = None if field else sobject.relationship(name)
        if parent is not None and isinstance(value, dict):
            field, value = parent, _by_external_id(tx, parent, value)  # noqa: PLW2901 - the parent's id instead
        if field is None:
            raise RowError("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
        if not (field.createable if creating else field.updateable):
            refused.append(field.name)
            continue
        found[field.name] = clean(field, value)
    if refused:
        raise RowError("INVALID_FIELD_FOR_INSERT_UPDATE", NOT_WRITEABLE.format(", ".join(refused)), refused)
    for name, value in found.items():
        field = sobject.fields[name]
        if field.type == "reference" and value is not None:
            _follow(tx, field, value)
    return found


def defaults(tx: Transaction, sobject: SObject) -> Json:
    """What a new record has without being told."""
    owner = {"OwnerId": tx.user_id} if "OwnerId" in sobject.fields else {}
    return {**sobject.defaults, **owner}


def required(sobject: SObject, before: Json | None, record: Json) -> None:
    """Nothing that must be there is missing.

    Raises:
        RowError: ``REQUIRED_FIELD_MISSING`` with all that are.
    """
    missing = [
        field.name
        for field in sobject.fields.values()
        if not field.nillable
        and (field.createable or (before is not None and field.updateable))
        and record.get(field.name) is None
    ]
    if missing:
        raise RowError(
            "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing
        )


def compose(sobject: SObject, record: Json) -> None:
    """Put addresses and places together from their parts."""
    for field in sobject.fields.values():
        if field.type == "location":
            stem = field.name.removesuffix("__c")
            place = {part: record.get(f"{stem}__{part.title()}__s") for part in ("latitude", "longitude")}
            record[field.name] = place if None not in place.values() else None
        if field.type != "address":
            continue
        stem = field.name.removesuffix("Address")
        parts = {part: record.get(stem + part) for part in ADDRESS_PARTS}
        named = {part[0].lower() + part[1:]: value for part, value in parts.items()}
        filled = any(value is not None for value in parts.values())
        record[field.name] = {**named, "geocodeAccuracy": None} if filled else None


def _by_external_id(tx: Transaction, field: Field, named: dict[str, Any]) -> str:
    pairs = [(name, value) for name, value in named.items() if name != "attributes"]
    target = tx.object(field.reference_to[0])
    key = target.field(pairs[0][0]) if len(pairs) == 1 else None
    if key is None or not key.id_lookup:
        text = f"The relationship {field.relationship_name} must name one external ID field of {target.name}."
        raise RowError("INVALID_FIELD", text, [field.name])
    value = pairs[0][1]
    found = [value] if key.name == "Id" else tx.store.lookup(target.name, key.name, value)
    if len(found) != 1:
        text = f"Foreign key external ID: {value} not found for field {key.name} in entity {target.name}"
        raise RowError("INVALID_FIELD", text, [])
    return str(found[0])


def _follow(tx: Transaction, field: Field, record: str) -> None:
    target = tx.store.schema.of_id(record)
    if target is None or target.name not in field.reference_to:
        text = f"{field.label} ID: id value of incorrect type: {record}"
        raise RowError("FIELD_INTEGRITY_EXCEPTION", text, [field.name])
    found = tx.store.read(target.name, record, deleted=True)
    if found is None:
        raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [field.name])
    if found.get("IsDeleted"):
        raise RowError("ENTITY_IS_DELETED", "entity is deleted", [field.name])
