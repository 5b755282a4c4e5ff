"""What single objects demand beyond their metadata, and what they derive."""

from __future__ import annotations

from include.sandbox.salesforce.rules.orders import OrderItems, Orders
from include.sandbox.salesforce.rules.people import Accounts, Assets, Contacts, Users
from include.sandbox.salesforce.rules.products import PriceBookEntries, Products
from include.sandbox.salesforce.rules.rule import Rule
from include.sandbox.salesforce.rules.sales import Opportunities, OpportunityLines

PLAIN = Rule()
RULES: dict[str, Rule] = {
    "Account": Accounts(),
    "Asset": Assets(),
    "Contact": Contacts(),
    "Opportunity": Opportunities(),
    "OpportunityLineItem": OpportunityLines(),
    "Order": Orders(),
    "OrderItem": OrderItems(),
    "PricebookEntry": PriceBookEntries(),
    "Product2": Products(),
    "User": Users(),
}


def rule_of(name: str) -> Rule:
    """The rule of an object; most have none of their own."""
    return RULES.get(name, PLAIN)
