"""Zoho as a part of the sandbox: what reset and stories do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.zoho import spoilt, story

if TYPE_CHECKING:
    from include.sandbox.zoho.world import World


class ZohoPart:
    """Implements :class:`include.sandbox.control.Part`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def reset(self) -> None:
        """Forget everything; the tables are already empty."""
        self._world.reset()

    def stories(self) -> tuple[str, ...]:
        """Northwind; "spoilt" adds every bad order to it; "empty" has only the organisation."""
        return ("empty", "northwind", "spoilt")

    def load(self, name: str, limit: int | None) -> dict[str, int]:
        """Tell a story; answers how many records of each kind."""
        if name == "empty":
            return {}
        told = story.tell(self._world, limit)
        if name == "spoilt":
            told["spoilt"] = len(spoilt.place_spoilt(self._world, list(spoilt.CASES), announce=False))
        return told
