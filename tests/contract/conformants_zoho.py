"""Zoho Inventory as the suite sees it: what orders need, and what mirror flows need."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from include.connectors.documents import Document
from include.connectors.zoho_inventory import (
    Settings,
    ZohoClient,
    ZohoContacts,
    ZohoItems,
    ZohoOrderRecords,
    ZohoReader,
    ZohoSalesOrders,
    ZohoWriter,
)
from include.errors import OutcomeUnknownError
from tests.contract.conformant import Conformant, Mirror, Part, Shop, numbers
from tests.contract.line import HttpLine, Tokens


def connected(to: Conformant, secret: str) -> ZohoClient:
    """A client on a line of its own."""
    to.secrets = (secret or "sandbox-secret", "1000.sandbox.refresh")
    to.line = HttpLine("/oauth/v2/token", b'{"code": 44, "message": "too many"}')
    settings = Settings(
        organization_id="5129873",
        client_id="1000.SANDBOX",
        client_secret=to.secrets[0],
        refresh_token=to.secrets[1],
        api_base=to.systems.sandbox,
        accounts_base=to.systems.sandbox,
        attempts=2,
        patience=1.0,
    )
    return ZohoClient(
        settings,
        tokens=Tokens(),
        budget=to.budget,
        breaker=to.breaker,
        session=to.line.session(),
        sleep=lambda _: None,
        jitter=lambda low, _: low,
    )


class ZohoInventory(Shop):
    name = "zoho_inventory"
    lacks: ClassVar[Mapping[Part, str]] = {"batch": "it is told one note at a time"}
    gone = "999"

    def open(self, secret: str) -> None:
        self.client = connected(self, secret)
        self.reader = self.orders = ZohoReader(self.client)

    def keys(self) -> list[str]:
        return orders_of(self)

    def edit(self, key: str) -> None:
        edit(self, "salesorders", key)

    def record(self) -> tuple[str, str]:
        return self.keys()[0], f"Order not carried, {next(numbers)}"

    def write(self, records: Sequence[tuple[str, str]]) -> list[str]:
        return [self._write(*record) for record in records]

    def _write(self, order: str, text: str) -> str:
        assert isinstance(self.client, ZohoClient)
        try:
            return "created" if ZohoWriter(self.client).add_comment(order, text) else "unchanged"
        except OutcomeUnknownError:
            return "unknown"

    def effects(self, record: tuple[str, str]) -> int:
        comments = self.systems.tell("GET", f"/zoho/documents/comments/{record[0]}")["comments"]
        return sum(record[1] in each["description"] for each in comments)


class ZohoMirror(Mirror):
    """One of Zoho's sources and one of its targets."""

    gone = "999"

    def open(self, secret: str) -> None:
        self.client = client = connected(self, secret)
        self.use(client)

    @abstractmethod
    def use(self, client: ZohoClient) -> None:
        """Make source and target."""

    def check(self) -> Any:
        assert isinstance(self.client, ZohoClient)
        return ZohoReader(self.client).check()

    def wait(self, seconds: float) -> None:
        """Wait on the sandbox's clock, for its search."""
        self.systems.tell("POST", "/clock", {"jump_seconds": seconds})


class ZohoItemsAndContacts(ZohoMirror):
    name = "zoho_inventory items and contacts"
    lacks: ClassVar[Mapping[Part, str]] = {
        "unserved": "one call is about a hundred items: all of them are served, or none",
    }

    def use(self, client: ZohoClient) -> None:
        self.source, self.target = ZohoItems(client), ZohoContacts(client, sleep=self.wait)

    def keys(self) -> list[str]:
        return [item["item_id"] for item in self.systems.tell("GET", "/zoho/documents/items")["documents"]]

    def edit(self, key: str) -> None:
        edit(self, "items", key, about="description")

    def record(self) -> Document:
        number = next(numbers)
        content = {"contact_name": f"Conforming Harbour {number}", "notes": "n", "is_active": True}
        key = f"0018d0000{number:06}AAA"
        return Document(key, json.dumps(content), "", f"write-{key}")

    def bad_record(self) -> Document:
        return replace(self.record(), content=json.dumps({"contact_name": "x" * 201}))

    def effects(self, record: Document) -> int:
        contacts = self.systems.tell("GET", "/zoho/documents/contacts")["documents"]
        return sum(each["contact_name"] == record.members["contact_name"] for each in contacts)


class ZohoOrdersBothWays(ZohoMirror):
    name = "zoho_inventory sales orders"
    address = "/salesorders?"

    def use(self, client: ZohoClient) -> None:
        self.source, self.target = ZohoOrderRecords(client), ZohoSalesOrders(client, sleep=self.wait)

    def keys(self) -> list[str]:
        return orders_of(self)

    def edit(self, key: str) -> None:
        edit(self, "salesorders", key)

    def record(self) -> Document:
        standing = self.systems.tell("GET", f"/zoho/documents/salesorders/{self.keys()[0]}")
        number = next(numbers)
        content = {
            "salesorder_number": f"SF-CONF-{number}",
            "reference_number": f"conf-{number}",
            "customer_id": standing["customer_id"],
            "date": "2026-11-20",
            "line_items": [{"item_id": standing["line_items"][0]["item_id"], "quantity": 3, "rate": 18}],
            "confirm": True,
        }
        key = f"0068d0000{number:06}AAA"
        return Document(key, json.dumps(content), "", f"write-{key}")

    def bad_record(self) -> Document:
        record = self.record()
        return replace(record, content=json.dumps(record.members | {"line_items": []}))

    def effects(self, record: Document) -> int:
        orders = self.systems.tell("GET", "/zoho/salesorders")["salesorders"]
        return sum(each["salesorder_number"] == record.members["salesorder_number"] for each in orders)


def orders_of(connector: Conformant) -> list[str]:
    """Ids of all sales orders."""
    orders = connector.systems.tell("GET", "/zoho/salesorders")["salesorders"]
    return [order["salesorder_id"] for order in orders]


def edit(connector: Conformant, resource: str, key: str, about: str = "notes") -> None:
    """Change a document by hand."""
    connector.systems.later()
    changes = {about: f"ring {next(numbers)} times"}
    connector.systems.tell("PUT", f"/zoho/{resource}/{key}", {"changes": changes})
