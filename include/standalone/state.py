"""What a supervisor writes down about itself, so that others can watch it or clean up after it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import psutil

from include.standalone.sessions import Leader

if TYPE_CHECKING:
    from pathlib import Path

STARTING, READY, STOPPING, STOPPED, FAILED = "starting", "ready", "stopping", "stopped", "failed"
LINES_KEPT = 300


@dataclass(slots=True)
class State:
    """The supervisor's own account of itself.

    ``lines`` is what it said, oldest first; ``sessions`` holds every session it has not seen empty.
    """

    status: str = STOPPED
    lines: list[str] = field(default_factory=list)
    supervisor: Leader | None = None
    sessions: dict[str, list[Leader]] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)
    booted: float = field(default_factory=psutil.boot_time)

    def save(self, file: Path) -> None:
        """Write the state, whole or not at all."""
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self)), encoding="utf-8")
        draft.replace(file)

    def say(self, line: str) -> None:
        """Add a line; only the latest few hundred are kept."""
        self.lines = [*self.lines[-LINES_KEPT:], line]

    @property
    def supervisor_lives(self) -> bool:
        """Whether the supervisor that wrote this still runs."""
        return self.supervisor is not None and self.supervisor.is_alive()

    @property
    def leaders(self) -> list[Leader]:
        """Every session that may still have members."""
        return [leader for leaders in self.sessions.values() for leader in leaders]


def read(file: Path) -> State:
    """Read a state file; an empty state when there is none, or it is from before the last boot."""
    with suppress(FileNotFoundError, ValueError, TypeError, KeyError):
        kept = json.loads(file.read_text(encoding="utf-8"))
        if abs(kept["booted"] - psutil.boot_time()) < 60:
            kept["supervisor"] = kept["supervisor"] and Leader(*kept["supervisor"])
            kept["sessions"] = {
                name: [Leader(*leader) for leader in leaders] for name, leaders in kept["sessions"].items()
            }
            return State(**kept)
    return State()
