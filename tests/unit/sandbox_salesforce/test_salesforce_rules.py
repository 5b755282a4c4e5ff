"""What single objects demand and derive, the recycle bin, and what stands in a row's way."""

from __future__ import annotations

from decimal import Decimal

import pytest

from include.sandbox.salesforce.errors import RowError
from tests.unit.sandbox_salesforce.salesforce_world import Org


def deal(org: Org, **more: object) -> str:
    return org.insert(
        "Opportunity", **{"Name": "Refit", "StageName": "Prospecting", "CloseDate": "2026-11-02", **more}
    )


def order(org: Org) -> str:
    account = org.insert("Account", Name="Harbor Lights")
    known = {"AccountId": account, "EffectiveDate": "2026-03-03", "Pricebook2Id": org.book}
    return org.insert("Order", **known, Status="Draft")


def refusal(org: Org, name: str, record: str, /, **values: object) -> str:
    with pytest.raises(RowError) as refused:
        org.update(name, record, **values)
    return refused.value.status_code


def test_a_stage_says_whether_a_deal_is_open_won_or_lost(org: Org) -> None:
    made = deal(org, Amount=1000)
    found = org.read("Opportunity", made)
    assert (found["IsClosed"], found["IsWon"], found["Probability"]) == (False, False, 10)
    assert (found["ExpectedRevenue"], found["Fiscal"]) == (100, "2026 4")
    won = org.update("Opportunity", made, StageName="Closed Won")
    assert (won["IsClosed"], won["IsWon"], won["Probability"], won["ForecastCategory"]) == (
        True,
        True,
        100,
        "Closed",
    )
    lost = org.update("Opportunity", made, StageName="Closed Lost")
    assert (lost["IsClosed"], lost["IsWon"], lost["ExpectedRevenue"]) == (True, False, 0)


def test_lines_make_the_amount(org: Org) -> None:
    made, lamp, cable = deal(org, Amount=5), org.entry("LMP", "189.00"), org.entry("CBL", "9.65")
    first = org.insert("OpportunityLineItem", OpportunityId=made, PricebookEntryId=lamp, Quantity=10)
    second = org.insert(
        "OpportunityLineItem", OpportunityId=made, PricebookEntryId=cable, Quantity=50, Discount=5
    )
    line = org.read("OpportunityLineItem", second)
    assert (line["Subtotal"], line["TotalPrice"], line["ProductCode"]) == (
        Decimal("482.50"),
        Decimal("458.38"),
        "CBL",
    )
    found = org.read("Opportunity", made)
    assert (found["Amount"], found["HasOpportunityLineItem"]) == (Decimal("2348.38"), True)
    assert found["Pricebook2Id"] == org.book
    assert org.update("Opportunity", made, Amount=1)["Amount"] == Decimal("2348.38"), "the lines decide"
    org.update("OpportunityLineItem", first, Quantity=1)
    assert org.read("Opportunity", made)["Amount"] == Decimal("647.38")
    with org.store.commit(org.user) as tx:
        tx.delete("OpportunityLineItem", first)
        tx.delete("OpportunityLineItem", second)
    assert org.read("Opportunity", made)["HasOpportunityLineItem"] is False


def test_a_line_by_its_total_or_its_product(org: Org) -> None:
    made, entry = deal(org, Pricebook2Id=org.book), org.entry()
    product = org.read("PricebookEntry", entry)["Product2Id"]
    line = org.insert(
        "OpportunityLineItem", OpportunityId=made, Product2Id=product, Quantity=4, TotalPrice=30
    )
    found = org.read("OpportunityLineItem", line)
    assert (found["UnitPrice"], found["PricebookEntryId"], found["ListPrice"]) == (Decimal("7.50"), entry, 10)
    both = org.refused(
        "OpportunityLineItem", OpportunityId=made, Product2Id=product, Quantity=1, TotalPrice=1, UnitPrice=1
    )
    assert both.fields == ["UnitPrice", "TotalPrice"]


