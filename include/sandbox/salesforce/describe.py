"""The metadata as ``describe`` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.salesforce.schema import NUMBERS

if TYPE_CHECKING:
    from include.sandbox.salesforce.errors import Json
    from include.sandbox.salesforce.schema import ChildRelationship, Field, Schema, SObject

SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
    "address": "urn:address",
    "location": "urn:location",
}
UNFILTERED = 255
"""Texts that are longer can neither be filtered nor sorted by."""


def overview(schema: Schema, root: str) -> Json:
    """The list of all objects."""
    rows = [summary(one, root) for one in sorted(schema.objects.values(), key=lambda one: one.name)]
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": rows}


def summary(sobject: SObject, root: str) -> Json:
    """An object without its fields."""
    address = f"{root}/sobjects/{sobject.name}"
    return {
        "name": sobject.name,
        "label": sobject.label,
        "labelPlural": sobject.label_plural,
        "keyPrefix": sobject.key_prefix,
        "custom": sobject.custom,
        "customSetting": False,
        "queryable": True,
        "retrieveable": True,
        "searchable": True,
        "createable": sobject.createable,
        "updateable": True,
        "deletable": sobject.deletable,
        "undeletable": sobject.undeletable,
        "mergeable": sobject.name in {"Account", "Contact"},
        "replicateable": True,
        "triggerable": True,
        "layoutable": True,
        "urls": {"sobject": address, "describe": f"{address}/describe", "rowTemplate": f"{address}/{{ID}}"},
    }


def described(sobject: SObject, root: str) -> Json:
    """An object with every field that the API knows."""
    return {
        **summary(sobject, root),
        "recordTypeInfos": [],
        "childRelationships": [_child(one) for one in sobject.child_relationships],
        "fields": [_field(one) for one in sobject.visible],
    }


def _child(relation: ChildRelationship) -> Json:
    return {
        "childSObject": relation.child,
        "field": relation.field,
        "relationshipName": relation.name,
        "cascadeDelete": relation.cascade,
        "restrictedDelete": relation.restricted,
        "deprecatedAndHidden": False,
    }


def _field(field: Field) -> Json:
    compound = field.type in {"address", "location"}
    sortable = not compound and not (field.type == "textarea" and field.length > UNFILTERED)
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "length": field.length,
        "byteLength": field.length * 3,
        "precision": field.precision,
        "scale": field.scale,
        "digits": field.digits,
        "nillable": field.nillable,
        "createable": field.createable,
        "updateable": field.updateable,
        "externalId": field.external_id,
        "unique": field.unique,
        "idLookup": field.id_lookup,
        "custom": field.custom,
        "calculated": field.calculated,
        "autoNumber": field.auto_number,
        "caseSensitive": field.case_sensitive,
        "filterable": sortable or compound,
        "sortable": sortable,
        "groupable": sortable and field.type not in NUMBERS - {"int"},
        "restrictedPicklist": field.restricted_picklist,
        "picklistValues": [
            {
                "active": one.active,
                "defaultValue": one.default,
                "label": one.label,
                "validFor": None,
                "value": one.value,
            }
            for one in field.picklist_values
        ],
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship_name,
        "compoundFieldName": field.compound,
        "defaultValue": field.default_value,
        "defaultedOnCreate": not field.nillable
        and (not field.createable or field.type == "boolean" or field.name == "OwnerId"),
        "soapType": SOAP_TYPES.get(field.type, "xsd:double" if field.type in NUMBERS else "xsd:string"),
    }
