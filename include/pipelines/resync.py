"""A flow's debt to look at everything: whoever may have missed something asks, the flow's next run does it.

The debt is durable with what caused it, and stands until a whole look went through. It is kept for a
while afterwards, so that people hear of a loss that has mended itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from include.ledger import Ledger

CURSOR = "resync/{flow}"


class _Mark(msgspec.Struct):
    asked_at: datetime
    reason: str
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resync:
    """A whole look that was asked for.

    Attributes:
        flow: DAG id of who owes it.
        asked_at: the last time.
        reason: what may have been missed.
        done_at: when it was paid; ``None`` while it is owed.
        mark: as the ledger holds it.
    """

    flow: str
    asked_at: datetime
    reason: str
    done_at: datetime | None
    mark: str


def ask_in(ledger: Ledger, connection: Connection, flow: str, reason: str) -> None:
    """Make ``flow`` look at everything, durable together with whatever else the transaction does."""
    mark = msgspec.json.encode(_Mark(ledger.database.now(), reason)).decode()
    ledger.cursors.put_in(connection, CURSOR.format(flow=flow), mark)


def owed(ledger: Ledger, flow: str) -> Resync | None:
    """What ``flow`` has still to do."""
    mark = ledger.cursors.get(CURSOR.format(flow=flow))
    found = _read(flow, mark) if mark else None
    return found if found and found.done_at is None else None


def done(ledger: Ledger, paid: Resync) -> bool:
    """The whole look that began with ``paid`` went through; one that was asked for since is still owed."""
    mark = _Mark(paid.asked_at, paid.reason, ledger.database.now())
    told = msgspec.json.encode(mark).decode()
    return ledger.cursors.replace(CURSOR.format(flow=paid.flow), paid.mark, told)


def all_asked(ledger: Ledger) -> list[Resync]:
    """The last one of every flow that was ever asked."""
    prefix = CURSOR.format(flow="")
    return [_read(each.name.removeprefix(prefix), each.value) for each in ledger.cursors.under(prefix)]


def _read(flow: str, mark: str) -> Resync:
    said = msgspec.json.decode(mark, type=_Mark)
    return Resync(flow, said.asked_at, said.reason, said.done_at, mark)
