"""Clarity's front, its sender of webhooks and its control API, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.clarity.control import router
from include.sandbox.clarity.routes_catalogue import CatalogueRoutes
from include.sandbox.clarity.routes_customers import CustomerRoutes
from include.sandbox.clarity.routes_orders import OrderRoutes
from include.sandbox.clarity.routes_service import ServiceRoutes
from include.sandbox.clarity.routes_shipments import ShipmentRoutes
from include.sandbox.clarity.server import Server
from include.sandbox.clarity.world import World
from include.sandbox.sender import Sender

if TYPE_CHECKING:
    from fastapi import APIRouter

    from include.sandbox.control import Control


class Clarity:
    """One tenant over the sandbox's database."""

    def __init__(self, control: Control) -> None:
        self.world = World.over(control)
        self._sender = Sender(self.world.webhooks, self.world.switches, "clarity")
        service = ServiceRoutes(self.world, self.listen)
        routes = [
            *OrderRoutes(self.world).table(),
            *CustomerRoutes(self.world).table(),
            *CatalogueRoutes(self.world).table(),
            *ShipmentRoutes(self.world).table(),
            *service.table(),
        ]
        service.describe(routes)
        self.server = Server(self.world, routes)

    def listen(self) -> None:
        """Begin to send: not before somebody listens, so that nobody pays for idle threads."""
        self._sender.start()

    def start(self) -> None:
        """Take up what a killed process left."""
        if self.world.webhooks.busy():
            self.listen()

    def stop(self) -> None:
        """Finish what is being sent."""
        self._sender.stop()

    def control(self) -> APIRouter:
        """``/_sandbox/clarity``."""
        return router(self.world, self.listen)
