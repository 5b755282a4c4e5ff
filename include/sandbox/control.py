"""The hand on the sandbox: clock, faults and request log, shared by every system it imitates.

``Control`` holds the instruments; :func:`router` is their HTTP face under ``/_sandbox``. Nothing
here is part of any vendor's API.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from fastapi import APIRouter, HTTPException
from pydantic import AwareDatetime, BaseModel, ConfigDict

from include.sandbox.clock import Clock
from include.sandbox.faults import Faults, Rule, Standing
from include.sandbox.requestlog import RequestLog

if TYPE_CHECKING:
    from include.sandbox.database import Database


class Part(Protocol):
    """One imitated system, as far as reset and stories concern it."""

    def reset(self) -> None:
        """Forget everything; the tables are already empty."""

    def load(self, story: str, limit: int | None) -> dict[str, int]:
        """Fill with a story; answers how many records of each kind."""

    def stories(self) -> tuple[str, ...]:
        """The stories this system can tell."""


@dataclass(slots=True)
class Control:
    """The instruments, over one database."""

    database: Database
    clock: Clock = field(init=False)
    faults: Faults = field(init=False)
    requests: RequestLog = field(init=False)
    parts: dict[str, Part] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = Clock(self.database)
        self.faults = Faults(self.database)
        self.requests = RequestLog(self.database)

    def reset(self) -> None:
        """An empty world: records, tokens, faults, settings and log are gone, the clock runs true."""
        self.database.wipe()
        self.clock.reset()
        self.faults.reset()
        for part in self.parts.values():
            part.reset()

    def load(self, story: str, limit: int | None = None) -> dict[str, dict[str, int]]:
        """Load a story into every system that knows it; loading again replaces the same records.

        Raises:
            KeyError: no system knows the story.
        """
        able = {name: part for name, part in self.parts.items() if story in part.stories()}
        if not able:
            known = sorted({story for part in self.parts.values() for story in part.stories()})
            raise KeyError(f"no story {story!r}; there are {', '.join(known)}")
        return {name: part.load(story, limit) for name, part in able.items()}


class LoadStory(BaseModel):
    """``limit`` takes only the first so many orders of the story."""

    model_config = ConfigDict(extra="forbid")

    story: str = "northwind"
    limit: int | None = None


class MoveClock(BaseModel):
    """Any of: freeze (true or a moment), jump by seconds, run again (at an offset to real time)."""

    model_config = ConfigDict(extra="forbid")

    freeze: AwareDatetime | bool | None = None
    jump_seconds: float | None = None
    offset_seconds: float | None = None
    run: bool = False

    def apply(self, clock: Clock) -> None:
        """Move the clock as told."""
        if self.offset_seconds is not None or self.run or self.freeze is False:
            clock.run(self.offset_seconds)
        if self.freeze:
            clock.freeze(self.freeze if isinstance(self.freeze, datetime) else None)
        if self.jump_seconds is not None:
            clock.jump(self.jump_seconds)


def _shown(standing: Standing) -> dict[str, Any]:
    rule = standing.rule.model_dump(mode="json")
    return {"id": standing.id, **rule, "seen": standing.seen, "struck": standing.struck}


def router(control: Control) -> APIRouter:
    """``/_sandbox``: health, reset, load, clock, faults, requests."""
    routes = APIRouter(prefix="/_sandbox", tags=["sandbox"])

    @routes.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "systems": sorted(control.parts), "clock": control.clock.state()}

    @routes.post("/reset")
    async def reset() -> dict[str, str]:
        control.reset()
        return {"status": "empty"}

    @routes.post("/load")
    def load(asked: LoadStory) -> dict[str, Any]:
        try:
            return {"story": asked.story, "loaded": control.load(asked.story, asked.limit)}
        except KeyError as exc:
            raise HTTPException(404, str(exc.args[0])) from exc

    _clock_routes(routes, control)
    _fault_routes(routes, control)
    _request_routes(routes, control)
    return routes


def _clock_routes(routes: APIRouter, control: Control) -> None:
    @routes.get("/clock")
    async def read_clock() -> dict[str, object]:
        return control.clock.state()

    @routes.post("/clock")
    async def move_clock(move: MoveClock) -> dict[str, object]:
        move.apply(control.clock)
        return control.clock.state()


def _fault_routes(routes: APIRouter, control: Control) -> None:
    @routes.get("/faults")
    async def list_faults() -> dict[str, Any]:
        return {"faults": [_shown(standing) for standing in control.faults.standing()]}

    @routes.post("/faults", status_code=201)
    async def add_fault(rule: Rule) -> dict[str, int]:
        return {"id": control.faults.add(rule)}

    @routes.delete("/faults")
    async def remove_faults() -> dict[str, int]:
        return {"removed": control.faults.remove()}

    @routes.delete("/faults/{number}")
    async def remove_fault(number: int) -> dict[str, int]:
        return {"removed": control.faults.remove(number)}


def _request_routes(routes: APIRouter, control: Control) -> None:
    @routes.get("/requests")
    async def list_requests(  # noqa: PLR0917 - query parameters, all by name
        system: str | None = None,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
        since_id: int = 0,
        limit: int = 200,
    ) -> dict[str, Any]:
        wanted = {"system": system, "method": method, "path": path, "status": status}
        counts = control.requests.counts(system)
        return {
            "requests": control.requests.find(limit=limit, since_id=since_id, **wanted),
            "counts": counts,
            "total": sum(row["n"] for row in counts),
        }

    @routes.delete("/requests")
    async def clear_requests() -> dict[str, str]:
        control.requests.clear()
        return {"status": "cleared"}
