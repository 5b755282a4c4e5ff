"""Request and reply: what the systems say of one customer, order or item now (C8).

The answer holds customers' data as each system says them, which no other page here shows. So a login alone
is not enough: it takes one that may mend exceptions.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response, status
from pydantic import BaseModel, Field

from tradebridge.lookups import lookup
from tradebridge.web.exceptions import may_replay

if TYPE_CHECKING:
    from collections.abc import Sequence

router = APIRouter(prefix="/api", tags=["lookups"], dependencies=[Depends(may_replay)])

System = Literal["zoho_inventory", "clarity_ecommerce", "salesforce", "sage100"]
Name = Annotated[str, Path(min_length=1, max_length=100, description="an id in any system, or a number")]
Systems = Annotated[
    list[System] | None, Query(description="ask only these; all that know the record otherwise")
]
Within = Annotated[float, Query(gt=0, le=10, description="seconds to wait for live answers")]
MaxAge = Annotated[float, Query(ge=0, le=3600, description="seconds for which an answer is good enough")]


class Reply(BaseModel):
    """What one system says."""

    system: str
    id: str
    names: list[str] = Field(description="what people call it")
    read_at: datetime | None = Field(description="when the system said so; null when it said nothing")
    age: float | None = Field(description="seconds since then")
    stale: bool = Field(description="it did not answer now: this is what it said then")
    record: dict[str, Any] | None = Field(description="its own JSON; null when it has no such record")
    problem: str = Field(description="why there is no fresh answer; blank when there is one")


SILENCE: dict[int | str, dict[str, Any]] = {
    504: {"description": "no system answered in time, and none is remembered"}
}


@router.get("/customers/{name}", response_model=list[Reply], responses=SILENCE)
def look_up_customer(
    name: Name, system: Systems = None, within: Within = 2.0, max_age: MaxAge = 30.0
) -> Response:
    """A customer in every system that has it."""
    return _replies("customers", name, system, within, max_age)


@router.get("/orders/{name}", response_model=list[Reply], responses=SILENCE)
def look_up_order(
    name: Name, system: Systems = None, within: Within = 2.0, max_age: MaxAge = 30.0
) -> Response:
    """An order in every system that has it, from the opportunity to the ERP."""
    return _replies("orders", name, system, within, max_age)


@router.get("/items/{name}", response_model=list[Reply], responses=SILENCE)
def look_up_item(
    name: Name, system: Systems = None, within: Within = 2.0, max_age: MaxAge = 30.0
) -> Response:
    """An item in every system that has it."""
    return _replies("items", name, system, within, max_age)


def _replies(kind: str, name: str, systems: Sequence[str] | None, within: float, max_age: float) -> Response:
    """The answer; a system that does not answer in time says what it said last, marked ``stale``."""
    replies = lookup(kind).find(
        name,
        within=timedelta(seconds=within),
        max_age=timedelta(seconds=max_age),
        systems=systems or (),
    )
    if not replies:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"no system's {kind} has that name")
    if all(reply.problem and reply.read_at is None for reply in replies):
        raise HTTPException(
            status.HTTP_504_GATEWAY_TIMEOUT, "; ".join(sorted({reply.problem for reply in replies}))
        )
    said = [
        {**asdict(reply), "record": None if reply.record is None else msgspec.Raw(reply.record)}
        for reply in replies
    ]
    # As the systems wrote it: no number passes through a float.
    return Response(msgspec.json.encode(said), media_type="application/json")
