"""What keeps calls back: endpoints that do not answer, budgets, flows that wait for them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep  # noqa: TC002 - FastAPI reads it at run time
from airflow.sdk.exceptions import AirflowNotFoundException
from fastapi import APIRouter, Depends, HTTPException, Path, status

from include.errors import ConfigurationError, TransientError
from include.ledger import AuditEntry
from tradebridge import connections
from tradebridge.web.exceptions import may_replay

if TYPE_CHECKING:
    from datetime import datetime

    from include.connectors.rest.pace import Pace
    from include.ledger import BreakerState, Ledger

router = APIRouter(prefix="/api", tags=["limits"])


def standing() -> dict[str, Any]:
    """Breakers, budgets and parked flows as plain data.

    Raises:
        HTTPException: 503 when the ledger is down.
    """
    try:
        ledger = connections.ledger()
        now = ledger.database.now()
        return {
            "endpoints": [_endpoint(state, now) for state in ledger.breakers.states()],
            "budgets": _budgets(ledger),
            "flows": [asdict(parked) for parked in ledger.parking.standing()],
        }
    except TransientError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "the ledger is down; try again") from error


def _endpoint(state: BreakerState, now: datetime) -> dict[str, Any]:
    names = ("name", "failures", "failed_at", "opened_at", "until", "trips", "reason")
    return {"state": state.circuit(now).value, **{name: getattr(state, name) for name in names}}


def _budgets(ledger: Ledger) -> list[dict[str, Any]]:
    """Every budget with what is spent of it; limits and shares as far as a connection tells them."""
    known = {settings.budget_name: settings for settings in _settings()}
    rows = []
    for name in ledger.budgets.names():
        settings = known.get(name)
        zone = settings.timezone if settings else "UTC"
        rows.append(
            {
                **asdict(ledger.budgets.state(name, zone=zone)),
                "per_minute": settings.calls_per_minute if settings else None,
                "per_day": settings.calls_per_day if settings else None,
                "reserved": dict(settings.reserved) if settings else {},
            }
        )
    return rows


def _settings() -> list[Pace]:
    """Of every system with a budget, as far as its connection is there and in order."""
    known: list[Pace] = []
    for client in (connections.zoho_client, connections.clarity_client):
        with suppress(ConfigurationError, AirflowNotFoundException):
            known.append(client().settings)
    return known


@router.get("/limits")
def read_limits() -> dict[str, Any]:
    """What keeps calls back now, and until when."""
    return standing()


@router.post("/limits/flows/{flow}/lift", dependencies=[Depends(may_replay)])
def lift(flow: Annotated[str, Path(max_length=250)], user: GetUserDep) -> dict[str, bool]:
    """Let a parked flow try at once, e.g. after its budget was raised. Audited."""
    ledger = connections.ledger()
    lifted = ledger.parking.lift(flow)
    if lifted:
        ledger.audit.add(AuditEntry(actor=user.get_name(), action="parking lifted", flow=flow))
    return {"lifted": lifted}
