"""The exceptions table as JSON: what waits, why, and how to send it on again."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any, Literal, Self

from airflow.api.common.trigger_dag import trigger_dag
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from airflow.utils.types import DagRunTriggeredByType
from fastapi import APIRouter, Depends, HTTPException, Query, status
from pydantic import BaseModel, ConfigDict, Field, model_validator

from include.errors import TransientError
from tradebridge import connections

router = APIRouter(prefix="/api", tags=["exceptions"])

REPLAY_DAG = "replay_exceptions"
may_replay = requires_access_dag("POST", DagAccessEntity.RUN, REPLAY_DAG)
"""The right to trigger the replay DAG, as Airflow's auth manager gives it."""
State = Literal["open", "retrying", "resolved"]
ExceptionId = Annotated[int, Field(ge=1, lt=2**63)]


class Replay(BaseModel):
    """Which exceptions to carry again: ids, or all of one cause."""

    model_config = ConfigDict(extra="forbid")

    ids: list[ExceptionId] = Field(default_factory=list, max_length=1000)
    cause: str = Field(default="", max_length=500)
    siblings: bool = Field(default=True, description="also carry the others of the same cause")

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.ids and not self.cause:
            raise ValueError("name ids or a cause")
        return self


class Skip(BaseModel):
    """Records that shall not be carried, and why."""

    model_config = ConfigDict(extra="forbid")

    ids: list[ExceptionId] = Field(min_length=1, max_length=1000)
    why: str = Field(min_length=3, max_length=500)


def listed(state: State | None, cause: str | None, limit: int, offset: int) -> list[dict[str, Any]]:
    """Exceptions as plain data, newest first.

    Raises:
        HTTPException: 503 when the ledger is down.
    """
    try:
        rows = connections.ledger().exceptions.list(state=state, cause=cause, limit=limit, offset=offset)
    except TransientError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "the ledger is down; try again") from error
    return [{**asdict(row), "candidates": json.loads(row.candidates or "[]")} for row in rows]


@router.get("/exceptions")
def read_exceptions(
    state: State | None = None,
    cause: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> dict[str, Any]:
    """A page of exceptions."""
    return {"exceptions": listed(state, cause, limit, offset)}


@router.get("/reports")
def read_reports(limit: Annotated[int, Query(ge=1, le=500)] = 50) -> dict[str, Any]:
    """The newest run reports: received and what became of it."""
    return {"reports": [asdict(row) for row in connections.ledger().reports.list(limit=limit)]}


@router.post(
    "/exceptions/replay",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[Depends(may_replay)],
)
def replay(wanted: Replay, user: GetUserDep) -> dict[str, str]:
    """Start ``replay_exceptions``; needs the right to trigger that DAG."""
    run = trigger_dag(
        REPLAY_DAG,
        triggered_by=DagRunTriggeredByType.REST_API,
        triggering_user_name=user.get_name(),
        conf=wanted.model_dump(),
    )
    return {"dag_id": REPLAY_DAG, "run_id": run.run_id if run else ""}


@router.post("/exceptions/skip", dependencies=[Depends(may_replay)])
def skip(wanted: Skip, user: GetUserDep) -> dict[str, int]:
    """Leave records out for good; newer announcements of them are carried as usual. Audited."""
    desk = connections.ledger().exceptions
    chosen = [row for number in wanted.ids if (row := desk.get(number)) is not None]
    if len(chosen) < len(set(wanted.ids)):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such exception")
    rows = 0
    for flow in {row.flow for row in chosen}:
        keys = {row.record_key for row in chosen if row.flow == flow}
        rows += desk.skip(flow, keys, how=f"left out: {wanted.why}", actor=user.get_name())
    return {"rows": rows}
