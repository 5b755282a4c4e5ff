"""Salesforce's side of the house: the org and the hand on it, and worlds of the flows between it and Zoho."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from include.connectors.ports import Sleep
from include.connectors.salesforce import SalesforceClient, SalesforceSession, login_with
from include.connectors.salesforce import Settings as OrgSettings
from include.connectors.salesforce.login import credentials_of
from include.connectors.zoho_inventory import Settings, ZohoClient
from include.ledger import BreakerPolicy, Breakers, Ledger
from include.pipelines.mirrors.assembly_salesforce import assemble
from include.pipelines.mirrors.flows import MirrorFlow
from include.pipelines.mirrors.ports import MirrorWorld
from include.standalone.environment import SANDBOX_SALESFORCE, SANDBOX_ZOHO
from tests.pipeline.house import Clock, Doors, House
from tests.pipeline.outside import Control, Json
from tests.pipeline.world import LEASE, Run

QUICK = {"calls_per_minute": 100_000, "calls_per_day": 10_000_000, "patience": 1.0, "attempts": 2}
MakeWorld = Callable[[MirrorFlow], MirrorWorld]
Carry = Callable[..., Run]


class Org(Control):
    """The org, and people at work in it."""

    def make(self, name: str, **values: Any) -> str:
        """Somebody saves a new record; its id."""
        made: str = self.post(f"/salesforce/records/{name}", {"values": values})["id"]
        return made

    def change(self, name: str, record: str, **values: Any) -> None:
        """Somebody changes a record, a second after whatever was done last."""
        self.post("/clock", {"jump_seconds": 1})
        self.call("PATCH", f"/_sandbox/salesforce/records/{name}/{record}", json={"values": values})

    def do(self, what: str, name: str, record: str, **more: Any) -> None:
        """``delete``, ``undelete``, ``purge`` or ``merge`` a record."""
        self.post("/clock", {"jump_seconds": 1})
        self.post(f"/salesforce/records/{name}/{record}/{what}", more)

    def win(self, opportunity: str, **lines: int) -> None:
        """Close a deal with so many of each product."""
        self.post("/clock", {"jump_seconds": 1})
        sold = [{"product_code": code, "quantity": str(count)} for code, count in lines.items()]
        self.post(f"/salesforce/opportunities/{opportunity}/win", {"lines": sold})

    def records(self, name: str) -> list[Json]:
        """All records of an object."""
        found: list[Json] = self.get(f"/salesforce/records/{name}")["records"]
        return found

    def record(self, name: str, record: str) -> Json:
        """One record."""
        found: Json = self.get(f"/salesforce/records/{name}/{record}")
        return found


class Goods(Control):
    """Zoho's contacts, items and orders, and people at work on them."""

    def contacts(self) -> list[Json]:
        """All contacts whole."""
        found: list[Json] = self.get("/zoho/documents/contacts")["documents"]
        return found

    def contact(self, name: str) -> Json:
        """The one contact of a name."""
        (found,) = [each for each in self.contacts() if each["contact_name"] == name]
        return found

    def orders(self) -> list[Json]:
        """All orders whole."""
        found: list[Json] = self.get("/zoho/documents/salesorders")["documents"]
        return found

    def items(self) -> list[Json]:
        """All items whole."""
        found: list[Json] = self.get("/zoho/documents/items")["documents"]
        return found

    def writes(self) -> int:
        """Calls so far that were to change anything."""
        rows = self.get("/requests", system="zoho", limit=1)["counts"]
        paths = [(row["method"], str(row["shape"]), int(row["n"])) for row in rows]
        return sum(n for method, path, n in paths if method != "GET" and path.startswith("/inventory"))

    def calls(self) -> dict[str, int]:
        """How often each call was made."""
        rows = self.get("/requests", system="zoho", limit=1)["counts"]
        return {
            f"{row['method']} {str(row['shape']).removeprefix('/inventory/v1')}": int(row["n"])
            for row in rows
        }

    def forget_calls(self) -> None:
        """Count from nothing."""
        self.delete("/requests")


@contextmanager
def worlds(house: House, **settings: str) -> Iterator[MakeWorld]:
    """Makes the world of a flow; its connections end with the block."""
    made: list[MirrorWorld] = []

    def make(flow: MirrorFlow) -> MirrorWorld:
        made.append(org_world(house.doors, house.clock, flow, **settings))
        return made[-1]

    yield make
    for world in made:
        world.ledger.close()


def nap(seconds: float) -> None:
    """Hardly wait; yet who looks at a job again and again lets others work."""
    time.sleep(min(seconds, 0.05))


def org_world(
    doors: Doors,
    clock: Clock,
    flow: MirrorFlow,
    *,
    sleep: Sleep = nap,
    **settings: str,
) -> MirrorWorld:
    """The world of a flow between Salesforce and Zoho, put together by the product itself."""
    ledger = Ledger.connect(doors.ledger, clock=clock, secret_key=doors.ledger_key)
    breaker = Breakers(ledger.database, BreakerPolicy())
    org_settings = OrgSettings(
        **{
            **SANDBOX_SALESFORCE, **QUICK, "proxies": {"https": doors.salesforce_proxy},
            "verify": doors.salesforce_authority, **doors.salesforce,
        }
    )  # fmt: skip
    session = SalesforceSession(org_settings)
    shared: dict[str, Any] = {
        "tokens": ledger.tokens, "budget": ledger.budgets, "breaker": breaker, "flow": flow.name,
        "clock": clock, "sleep": sleep,
    }  # fmt: skip
    login = partial(login_with, credentials_of(org_settings), session)
    zoho_settings = Settings(**{**SANDBOX_ZOHO, "api_base": doors.zoho, "accounts_base": doors.zoho, **QUICK})
    return assemble(
        flow,
        ledger=ledger,
        org=SalesforceClient(org_settings, login, session=session, **shared),
        zoho=ZohoClient(zoho_settings, **shared),
        staging_root=Path(doors.staging),
        settings={"company_currency": "USD"} | settings,
        lease=LEASE,
        clock=clock,
    )
