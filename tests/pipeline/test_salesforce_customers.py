"""Accounts and contacts of Salesforce as Zoho's contacts, over real HTTP, TLS and the ledger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.connectors.salesforce import describe
from include.pipelines.mirrors import flows
from include.pipelines.mirrors.announce import Request
from include.pipelines.mirrors.ports import MirrorWorld
from tests.pipeline.house import House
from tests.pipeline.salesforce import Goods, Org, worlds
from tests.pipeline.world import run_once

GULF = {
    "Name": "Gulf Coast Marine", "Phone": "+1 409 555 0110", "BillingStreet": "12 Harbor Rd\nSuite 4",
    "BillingCity": "Galveston", "BillingState": "TX", "BillingPostalCode": "77550",
    "BillingCountry": "United States",
}  # fmt: skip
WHOLE = Request(whole=True)


@pytest.fixture
def customers(house: House, org: Org) -> Iterator[MirrorWorld]:
    with worlds(house) as make:
        yield make(flows.SALESFORCE_CUSTOMERS)


def one_more(world: MirrorWorld) -> dict[str, int]:
    """A run in which all is well, and after which another writes nothing."""
    run = run_once(world)
    assert run.green
    assert (run["parked"], run["rejected"]) == (0, 0)
    return dict(run.counts)


def test_an_account_becomes_a_contact_once_with_its_people(
    org: Org, zoho: Goods, customers: MirrorWorld
) -> None:
    """C17 to C20, C24, C11, C21."""
    account = org.make("Account", **GULF)
    org.make("Contact", AccountId=account, FirstName="Ana", LastName="Ruiz", Email="ana@gulf.example")
    org.make("Contact", FirstName="Bo", LastName="Alone", Email="bo@home.example")
    assert one_more(customers)["loaded"] == 2
    firm, own = zoho.contact("Gulf Coast Marine"), zoho.contact("Bo Alone")
    assert (firm["customer_sub_type"], own["customer_sub_type"]) == ("business", "individual")
    assert firm["billing_address"]["address"] == "12 Harbor Rd"
    assert firm["billing_address"]["street2"] == "Ste 4"
    assert [each["email"] for each in firm["contact_persons"]] == ["ana@gulf.example"]
    before = zoho.writes()
    assert one_more(customers)["received"] == 0
    again = run_once(customers, WHOLE)
    assert (again["loaded"], zoho.writes()) == (0, before)
    written = customers.ledger.audit.latest("committed")
    assert {each.target_id for each in written} == {firm["contact_id"], own["contact_id"]}


def test_only_the_changed_field_is_told_and_zohos_own_edit_stays(
    org: Org, zoho: Goods, customers: MirrorWorld
) -> None:
    account = org.make("Account", **GULF)
    one_more(customers)
    found = zoho.contact("Gulf Coast Marine")
    zoho.put(
        f"/zoho/contacts/{found['contact_id']}",
        {"changes": {"notes": "Ring twice", "website": "https://z.example"}},
    )
    zoho.forget_calls()
    org.change("Account", account, BillingCity="Austin")
    assert one_more(customers)["loaded"] == 1
    assert {call: n for call, n in zoho.calls().items() if "contacts" in call} == {"PUT /contacts/{id}": 1}
    now = zoho.contact("Gulf Coast Marine")
    assert (now["notes"], now["website"]) == ("Ring twice", "https://z.example")
    assert now["billing_address"]["city"] == "Austin"
    org.change("Account", account, Industry="Shipping")
    assert one_more(customers)["unchanged"] == 1


def test_a_contact_person_changes_the_accounts_contact(org: Org, zoho: Goods, customers: MirrorWorld) -> None:
    account = org.make("Account", **GULF)
    person = org.make(
        "Contact", AccountId=account, FirstName="Ana", LastName="Ruiz", Email="ana@gulf.example"
    )
    one_more(customers)
    (before,) = zoho.contact("Gulf Coast Marine")["contact_persons"]
    org.change("Contact", person, Title="Owner")
    assert one_more(customers)["loaded"] == 1
    (now,) = zoho.contact("Gulf Coast Marine")["contact_persons"]
    assert (now["designation"], now["contact_person_id"]) == ("Owner", before["contact_person_id"])
    org.do("delete", "Contact", person)
    one_more(customers)
    assert zoho.contact("Gulf Coast Marine")["contact_persons"] == []


def test_a_contact_who_changes_the_account_leaves_the_old_one(
    org: Org, zoho: Goods, customers: MirrorWorld
) -> None:
    """C19: the old account has not changed, and hears of it all the same."""
    old, new = org.make("Account", **GULF), org.make("Account", Name="Bay Boats")
    person = org.make("Contact", AccountId=old, FirstName="Ana", LastName="Ruiz", Email="ana@gulf.example")
    one_more(customers)
    org.change("Contact", person, AccountId=new)
    one_more(customers)
    one_more(customers)
    assert zoho.contact("Gulf Coast Marine")["contact_persons"] == []
    assert [each["email"] for each in zoho.contact("Bay Boats")["contact_persons"]] == ["ana@gulf.example"]


def test_an_account_is_deleted_whatever_its_address_says(
    org: Org, zoho: Goods, customers: MirrorWorld
) -> None:
    account = org.make("Account", **GULF)
    one_more(customers)
    org.change("Account", account, BillingCountry="Atlantis")
    org.do("delete", "Account", account)
    assert one_more(customers)["loaded"] == 1
    assert zoho.contact("Gulf Coast Marine")["status"] == "inactive"


def test_deleted_is_inactive_and_restored_is_active(org: Org, zoho: Goods, customers: MirrorWorld) -> None:
    account = org.make("Account", **GULF)
    never = org.make("Account", Name="Never carried")
    org.do("delete", "Account", never)
    one_more(customers)
    org.do("delete", "Account", account)
    assert one_more(customers)["loaded"] == 1
    assert zoho.contact("Gulf Coast Marine")["status"] == "inactive"
    org.do("undelete", "Account", account)
    one_more(customers)
    assert zoho.contact("Gulf Coast Marine")["status"] == "active"
    assert len([each for each in zoho.contacts() if each["contact_name"] == "Never carried"]) == 0


def test_what_has_left_the_recycle_bin_is_inactive_too(org: Org, zoho: Goods, customers: MirrorWorld) -> None:
    account = org.make("Account", **GULF)
    one_more(customers)
    org.do("delete", "Account", account)
    org.do("purge", "Account", account)
    run_once(customers, WHOLE)
    assert zoho.contact("Gulf Coast Marine")["status"] == "inactive"


@pytest.mark.parametrize("carried_first", [True, False])
def test_of_merged_accounts_the_survivor_keeps_or_inherits_the_contact(
    org: Org, zoho: Goods, customers: MirrorWorld, *, carried_first: bool
) -> None:
    loser = org.make("Account", **GULF)
    if not carried_first:
        one_more(customers)
    survivor = org.make("Account", Name="Gulf Coast Marine Supply")
    if carried_first:
        one_more(customers)
    org.do("merge", "Account", survivor, losers=[loser])
    one_more(customers)
    one_more(customers)
    names = {
        each["contact_name"]: each["status"] for each in zoho.contacts() if "Gulf" in each["contact_name"]
    }
    if carried_first:
        assert names == {"Gulf Coast Marine Supply": "active", "Gulf Coast Marine": "inactive"}
    else:
        assert names == {"Gulf Coast Marine Supply": "active"}
    before = zoho.writes()
    run_once(customers, WHOLE)
    assert zoho.writes() == before


def test_an_account_that_names_its_contact_is_that_contact(
    org: Org, zoho: Goods, customers: MirrorWorld
) -> None:
    known = zoho.post("/zoho/contacts", {"body": {"contact_name": "GCM old"}})
    account = org.make("Account", **GULF, Zoho_Contact_Id__c=known["contact_id"])
    one_more(customers)
    assert zoho.contact("Gulf Coast Marine")["contact_id"] == known["contact_id"]
    second = org.make("Account", Name="Another", Description="of the same contact")
    org.change("Account", account, Zoho_Contact_Id__c=None)
    org.change("Account", second, Zoho_Contact_Id__c=known["contact_id"])
    run = run_once(customers)
    assert run["parked"] == 1
    (wrong,) = customers.ledger.exceptions.list(state="open")
    assert (wrong.code, wrong.record_key) == ("customer.ambiguous", second)


MANY = 30


def test_each_changed_account_costs_one_call(org: Org, zoho: Goods, customers: MirrorWorld) -> None:
    made = [org.make("Account", Name=f"Branch {number:02}", BillingCity="Austin") for number in range(MANY)]
    assert one_more(customers)["loaded"] == MANY
    org.post("/clock", {"jump_seconds": 1})
    steps = [
        {"do": "update", "object": "Account", "id": each, "values": {"BillingCity": "Dallas"}}
        for each in made
    ]
    org.post("/salesforce/transaction", {"steps": steps})
    zoho.forget_calls()
    assert one_more(customers)["loaded"] == MANY
    assert zoho.calls() == {"PUT /contacts/{id}": MANY}


def test_a_field_that_is_hidden_from_us_is_no_empty_field(
    house: House, org: Org, zoho: Goods, customers: MirrorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C4: Zoho keeps what it was told, and the run says which field and what to do."""
    account = org.make("Account", **GULF)
    one_more(customers)
    # What is hidden here is seen again by the tests that follow.
    monkeypatch.setattr(describe, "_kept", {})
    org.put("/salesforce/schema/Account/fields/Website", {"hidden": True})
    org.change("Account", account, BillingCity="Dallas")
    with worlds(house) as make:
        run = run_once(make(flows.SALESFORCE_CUSTOMERS))
    (error,) = run.errors
    assert "Account.Website" in str(error)
    assert "permission" in str(error)
    assert zoho.contact("Gulf Coast Marine")["billing_address"]["city"] == "Galveston"
