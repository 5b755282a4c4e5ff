"""One record by any of its names: source id, target id or the number a clerk uses (A4)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from airflow.api_fastapi.core_api.security import GetUserDep  # noqa: TC002 - FastAPI reads it at run time
from fastapi import APIRouter, Depends, HTTPException, Path, status
from pydantic import BaseModel, ConfigDict, Field

from include.errors import TransientError
from include.ledger import AuditEntry, Link
from tradebridge import connections
from tradebridge.web.exceptions import may_replay

router = APIRouter(prefix="/api", tags=["records"])

Name = Annotated[str, Path(min_length=1, max_length=100)]


class NewLink(BaseModel):
    """A person says that a source record and a target record are one."""

    model_config = ConfigDict(extra="forbid")

    entity: Literal["sales_order", "customer"]
    source_system: Literal["zoho_inventory"] = "zoho_inventory"
    source_id: str = Field(min_length=1, max_length=100)
    target_system: Literal["sage100"] = "sage100"
    target_id: str = Field(min_length=1, max_length=40, description="0000123, or 00-0001009 of a customer")


def found(name: str) -> dict[str, Any]:
    """Everything the ledger knows of what ``name`` may mean: links, events, exceptions, audit.

    Raises:
        HTTPException: 503 when the ledger is down.
    """
    ledger = connections.ledger()
    try:
        links = ledger.crosswalk.named(name)
        keys = list(dict.fromkeys([link.source_id for link in links] or [name]))
        return {
            "links": [asdict(link) for link in links],
            "events": [_event(row) for key in keys for row in ledger.inbox.history(key)],
            "exceptions": [asdict(row) for key in keys for row in ledger.exceptions.list(record_key=key)],
            "audit": [asdict(entry) for key in keys for entry in ledger.audit.of_record(key)],
        }
    except TransientError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "the ledger is down; try again") from error


def _event(row: Any) -> dict[str, Any]:
    """An inbox row without its payload: bodies stay in the ledger."""
    names = (
        "id",
        "flow",
        "system",
        "event",
        "record_key",
        "version",
        "received_at",
        "state",
        "outcome",
        "attempts",
    )
    return {name: getattr(row, name) for name in names}


@router.get("/records/{name}")
def read_record(name: Name) -> dict[str, Any]:
    """What is known of a record, by any of its names."""
    return found(name)


@router.post("/links", status_code=status.HTTP_201_CREATED, dependencies=[Depends(may_replay)])
def write_link(wanted: NewLink, user: GetUserDep) -> dict[str, str]:
    """Settle who is who by hand: an ambiguous customer, an order typed in Sage. Audited."""
    ledger = connections.ledger()
    known = ledger.crosswalk.find(
        wanted.entity, wanted.source_system, [wanted.source_id], wanted.target_system
    ).get(wanted.source_id)
    link = Link(**wanted.model_dump(), origin=f"named by {user.get_name()}")
    ledger.crosswalk.bind([link])
    ledger.audit.add(
        AuditEntry(
            actor=user.get_name(),
            action="linked",
            entity=wanted.entity,
            record_key=wanted.source_id,
            target_id=wanted.target_id,
            before=known.target_id if known else "",
        )
    )
    return {"source_id": wanted.source_id, "target_id": wanted.target_id}
