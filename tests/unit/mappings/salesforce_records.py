"""Salesforce's records as its connector gives them, and what becomes of them in Zoho."""

from __future__ import annotations

import json
from typing import Any

from include.translation import Reference, Site, Translation, load
from tests.unit.mappings.flows import links
from tests.unit.translation.factories import a_site

ACCOUNT_ID, CONTACT_ID, OPPORTUNITY_ID = "001dL00000AbCdEQAV", "003dL00000AbCdEQAV", "006dL00000AbCdEQAV"
PRODUCT_ID, ITEM_ID, ZOHO_CONTACT = "01tdL00000AbCdEQAV", "460000000026049", "460000000026051"
STAMP = "2026-03-02T14:05:11.000+0000"


def account(**changes: object) -> dict[str, Any]:
    """A business with two people."""
    return {
        "version": STAMP, "IsActive": True, "attributes": {"type": "Account"}, "Id": ACCOUNT_ID,
        "IsDeleted": False, "MasterRecordId": None, "Name": "Gulf Coast  Marine ", "Phone": "+1 409 555 0110",
        "Website": "https://gulf.example", "Description": None, "AccountNumber": "C-10482",
        "BillingStreet": "12 Harbor Rd\r\nSuite 4", "BillingCity": "Galveston", "BillingState": "TX",
        "BillingPostalCode": "77550", "BillingCountry": "United States", "ShippingStreet": None,
        "ShippingCity": None, "ShippingState": None, "ShippingPostalCode": None, "ShippingCountry": None,
        "SystemModstamp": STAMP, "Zoho_Contact_Id__c": None,
        "Contacts": [person("003A"), person("003B", FirstName=None, LastName="Nguyen", Email=None)],
    } | changes  # fmt: skip


def person(key: str = CONTACT_ID, **changes: object) -> dict[str, Any]:
    """Somebody at an account."""
    return {
        "attributes": {"type": "Contact"}, "Id": key, "IsDeleted": False, "Salutation": "Ms.",
        "FirstName": "Ana", "LastName": "Ruiz", "Email": "ana@gulf.example", "Phone": None,
        "MobilePhone": "+1 409 555 0111", "Title": "Buyer", "Department": None,
    } | changes  # fmt: skip


def private(**changes: object) -> dict[str, Any]:
    """A contact of nobody's account."""
    return person() | {
        "version": STAMP, "IsActive": True, "AccountId": None, "MasterRecordId": None, "Name": "Ana Ruiz",
        "MailingStreet": "5 Elm St", "MailingCity": "Austin", "MailingState": "Texas",
        "MailingPostalCode": "78701", "MailingCountry": "USA", "SystemModstamp": STAMP,
    } | changes  # fmt: skip


def opportunity(**changes: object) -> dict[str, Any]:
    """A won one with one line."""
    return {
        "version": STAMP, "Id": OPPORTUNITY_ID, "IsDeleted": False, "Name": "Spring refit",
        "AccountId": ACCOUNT_ID, "Account": {"Id": ACCOUNT_ID, "Name": "Gulf Coast Marine"},
        "StageName": "Closed Won", "IsWon": True, "IsClosed": True, "CloseDate": "2026-03-01",
        "Description": None, "SystemModstamp": STAMP, "OpportunityLineItems": [line()],
    } | changes  # fmt: skip


def line(**changes: object) -> dict[str, Any]:
    """Two lamps at ten percent off."""
    return {
        "Id": "00kdL00000AbCdEQAV", "IsDeleted": False, "Product2Id": PRODUCT_ID, "ProductCode": "LMP-220",
        "Quantity": 2.0, "UnitPrice": 189.5, "Discount": 10.0, "TotalPrice": 341.1, "Description": None,
        "Product2": {"Id": PRODUCT_ID, "Name": "Amber deck lamp", "ProductCode": "LMP-220"},
    } | changes  # fmt: skip


def site(**settings: str) -> Site:
    """A site that knows one contact, one item and two currencies."""
    references: dict[str, Reference] = {
        "zoho_currencies": links(
            "zoho_currencies", ("USD", "460000000000097", ""), ("EUR", "460000000000109", "")
        ),
        "zoho_contacts": links("zoho_contacts", (ACCOUNT_ID, ZOHO_CONTACT, "")),
        "zoho_items": links("zoho_items", (PRODUCT_ID, ITEM_ID, "")),
        "salesforce_accounts": links("salesforce_accounts", (ZOHO_CONTACT, ACCOUNT_ID, "")),
        "salesforce_products": links("salesforce_products", (ITEM_ID, PRODUCT_ID, "")),
    }
    return a_site(references=references, settings=settings)


def read(mapping: str, document: dict[str, Any], here: Site, key: str = "Id") -> Translation:
    """One record as our frames."""
    return load(mapping).to_canonical([document[key]], [json.dumps(document).encode()], here)


def carried(
    inbound: str, outbound: str, document: dict[str, Any], *, key: str = "Id", **settings: str
) -> tuple[dict[str, Any], list[str]]:
    """One record in the target's names, and what was wrong on the way."""
    here = site(**settings)
    ours = read(inbound, document, here, key)
    mapping = load(outbound)
    theirs = mapping.from_canonical(ours.frames, here)
    codes = [*ours.problems.code, *theirs.problems.code]
    documents = mapping.to_documents(theirs.frames)
    return documents.get(document[key], {}), codes


def contact(document: dict[str, Any], **settings: str) -> dict[str, Any]:
    """A customer as Zoho's contact."""
    found, codes = carried("salesforce/customer", "zoho_inventory/customer_write", document, **settings)
    assert codes == []
    return found


def order(document: dict[str, Any], **settings: str) -> dict[str, Any]:
    """An opportunity as Zoho's sales order."""
    found, codes = carried("salesforce/opportunity", "zoho_inventory/sales_order_write", document, **settings)
    assert codes == []
    return found
