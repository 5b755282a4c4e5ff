"""Rows against the metadata: what a field takes, where references lead, what makes a record unique."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from include.sandbox.salesforce.errors import RowError
from include.sandbox.salesforce.ids import checksum, full_id, record_id
from include.sandbox.salesforce.schema import Schema
from include.sandbox.salesforce.store import Commit
from include.sandbox.salesforce.transaction import Transaction
from include.sandbox.salesforce.values import from_text
from tests.unit.sandbox_salesforce.salesforce_world import Org


@pytest.mark.parametrize(
    "whole",
    ["001D000000IqhSLIAZ", "00kHp00002OliA1IAJ"[:15] + checksum("00kHp00002OliA1"), "01tHp0000000001IAA"],
)
def test_ids_of_both_lengths_are_one_id(whole: str) -> None:
    assert full_id(whole[:15]) == whole
    assert full_id(whole) == whole
    assert full_id(whole[:15] + "AAB") is None
    assert full_id(whole[:14]) is None


def test_ids_sort_as_they_were_given() -> None:
    ids = [record_id("001", number) for number in (1, 9, 10, 35, 36, 61, 62, 3844, 100_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("values", "code", "fields", "words"),
    [
        ({"Name": "x" * 256}, "STRING_TOO_LONG", ["Name"], "Account Name: data value too large: xxx"),
        ({"Phone": "1"}, "REQUIRED_FIELD_MISSING", ["Name"], "Required fields are missing: [Name]"),
        ({"Name": " "}, "REQUIRED_FIELD_MISSING", ["Name"], "Required fields are missing: [Name]"),
        (
            {"Name": "A", "Sku__c": "1"},
            "INVALID_FIELD",
            [],
            "No such column 'Sku__c' on sobject of type Account",
        ),
        (
            {"Name": "A", "CreatedDate": "2026-01-01T00:00:00Z"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            ["CreatedDate"],
            "",
        ),
        ({"Name": "A", "PersonEmail": "a@b.example"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["PersonEmail"], ""),
        ({"Name": "A", "NumberOfEmployees": "many"}, "JSON_PARSER_ERROR", [], "VALUE_STRING value many"),
        ({"Name": 5}, "JSON_PARSER_ERROR", [], "instance of string from VALUE_NUMBER_INT value 5"),
        ({"Name": "A", "AnnualRevenue": True}, "JSON_PARSER_ERROR", [], "instance of double from VALUE_TRUE"),
        (
            {"Name": "A", "AnnualRevenue": Decimal("1e18")},
            "NUMBER_OUTSIDE_VALID_RANGE",
            ["AnnualRevenue"],
            "",
        ),
        (
            {"Name": "A", "ParentId": "nobody"},
            "MALFORMED_ID",
            ["ParentId"],
            "id value of incorrect type: nobody",
        ),
        ({"Name": "A", "ParentId": "003Hp0000000001"}, "FIELD_INTEGRITY_EXCEPTION", ["ParentId"], ""),
        (
            {"Name": "A", "ParentId": "001Hp0000000009"},
            "INVALID_CROSS_REFERENCE_KEY",
            ["ParentId"],
            "invalid cross",
        ),
    ],
)
def test_an_account_that_is_refused(
    org: Org, values: dict[str, Any], code: str, fields: list[str], words: str
) -> None:
    refused = org.refused("Account", **values)
    assert (refused.status_code, refused.fields, refused.http) == (code, fields, 400)
    assert words in refused.message
    assert org.store.count("Account") == 0


@pytest.mark.parametrize("address", ["ines(at)harborlights", "ines@", "@harbor.example", "a b@c.example"])
def test_an_email_address_that_is_none(org: Org, address: str) -> None:
    refused = org.refused("Contact", LastName="L", Email=address)
    assert (refused.status_code, refused.fields) == ("INVALID_EMAIL_ADDRESS", ["Email"])


def test_a_restricted_picklist_takes_its_values_in_any_case(org: Org) -> None:
    known = {"Name": "Deal", "CloseDate": "2026-04-01"}
    refused = org.refused("Opportunity", **known, StageName="Closed-Won")
    assert refused.message == "Stage: bad value for restricted picklist field: Closed-Won"
    made = org.insert("Opportunity", **known, StageName="closed won")
    assert org.read("Opportunity", made)["StageName"] == "Closed Won"
    assert org.read("Account", org.insert("Account", Name="A", Industry="Odd"))["Industry"] == "Odd"


def test_values_come_back_as_they_are_on_the_wire(org: Org) -> None:
    made = org.insert(
        "Product2",
        Name="  Lamp ",
        ProductCode="",
        IsActive="true",
        Zoho_Stock__c="12.345",
    )
    found = org.read("Product2", made)
    assert (found["Name"], found["ProductCode"], found["IsActive"]) == ("Lamp", None, True)
    assert found["Zoho_Stock__c"] == Decimal("12.35")
    contact = org.insert("Contact", LastName="L", Birthdate="1990-02-03T10:00:00Z")
    assert org.read("Contact", contact)["Birthdate"] == "1990-02-03"


def test_unique_ids_are_compared_without_case(org: Org) -> None:
    first = org.insert("Account", Name="First", Zoho_Contact_Id__c="aB1")
    refused = org.refused("Account", Name="Second", Zoho_Contact_Id__c="Ab1")
    assert refused.status_code == "DUPLICATE_VALUE"
    assert refused.message.endswith(f"Zoho_Contact_Id__c duplicates value on record with id: {first[:15]}")
    org.update("Account", first, Zoho_Contact_Id__c="other")
    org.insert("Account", Name="Second", Zoho_Contact_Id__c="AB1")


def test_upsert_finds_creates_and_refuses(org: Org) -> None:
    with org.store.commit(org.user) as tx:
        made, created = tx.upsert("Account", "zoho_contact_id__c", "4815", {"Name": "First"})
        again, new = tx.upsert("Account", "Zoho_Contact_Id__c", "4815", {"Phone": "1"})
    assert (created, new, again) == (True, False, made)
    assert org.read("Account", made)["Phone"] == "1"
    with pytest.raises(RowError) as unknown, org.store.commit(org.user) as tx:
        tx.upsert("Account", "Phone", "1", {})
    assert (unknown.value.status_code, unknown.value.http) == ("NOT_FOUND", 404)


def test_several_records_with_one_external_id(org: Org) -> None:
    org.world.alter(
        "field", "Account", {"name": "Old__c", "type": "string", "length": 20, "externalId": True}
    )
    both = [org.insert("Account", Name=name, Old__c="7") for name in ("A", "B")]
    with pytest.raises(RowError) as several, org.store.commit(org.user) as tx:
        tx.upsert("Account", "Old__c", "7", {"Phone": "1"})
    assert several.value.http == 300
    assert [url.rpartition("/")[2] for url in several.value.body()] == both


def test_a_parent_by_its_external_id(org: Org) -> None:
    account = org.insert("Account", Name="A", Zoho_Contact_Id__c="4815")
    contact = org.insert("Contact", LastName="L", Account={"Zoho_Contact_Id__c": "4815"})
    assert org.read("Contact", contact)["AccountId"] == account
    refused = org.refused("Contact", LastName="L", Account={"Zoho_Contact_Id__c": "nobody"})
    assert refused.status_code == "INVALID_FIELD"
    assert "nobody not found" in refused.message


def test_a_hidden_field_is_none_for_the_api_and_one_for_people(org: Org) -> None:
    org.world.alter("hide", "Account", {"name": "Phone"})
    assert org.refused("Account", Name="A", Phone="1").status_code == "INVALID_FIELD"
    with org.store.commit(org.user, origin="ui") as tx:
        made = tx.insert("Account", {"Name": "A", "Phone": "1"})
    assert org.read("Account", made)["Phone"] == "1"
    org.world.reset()
    assert org.store.schema.objects["Account"].field("Phone") is None, "it outlives a restart"


def test_an_added_field_and_object(org: Org) -> None:
    before = org.insert("Account", Name="Old")
    version = org.store.schema.version
    org.world.alter(
        "field", "Account", {"name": "Tier__c", "type": "picklist", "picklistValues": [{"value": "Gold"}]}
    )
    assert org.store.schema.version > version
    assert org.read("Account", before)["Tier__c"] is None
    described = {"name": "Visit__c", "keyPrefix": "a0v", "fields": [{"name": "Id", "type": "id"}]}
    org.world.alter("object", "Visit__c", described)
    assert org.insert("Visit__c").startswith("a0v")
    with pytest.raises(KeyError, match="no object Nothing"):
        org.world.alter("field", "Nothing", {"name": "A__c", "type": "string"})


def test_audit_fields_and_stamps(org: Org) -> None:
    org.control.clock.freeze(org.control.clock.now().replace(microsecond=999_000))
    made = org.insert("Account", Name="A")
    first = org.read("Account", made)
    assert first["CreatedById"] == first["LastModifiedById"] == org.user
    assert first["SystemModstamp"] == first["CreatedDate"]
    assert first["SystemModstamp"].endswith(".000+0000"), "one second is the finest"
    org.control.clock.jump(5)
    admin = org.world.user("admin@acme.example")
    with org.store.commit(admin) as tx:
        tx.update("Account", made, {"Name": "A"})
    after = org.read("Account", made)
    assert after["LastModifiedById"] == admin
    assert after["SystemModstamp"] > first["SystemModstamp"], "what changes nothing is a change all the same"
    assert after["CreatedDate"] == first["CreatedDate"]


def test_a_failed_row_undoes_itself_and_a_failed_transaction_everything(org: Org) -> None:
    heard: list[Commit] = []
    org.store.listeners.append(heard.append)

    def well_and_badly(tx: Transaction) -> None:
        tx.insert("Account", {"Name": "Undone"})
        tx.insert("Account", {})

    with org.store.commit(org.user) as tx:
        kept = tx.insert("Account", {"Name": "Kept"})
        with pytest.raises(RowError), tx.savepoint():
            well_and_badly(tx)
    assert [one["Id"] for one in org.store.rows("Account")] == [kept]
    assert [change.id for change in heard[0].changes] == [kept]
    with pytest.raises(RowError), org.store.commit(org.user) as tx:
        well_and_badly(tx)
    assert org.store.count("Account") == 1
    assert len(heard) == 1


def test_listeners_hear_one_change_for_each_record(org: Org) -> None:
    heard: list[Commit] = []
    inside: list[int] = []
    org.store.listeners.append(heard.append)
    org.store.recorders.append(lambda commit: inside.append(commit.number))
    with org.store.commit(org.user, "Zoho", "rest") as tx:
        made = tx.insert("Account", {"Name": "First"})
        tx.update("Account", made, {"Name": "Last"})
        brief = tx.insert("Account", {"Name": "Brief"})
        tx.delete("Account", brief)
    with org.store.commit(org.user) as tx:
        tx.update("Account", made, {"Phone": "1"})
    first, second = heard
    assert [(one.kind, one.id, one.after["Name"]) for one in first.changes if one.after] == [
        ("CREATE", made, "Last")
    ]
    assert (first.client, first.origin, first.user_id) == ("Zoho", "rest", org.user)
    assert second.number > first.number
    assert second.transaction_key != first.transaction_key
    assert second.changes[0].changed == ("Phone",), "within the same second no stamp moves"
    assert inside == [first.number, second.number]


def test_what_a_story_tells_is_no_news(org: Org) -> None:
    heard: list[Commit] = []
    org.store.listeners.append(heard.append)
    with org.store.commit(org.user, origin="story") as tx:
        tx.insert("Account", {"Name": "Old"})
    assert heard == []


def test_many_rows_come_page_by_page(org: Org) -> None:
    with org.store.commit(org.user) as tx:
        made = [tx.insert("Product2", {"Name": f"P{n}", "Zoho_Item_Id__c": str(n)}) for n in range(2500)]
    assert [one["Id"] for one in org.store.rows("Product2")] == made
    assert [one["Id"] for one in org.store.stamped("Product2")] == made
    assert org.store.lookup("Product2", "Zoho_Item_Id__c", "2499") == [made[-1]]
    assert [one["Id"] for one in org.store.read_many("Product2", reversed(made))] == made[::-1]
    stamps = {one["SystemModstamp"] for one in org.store.rows("Product2")}
    assert list(org.store.stamped("Product2", last="2000")) == []
    assert sum(1 for _ in org.store.stamped("Product2", first=min(stamps), last=max(stamps))) == 2500


def test_cells_of_a_table_are_read_by_type() -> None:
    fields = Schema.shipped().objects["Product2"].fields
    assert from_text(fields["Zoho_Stock__c"], "12.5") == Decimal("12.50")
    assert from_text(fields["IsActive"], "TRUE") is True
    with pytest.raises(RowError) as wrong:
        from_text(fields["Zoho_Stock__c"], "abc")
    assert wrong.value.status_code == "INVALID_TYPE_ON_FIELD_IN_RECORD"
    assert wrong.value.message == "'abc' is not a valid value for the type xsd:double"


def test_times_and_several_choices_are_written_one_way(org: Org) -> None:
    several = {"type": "multipicklist", "picklistValues": [{"value": one} for one in ("Crane", "Rail")]}
    clock, places = (
        {"name": "Clock__c", "type": "time"},
        {"name": "Gear__c", "restrictedPicklist": True, **several},
    )
    org.world.alter("field", "Account", clock)
    org.world.alter("field", "Account", places)
    found = org.read("Account", org.insert("Account", Name="A", Clock__c="07:05", Gear__c="rail; Crane;Rail"))
    assert (found["Clock__c"], found["Gear__c"]) == ("07:05:00.000Z", "Rail;Crane")
    refused = org.refused("Account", Name="B", Gear__c="Rail;Boat").status_code
    assert refused == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert org.refused("Account", Name="B", Clock__c="25:00").status_code == "JSON_PARSER_ERROR"
    assert org.refused("Account", Name="B", Clock__c="07:05:00+01:00").status_code == "JSON_PARSER_ERROR"
    with pytest.raises(RowError) as wrong:
        from_text(org.store.schema.objects["Account"].fields["Clock__c"], "noon")
    assert wrong.value.message == "'noon' is not a valid value for the type xsd:time"
