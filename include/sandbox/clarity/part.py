"""Clarity as a part of the sandbox: what reset and stories do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.sandbox.clarity import cases, story

if TYPE_CHECKING:
    from include.sandbox.clarity.world import World

STORY, ALL_CASES = "clarity", "clarity_cases"


class ClarityPart:
    """Implements :class:`include.sandbox.control.Part`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def reset(self) -> None:
        """Forget everything; the tables are already empty."""
        self._world.reset()

    def stories(self) -> tuple[str, ...]:
        """Northwind in this shop; the other adds every named case. Own names: most want only one shop."""
        return (STORY, ALL_CASES)

    def load(self, name: str, limit: int | None) -> dict[str, int]:
        """Tell a story; answers how many records of each kind."""
        told = story.tell(self._world, limit)
        if name == ALL_CASES:
            told["cases"] = len(cases.play(self._world, cases.usual(), announce=False))
        return told
