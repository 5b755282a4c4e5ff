"""Salesforce's front and its control API, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.salesforce.control import router
from include.sandbox.salesforce.dispatch import Dispatcher
from include.sandbox.salesforce.routes_collections import CollectionRoutes
from include.sandbox.salesforce.routes_composite import CompositeRoutes
from include.sandbox.salesforce.routes_records import RecordRoutes
from include.sandbox.salesforce.routes_service import ServiceRoutes
from include.sandbox.salesforce.server import Server
from include.sandbox.salesforce.world import World

if TYPE_CHECKING:
    from fastapi import APIRouter

    from include.sandbox.control import Control


class Salesforce:
    """One org over the sandbox's database."""

    def __init__(self, control: Control) -> None:
        self.world = World.over(control)
        self.dispatcher = Dispatcher(self.world.switches)
        # Every table of routes is joined here: a new one is one more line.
        for routes in (
            ServiceRoutes(self.world).table(),
            RecordRoutes(self.world).table(),
            CollectionRoutes(self.world).table(),
            CompositeRoutes(self.world, self.dispatcher).table(),
        ):
            self.dispatcher.add(routes)
        self.server = Server(self.world, self.dispatcher)

    def control(self) -> APIRouter:
        """``/_sandbox/salesforce``."""
        return router(self.world)