def test_the_standard_price_comes_first_and_once(org: Org) -> None:
    other = org.insert("Pricebook2", Name="Wholesale", IsActive=True)
    product = org.insert("Product2", Name="Lamp", ProductCode="LMP")
    known = {"Product2Id": product, "UnitPrice": "5", "IsActive": True}
    assert (
        org.refused("PricebookEntry", **known, Pricebook2Id=other).status_code == "STANDARD_PRICE_NOT_DEFINED"
    )
    org.insert("PricebookEntry", **known, Pricebook2Id=org.book)
    entry = org.insert("PricebookEntry", **known, Pricebook2Id=other)
    assert org.refused("PricebookEntry", **known, Pricebook2Id=other).status_code == "DUPLICATE_VALUE"
    assert refusal(org, "PricebookEntry", entry, Product2Id=product) == "INVALID_FIELD_FOR_INSERT_UPDATE"
    org.update("Product2", product, Name="Lantern")
    assert org.read("PricebookEntry", entry)["Name"] == "Lantern"


def test_an_order_is_activated_with_products_and_then_stays(org: Org) -> None:
    made, entry = order(org), org.entry()
    assert refusal(org, "Order", made, Status="Activated") == "FAILED_ACTIVATION"
    line = org.insert("OrderItem", OrderId=made, PricebookEntryId=entry, Quantity=3, UnitPrice="9.99")
    active = org.update("Order", made, Status="Activated")
    assert (active["StatusCode"], active["TotalAmount"]) == ("Activated", Decimal("29.97"))
    assert active["ActivatedById"] == org.user
    assert active["OrderNumber"] == "00000101"
    assert org.update("Order", made, Zoho_Shipped_Status__c="shipped")["Zoho_Shipped_Status__c"] == "shipped"
    frozen = org.refused("OrderItem", OrderId=made, PricebookEntryId=entry, Quantity=1, UnitPrice=1)
    assert frozen.status_code == "INVALID_STATUS"
    assert refusal(org, "OrderItem", line, Quantity=4) == "INVALID_STATUS"
    assert refusal(org, "OrderItem", line, UnitPrice=None) == "INVALID_STATUS"
    with pytest.raises(RowError, match="INVALID_STATUS"), org.store.commit(org.user) as tx:
        tx.delete("OrderItem", line)
    with pytest.raises(RowError, match="DELETE_FAILED"), org.store.commit(org.user) as tx:
        tx.delete("Order", made)
    assert org.update("Order", made, Status="Draft")["ActivatedDate"] is None
    org.update("OrderItem", line, Quantity=4)
    assert refusal(org, "OrderItem", line, UnitPrice=None) == "REQUIRED_FIELD_MISSING"


def test_an_order_begins_as_a_draft(org: Org) -> None:
    account = org.insert("Account", Name="A")
    refused = org.refused("Order", AccountId=account, EffectiveDate="2026-03-03", Status="Activated")
    assert refused.status_code == "FAILED_ACTIVATION"
    missing = org.refused("Order", Status="Draft")
    assert missing.fields == ["AccountId", "EffectiveDate"]


def test_a_person_account_has_a_contact_in_its_shadow(org: Org) -> None:
    made = org.insert("Account", FirstName="Maria", LastName="Anders", PersonEmail="maria@anders.example")
    account = org.read("Account", made)
    assert (account["Name"], account["IsPersonAccount"]) == ("Maria Anders", True)
    contact = org.read("Contact", account["PersonContactId"])
    assert (contact["Email"], contact["AccountId"], contact["IsPersonAccount"]) == (
        "maria@anders.example",
        made,
        True,
    )
    org.update("Account", made, LastName="Schmidt", PersonMailingCity="Berlin")
    contact = org.read("Contact", contact["Id"])
    assert (contact["Name"], contact["MailingCity"]) == ("Maria Schmidt", "Berlin")
    assert refusal(org, "Account", made, Name="Maria") == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_deletion_takes_dependants_and_undeletion_brings_them_back(org: Org) -> None:
    account = org.insert("Account", Name="A", Zoho_Contact_Id__c="4815")
    gone_before = org.insert("Contact", LastName="Before", AccountId=account)
    contact = org.insert("Contact", LastName="With", AccountId=account)
    with org.store.commit(org.user) as tx:
        tx.delete("Contact", gone_before)
    with org.store.commit(org.user) as tx:
        tx.delete("Account", account)
    assert org.store.count("Account") == org.store.count("Contact") == 0
    assert org.read("Contact", contact, deleted=True)["IsDeleted"] is True
    assert refusal(org, "Account", account, Name="B") == "ENTITY_IS_DELETED"
    assert org.refused("Contact", LastName="L", AccountId=account).status_code == "ENTITY_IS_DELETED"
    twin = org.insert("Account", Name="Twin", Zoho_Contact_Id__c="4815")
    with pytest.raises(RowError, match="DUPLICATE_VALUE"), org.store.commit(org.user) as tx:
        tx.undelete(account)
    org.update("Account", twin, Zoho_Contact_Id__c=None)
    with org.store.commit(org.user) as tx:
        tx.undelete(account)
    assert [one["Id"] for one in org.store.rows("Contact")] == [contact]
    assert org.store.lookup("Account", "Zoho_Contact_Id__c", "4815") == [account]
    with pytest.raises(RowError, match="UNDELETE_FAILED"), org.store.commit(org.user) as tx:
        tx.undelete(account)


