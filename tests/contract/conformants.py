"""The connectors as the suite of :mod:`tests.contract.test_connectors_conform` sees them: one adapter each.

A new connector adds a subclass of :class:`Conformant` and a row of :data:`CONFORMANTS`. What it has not got
it declares in ``lacks``, with the reason; the suite then leaves those tests out for it, and holds the
declarations against its own list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from include.connectors.clarity_ecommerce import ClarityClient, ClarityOrders, ClarityReader, ClarityWriter
from include.connectors.clarity_ecommerce import Settings as ClaritySettings
from include.connectors.sage100 import GatewayClient, GatewaySettings, OrderWrite, Reader, connect
from include.errors import TransientError
from tests.contract.conformant import Conformant, Part, Shop, numbers
from tests.contract.conformants_salesforce import Salesforce, SalesforceBulk, SalesforceDeals
from tests.contract.conformants_zoho import ZohoInventory, ZohoItemsAndContacts, ZohoOrdersBothWays
from tests.contract.line import HttpLine, OdbcLine, Tokens
from tests.contract.test_clarity_connector_on_sandbox import PHOENIX, V1, shipment
from tests.contract.test_gateway_client import odbc


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
        return list(self.numbers())

    def numbers(self) -> dict[str, str]:
        documents = self.systems.tell("GET", "/clarity/documents/orders")["documents"]
        return {str(order["id"]): order["orderNumber"] for order in documents}

    def edit(self, key: str) -> None:
        self.systems.later()
        changes = {"purchaseOrderNumber": f"PO-{next(numbers)}"}
        self.systems.tell("PUT", f"/clarity/orders/{self.numbers()[key]}", {"changes": changes})

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
        key = f"CONF{next(numbers)}"
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
    ZohoItemsAndContacts,
    ZohoOrdersBothWays,
    ClarityECommerce,
    ClarityPhoenix,
    Salesforce,
    SalesforceDeals,
    SalesforceBulk,
    Sage100Gateway,
    Sage100Odbc,
)
