"""The connectors as the suite of :mod:`tests.contract.test_connectors_conform` sees them: one adapter each.

A new connector adds a subclass of :class:`Conformant` and a row of :data:`CONFORMANTS`. What it has not got
it declares in ``lacks``, with the reason; the suite then leaves those tests out for it, and holds the
declarations against its own list.
"""

from __future__ import annotations

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

import httpx
import requests

from include.connectors.clarity_ecommerce import ClarityClient, ClarityOrders, ClarityReader, ClarityWriter
from include.connectors.clarity_ecommerce import Settings as ClaritySettings
from include.connectors.documents import Document
from include.connectors.sage100 import GatewayClient, GatewaySettings, OrderWrite, Reader, connect
from include.connectors.salesforce import (
    SalesforceClient,
    SalesforceCustomers,
    SalesforceProducts,
    SalesforceRecords,
    SalesforceSession,
    login_with,
)
from include.connectors.salesforce import Settings as SalesforceSettings
from include.connectors.salesforce.login import credentials_of
from include.connectors.zoho_inventory import Settings as ZohoSettings
from include.connectors.zoho_inventory import ZohoClient, ZohoReader, ZohoWriter
from include.errors import IntegrationError, OutcomeUnknownError, TransientError
from tests.contract.line import Breaker, Budget, HttpLine, Line, OdbcLine, Tokens
from tests.contract.test_clarity_connector_on_sandbox import PHOENIX, V1, shipment
from tests.contract.test_gateway_client import Site as Gateway
from tests.contract.test_gateway_client import odbc

Part = Literal[
    "poll", "fetch", "unserved", "spoilt", "limit", "renewal", "budget", "write", "batch", "timeout"
]
"""What a connector may lack: announcing changes, giving records by id, an error for a single one of them,
bodies that can be spoilt, limits, a token that is renewed, a shared budget, writes, several of them in one
call, time limits that are set on each call."""
WRONG = "wrong-secret-of-the-conformance-suite"
_numbers = count(1)


class Systems:
    """The programs on the other side: a sandbox with both shops, and a gateway over a company."""

    def __init__(self, sandbox: str, gateway: Gateway) -> None:
        self.sandbox, self.gateway = sandbox, gateway
        self._control = httpx.Client(base_url=f"{sandbox}/_sandbox", timeout=60, trust_env=False)

    def close(self) -> None:
        """Give the connection back."""
        self._control.close()

    def tell(self, method: str, path: str, body: Any = None, **about: Any) -> Any:
        """Use the sandbox's control API; decimals exact."""
        answer = self._control.request(method, path, json=body, params=about)
        assert answer.is_success, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    def later(self) -> None:
        """A minute passes, so that what changes has another time."""
        self.tell("POST", "/clock", {"jump_seconds": 60})

    def company(self, sql: str, *values: object) -> list[Any]:
        """Ask or change the company's tables."""
        with closing(sqlite3.connect(self.gateway.home / "MAS_ABC.sqlite", timeout=30)) as db, db:
            return db.execute(sql, values).fetchall()


class Conformant(ABC):
    """One connector before its system.

    Attributes:
        name: of the connector.
        lacks: parts that it has not got, with the reason.
        gone: a key that the system has not got.
        verb: method by which it writes.
        line: counts and spoils its calls.
        client: the object that must not show secrets.
        secrets: what must never come out.
    """

    name: ClassVar[str]
    lacks: ClassVar[Mapping[Part, str]] = {}
    gone: ClassVar[str] = ""
    verb: ClassVar[str] = "POST"
    line: Line
    client: object
    secrets: tuple[str, ...]

    def __init__(self, systems: Systems, *, secret: str = "") -> None:
        self.systems = systems
        self.breaker, self.budget = Breaker(), Budget()
        self.since: datetime | None = None
        self.open(secret)

    @abstractmethod
    def open(self, secret: str) -> None:
        """Make the client, with another secret if one is given."""

    @abstractmethod
    def close(self) -> None:
        """Give connections back."""

    @abstractmethod
    def ping(self) -> None:
        """The smallest call."""

    @abstractmethod
    def check(self) -> Any:
        """The connection test's report."""

    def read(self) -> object:
        """A read that would be empty, or None, were an error taken for an answer."""
        return self.poll({})

    def poll(self, known: Mapping[str, str]) -> dict[str, str]:
        """What changed since the last poll: version by key."""
        raise NotImplementedError

    def keys(self) -> list[str]:
        """What the system has, told by itself."""
        raise NotImplementedError

    def edit(self, key: str) -> None:
        """Change a record in the system."""
        raise NotImplementedError

    def fetch(self, keys: Sequence[str]) -> dict[str, bytes | TransientError | None]:
        """Records by id."""
        raise NotImplementedError

    def record(self) -> Any:
        """Something new to write."""
        raise NotImplementedError

    def bad_record(self) -> Any:
        """Something that the system refuses."""
        raise NotImplementedError

    def write(self, records: Sequence[Any]) -> list[str]:
        """Write; the status of each."""
        raise NotImplementedError

    def effects(self, record: Any) -> int:
        """How often the system has it."""
        raise NotImplementedError


