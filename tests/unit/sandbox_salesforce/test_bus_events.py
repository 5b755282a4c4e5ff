"""What saved transactions become on the bus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from include.sandbox.salesforce.bus.refusal import Refusal
from include.sandbox.salesforce.errors import RowError
from tests.unit.sandbox_salesforce.bus_reading import Org, header, sent


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Org]:
    made = Org(tmp_path)
    yield made
    made.world.control.database.close()


def kinds(events: list[Any]) -> list[str]:
    return [header(one)["changeType"] for one in events]


def test_a_new_record_comes_with_all_that_is_in_it(org: Org) -> None:
    with org.commit(client="mdm-loader") as tx:
        made = tx.insert(
            "Account", {"Name": "Harbor Lights", "BillingCity": "Galveston", "AnnualRevenue": 12}
        )
    (event,) = org.events("/data/AccountChangeEvent")
    told = header(event)
    assert told["recordIds"] == [made]
    assert (told["entityName"], told["changeType"], told["sequenceNumber"]) == ("Account", "CREATE", 1)
    assert told["changeOrigin"] == "com/salesforce/api/rest/64.0;client=mdm-loader"
    assert told["commitUser"] == org.user
    assert told["changedFields"] == told["nulledFields"] == []
    assert event["Name"] == "Harbor Lights"
    assert event["AnnualRevenue"] == 12.0
    assert event["BillingAddress"]["City"] == "Galveston"
    assert event["ShippingAddress"] is None


def test_an_update_tells_only_what_changed(org: Org) -> None:
    made = org.account(Fax="1", BillingCity="Galveston", BillingStreet="12 Pier Road", Phone="2")
    org.events()
    with org.commit() as tx:
        tx.update("Account", made, {"Fax": "9", "Phone": None, "BillingStreet": "14 Pier Road"})
    (event,) = org.events()
    told = header(event)
    assert told["changedFields:names"] == {"Fax", "Phone", "BillingAddress.Street", "LastModifiedDate"}
    assert told["nulledFields:names"] == {"Phone"}
    assert (event["Name"], event["Fax"], event["Phone"]) == (None, "9", None)
    assert event["BillingAddress"]["Street"] == "14 Pier Road"
    assert event["BillingAddress"]["City"] is None


def test_work_in_the_browser_has_no_origin(org: Org) -> None:
    with org.commit(origin="ui") as tx:
        tx.insert("Account", {"Name": "By hand"})
    assert header(org.events()[0])["changeOrigin"] == ""


def test_a_deletion_is_a_header_and_a_restoration_the_whole_record(org: Org) -> None:
    made = org.account(Phone="2")
    with org.commit() as tx:
        tx.delete("Account", made)
    with org.commit() as tx:
        tx.undelete(made)
    _, deleted, restored = org.events()
    assert kinds([deleted, restored]) == ["DELETE", "UNDELETE"]
    assert header(deleted)["recordIds"] == [made]
    assert sent(deleted) == {}
    assert (restored["Name"], restored["Phone"]) == ("Harbor Lights", "2")


def test_several_saves_of_one_record_are_one_event_with_its_last_state(org: Org) -> None:
    with org.commit() as tx:
        made = tx.insert("Account", {"Name": "First"})
        tx.update("Account", made, {"Name": "Second", "Fax": "1"})
        tx.update("Account", made, {"Fax": "2"})
    (event,) = org.events()
    assert (kinds([event]), event["Name"], event["Fax"]) == (["CREATE"], "Second", "2")


def test_the_same_change_of_several_records_is_one_event(org: Org) -> None:
    ids = [org.account(Name=f"No {n}") for n in range(3)]
    org.events()
    with org.commit() as tx:
        for one in ids[:2]:
            tx.update("Account", one, {"Rating": "Hot"})
        tx.update("Account", ids[2], {"Rating": "Cold"})
    same, other = org.events()
    assert header(same)["recordIds"] == ids[:2]
    assert header(other)["recordIds"] == ids[2:]
    assert header(same)["transactionKey"] == header(other)["transactionKey"]
    assert [header(one)["sequenceNumber"] for one in (same, other)] == [1, 2]


def test_a_merge_deletes_the_losers(org: Org) -> None:
    master, loser = org.account(Name="Stays"), org.account(Name="Goes")
    org.events()
    with org.commit() as tx:
        tx.merge("Account", master, [loser])
    told = [header(one) for one in org.events()]
    assert ("DELETE", [loser]) in [(one["changeType"], one["recordIds"]) for one in told]


def test_what_is_rolled_back_was_never_published(org: Org) -> None:
    def save() -> None:
        with org.commit() as tx:
            tx.insert("Account", {"Name": "Good"})
            tx.insert("Account", {"Name": None})

    with pytest.raises(RowError):
        save()
    assert org.events() == []


def test_a_persons_account_has_a_name_in_parts(org: Org) -> None:
    account = org.world.schema.objects["Account"]
    person = {"Id": "001Hp0000009999IAA", "IsPersonAccount": True, "FirstName": "Ada", "LastName": "Ashe"}
    with org.commit(origin="ui") as tx:
        tx.write(account, None, {**account.blank, **person})
    before = org.store.read("Account", person["Id"]) or {}
    with org.commit(origin="ui") as tx:
        tx.write(account, before, {**before, "FirstName": "Eve"})
    created, updated = org.events()
    assert created["Name"] == {"Salutation": None, "FirstName": "Ada", "LastName": "Ashe"}
    assert updated["Name"] == {"Salutation": None, "FirstName": "Eve", "LastName": None}
    assert header(updated)["changedFields:names"] == {"Name.FirstName", "LastModifiedDate"}


def test_line_items_and_unselected_objects_are_silent(org: Org) -> None:
    org.bus.turn({"entities": ["Contact"]})
    org.account()
    with org.commit() as tx:
        tx.insert("Contact", {"LastName": "Ashe"})
    assert [header(one)["entityName"] for one in org.events()] == ["Contact"]
    assert org.events("/data/AccountChangeEvent") == []


def test_a_sixth_object_needs_an_add_on(org: Org) -> None:
    six = [*org.bus.switches.present.entities, "Asset"]
    with pytest.raises(ValidationError, match="only 5 entities"):
        org.bus.turn({"entities": six})
    assert org.bus.turn({"entities": six, "entity_limit": 6}).entities == tuple(six)


@pytest.mark.parametrize(
    "name",
    [
        "/data/LeadChangeEvent",
        "/data/OpportunityLineItemChangeEvent",
        "/data/Nobody__chn",
        "/event/No__e",
        "Account",
        "",
    ],
)
def test_there_is_no_such_topic(org: Org, name: str) -> None:
    with pytest.raises(Refusal, match=r"topic\.(not\.found|validation\.empty)"):
        org.bus.topics.find(name)


def test_custom_objects_and_channels_have_topics(org: Org) -> None:
    name_field = {"name": "Name", "type": "string", "length": 80}
    org.world.alter("object", "Shelf__c", {"name": "Shelf__c", "keyPrefix": "a00", "fields": [name_field]})
    assert org.bus.topics.find("/data/Shelf__ChangeEvent").carries == ("Shelf__c",)
    org.bus.turn({"channels": {"Sales__chn": ["Account", "Opportunity"]}})
    assert org.bus.topics.find("/data/Sales__chn").carries == ("Account", "Opportunity")


def test_forced_gaps_name_records_and_tell_nothing_of_them(org: Org) -> None:
    org.bus.turn({"gap_commits": 2})
    made = org.account(Phone="2")
    with org.commit() as tx:
        tx.delete("Account", made)
    org.account()
    first, second, third = org.events()
    assert kinds([first, second, third]) == ["GAP_CREATE", "GAP_DELETE", "CREATE"]
    assert header(first)["recordIds"] == [made]
    assert sent(first) == {}


def test_a_forced_overflow_names_no_records_and_each_object_once(org: Org) -> None:
    org.bus.turn({"overflow_commits": 1})
    with org.commit() as tx:
        for n in range(3):
            tx.insert("Account", {"Name": f"No {n}"})
        tx.insert("Contact", {"LastName": "Ashe"})
    events = org.events()
    assert kinds(events) == ["GAP_OVERFLOW", "GAP_OVERFLOW"]
    assert {header(one)["entityName"] for one in events} == {"Account", "Contact"}
    assert all(header(one)["recordIds"] == [] for one in events)


def test_what_is_beyond_a_transactions_limit_overflows(org: Org) -> None:
    org.bus.turn({"overflow_changes": 2})
    with org.commit() as tx:
        for n in range(4):
            tx.insert("Account", {"Name": f"No {n}"})
    assert kinds(org.events()) == ["CREATE", "CREATE", "GAP_OVERFLOW"]


def test_an_event_that_is_too_large_is_a_gap(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("include.sandbox.salesforce.bus.events.LARGEST_EVENT", 5_000)
    org.account(Description="long " * 2_000)
    assert kinds(org.events()) == ["GAP_CREATE"]


def test_a_long_text_is_sent_as_a_difference(org: Org) -> None:
    lines = [f"line {n}" for n in range(300)]
    made = org.account(Description="\n".join(lines))
    org.events()
    lines[7] = "another line"
    with org.commit() as tx:
        tx.update("Account", made, {"Description": "\n".join(lines)})
    (event,) = org.events()
    assert header(event)["diffFields:names"] == {"Description"}
    assert "+another line" in event["Description"]
    assert "line 200" not in event["Description"]


def test_hidden_fields_are_never_told(org: Org) -> None:
    made = org.account(Fax="1")
    org.world.alter("hide", "Account", {"name": "Fax"})
    org.events()
    with org.commit(origin="ui") as tx:
        tx.update("Account", made, {"Fax": "2", "Phone": "3"})
    (event,) = org.events()
    assert event["Fax"] is None
    assert header(event)["changedFields:names"] == {"Phone", "LastModifiedDate"}
