"""The sandbox's four systems behind the connections of a machine of one's own, and what all of them have."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from include.ledger import Ledger, Link
from include.sandbox.app import Sandbox, create_app
from include.standalone import environment as env
from include.standalone.ports import Ports
from include.standalone.secret_store import secrets_of
from tests.airflow.serving import served

ROOT = Path(__file__).parents[2]
ZOHO, CLARITY, SALESFORCE, SAGE = "zoho_inventory", "clarity_ecommerce", "salesforce", "sage100"
NAMES = {"zoho": ZOHO, "clarity": CLARITY, "salesforce": SALESFORCE}
TOKENS = ("/oauth/v2/token", "/oauth/token", "/oauth2/token", "/auth/")
CUSTOMER, ITEM, ORDER = "00-ANATR", "NW-0001", "0000123"
"""In Sage 100."""


@dataclass
class Systems:
    """Zoho and Clarity over HTTP, Salesforce behind TLS and its proxy, Sage 100 over ODBC."""

    app: Sandbox
    http: httpx.Client

    def insert(self, name: str, **values: Any) -> str:
        """A record that somebody saves in Salesforce by hand."""
        world = self.app.salesforce.world
        with world.store.commit(world.user("admin@acme.example")) as tx:
            made: str = tx.insert(name, values)
        return made

    def fault(self, kind: str, system: str, **rule: Any) -> None:
        """A system that goes wrong from now on."""
        rule = {"kind": kind, "system": system, "path": "*", "method": "*", "times": None} | rule
        self.http.post("/faults", json=rule).raise_for_status()

    def mend(self) -> None:
        """All faults end, and nothing has been asked so far."""
        self.http.delete("/faults").raise_for_status()
        self.http.delete("/requests").raise_for_status()

    def calls(self) -> Counter[str]:
        """What each system was asked, log-ins apart."""
        found = self.http.get("/requests", params={"limit": 20_000}).json()["requests"]
        return Counter(
            NAMES[row["system"]] for row in found if not any(token in row["path"] for token in TOKENS)
        )

    def some(self, system: str, resource: str) -> dict[str, Any]:
        """The first record that the story has."""
        document: dict[str, Any] = self.http.get(f"/{system}/documents/{resource}").json()["documents"][0]
        return document


@contextmanager
def four_systems(folder: Path) -> Iterator[Systems]:
    """Serve until left; Airflow has the connections that ``make up`` would give it."""
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as one,
        closing(socket.create_server(("127.0.0.1", 0))) as other,
    ):
        secure, proxy = one.getsockname()[1], other.getsockname()[1]
    home = folder / "sandbox"
    sage = [sys.executable, "-m", "include.sandbox.sage100", "load", "--home", str(home / "sage100")]
    subprocess.run(sage, cwd=ROOT, check=True, capture_output=True)
    with closing(sqlite3.connect(home / "sage100" / "MAS_ABC.sqlite")) as tables, tables:
        tables.execute(
            "INSERT INTO SO_SalesOrderHeader (SalesOrderNo, CustomerPONo, ARDivisionNo, CustomerNo)"
            " VALUES (?, 'PO-1', '00', 'ANATR')",
            (ORDER,),
        )
    app = create_app(home, story="northwind,clarity", salesforce_ports=(secure, proxy))
    with (
        served(app) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}/_sandbox", timeout=30) as http,
        patch.dict(os.environ),
    ):
        ports = Ports(1, port, 1, 1, secure, proxy)
        os.environ |= env.connections(env.Machine(folder, ports, secrets_of(folder / "secrets")))
        minute = env.SANDBOX_CALLS_PER_MINUTE  # as `make up` tells its sandbox
        for name, limits in (
            ("zoho", {"per_minute": minute}),
            ("clarity", {"per_minute": minute, "burst": minute}),
        ):
            http.post(f"/{name}/settings", json=limits).raise_for_status()
        yield Systems(app, http)


def family(systems: Systems, ledger: Ledger) -> dict[str, dict[str, str]]:
    """One customer, order and item that all four have, linked as the flows link them.

    Returns:
        By kind (as its address calls it) and name of the place: the id there. Salesforce has two records of
        an order: the opportunity and what became of it.
    """
    account = systems.insert("Account", Name="Ana Trujillo", Phone="555", Description="owes us money")
    systems.insert("Contact", LastName="Trujillo", Email="ana@example.com", AccountId=account)
    deal = systems.insert(
        "Opportunity", Name="Big deal", StageName="Closed Won", CloseDate="2026-01-30", AccountId=account
    )
    order = systems.insert("Order", AccountId=account, EffectiveDate="2026-01-31", Status="Draft")
    product = systems.insert("Product2", Name="Chai", ProductCode=ITEM, IsActive=True)
    found = {
        "customers": {
            ZOHO: str(systems.some("zoho", "contacts")["contact_id"]),
            CLARITY: str(systems.some("clarity", "customers")["id"]),
            SALESFORCE: account,
            SAGE: CUSTOMER,
        },
        "orders": {
            ZOHO: str(systems.some("zoho", "salesorders")["salesorder_id"]),
            CLARITY: str(systems.some("clarity", "orders")["id"]),
            SALESFORCE: deal,
            f"{SALESFORCE} order": order,
            SAGE: ORDER,
        },
        "items": {
            ZOHO: str(systems.some("zoho", "items")["item_id"]),
            CLARITY: str(systems.some("clarity", "products")["id"]),
            SALESFORCE: product,
            SAGE: ITEM,
        },
    }
    customers, orders, items = found.values()
    ledger.crosswalk.bind(
        [
            Link("customer", SALESFORCE, account, ZOHO, customers[ZOHO], natural_key="Ana Trujillo"),
            Link("customer", ZOHO, customers[ZOHO], SAGE, CUSTOMER, natural_key="Ana Trujillo Emparedados"),
            Link("customer", CLARITY, customers[CLARITY], SAGE, CUSTOMER, natural_key="C-1001"),
            Link("sales_order", SALESFORCE, deal, ZOHO, orders[ZOHO], natural_key="SF-1"),
            Link("sales_order", ZOHO, orders[ZOHO], SALESFORCE, order, natural_key="SO-10248"),
            Link("sales_order", ZOHO, orders[ZOHO], SAGE, ORDER, natural_key="SO-10248"),
            Link("sales_order", CLARITY, orders[CLARITY], SAGE, ORDER, natural_key="WEB-7"),
            Link("item", ZOHO, items[ZOHO], SALESFORCE, product, natural_key="CHAI-1"),
            Link("item", CLARITY, items[CLARITY], SAGE, ITEM, natural_key="CHAI-1"),
            # As many warehouses have stock of an item, whose names are the item's.
            *(
                Link("stock_level", SAGE, f"{ITEM}|{n:03}", CLARITY, f"{ITEM}|{n}", natural_key=ITEM)
                for n in range(40)
            ),
        ]
    )
    return found