class Shop(Conformant):
    """What the two shops have in common: orders are announced, and fetched by id."""

    reader: Any
    orders: Any

    def close(self) -> None:
        self.client.close()  # type: ignore[attr-defined]

    def ping(self) -> None:
        self.reader.ping()

    def check(self) -> Any:
        return self.reader.check()

    def poll(self, known: Mapping[str, str]) -> dict[str, str]:
        found = list(self.orders.list_sales_orders(modified_since=self.since))
        times = [stub.modified_at for stub in found if stub.modified_at]
        self.since = max([*times, *([self.since] if self.since else [])], default=None)
        return {stub.id: self._version(stub) for stub in found if known.get(stub.id) != self._version(stub)}

    def fetch(self, keys: Sequence[str]) -> dict[str, bytes | TransientError | None]:
        return dict(self.orders.sales_orders(keys))

    @staticmethod
    def _version(stub: Any) -> str:
        return str(stub.version)


class ZohoInventory(Shop):
    name = "zoho_inventory"
    lacks: ClassVar[Mapping[Part, str]] = {"batch": "it is told one note at a time"}
    gone = "999"

    def open(self, secret: str) -> None:
        self.secrets = (secret or "sandbox-secret", "1000.sandbox.refresh")
        limit = b'{"code": 44, "message": "too many"}'
        self.line = HttpLine("/oauth/v2/token", limit)
        settings = ZohoSettings(
            organization_id="5129873",
            client_id="1000.SANDBOX",
            client_secret=self.secrets[0],
            refresh_token=self.secrets[1],
            api_base=self.systems.sandbox,
            accounts_base=self.systems.sandbox,
            attempts=2,
            patience=1.0,
        )
        self.client = ZohoClient(
            settings,
            tokens=Tokens(),
            budget=self.budget,
            breaker=self.breaker,
            session=self.line.session(),
            sleep=lambda _: None,
            jitter=lambda low, _: low,
        )
        self.reader = self.orders = ZohoReader(self.client)

    def keys(self) -> list[str]:
        return [
            order["salesorder_id"] for order in self.systems.tell("GET", "/zoho/salesorders")["salesorders"]
        ]

    def edit(self, key: str) -> None:
        self.systems.later()
        changes = {"notes": f"ring {next(_numbers)} times"}
        self.systems.tell("PUT", f"/zoho/salesorders/{key}", {"changes": changes})

    def record(self) -> tuple[str, str]:
        return self.keys()[0], f"Order not carried, {next(_numbers)}"

    def write(self, records: Sequence[tuple[str, str]]) -> list[str]:
        return [self._write(*record) for record in records]

    def _write(self, order: str, text: str) -> str:
        try:
            return "created" if ZohoWriter(self.client).add_comment(order, text) else "unchanged"
        except OutcomeUnknownError:
            return "unknown"

    def effects(self, record: tuple[str, str]) -> int:
        comments = self.systems.tell("GET", f"/zoho/documents/comments/{record[0]}")["comments"]
        return sum(record[1] in each["description"] for each in comments)


class ClarityECommerce(Shop):
    name = "clarity_ecommerce v1"
    gone = "99999999"
    dialect: ClassVar[dict[str, Any]] = V1
    log_on: ClassVar[str] = "/oauth2/token"

    def open(self, secret: str) -> None:
        self.secrets = (secret or "clarity-sandbox-secret",)
        self.line = HttpLine(self.log_on, b'{"code": "rate_limited", "status": 429}')
        settings = ClaritySettings(
            base_url=f"{self.systems.sandbox}/clarity",
            client_id="clarity-sandbox",
            client_secret=self.secrets[0],
            attempts=2,
            patience=1.0,
            page_size=10,
            **self.dialect,
        )
        self.client = ClarityClient(
            settings,
            tokens=Tokens(),
            budget=self.budget,
            breaker=self.breaker,
            session=self.line.session(),
            sleep=lambda _: None,
            jitter=lambda low, _: low,
        )
        self.reader, self.orders = ClarityReader(self.client), ClarityOrders(self.client)

    def keys(self) -> list[str]:
        return list(self._numbers())

    def _numbers(self) -> dict[str, str]:
        documents = self.systems.tell("GET", "/clarity/documents/orders")["documents"]
        return {str(order["id"]): order["orderNumber"] for order in documents}

    def edit(self, key: str) -> None:
        self.systems.later()
        changes = {"purchaseOrderNumber": f"PO-{next(_numbers)}"}
        self.systems.tell("PUT", f"/clarity/orders/{self._numbers()[key]}", {"changes": changes})

    def record(self) -> Any:
        (placed,) = self.systems.tell("POST", "/clarity/orders", {"count": 1})["orders"]
        return shipment(self.systems.tell("GET", f"/clarity/documents/orders/{placed['orderNumber']}"))

    def bad_record(self) -> Any:
        record = self.record()
        lines = [dict(line, quantity=100_000) for line in record.content["lines"]]
        return replace(record, content={**record.content, "lines": lines})

    def write(self, records: Sequence[Any]) -> list[str]:
        return [result.status for result in ClarityWriter(self.client).write_shipments(records)]

    def effects(self, record: Any) -> int:
        number = record.content["shipmentNumber"]
        found = self.systems.tell("GET", "/clarity/effects", resource="shipments", number=number)["effects"]
        return sum(effect["action"] == "created" for effect in found)


