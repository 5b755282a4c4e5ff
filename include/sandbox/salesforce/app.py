"""Salesforce's front, its event bus and its control API, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from include.sandbox.salesforce.bulk.jobs import Jobs
from include.sandbox.salesforce.bulk.worker import Worker
from include.sandbox.salesforce.bus.access import Access
from include.sandbox.salesforce.bus.bus import Bus
from include.sandbox.salesforce.bus.control import router as bus_router
from include.sandbox.salesforce.bus.server import HOST, BusServer
from include.sandbox.salesforce.control import router
from include.sandbox.salesforce.dispatch import Dispatcher
from include.sandbox.salesforce.routes_bulk1 import Bulk1Routes
from include.sandbox.salesforce.routes_bulk2 import Bulk2Routes
from include.sandbox.salesforce.routes_changes import ChangeRoutes
from include.sandbox.salesforce.routes_collections import CollectionRoutes
from include.sandbox.salesforce.routes_composite import CompositeRoutes
from include.sandbox.salesforce.routes_query import QueryRoutes
from include.sandbox.salesforce.routes_records import RecordRoutes
from include.sandbox.salesforce.routes_service import ServiceRoutes
from include.sandbox.salesforce.server import Server
from include.sandbox.salesforce.world import World

if TYPE_CHECKING:
    from include.sandbox.control import Control
    from include.sandbox.salesforce.doors import Doors


class Salesforce:
    """One org over the sandbox's database."""

    def __init__(self, control: Control) -> None:
        self.world = World.over(control)
        self.bus = Bus(self.world)
        self._bus_server: BusServer | None = None
        self.dispatcher = Dispatcher(self.world.switches)
        jobs = Jobs(self.world.store)
        self._bulk = Worker(self.world, jobs)
        # Every table of routes is joined here: a new one is one more line.
        for routes in (
            ServiceRoutes(self.world).table(),
            RecordRoutes(self.world).table(),
            CollectionRoutes(self.world).table(),
            CompositeRoutes(self.world, self.dispatcher).table(),
            QueryRoutes(self.world.store).table(),
            ChangeRoutes(self.world.store).table(),
            Bulk2Routes(self.world, jobs, self._bulk).table(),
            Bulk1Routes(self.world, jobs, self._bulk).table(),
        ):
            self.dispatcher.add(routes)
        self.server = Server(self.world, self.dispatcher)

    def start(self) -> None:
        """Take up what a killed process left, and listen for subscribers if the bus is offered.

        Raises:
            RuntimeError: the bus's port is taken.
        """
        self._bulk.start()
        if self._bus_server is not None:
            self._bus_server.start()

    def stop(self) -> None:
        """Finish what is being written and end all subscriptions."""
        if self._bus_server is not None:
            self._bus_server.stop()
        self._bulk.stop()

    def offer_bus(self, port: int, doors: Doors) -> None:
        """Serve the event bus on a port from :meth:`start` on, with TLS if the org has it."""
        server = doors.papers.server.read_bytes() if doors.tls_port else b""
        papers = (server, server) if server else None
        self._bus_server = BusServer(
            self.bus, Access(self.world), host=doors.host, port=port, certificate=papers
        )
        doors.hosts[HOST] = port

    def control(self) -> APIRouter:
        """``/_sandbox/salesforce``."""
        routes = APIRouter()
        routes.include_router(bus_router(self.bus))
        routes.include_router(router(self.world))
        return routes
