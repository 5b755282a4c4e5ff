"""Custom fields: a list and a hash in details, flattened columns in lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.sandbox.zoho.fields import amount
from include.sandbox.zoho.wire import Json, identity

if TYPE_CHECKING:
    from collections.abc import Mapping

CUSTOM_FIELDS_BLOCK = 23


@dataclass(frozen=True, slots=True)
class CustomField:
    """One field as the organisation's settings define it."""

    id: str
    entity: str
    label: str
    api_name: str
    data_type: str
    index: int

    def shown(self, value: Any) -> Json:
        """The field with its value, as details carry it."""
        return {
            "field_id": self.id,
            "customfield_id": self.id,
            "show_in_store": False,
            "show_in_portal": False,
            "is_active": True,
            "index": self.index,
            "label": self.label,
            "show_on_pdf": False,
            "edit_on_portal": False,
            "edit_on_store": False,
            "api_name": self.api_name,
            "show_in_all_pdf": False,
            "value_formatted": formatted(value),
            "search_entity": self.entity,
            "data_type": self.data_type,
            "placeholder": self.api_name,
            "value": value,
            "is_dependent_field": False,
        }


def _defined(entity: str, first: int, *fields: tuple[str, str, str]) -> tuple[CustomField, ...]:
    return tuple(
        CustomField(identity(CUSTOM_FIELDS_BLOCK, first + index), entity, label, name, kind, index)
        for index, (name, label, kind) in enumerate(fields, start=1)
    )


DEFINED = {
    "salesorder": _defined(
        "salesorder",
        0,
        ("cf_sage_so_number", "Sage Sales Order No", "string"),
        ("cf_sync_origin", "Sync Origin", "dropdown"),
        ("cf_rush_order", "Rush Order", "check_box"),
        ("cf_salesforce_id", "Salesforce Id", "string"),
    ),
    "contact": _defined(
        "contact",
        100,
        ("cf_sage_customer_no", "Sage Customer No", "string"),
        ("cf_sf_account_id", "Salesforce Account Id", "string"),
        ("cf_salesforce_id", "Salesforce Id", "string"),
        ("cf_industry", "Industry", "dropdown"),
        ("cf_annual_revenue", "Annual Revenue", "decimal"),
        ("cf_vip", "VIP", "check_box"),
    ),
    "item": _defined(
        "item",
        200,
        ("cf_category", "Category", "dropdown"),
        ("cf_pack_size", "Pack Size", "string"),
        ("cf_sage_item_code", "Sage Item Code", "string"),
    ),
}
EMPTY = {"check_box": False}


def formatted(value: Any) -> str:
    """The value as text: true, 139.0, plain."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def filled(entity: str, values: Mapping[str, Any]) -> Json:
    """``custom_fields`` and ``custom_field_hash`` of a document."""
    full = {field: values.get(field.api_name, EMPTY.get(field.data_type, "")) for field in DEFINED[entity]}
    return {
        "custom_fields": [field.shown(value) for field, value in full.items()],
        "custom_field_hash": {
            key: shown
            for field, value in full.items()
            for key, shown in (
                (field.api_name, formatted(value)),
                (f"{field.api_name}_unformatted", value),
            )
        },
    }


def values_of(document: Json) -> Json:
    """What a document's custom fields hold, by API name."""
    return {field["api_name"]: field["value"] for field in document.get("custom_fields") or []}


def asked(entity: str, body: Mapping[str, Any]) -> Json:
    """What a request's body wants to set, by API name; unknown fields are ignored, as Zoho does."""
    by_key = {key: field for field in DEFINED[entity] for key in (field.id, field.api_name, field.label)}
    named = {**(body.get("custom_field_hash") or {})}
    for entry in body.get("custom_fields") or []:
        key = entry.get("customfield_id") or entry.get("api_name") or entry.get("label")
        named[str(key)] = entry.get("value", "")
    return {by_key[key].api_name: _typed(by_key[key], value) for key, value in named.items() if key in by_key}


def _typed(field: CustomField, value: Any) -> Any:
    if field.data_type == "check_box":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if field.data_type == "decimal" and value not in {None, ""}:
        return float(amount(field.api_name, value))
    return "" if value is None else str(value)