def test_an_account_with_orders_stays(org: Org) -> None:
    account = org.read("Order", order(org))["AccountId"]
    with pytest.raises(RowError, match="DELETE_FAILED"), org.store.commit(org.user) as tx:
        tx.delete("Account", account)
    assert org.store.count("Account") == 1


def test_purged_records_are_gone(org: Org) -> None:
    account = org.insert("Account", Name="A", Zoho_Contact_Id__c="4815")
    org.insert("Contact", LastName="L", AccountId=account)
    with org.store.commit(org.user) as tx:
        tx.purge("Account", account)
    assert org.store.count("Account", deleted=True) == org.store.count("Contact", deleted=True) == 0
    with pytest.raises(RowError) as gone, org.store.commit(org.user) as tx:
        tx.purge("Account", account)
    assert (gone.value.status_code, gone.value.http) == ("NOT_FOUND", 404)


def test_merged_accounts_remember_their_master(org: Org) -> None:
    master, loser = (org.insert("Account", Name=name) for name in ("Master", "Loser"))
    contact = org.insert("Contact", LastName="L", AccountId=loser)
    opportunity = deal(org, AccountId=loser)
    with org.store.commit(org.user) as tx:
        tx.merge("Account", master, [loser])
    gone = org.read("Account", loser, deleted=True)
    assert (gone["IsDeleted"], gone["MasterRecordId"]) == (True, master)
    assert org.read("Contact", contact)["AccountId"] == master
    assert org.read("Opportunity", opportunity)["AccountId"] == master
    with pytest.raises(RowError, match="INVALID_ARGUMENT"), org.store.commit(org.user) as tx:
        tx.merge("Product2", master, [loser])


def test_duplicate_rules_warn_unless_they_are_told_not_to(org: Org) -> None:
    first = org.insert("Account", Name="Harbor Lights")
    org.insert("Account", Name="Harbor lights")
    org.world.switches.turn({"duplicate_rules": ["Account"]})
    refused = org.refused("Account", Name="HARBOR LIGHTS")
    assert refused.status_code == "DUPLICATES_DETECTED"
    found = refused.body()[0]["duplicateResult"]["matchResults"][0]["matchRecords"]
    assert found[0]["record"]["Id"] == first
    org.update("Account", first, Phone="1")
    with org.store.commit(org.user, allow_duplicates=True) as tx:
        tx.insert("Account", {"Name": "Harbor Lights"})
    assert org.store.count("Account") == 3


def test_a_held_row_and_the_rows_below_it(org: Org) -> None:
    account = org.insert("Account", Name="A")
    org.world.guards.lock(account, 2)
    assert refusal(org, "Account", account, Phone="1") == "UNABLE_TO_LOCK_ROW"
    assert org.refused("Contact", LastName="L", AccountId=account).status_code == "UNABLE_TO_LOCK_ROW"
    org.update("Account", account, Phone="1")
    org.world.guards.lock(account)
    with pytest.raises(RowError, match="UNABLE_TO_LOCK_ROW"), org.store.commit(org.user) as tx:
        tx.delete("Account", account)
    assert org.world.guards.release() == 1


def test_a_validation_rule_of_the_org(org: Org) -> None:
    org.world.guards.require("Account", "BillingCountry", "Billing country is required.")
    refused = org.refused("Account", Name="A")
    assert (refused.status_code, refused.message) == (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "Billing country is required.",
    )


def test_an_asset_belongs_to_somebody(org: Org) -> None:
    assert org.refused("Asset", Name="Lamp 1").status_code == "FIELD_INTEGRITY_EXCEPTION"
    account = org.insert("Account", Name="A")
    contact = org.insert("Contact", LastName="L", AccountId=account)
    made = org.insert("Asset", Name="Lamp 1", ContactId=contact)
    assert org.read("Asset", made)["AccountId"] == account
