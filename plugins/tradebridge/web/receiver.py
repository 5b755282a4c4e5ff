"""``POST /tradebridge/webhooks/{system}/{event}``: keep first, think later.

The only route of ours without a login: the caller proves itself by a signature over the raw body.
A 2xx means that the row is on disk; nothing is interpreted beyond the record's identity. One way to
say no: the caller never learns which part of a bad signature was wrong. No answer is a redirect, and
none is a 500: whatever breaks on our side is a 503, which every sender tries again.

========  ================================================================================
answer    when
========  ================================================================================
202       kept, or already had
400       signed, but no record can be made out of it (kept in the exceptions table)
401       signature missing or wrong
404       no such system or event
408       the body came too slowly
413       body larger than ``MAX_BODY``
415       compressed, or neither JSON nor a form
503       the ledger is down or full, or no secret is configured; ``Retry-After`` says when to come back
========  ================================================================================
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Request, status
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from include.canonical import Disposition, Reason
from include.errors import RecordError
from include.ledger import Delivery, NewException
from include.ledger.inbox import LISTED_AS
from include.webhooks import SignatureError
from tradebridge import connections
from tradebridge.web.body import REFUSALS, RETRY_AFTER, raw_body
from tradebridge.web.senders import SENDERS, Sender

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

log = logging.getLogger(__name__)
router = APIRouter(prefix="/webhooks", tags=["webhooks"])

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "properties": {"JSONString": {"type": "string"}}}
            },
        },
    }
}
"""What OpenAPI says of a body that the route itself takes raw."""


class Kept(BaseModel):
    """The event is on disk."""

    status: Literal["kept"] = "kept"
    record: str


def sender_of(system: str, event: str) -> Sender:
    """Whose address this is, asked before a byte of the body is read."""
    sender = SENDERS.get(system)
    if sender is None or (sender.addresses is not None and event not in sender.addresses):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such system or event")
    return sender


@dataclass
class GroupCommit:
    """Rows that arrive together are made durable together.

    A burst would otherwise pay one transaction a row. Each caller waits until the transaction that
    holds its own row is committed.
    """

    keep: Callable[[str, Sequence[Delivery]], Awaitable[object]]
    _waiting: dict[str, list[tuple[Delivery, asyncio.Future[None]]]] = field(default_factory=dict)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def add(self, flow: str, delivery: Delivery) -> None:
        """Return once ``delivery`` is durable; raises what the ledger raised."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._waiting.setdefault(flow, [])
        queue.append((delivery, future))
        if len(queue) == 1:
            task = asyncio.create_task(self._flush(flow))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        await future

    async def _flush(self, flow: str) -> None:
        while rows := self._waiting.get(flow):
            batch = rows[:]
            error: Exception | None = None
            try:
                await self.keep(flow, [delivery for delivery, _ in batch])
            except Exception as caught:  # noqa: BLE001 - handed to every caller, who answers 503 or raises
                error = caught
            for _, future in batch:
                if future.done():
                    continue
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)
            del rows[: len(batch)]


async def _keep(flow: str, deliveries: Sequence[Delivery]) -> int:
    inbox = connections.ledger().inbox
    return await run_in_threadpool(inbox.file_many if flow in SENDERS else inbox.keep_many, flow, deliveries)


commits = GroupCommit(_keep)


@router.post(
    "/{system}/{event}", status_code=status.HTTP_202_ACCEPTED, responses=REFUSALS, openapi_extra=BODY
)
async def receive(
    system: str,
    event: str,
    request: Request,
    sender: Annotated[Sender, Depends(sender_of)],
    body: Annotated[bytes, Depends(raw_body)],
) -> Kept:
    """Keep one signed event and wake its flow."""
    try:
        await _authenticate(system, body, request)
        return await _kept(sender, system, event, body, request.headers.get("content-type", ""))
    except SignatureError as error:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "signature missing or wrong") from error
    except RecordError as error:
        raise HTTPException(
            status.HTTP_400_BAD_REQUEST, "signed, but not a record this system sends"
        ) from error
    except Exception as error:
        # The edge: what breaks here is ours to mend and the sender's to send again.
        raise _unavailable(error) from error


async def _authenticate(system: str, body: bytes, request: Request) -> None:
    door = await run_in_threadpool(connections.doorkeeper, system)
    door.check(body, request.headers.items(), now=time.time())


async def _kept(sender: Sender, system: str, address: str, body: bytes, content_type: str) -> Kept:
    """Make it durable; what is signed and cannot be read, too."""
    try:
        said = sender.read(address, body, content_type)
    except RecordError as error:
        await _keep_unreadable(sender, system, address, body, error)
        raise
    delivery = Delivery(
        system=system,
        event=said.event,
        record_key=said.record_key,
        delivery_id=said.delivery_id,
        version=said.version,
        payload=said.content,
        headers={"origin": "webhook", "content-type": content_type[:100]}
        | ({LISTED_AS: said.listed_as} if said.listed_as else {}),
    )
    # What no flow takes is kept under the system's own name: nobody claims it.
    flow = sender.flows.get(said.event, system)
    await commits.add(flow, delivery)
    if flow != system:
        from tradebridge.web.waker import waker

        waker().ring()
    return Kept(record=delivery.record_key)


async def _keep_unreadable(
    sender: Sender, system: str, address: str, body: bytes, error: RecordError
) -> None:
    """Nothing signed is lost: what cannot be read waits, with its body, for a person."""
    key = f"unreadable:{hashlib.sha256(body).hexdigest()[:32]}"
    exception = NewException(
        flow=sender.unreadable,
        record_key=key,
        record_label=key,
        code=Reason.UNREADABLE.value,
        # Parked whatever the code's own disposition: no newer version of an unknown record can come.
        disposition=Disposition.PARKED.value,
        field="body",
        value=f"{len(body)} bytes",
        message=str(error),
        remedy=sender.remedy,
        payload_ref=f"inbox: {key}",
    )
    delivery = Delivery(
        system=system, event=address, record_key=key, delivery_id=key, version="", payload=body,
        headers={"origin": "webhook"},
    )  # fmt: skip

    def keep() -> None:
        ledger = connections.ledger()
        ledger.exceptions.open([exception])  # first: it keeps the row from being claimed
        ledger.inbox.set_aside(sender.unreadable, delivery)

    await run_in_threadpool(keep)


def _unavailable(error: Exception) -> HTTPException:
    """Its kind is logged and not its text, which might quote the body."""
    log.warning("webhook not kept: %s", type(error).__name__)
    return HTTPException(
        status.HTTP_503_SERVICE_UNAVAILABLE, "try again", headers={"Retry-After": str(RETRY_AFTER)}
    )
