"""The outside world in small, as one web application.

Zoho Inventory and Salesforce under their own paths, Clarity eCommerce under ``/clarity``, the hand that moves
them under ``/_sandbox``; Sage 100's control too, when there is a Sage home.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from include.sandbox import control as instruments
from include.sandbox.border import Border
from include.sandbox.clarity.app import Clarity
from include.sandbox.clarity.part import ClarityPart
from include.sandbox.clarity.problem import MANNER
from include.sandbox.clarity.server import PREFIX
from include.sandbox.database import Database
from include.sandbox.salesforce.app import Salesforce
from include.sandbox.salesforce.doors import LOOPBACK, Doors
from include.sandbox.salesforce.part import SalesforcePart
from include.sandbox.salesforce.server import MANNER as SALESFORCE_MANNER
from include.sandbox.salesforce.server import ROOTS as SALESFORCE_ROOTS
from include.sandbox.sender import Sender
from include.sandbox.zoho import control as zoho_control
from include.sandbox.zoho.app import ROOTS, zoho_app
from include.sandbox.zoho.part import ZohoPart
from include.sandbox.zoho.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

DATABASE = "sandbox.sqlite"


class Sandbox(FastAPI):
    """Control API and lifespan by FastAPI; the imitated systems take their requests straight off the wire.

    They stand outside FastAPI's middleware because a fault must reach the bare connection.
    """

    def __init__(
        self,
        control: instruments.Control,
        world: World,
        sender: Sender,
        clarity: Clarity,
        salesforce: Salesforce,
        *,
        doors: Doors,
    ) -> None:
        super().__init__(title="Tradebridge sandbox", lifespan=_lifespan)
        self.control = control
        self.world = world
        self.sender = sender
        self.clarity = clarity
        self.salesforce = salesforce
        self.doors = doors
        self._zoho = Border("zoho", zoho_app(world), control)
        self._clarity = Border("clarity", clarity.server, control, MANNER)
        self._salesforce = Border("salesforce", salesforce.server, control, SALESFORCE_MANNER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send each request to the system whose path it has."""
        if scope["type"] == "http" and scope["path"].startswith(ROOTS):
            await self._zoho(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/"):
            await self._clarity(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(SALESFORCE_ROOTS):
            await self._salesforce(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


@asynccontextmanager
async def _lifespan(app: Sandbox) -> AsyncIterator[None]:
    app.sender.start()
    app.clarity.start()
    app.salesforce.start()
    await app.doors.open(app)
    yield
    await app.doors.close()
    app.salesforce.stop()
    app.clarity.stop()
    app.sender.stop()
    app.control.database.close()


def create_app(
    data: Path,
    *,
    sage_home: Path | None = None,
    base_url: str = "",
    story: str = "",
    salesforce_ports: tuple[int, int] = (0, 0),
    salesforce_bus_port: int = 0,
    salesforce_host: str = LOOPBACK,
) -> Sandbox:
    """Build the sandbox over a directory.

    Args:
        data: where its SQLite file lives; all state survives there.
        sage_home: the Sage 100 sandbox's home, to mount its control API.
        base_url: what OAuth calls ``api_domain``; empty: the address the caller used.
        story: loaded when there are no records yet; several with commas between.
        salesforce_ports: where to listen with TLS and as a proxy for Salesforce's hosts; 0: not at all.
        salesforce_bus_port: where to serve Salesforce's event bus, with TLS if Salesforce has it; 0: nowhere.
        salesforce_host: where proxy and event bus listen.
    """
    control = instruments.Control(Database(data / DATABASE))
    world = World.over(control, base_url)
    sender = Sender(world.webhooks, world.switches)
    control.parts["zoho"] = ZohoPart(world)
    clarity = Clarity(control)
    control.parts["clarity"] = ClarityPart(clarity.world)
    salesforce = Salesforce(control)
    control.parts["salesforce"] = SalesforcePart(salesforce.world, salesforce.bus)
    doors = Doors(data, *salesforce_ports, host=salesforce_host)
    if salesforce_bus_port:
        salesforce.offer_bus(salesforce_bus_port, doors)
    app = Sandbox(control, world, sender, clarity, salesforce, doors=doors)
    app.include_router(instruments.router(control))
    app.include_router(zoho_control.router(world, sender))
    app.include_router(clarity.control())
    app.include_router(salesforce.control())
    if sage_home is not None:
        from include.sandbox.sage100.control import router as sage_router  # noqa: PLC0415 - only with a Sage home

        app.include_router(sage_router(sage_home))
    filled = (
        world.documents.count("items"),
        clarity.world.documents.count("products"),
        salesforce.world.store.count("Account"),
    )
    if story and not any(filled):
        for name in story.split(","):
            control.load(name)
    return app
