"""Northwind's sales office: its customers as accounts with their contacts, and deals that are not closed yet.

Products are not in it: the catalogue is kept elsewhere and comes by integration.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from include.sandbox import northwind
from include.sandbox.salesforce.store import STORY
from include.sandbox.salesforce.world import ADMINISTRATOR

if TYPE_CHECKING:
    from include.sandbox.northwind import Customer
    from include.sandbox.salesforce.errors import Json
    from include.sandbox.salesforce.transaction import Transaction
    from include.sandbox.salesforce.world import World

SELLERS = {
    "nancy@acme.example": ("Davolio", "Nancy"),
    "andrew@acme.example": ("Fuller", "Andrew"),
    "janet@acme.example": ("Leverling", "Janet"),
}
EVERY = 5
"""Every so many accounts have an open opportunity."""
STAGES = ("Prospecting", "Needs Analysis", "Proposal/Price Quote", "Negotiation/Review")


def tell(world: World, limit: int | None = None) -> dict[str, int]:
    """Load the story; what is there already, by account number, is written over.

    Args:
        world: the org.
        limit: only the first so many customers.
    """
    store = world.store
    known = {one["AccountNumber"]: one["Id"] for one in store.rows("Account") if one["AccountNumber"]}
    told = {"users": len(SELLERS), "accounts": 0, "contacts": 0, "opportunities": 0}
    with store.commit(world.user(ADMINISTRATOR), origin=STORY) as tx:
        sellers = [_seller(tx, world, username) for username in SELLERS]
        for index, customer in enumerate(islice(northwind.customers().values(), limit)):
            owner = {"OwnerId": sellers[index % len(sellers)]}
            told["accounts"] += 1
            told["contacts"] += 1
            values = {**_account(customer), **owner}
            if customer.code in known:
                tx.update("Account", known[customer.code], values)
                continue
            account = tx.insert("Account", values)
            tx.insert("Contact", {**_contact(customer), **owner, "AccountId": account})
            if index % EVERY == 0:
                told["opportunities"] += 1
                tx.insert(
                    "Opportunity", {**_deal(tx, customer, index // EVERY), **owner, "AccountId": account}
                )
    return told


def _seller(tx: Transaction, world: World, username: str) -> str:
    found = world.store.lookup("User", "Username", username)
    if found:
        return found[0]
    last, first = SELLERS[username]
    named = {"Username": username, "Email": username, "LastName": last, "FirstName": first}
    return tx.insert("User", {**named, "Alias": first[:8].lower(), "Title": "Sales Representative"})


def _account(customer: Customer) -> Json:
    place = customer.place
    parts = {
        "Street": place.street,
        "City": place.city,
        "State": place.region,
        "PostalCode": place.postal_code,
        "Country": place.country,
    }
    return {
        "Name": customer.company,
        "AccountNumber": customer.code,
        "Type": "Customer - Direct",
        "Phone": customer.phone,
        "Fax": customer.fax,
        **{f"Billing{part}": value for part, value in parts.items()},
        **{f"Shipping{part}": value for part, value in parts.items()},
    }


def _contact(customer: Customer) -> Json:
    first, _, last = customer.contact.rpartition(" ")
    return {
        "FirstName": first,
        "LastName": last,
        "Title": customer.title,
        "Phone": customer.phone,
        "Email": customer.email,
    }


def _deal(tx: Transaction, customer: Customer, number: int) -> Json:
    closing = (tx.at + timedelta(days=14 + 7 * (number % 6))).date()
    return {
        "Name": f"{customer.company} - stock order {number + 1}"[:120],
        "StageName": STAGES[number % len(STAGES)],
        "CloseDate": closing.isoformat(),
        "Type": "Existing Customer - Upgrade",
    }