class ClarityPhoenix(ClarityECommerce):
    name = "clarity_ecommerce phoenix"
    dialect = PHOENIX
    log_on = "/auth/login"


class Salesforce(Conformant):
    name = "salesforce"
    lacks: ClassVar[Mapping[Part, str]] = {
        "unserved": "a question is about many records: all of them are served, or none",
    }
    gone = "001Hp0000099999IAA"
    verb = "PATCH"

    def open(self, secret: str) -> None:
        self.secrets = (secret or "salesforce-sandbox-secret",)
        self.line = SalesforceLine(self.systems.sandbox)
        settings = SalesforceSettings(
            domain="acme.my",
            consumer_key="salesforce-sandbox",
            consumer_secret=self.secrets[0],
            attempts=2,
            patience=1.0,
            page_size=200,
            overlap=0.0,
        )
        session = SalesforceSession(settings)
        session.mount("https://", self.line)
        self.client = self._client = SalesforceClient(
            settings,
            lambda: login_with(credentials_of(settings), session),
            tokens=Tokens(),
            budget=self.budget,
            breaker=self.breaker,
            session=session,
            sleep=lambda _: None,
            jitter=lambda low, _: low,
        )

    def close(self) -> None:
        self._client.close()

    def ping(self) -> None:
        self._client.ping()

    def check(self) -> Any:
        return SalesforceRecords(self._client).check()

    def poll(self, known: Mapping[str, str]) -> dict[str, str]:
        found = SalesforceCustomers(self._client).changes(known, self.since)
        self.since = found.watermark
        return {stub.key: stub.version for stub in found.stubs}

    def keys(self) -> list[str]:
        records = self.systems.tell("GET", "/salesforce/records/Account")["records"]
        return [record["Id"] for record in records]

    def edit(self, key: str) -> None:
        self.systems.later()
        values = {"values": {"Site": f"pier {next(_numbers)}"}}
        self.systems.tell("PATCH", f"/salesforce/records/Account/{key}", values)

    def fetch(self, keys: Sequence[str]) -> dict[str, bytes | TransientError | None]:
        return dict(SalesforceCustomers(self._client).documents(keys))

    def record(self) -> Document:
        number = str(next(_numbers))
        content = {"Product2": {"Zoho_Item_Id__c": f"conf-{number}", "Name": f"Lamp {number}"}}
        return Document(number, json.dumps(content), "", f"write-{number}")

    def bad_record(self) -> Document:
        record = self.record()
        content = {"Product2": {**record.members["Product2"], "Name": "x" * 300}}
        return replace(record, content=json.dumps(content))

    def write(self, records: Sequence[Document]) -> list[str]:
        # Salesforce says whether an upsert has made a record, not whether it has changed one.
        told = {"changed": "unchanged"}
        answers = SalesforceProducts(self._client).write(records)
        return [told.get(answer.status, answer.status) for answer in answers]

    def effects(self, record: Document) -> int:
        wanted = record.members["Product2"]["Zoho_Item_Id__c"]
        records = self.systems.tell("GET", "/salesforce/records/Product2")["records"]
        return sum(each["Zoho_Item_Id__c"] == wanted for each in records)


