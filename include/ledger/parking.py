"""Flows that wait for a system to come back, so that no worker has to.

A parked flow has one row: until when, and why. Whoever would start it looks here first. What it has
claimed meanwhile is *deferred*: the batch goes back to the inbox by intention, not because it failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - a field, read at run time
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from include.ledger.tables import batches, parked_flows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.ledger.database import Database


@dataclass(frozen=True, slots=True)
class ParkedFlow:
    """A flow that is not to be started before ``until``; ``since`` when it has been so without a break."""

    flow: str
    since: datetime
    until: datetime
    reason: str


class Parking:
    """At most one stay a flow."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def park(self, flow: str, until: datetime, *, reason: str) -> ParkedFlow:
        """Let ``flow`` wait; of several reasons the one that lasts longest counts."""
        statement = self._db.insert(parked_flows).values(
            flow=flow, since=self._db.now(), until=until, reason=reason[:500]
        )
        told = statement.excluded
        statement = statement.on_conflict_do_update(
            index_elements=["flow"],
            set_={"until": told.until, "reason": told.reason},
            where=parked_flows.c.until < told.until,
        )
        with self._db.begin("park a flow") as connection:
            connection.execute(statement)
            return ParkedFlow(*connection.execute(_ROWS.where(parked_flows.c.flow == flow)).one())

    def get(self, flow: str) -> ParkedFlow | None:
        """The flow's stay, unless it is over."""
        query = _ROWS.where(parked_flows.c.flow == flow, parked_flows.c.until > self._db.now())
        with self._db.once("look whether a flow is parked") as connection:
            row = connection.execute(query).first()
        return ParkedFlow(*row) if row else None

    def standing(self) -> Sequence[ParkedFlow]:
        """Every flow that is parked now."""
        query = _ROWS.where(parked_flows.c.until > self._db.now()).order_by(parked_flows.c.flow)
        with self._db.once("list parked flows") as connection:
            return [ParkedFlow(*row) for row in connection.execute(query)]

    def lift(self, flow: str) -> bool:
        """Let the flow go on; ``False`` when it was not parked at all."""
        with self._db.once("lift a parking") as connection:
            return connection.execute(delete(parked_flows).where(parked_flows.c.flow == flow)).rowcount > 0

    def defer(self, batch_id: str) -> None:
        """This batch stops where it is because its flow is parked; whoever settles it gives it back."""
        statement = update(batches).where(batches.c.id == batch_id, batches.c.state == "live")
        with self._db.once("defer a batch") as connection:
            connection.execute(statement.values(deferred=True))

    def deferred(self, batch_id: str) -> bool:
        """Whether the batch stopped by intention."""
        with self._db.once("look whether a batch is deferred") as connection:
            return bool(connection.scalar(select(batches.c.deferred).where(batches.c.id == batch_id)))


_ROWS = select(*(parked_flows.c[name] for name in ParkedFlow.__slots__))
