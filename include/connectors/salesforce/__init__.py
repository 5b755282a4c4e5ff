"""Salesforce over its REST and Bulk 2.0 APIs, through simple-salesforce as it is.

::

    settings   which org, who we are, how fast, which custom fields   (frozen values, checked when made)
    session    a requests session with time-outs that watches the org's quota
    login      a session of Salesforce's from credentials or from Airflow's hook
    errors     what a status and a code mean, as tables
    client     one call: admission, credentials, judgement, retries; queries without lost cursors
    soql       queries that fit into an address
    describe   which fields there are and which of them we may read
    likeness   whether a record holds already what we want it to hold
    records    records by id and by external id, whole
    lookups    what a clerk may know of a record, in one call
    sources    customers and opportunities as mirror flows ask for them
    batches    collections: 200 records a call, an answer for each
    bulk       Bulk API 2.0 jobs that survive the process that began them
    prices     the standard price book
    targets    products and stock
    unclaimed  products that no item is known by yet
    orders     orders with their lines
    marks      what opportunities say of the orders that were made of them

Names are loaded when they are first asked for: who needs one room does not pay for an HTTP client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.connectors.salesforce.client import SalesforceClient
    from include.connectors.salesforce.describe import Describe
    from include.connectors.salesforce.login import Login, login_of, login_with
    from include.connectors.salesforce.marks import OpportunityMarks
    from include.connectors.salesforce.orders import SalesforceOrders
    from include.connectors.salesforce.records import CheckReport, SalesforceRecords
    from include.connectors.salesforce.session import SalesforceSession
    from include.connectors.salesforce.settings import Settings
    from include.connectors.salesforce.sources import SalesforceCustomers, SalesforceOpportunities
    from include.connectors.salesforce.targets import SalesforceProducts, SalesforceStock
    from include.connectors.salesforce.unclaimed import UnclaimedProducts

__all__ = [
    "CheckReport",
    "Describe",
    "Login",
    "OpportunityMarks",
    "SalesforceClient",
    "SalesforceCustomers",
    "SalesforceOpportunities",
    "SalesforceOrders",
    "SalesforceProducts",
    "SalesforceRecords",
    "SalesforceSession",
    "SalesforceStock",
    "Settings",
    "UnclaimedProducts",
    "login_of",
    "login_with",
]

_HOMES = {
    "CheckReport": "records",
    "Describe": "describe",
    "Login": "login",
    "OpportunityMarks": "marks",
    "SalesforceClient": "client",
    "SalesforceCustomers": "sources",
    "SalesforceOpportunities": "sources",
    "SalesforceOrders": "orders",
    "SalesforceProducts": "targets",
    "SalesforceRecords": "records",
    "SalesforceSession": "session",
    "SalesforceStock": "targets",
    "Settings": "settings",
    "UnclaimedProducts": "unclaimed",
    "login_of": "login",
    "login_with": "login",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
