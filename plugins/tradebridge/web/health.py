"""How the flows are: alerts, the books, writes in doubt, records that wait; as JSON and for the page."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from airflow.api_fastapi.core_api.security import GetUserDep  # noqa: TC002 - FastAPI reads it at run time
from fastapi import APIRouter, Depends, HTTPException, Query, status
from pydantic import BaseModel, ConfigDict, Field

from include.errors import PermanentError, TransientError
from include.pipelines.flows import DRIFTED, ORDER_FLOWS
from include.pipelines.ports import TARGET
from tradebridge import connections
from tradebridge.flows import FLOWS
from tradebridge.web.exceptions import may_replay

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.ledger import Doubt

router = APIRouter(prefix="/api", tags=["health"])


class Confirmation(BaseModel):
    """A person has seen the record in the target."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1, max_length=200, description="the write's key, as listed")
    target_id: str = Field(min_length=1, max_length=40, description="0000123, or 00-0001009 of a customer")


class Denial(BaseModel):
    """A person has looked, and the target does not have the record."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1, max_length=200, description="the write's key, as listed")


def _of_every_flow(read: Callable[[str], Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows of all flows as plain data.

    Raises:
        HTTPException: 503 when the ledger is down.
    """
    try:
        return [asdict(row) for flow in FLOWS for row in read(flow)]
    except TransientError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "the ledger is down; try again") from error


def standing() -> dict[str, list[dict[str, Any]]]:
    """Everything the page shows.

    Raises:
        HTTPException: 503 when the ledger is down.
    """
    ledger = connections.ledger()
    return {
        "alerts": read_alerts(limit=20)["alerts"],
        "balances": _of_every_flow(lambda flow: ledger.balances.list(flow, limit=24)),
        "doubts": _of_every_flow(ledger.doubts.list),
        "waiting": _of_every_flow(ledger.doubts.waiting),
    }


@router.get("/alerts")
def read_alerts(
    state: Literal["open", "recovered"] | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Alerts, newest first, and notices that have not been delivered yet."""
    try:
        ledger = connections.ledger()
        found, left = ledger.alerts.list(state, limit=limit), ledger.alerts.undelivered()
    except TransientError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "the ledger is down; try again") from error
    untold = {alert.id: [asdict(each) for each in left if each.alert_id == alert.id] for alert in found}
    return {"alerts": [{**asdict(alert), "undelivered": untold[alert.id]} for alert in found]}


@router.get("/balances")
def read_balances(limit: Annotated[int, Query(ge=1, le=500)] = 24) -> dict[str, Any]:
    """The newest hourly balances of every flow."""
    ledger = connections.ledger()
    return {"balances": _of_every_flow(lambda flow: ledger.balances.list(flow, limit=limit))}


@router.get("/in-doubt")
def read_in_doubt() -> dict[str, Any]:
    """Writes whose outcome is not known yet; each is read back before anything is sent again."""
    return {"writes": _of_every_flow(connections.ledger().doubts.list)}


@router.get("/waiting")
def read_waiting() -> dict[str, Any]:
    """Records whose newer announcements wait behind an open exception."""
    return {"records": _of_every_flow(connections.ledger().doubts.waiting)}


@router.get("/drift")
def read_drift(limit: Annotated[int, Query(ge=1, le=500)] = 100) -> dict[str, Any]:
    """Fields that one system said differently from their owner, newest first; the owner's flow heals them.

    ``before`` is what was said, ``after`` the owner's word, ``flow`` the one that carries it.
    """
    try:
        found = connections.ledger().audit.latest(DRIFTED, limit=limit)
    except TransientError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "the ledger is down; try again") from error
    return {"fields": [asdict(entry) for entry in found]}


@router.post("/in-doubt/confirm", dependencies=[Depends(may_replay)])
def confirm(wanted: Confirmation, user: GetUserDep) -> dict[str, str]:
    """It is there: link it. Audited; the flow takes it as written."""
    doubt = _doubt(wanted.key)
    ended = _end(
        lambda: connections.ledger().doubts.confirm(
            wanted.key,
            wanted.target_id,
            source_system=ORDER_FLOWS[doubt.flow].source,
            target_system=TARGET,
            actor=user.get_name(),
        )
    )
    return {"record_key": ended.record_key, "state": ended.state}


@router.post("/in-doubt/deny", dependencies=[Depends(may_replay)])
def deny(wanted: Denial, user: GetUserDep) -> dict[str, str]:
    """It is not there: the flow looks at the record again and sends it. Audited."""
    from include.pipelines.doubts import announcements

    doubt = _doubt(wanted.key)
    # First the announcement: were it lost, nothing would ever send the record again.
    connections.ledger().inbox.keep_many(
        doubt.flow, announcements(ORDER_FLOWS[doubt.flow], [doubt], asked_by=user.get_name())
    )
    ended = _end(lambda: connections.ledger().doubts.deny(wanted.key, actor=user.get_name()))
    return {"record_key": ended.record_key, "state": ended.state}


def _doubt(key: str) -> Doubt:
    found = [doubt for flow in FLOWS for doubt in connections.ledger().doubts.list(flow) if doubt.key == key]
    if not found:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "there is no such write in doubt")
    return found[0]


def _end(decide: Callable[[], Doubt]) -> Doubt:
    try:
        return decide()
    except PermanentError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from error
    except TransientError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "the ledger is down; try again") from error
