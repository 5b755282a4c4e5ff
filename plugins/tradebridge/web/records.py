"""One record by any of its names: source id, target id or the number a clerk uses (A4)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, status

from include.errors import TransientError
from tradebridge import connections

router = APIRouter(prefix="/api", tags=["records"])

Name = Annotated[str, Path(min_length=1, max_length=100)]


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
