"""Salesforce as a part of the sandbox: what reset and stories do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.salesforce import story

if TYPE_CHECKING:
    from include.sandbox.salesforce.bus.bus import Bus
    from include.sandbox.salesforce.world import World

STORY = "salesforce"


class SalesforcePart:
    """Implements :class:`include.sandbox.control.Part`."""

    def __init__(self, world: World, bus: Bus) -> None:
        self._world = world
        self._bus = bus

    def reset(self) -> None:
        """An org that nobody has used; the tables are already empty."""
        self._world.reset()
        self._bus.reset()

    def stories(self) -> tuple[str, ...]:
        """Northwind's customers with something to sell them. An own name: most want only one system."""
        return (STORY,)

    def load(self, name: str, limit: int | None) -> dict[str, int]:
        """Tell it; answers how many records of each kind."""
        return story.tell(self._world, limit)
