"""One record by any of its names: source id, target id or the number a clerk uses (A4)."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated, Any, Literal

from airflow.api_fastapi.core_api.security import GetUserDep  # noqa: TC002 - FastAPI reads it at run time
from fastapi import APIRouter, Depends, HTTPException, Path, status
from pydantic import BaseModel, ConfigDict, Field, model_validator

from include.errors import TransientError
from include.ledger import AuditEntry, Link
from include.pipelines.flows import CLARITY_ECOMMERCE, SALESFORCE, ZOHO_INVENTORY
from include.pipelines.ports import CUSTOMER, ITEM, ORDER, TARGET
from tradebridge import connections
from tradebridge.web.exceptions import may_replay

router = APIRouter(prefix="/api", tags=["records"])

Name = Annotated[str, Path(min_length=1, max_length=100)]
ZOHO_KEY, SALESFORCE_KEY = re.compile(r"[0-9]{1,20}"), re.compile(r"[A-Za-z0-9]{18}")
ANY_KEY = re.compile(r".*", re.DOTALL)
LINKED = {
    (ORDER, ZOHO_INVENTORY, TARGET): (ANY_KEY, ANY_KEY),
    (CUSTOMER, ZOHO_INVENTORY, TARGET): (ANY_KEY, ANY_KEY),
    (ORDER, CLARITY_ECOMMERCE, TARGET): (ANY_KEY, ANY_KEY),
    (CUSTOMER, CLARITY_ECOMMERCE, TARGET): (ANY_KEY, ANY_KEY),
    (CUSTOMER, SALESFORCE, ZOHO_INVENTORY): (SALESFORCE_KEY, ZOHO_KEY),
    (ITEM, SALESFORCE, ZOHO_INVENTORY): (SALESFORCE_KEY, ZOHO_KEY),
    (ITEM, ZOHO_INVENTORY, SALESFORCE): (ZOHO_KEY, SALESFORCE_KEY),
}
"""What a person may link, and what an id of either side looks like. A Salesforce product that is a Zoho item
is another name of it; a Zoho item that is a Salesforce product is the one which the catalogue tells of."""
ONE_TO_ONE = {(CUSTOMER, SALESFORCE, ZOHO_INVENTORY), (ITEM, ZOHO_INVENTORY, SALESFORCE)}
"""Links whose target is told by one record only: by two, each would undo what the other told."""


class NewLink(BaseModel):
    """A person says that a source record and a target record are one."""

    model_config = ConfigDict(extra="forbid")

    entity: Literal["sales_order", "customer", "item"]
    source_system: Literal["zoho_inventory", "clarity_ecommerce", "salesforce"] = "zoho_inventory"
    source_id: str = Field(min_length=1, max_length=100)
    target_system: Literal["sage100", "zoho_inventory", "salesforce"] = "sage100"
    target_id: str = Field(min_length=1, max_length=40, description="0000123, or 00-0001009 of a customer")

    @model_validator(mode="after")
    def _carried(self) -> NewLink:
        """Some flow asks for such a link, and both ids may be one of their system's."""
        keys = LINKED.get((self.entity, self.source_system, self.target_system))
        if keys is None:
            raise ValueError(f"no {self.entity} goes from {self.source_system} to {self.target_system}")
        ids = {"source_id": self.source_id, "target_id": self.target_id}
        for key, (name, told) in zip(keys, ids.items(), strict=True):
            if not key.fullmatch(told):
                raise ValueError(f"{name} is no id of the kind that its system gives")
        return self


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
    """Settle what is what by hand: a customer of several, an order typed in Sage, a product. Audited.

    Raises:
        HTTPException: 409 when the target is another record's, and may be only one's.
    """
    ledger = connections.ledger()
    if others := _others(wanted):
        taken = f"{wanted.target_id} is {', '.join(others)} already: merge the two, or make them distinct"
        raise HTTPException(status.HTTP_409_CONFLICT, taken)
    known = ledger.crosswalk.find(
        wanted.entity, wanted.source_system, [wanted.source_id], wanted.target_system
    ).get(wanted.source_id)
    if known and known.target_id != wanted.target_id:
        # The other record was told nothing yet: differences would be all that it ever heard.
        ledger.told.forget(wanted.source_system, wanted.source_id)
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


def _others(wanted: NewLink) -> list[str]:
    """Who holds a target that may be only one's, besides the record that is to be linked."""
    if (wanted.entity, wanted.source_system, wanted.target_system) not in ONE_TO_ONE:
        return []
    # Loaded when asked for: it brings pandas along, which the API server does without otherwise.
    from include.pipelines.mirrors.salesforce.crossings import living

    holders = connections.ledger().crosswalk.find_by_target(
        wanted.entity, wanted.target_system, [wanted.target_id], wanted.source_system
    )
    living_ones = living(holders.get(wanted.target_id, ()))
    return [each.source_id for each in living_ones if each.source_id != wanted.source_id]
