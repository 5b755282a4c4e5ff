"""Bitmaps and schemas of change events, against the vendor's examples and against an independent reader."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.sandbox.salesforce.bus import bitmaps
from include.sandbox.salesforce.bus.events import of_commit
from include.sandbox.salesforce.bus.layout import Layout, layout_of
from include.sandbox.salesforce.bus.settings import FIVE, BusSettings
from include.sandbox.salesforce.schema import Schema, SObject
from include.sandbox.salesforce.store import Change, Commit
from tests.unit.sandbox_salesforce.bus_reading import header, read, sent

SCHEMA = Schema.shipped()
ACCOUNT = SCHEMA.objects["Account"]
PUBLISHED_ORDER = """
    ChangeEventHeader Name Type ParentId BillingAddress ShippingAddress Phone Fax AccountNumber Website Sic
    Industry AnnualRevenue NumberOfEmployees Ownership TickerSymbol Description Rating Site OwnerId
    CreatedDate CreatedById LastModifiedDate LastModifiedById
""".split()  # noqa: SIM905 - a row of names
"""The order that the vendor's example of a bitmap presumes."""
ADDRESS = """
    Street City State PostalCode Country StateCode CountryCode Latitude Longitude GeocodeAccuracy
""".split()  # noqa: SIM905 - a row of names


def fields(layout: Layout) -> dict[str, Any]:
    return {one["name"]: one["type"] for one in json.loads(layout.schema.text)["fields"]}


def layout(name: str) -> Layout:
    return layout_of(SCHEMA.objects[name])


def test_the_published_example_marks_fax_and_last_modified_date() -> None:
    positions = {column.name: column.position for column in layout("Account").columns}
    assert bitmaps.write([(positions["Fax"],), (positions["LastModifiedDate"],)]) == ["0x400080"]


def test_members_of_a_record_are_marked_under_its_position() -> None:
    assert bitmaps.write([(6,), (22,), (25,), (4, 0), (4, 1)]) == ["0x2400040", "4-0x3"]
    assert bitmaps.write([]) == []


def test_an_accounts_fields_stand_in_the_published_order() -> None:
    assert list(fields(layout("Account")))[: len(PUBLISHED_ORDER)] == PUBLISHED_ORDER


def test_an_accounts_types_are_the_published_ones() -> None:
    known = fields(layout("Account"))
    name, address = known["Name"], known["BillingAddress"]
    assert name[:2] == ["null", "string"]
    assert name[2]["name"] == "Switchable_PersonName"
    assert [one["name"] for one in name[2]["fields"]] == ["Salutation", "FirstName", "LastName"]
    assert address[1]["name"] == "Address"
    assert [one["name"] for one in address[1]["fields"]] == ADDRESS
    assert known["ShippingAddress"] == ["null", "Address"]
    assert known["AnnualRevenue"] == ["null", "double"]
    assert known["NumberOfEmployees"] == ["null", "int"]
    assert known["CreatedDate"] == ["null", "long"]
    assert known["ParentId"] == known["Rating"] == known["Zoho_Contact_Id__c"] == ["null", "string"]


@pytest.mark.parametrize("name", FIVE)
def test_pieces_and_derived_fields_are_not_sent(name: str) -> None:
    known = fields(layout(name))
    described = SCHEMA.objects[name].fields.values()
    assert not {"Id", "IsDeleted", "SystemModstamp", "LastActivityDate"} & set(known)
    assert not {one.name for one in described if one.compound or one.calculated} & set(known)
    assert all(kind[0] == "null" for field, kind in known.items() if field != "ChangeEventHeader")


def test_a_contacts_name_is_a_record_and_a_products_a_text() -> None:
    assert fields(layout("Contact"))["Name"][1]["name"] == "PersonName"
    assert fields(layout("Product2"))["Name"] == ["null", "string"]


def test_a_field_more_is_another_schema() -> None:
    schema = Schema.shipped()
    before = layout_of(schema.objects["Product2"]).schema
    assert layout_of(schema.objects["Product2"]).schema.id == before.id
    schema.add_field("Product2", {"name": "Shelf__c", "type": "string", "length": 20})
    after = layout_of(schema.objects["Product2"]).schema
    assert after.id != before.id
    assert "Shelf__c" in after.text


def test_a_custom_objects_event_has_its_own_name() -> None:
    made = replace(SCHEMA.objects["Product2"], name="Shelf__c", custom=True)
    assert json.loads(layout_of(made).schema.text)["name"] == "Shelf__ChangeEvent"


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "double": st.decimals(-(10**9), 10**9, places=2, allow_nan=False),
    "currency": st.decimals(-(10**9), 10**9, places=2, allow_nan=False),
    "percent": st.decimals(0, 100, places=2, allow_nan=False),
    "date": st.dates().map(str),
    "datetime": st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)).map(  # noqa: DTZ001 - UTC is appended
        lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    ),
}


def leaves(sobject: SObject) -> dict[str, tuple[str, str]]:
    """Every field that an event can carry: its name there, and its type."""
    made = {}
    for column in layout_of(sobject).columns:
        for part in () if column.switchable else column.parts:
            if part.source in sobject.fields:
                made[part.source] = (f"{column.name}.{part.name}", part.type)
        if column.switchable or not column.parts:
            made[column.name] = (column.name, column.type)
    return made


@settings(max_examples=150, deadline=None)
@given(data=st.data(), name=st.sampled_from(FIVE))
def test_any_set_of_changes_survives_bitmap_and_avro(data: st.DataObject, name: str) -> None:
    sobject = SCHEMA.objects[name]
    known = leaves(sobject)
    changed = data.draw(st.sets(st.sampled_from(sorted(known)), min_size=1))
    text = st.text(max_size=20).filter(lambda one: "\x00" not in one)
    after = {
        field: data.draw(st.none() | VALUES.get(known[field][1], text)) if field in changed else "unchanged"
        for field in known
    }
    after["LastModifiedDate"] = "2026-03-02T14:05:11.000+0000"
    after["IsPersonAccount"] = False
    change = Change(name, "001Hp0000000001IAA", "UPDATE", {}, after, tuple(changed))
    commit = Commit("key", 1, datetime(2026, 3, 2, tzinfo=UTC), "005", "", "rest", [change])
    (event,) = of_commit(commit, layout, BusSettings(diff_text_from=10**6))
    decoded = read(event.payload, layout(name).schema.text)

    told = {known[field][0] for field in changed | {"LastModifiedDate"}}
    assert header(decoded)["changedFields:names"] == told
    assert header(decoded)["nulledFields:names"] == {
        known[field][0] for field in changed if after[field] is None
    }
    assert {one.partition(".")[0] for one in told} >= set(sent(decoded))
    for field in changed:
        owner, _, member = known[field][0].partition(".")
        value = decoded[owner][member] if member else decoded[owner]
        assert (value is None) == (after[field] is None)
        if known[field][1] in {"double", "currency", "percent", "int", "boolean"} and value is not None:
            assert value == pytest.approx(float(after[field]))
        elif value is not None and known[field][1] not in {"date", "datetime"}:
            assert value == after[field]