class SalesforceLine(HttpLine):
    """The same line under production's address, which leads to a port here."""

    def __init__(self, sandbox: str) -> None:
        super().__init__(
            "/services/oauth2/token", b'[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": ""}]'
        )
        self.sandbox = sandbox

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send it to the sandbox."""
        parts = urlsplit(str(request.url))
        request.headers["Host"] = parts.netloc
        if request.method == "PATCH":
            # An upsert is named by its address and the external ids in its body.
            request.headers["Idempotency-Key"] = parts.path
        request.url = f"{self.sandbox}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        return super().send(request, **options)


class Sage100Gateway(Conformant):
    name = "sage100 gateway"
    lacks: ClassVar[Mapping[Part, str]] = {
        "poll": "changes are read over ODBC",
        "fetch": "records are read over ODBC",
        "unserved": "records are read over ODBC",
        "limit": "a busy gateway is a verdict on each record: retry, with its seconds",
        "renewal": "its token has no end",
        "budget": "a company's own gateway has no quota",
    }

    def open(self, secret: str) -> None:
        self.secrets = (secret or "contract-token",)
        self.line = HttpLine("#")
        url = f"http://127.0.0.1:{self.systems.gateway.port}"
        self.client = GatewayClient(
            GatewaySettings(url, self.secrets[0], read_timeout=60.0, attempts=1),
            breaker=self.breaker,
            session=self.line.session(),
            sleep=lambda _: None,
        )

    def close(self) -> None:
        self._gateway.close()

    @property
    def _gateway(self) -> GatewayClient:
        assert isinstance(self.client, GatewayClient)
        return self.client

    def ping(self) -> None:
        self._gateway.health()

    def check(self) -> Any:
        return self._gateway.check()

    def read(self) -> object:
        return self._gateway.item("NW-0001")

    def record(self) -> OrderWrite:
        key = f"CONF{next(_numbers)}"
        (customer,) = self.systems.company("SELECT ARDivisionNo, CustomerNo FROM AR_Customer LIMIT 1")
        header = {
            "ARDivisionNo": customer[0],
            "CustomerNo": customer[1],
            "OrderDate": "2026-01-31",
            "CustomerPONo": key,
            "TaxSchedule": "NONTAX",
            "UDF_ZOHO_ORDER_ID": key,
            "UDF_ZOHO_VERSION": "1",
        }
        lines = [{"ItemCode": "NW-0001", "QuantityOrdered": "1", "UnitPrice": "18"}]
        return OrderWrite(
            key=key,
            idempotency_key=f"write-{key}",
            header=header,
            lines=lines,
            expected_lines=1,
            expected_total=Decimal("18.00"),
        )

    def bad_record(self) -> OrderWrite:
        return replace(self.record(), lines=[])

    def write(self, records: Sequence[OrderWrite]) -> list[str]:
        return [result.status for result in self._gateway.create_orders(records)]

    def effects(self, record: OrderWrite) -> int:
        sql = "SELECT COUNT(*) FROM SO_SalesOrderHeader WHERE UDF_ZOHO_ORDER_ID = ?"
        return int(self.systems.company(sql, record.key)[0][0])


class Sage100Odbc(Conformant):
    name = "sage100 odbc"
    lacks: ClassVar[Mapping[Part, str]] = {
        "unserved": "one query answers for all records, or for none",
        "spoilt": "a driver gives rows or an error, no body",
        "limit": "the driver knows no limits",
        "renewal": "each connection logs on by itself",
        "budget": "a company's own server has no quota",
        "write": "Sage is written through the gateway",
        "batch": "Sage is written through the gateway",
        "timeout": "the driver has one for the log-on, which connect sets, and none for statements",
    }
    gone = "NO-SUCH|000"

    def open(self, secret: str) -> None:
        self.secrets = (secret or "none",)
        text = odbc(self.systems.gateway.home) + (f"PWD={secret};" if secret else "")
        self.line = OdbcLine(lambda: connect(text))
        if secret:
            self.line.spoil("stale")
        self.reader = Reader(self.line.connect, breaker=self.breaker)
        self.client = self.reader

    def close(self) -> None:
        self.reader.close()

    def ping(self) -> None:
        self.reader.ping()

    def check(self) -> Any:
        return self.reader.check()

    def poll(self, known: Mapping[str, str]) -> dict[str, str]:
        found = self.reader.stock_records().changes(known, None)
        return {stub.key: stub.version for stub in found.stubs}

    def keys(self) -> list[str]:
        rows = self.systems.company("SELECT ItemCode, WarehouseCode FROM IM_ItemWarehouse")
        return [f"{item}|{warehouse}" for item, warehouse in rows]

    def edit(self, key: str) -> None:
        sql = "UPDATE IM_ItemWarehouse SET QuantityOnHand = QuantityOnHand + 1 WHERE ItemCode = ?"
        self.systems.company(f"{sql} AND WarehouseCode = ?", *key.split("|"))

    def fetch(self, keys: Sequence[str]) -> dict[str, bytes | TransientError | None]:
        return dict(self.reader.stock_records().documents(keys))


CONFORMANTS: tuple[type[Conformant], ...] = (
    ZohoInventory,
    ClarityECommerce,
    ClarityPhoenix,
    Salesforce,
    Sage100Gateway,
    Sage100Odbc,
)


def checked(connector: Conformant) -> tuple[bool, str]:
    """What the connection test says, or raises as Airflow's *Test* button shows it."""
    try:
        report = connector.check()
    except IntegrationError as error:
        return False, str(error)
    return report.ok, report.message
