"""Clarity's side of the house: the shop and the hand on it, and the worlds of its flows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from include.connectors.clarity_ecommerce import ClarityClient, ClarityOrders, Settings
from include.connectors.clarity_ecommerce.payments import ClarityPayments
from include.connectors.sage100 import GatewayClient, GatewaySettings, OdbcSettings, Reader, connect
from include.ledger import BreakerPolicy, Breakers, Delivery, Ledger
from include.ledger.inbox import LISTED_AS
from include.pipelines.flows import CLARITY_ORDERS
from include.pipelines.mirrors import flows
from include.pipelines.mirrors.assembly import assemble
from include.pipelines.mirrors.flows import MirrorFlow
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.ports import Endpoint, World
from include.standalone.environment import SANDBOX_CLARITY
from tests.pipeline.house import Clock, Doors, House
from tests.pipeline.outside import Control, Json, cents
from tests.pipeline.world import LEASE, SITE

HEADS = "SELECT * FROM SO_SalesOrderHeader WHERE UDF_CLARITY_ORDER_ID <> '' ORDER BY SalesOrderNo"
QUICK = {"calls_per_minute": 100_000, "calls_per_day": 10_000_000, "patience": 1.0, "attempts": 2}
ORDER_LIST, ONE_ORDER = "/clarity/api/v1/orders", "/clarity/api/v1/orders/{id}"
BOUNDLESS = {"per_minute": 1_000_000, "burst": 1_000_000, "concurrent": 100}


MakeMirror = Callable[[MirrorFlow], MirrorWorld]


class Clarity(Control):
    """The shop."""

    def open(self, orders: int = 0) -> None:
        """Northwind's shop without limits, with so many orders."""
        self.post("/clarity/settings", BOUNDLESS)
        self.post("/load", {"story": "clarity", "limit": orders})

    def place(self, **asked: Any) -> list[Json]:
        """Order something."""
        placed: Json = self.post("/clarity/orders", asked)
        orders: list[Json] = placed["orders"]
        return orders

    def edit(self, number: str, **asked: Any) -> None:
        """Change an order as somebody in the shop does."""
        self.put(f"/clarity/orders/{number}", asked)

    def document(self, resource: str, number: str) -> Json:
        """One record whole."""
        found: Json = self.get(f"/clarity/documents/{resource}/{number}")
        return found

    def change(self, resource: str, number: str, **changes: Any) -> None:
        """Write members over a record."""
        self.put(f"/clarity/documents/{resource}/{number}", {"changes": changes})

    def announcement(self, number: str) -> Delivery:
        """What the receiver would keep of a webhook of this order, as it is now."""
        order = self.document("orders", number)
        return Delivery(
            system=CLARITY_ORDERS.source,
            event="order.updated",
            record_key=str(order["id"]),
            delivery_id=f"evt_{order['id']}_{order['rowVersion']}",
            version=str(order["rowVersion"]),
            payload=b"{}",
            headers={"origin": "webhook", LISTED_AS: order["updatedDate"]},
        )

    def calls(self) -> Counter[str]:
        """Calls of Clarity's API since the log was emptied, by shape of the path."""
        found: Counter[str] = Counter()
        for row in self.get("/requests")["counts"]:
            if row["shape"].startswith("/clarity/api"):
                found[row["shape"]] += int(row["n"])
        return found

    def effects(self, **about: Any) -> list[Json]:
        """What was written in the shop."""
        found: list[Json] = self.get("/clarity/effects", **about)["effects"]
        return found


def shop(house: House) -> Clarity:
    """The shop of the house's sandbox."""
    return Clarity(house.doors.zoho)


def differences(house: House, clarity: Clarity) -> list[str]:
    """What of the shop's orders does not stand in Sage once, to the cent, under the shop's own names."""
    found = []
    for head in house.sage.rows(HEADS):
        order = clarity.document("orders", head["UDF_CLARITY_ORDER_NO"])
        held = (head["UDF_CLARITY_ORDER_ID"], head["UDF_CLARITY_VERSION"], house.sage.total(head))
        wanted = (str(order["id"]), str(order["rowVersion"]), cents(order["totals"]["grandTotal"]))
        if held != wanted:
            found.append(f"{head['SalesOrderNo']}: {held} instead of {wanted}")
    return found


def _client(doors: Doors, ledger: Ledger, clock: Clock, flow: str, **changes: Any) -> ClarityClient:
    known = {"base_url": f"{doors.zoho}/clarity", "timezone": "America/New_York", **SANDBOX_CLARITY, **QUICK}
    return ClarityClient(
        Settings(**(known | changes)),
        tokens=ledger.tokens,
        budget=ledger.budgets,
        breaker=Breakers(ledger.database, BreakerPolicy()),
        flow=flow,
        clock=clock,
        sleep=lambda _: None,
    )


def _reader(doors: Doors, ledger: Ledger) -> Reader:
    odbc = OdbcSettings(driver="SQLite3", database=doors.sage_database).connection_string()
    return Reader(partial(connect, odbc), breaker=Breakers(ledger.database, BreakerPolicy()))


def _gateway(doors: Doors, ledger: Ledger) -> GatewayClient:
    settings = GatewaySettings(base_url=doors.gateway, token=doors.gateway_token, read_timeout=60.0)
    return GatewayClient(settings, breaker=Breakers(ledger.database, BreakerPolicy()), sleep=lambda _: None)


def payments_of(doors: Doors, ledger: Ledger, clock: Clock) -> ClarityPayments:
    """What the shop itself says of money."""
    return ClarityPayments(_client(doors, ledger, clock, flows.PAYMENTS.name))


def orders_world(doors: Doors, clock: Clock, **changes: Any) -> World:
    """The order flow's world, as ``tradebridge.connections`` makes it."""
    ledger = Ledger.connect(doors.ledger, clock=clock, secret_key=doors.ledger_key)
    client = _client(doors, ledger, clock, CLARITY_ORDERS.name, **changes)
    reads, orders = _reader(doors, ledger), ClarityOrders(client)
    writes = _gateway(doors, ledger)
    return World(
        flow=CLARITY_ORDERS,
        ledger=ledger,
        source=orders,
        notes=orders,
        reads=reads,
        writes=writes,
        staging_root=Path(doors.staging),
        settings=SITE,
        time_zone=client.settings.timezone,
        lease=LEASE,
        clock=clock,
        endpoints=(
            Endpoint(client.settings.endpoint, client.ping),
            Endpoint(reads.endpoint, reads.ping),
            Endpoint(writes.endpoint, writes.health),
        ),
    )


def mirror_world(doors: Doors, clock: Clock, flow: MirrorFlow, **changes: Any) -> MirrorWorld:
    """A mirror flow's world, put together by the product itself."""
    ledger = Ledger.connect(doors.ledger, clock=clock, secret_key=doors.ledger_key)
    return assemble(
        flow,
        ledger=ledger,
        shop=_client(doors, ledger, clock, flow.name, **changes),
        reads=_reader(doors, ledger),
        writes=_gateway(doors, ledger),
        staging_root=Path(doors.staging),
        settings=SITE,
        lease=LEASE,
        clock=clock,
    )
