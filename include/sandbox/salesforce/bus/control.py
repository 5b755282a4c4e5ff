"""The hand on the event bus: ``/_sandbox/salesforce/bus``. None of it is Salesforce's API."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from include.sandbox.salesforce.bus.events import Draft
from include.sandbox.salesforce.bus.refusal import Refusal, Status
from include.sandbox.salesforce.store import Commit

if TYPE_CHECKING:
    from include.sandbox.salesforce.bus.bus import Bus

Json = dict[str, Any]
Ending = Literal["UNAVAILABLE", "UNAUTHENTICATED", "INTERNAL", "RESOURCE_EXHAUSTED", "UNKNOWN"]


class Expiry(BaseModel):
    """How many of the newest events stay."""

    model_config = ConfigDict(extra="forbid")

    keep: int = Field(default=0, ge=0)


class Drop(BaseModel):
    """How open streams end: a gRPC status, the code behind the vendor's prefix, a message."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["UNAVAILABLE", "UNAUTHENTICATED", "INTERNAL", "RESOURCE_EXHAUSTED", "UNKNOWN"] = (
        "UNAVAILABLE"
    )
    code: str = "service.unavailable"
    message: str = "The Pub/Sub API service is unavailable."


class Gap(BaseModel):
    """A gap event out of nowhere: after a change past the application, or a lossy change of a field's type.

    ``record_ids`` may hold a wildcard such as ``001*``.
    """

    model_config = ConfigDict(extra="forbid")

    entity: str
    kind: Literal["GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE", "GAP_OVERFLOW"] = "GAP_UPDATE"
    record_ids: list[str] = []


def router(bus: Bus) -> APIRouter:
    """State, switches and deeds."""
    routes = APIRouter(prefix="/_sandbox/salesforce/bus", tags=["salesforce"])

    @routes.get("")
    def state() -> Json:
        return {
            "settings": bus.switches.present.model_dump(mode="json"),
            "subscribers": [one.state() for one in list(bus.subscribers.values())],
            "newest": bus.log.end(),
            "events": bus.log.counts(),
            "deliveries_left": bus.left(),
        }

    @routes.get("/settings")
    def settings() -> Json:
        return bus.switches.present.model_dump(mode="json")

    @routes.post("/settings")
    def turn(changes: Json) -> Json:
        try:
            return bus.turn(changes).model_dump(mode="json")
        except ValidationError as exc:
            raise HTTPException(422, exc.errors(include_url=False, include_context=False)) from exc

    @routes.post("/expire")
    def expire(asked: Expiry) -> dict[str, int]:
        return {"expired": bus.log.expire(asked.keep)}

    @routes.post("/drop")
    def drop(asked: Drop) -> dict[str, int]:
        return {"dropped": bus.drop(Refusal(getattr(Status, asked.status), asked.code, asked.message))}

    @routes.post("/gaps", status_code=201)
    def gap(asked: Gap) -> dict[str, str]:
        layout = bus.topics.selected(asked.entity)
        if layout is None:
            raise HTTPException(404, f"{asked.entity} is not selected for change events")
        return {"id": bus.emit(Draft(layout, asked.kind, asked.record_ids, sequence=1), _nobody(bus))}

    return routes


def _nobody(bus: Bus) -> Commit:
    """A transaction in which nothing was saved."""
    now = bus.clock.now()
    return Commit(str(uuid.uuid4()), round(now.timestamp() * 1000), now, "", "", "", [])
