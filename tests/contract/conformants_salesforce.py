"""Salesforce as the suite sees it: over TLS and a proxy, by collections, with orders, and by bulk jobs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import requests

from include.connectors.documents import Document
from include.connectors.salesforce import (
    SalesforceClient,
    SalesforceCustomers,
    SalesforceOpportunities,
    SalesforceOrders,
    SalesforceProducts,
    SalesforceRecords,
    SalesforceSession,
    Settings,
    login_with,
)
from include.connectors.salesforce.login import credentials_of
from tests.contract.conformant import Mirror, Part, Systems, numbers
from tests.contract.line import HttpLine, Tokens

ITEM = "conformance-lamp"
"""External id of the product that was sold."""
TICK = 0.02
"""Seconds between two looks at a job, at most."""


def sell(systems: Systems) -> None:
    """Let the org sell something: a product with its price, and deals that are won."""
    book = _rows(systems, "Pricebook2")[0]["Id"]
    product = {"Name": "Lamp", "ProductCode": ITEM, "Zoho_Item_Id__c": ITEM, "IsActive": True}
    made = systems.tell("POST", "/salesforce/records/Product2", {"values": product})["id"]
    price = {"Product2Id": made, "Pricebook2Id": book, "UnitPrice": 12, "IsActive": True}
    systems.tell("POST", "/salesforce/records/PricebookEntry", {"values": price})
    for deal in _rows(systems, "Opportunity"):
        won = {"lines": [{"product_code": ITEM, "quantity": "2"}]}
        systems.tell("POST", f"/salesforce/opportunities/{deal['Id']}/win", won)


class Salesforce(Mirror):
    name = "salesforce"
    lacks: ClassVar[Mapping[Part, str]] = {
        "unserved": "a question is about many records: all of them are served, or none",
    }
    gone = "001Hp0000099999IAA"
    verb = "PATCH"
    about: ClassVar[str] = "Account"
    threshold: ClassVar[int] = 2_000

    def open(self, secret: str) -> None:
        self.secrets = (secret or "salesforce-sandbox-secret",)
        self.line = SalesforceLine()
        settings = Settings(
            domain="acme.my",
            consumer_key="salesforce-sandbox",
            consumer_secret=self.secrets[0],
            proxies={"https": self.systems.proxy},
            verify=self.systems.authority,
            attempts=2,
            patience=1.0,
            page_size=200,
            overlap=0.0,
            bulk_threshold=self.threshold,
        )
        session = SalesforceSession(settings)
        session.mount("https://", self.line)
        self.client = client = SalesforceClient(
            settings,
            lambda: login_with(credentials_of(settings), session),
            tokens=Tokens(),
            budget=self.budget,
            breaker=self.breaker,
            session=session,
            sleep=lambda seconds: time.sleep(min(seconds, TICK)),
            jitter=lambda low, _: low,
        )
        self.use(client)

    def use(self, client: SalesforceClient) -> None:
        """Make source and target."""
        self.source, self.target = SalesforceCustomers(client), SalesforceProducts(client)

    def check(self) -> Any:
        assert isinstance(self.client, SalesforceClient)
        return SalesforceRecords(self.client).check()

    def keys(self) -> list[str]:
        return [record["Id"] for record in _rows(self.systems, self.about)]

    def edit(self, key: str) -> None:
        self.systems.later()
        values = {"values": {"Description": f"pier {next(numbers)}"}}
        self.systems.tell("PATCH", f"/salesforce/records/{self.about}/{key}", values)

    def record(self) -> Document:
        number = str(next(numbers))
        content = {"Product2": {"Zoho_Item_Id__c": f"conf-{number}", "Name": f"Lamp {number}"}}
        return Document(number, json.dumps(content), "", f"write-{number}")

    def bad_record(self) -> Document:
        record = self.record()
        content = {"Product2": {**record.members["Product2"], "Name": "x" * 300}}
        return replace(record, content=json.dumps(content))

    def write(self, records: Sequence[Document]) -> list[str]:
        # Salesforce says whether an upsert has made a record, not whether it has changed one.
        return ["unchanged" if status == "changed" else status for status in super().write(records)]

    def effects(self, record: Document) -> int:
        wanted = record.members["Product2"]["Zoho_Item_Id__c"]
        return sum(each["Zoho_Item_Id__c"] == wanted for each in _rows(self.systems, "Product2"))


class SalesforceBulk(Salesforce):
    name = "salesforce bulk"
    lacks: ClassVar[Mapping[Part, str]] = {
        "poll": "jobs write; what is read is read as without them",
        "fetch": "jobs write; what is read is read as without them",
        "unserved": "jobs write; what is read is read as without them",
    }
    address = "/jobs/ingest/"
    threshold = 1
    """The least there is: two documents go by a job."""

    def write(self, records: Sequence[Document]) -> list[str]:
        filler = [self.record()] if len(records) == 1 else []
        return super().write([*records, *filler])[: len(records)]


class SalesforceDeals(Salesforce):
    name = "salesforce opportunities and orders"
    gone = "006Hp0000099999IAA"
    about = "Opportunity"
    address = "/composite/sobjects/Order/"

    def use(self, client: SalesforceClient) -> None:
        self.source, self.target = SalesforceOpportunities(client), SalesforceOrders(client)

    def record(self) -> Document:
        number = str(next(numbers))
        order = {
            "Zoho_Salesorder_Id__c": f"conf-{number}",
            "AccountId": _rows(self.systems, "Account")[0]["Id"],
            "EffectiveDate": "2026-03-03",
            "Status": "Activated",
        }
        line = {"Product2": {"Zoho_Item_Id__c": ITEM}, "Quantity": 10, "UnitPrice": 12}
        content = {"Order": order, "OrderItems": [line]}
        return Document(number, json.dumps(content), "", f"write-{number}")

    def bad_record(self) -> Document:
        record = self.record()
        lines = [{"Product2": {"Zoho_Item_Id__c": "nobody's"}, "Quantity": 10, "UnitPrice": 12}]
        return replace(record, content=json.dumps(record.members | {"OrderItems": lines}))

    def effects(self, record: Document) -> int:
        """Lines, of which each order has one."""
        wanted = record.members["Order"]["Zoho_Salesorder_Id__c"]
        orders = [
            each["Id"] for each in _rows(self.systems, "Order") if each["Zoho_Salesorder_Id__c"] == wanted
        ]
        lines = sum(each["OrderId"] in orders for each in _rows(self.systems, "OrderItem"))
        assert lines == len(orders), "an order without its line, or with two"
        return lines


class SalesforceLine(HttpLine):
    """The same line for Salesforce's addresses and words."""

    def __init__(self) -> None:
        super().__init__(
            "/services/oauth2/token", b'[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": ""}]'
        )

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send it; an upsert is named by its address and the external ids in its body."""
        if request.method == "PATCH":
            request.headers["Idempotency-Key"] = str(request.url)
        return super().send(request, *args, **options)


def _rows(systems: Systems, name: str) -> list[dict[str, Any]]:
    """What the org has."""
    found: list[dict[str, Any]] = systems.tell("GET", f"/salesforce/records/{name}")["records"]
    return found
