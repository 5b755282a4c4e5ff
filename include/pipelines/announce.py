"""Put orders into the inbox that nobody announced, or that somebody asks for again.

The webhook is a hint; the API is the truth. A *sweep* lists what changed since the last one, less an
overlap, and keeps what the inbox does not have yet: the identity (record and version) is the one the
receiver uses, so an order that a webhook did announce is not carried twice. A *request* (order
numbers, a window, a backfill) is kept under the run's own identity: it is looked at again, and found
unchanged when nothing has changed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from include.ledger import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.pipelines.ports import OrderStub, World

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=10)
"""Read again before the watermark: remote clocks jump and lists lag behind writes."""
FIRST_SWEEP = timedelta(days=1)
PAGE = 200
CURSOR = "{flow}/last_modified_time"


@dataclass(frozen=True, slots=True)
class Request:
    """What a run was asked to carry besides what is already pending.

    Attributes:
        numbers: order numbers to look at again.
        since: start of a window of last-modified times, inclusive.
        until: its end, exclusive.
        sweep: poll for what was never announced.
        recheck: compare with the ERP even if the version was carried already.
    """

    numbers: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    sweep: bool = False
    recheck: bool = False


def delivery_id(event: str, record_id: str, version: str, *, request: str = "") -> str:
    """The identity under which one version of one record is kept once.

    Not every shop sends a delivery id, so it is made of what happened: the event, the record, its version.
    """
    return ":".join(part for part in (event, record_id, version, request) if part)


def announce(world: World, run_id: str, request: Request) -> int:
    """Keep what ``request`` asks for in the inbox; returns how many rows are new."""
    if request.numbers or request.since:
        return _keep(world, _asked(world, request), run_id=run_id, recheck=request.recheck)
    return _sweep(world) if request.sweep else 0


def _asked(world: World, request: Request) -> Iterator[OrderStub]:
    if request.numbers:
        missing = set(request.numbers)
        for stub in world.source.list_sales_orders(numbers=request.numbers):
            missing.discard(stub.number)
            yield stub
        if missing:
            log.warning(
                "asked for orders that %s does not have: %s", world.flow.shop, ", ".join(sorted(missing))
            )
    else:
        yield from world.source.list_sales_orders(modified_since=request.since, modified_until=request.until)


def _sweep(world: World) -> int:
    cursor = CURSOR.format(flow=world.flow.name)
    seen = world.ledger.cursors.get(cursor)
    since = datetime.fromisoformat(seen) - OVERLAP if seen else world.clock() - FIRST_SWEEP
    newest, kept = seen, 0
    for page in _pages(world.source.list_sales_orders(modified_since=since)):
        kept += _keep(world, page)
        newest = max(
            [newest or "", *(at.astimezone(UTC).isoformat() for stub in page if (at := stub.modified_at))]
        )
        if newest:
            world.ledger.cursors.advance(cursor, newest)
    return kept


def _pages(stubs: Iterable[OrderStub]) -> Iterator[list[OrderStub]]:
    page: list[OrderStub] = []
    for stub in stubs:
        page.append(stub)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


def _keep(world: World, stubs: Iterable[OrderStub], *, run_id: str = "", recheck: bool = False) -> int:
    headers = {"origin": "request" if run_id else "sweep", **({"recheck": "true"} if recheck else {})}
    deliveries = [
        Delivery(
            system=world.flow.source,
            event=world.flow.event,
            record_key=stub.id,
            delivery_id=delivery_id(world.flow.event, stub.id, stub.version, request=run_id),
            version=stub.version,
            headers=headers,
        )
        for stub in stubs
    ]
    return world.ledger.inbox.keep_many(world.flow.name, deliveries)
