"""One run is enough for a burst: the doorbell between the inbox and the engine.

Whoever keeps a row asks for a wake afterwards. While one is outstanding nobody else gets one. A run
*answers* before it reads the inbox: a row that was committed before the answer is seen by that run,
a row committed after it asks again and gets a new wake. Nothing can fall in between. A wake whose run
never came (the engine was down) expires, and the next one who asks, or the sweep, rings again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, text, update

from include.ledger.tables import wakes

if TYPE_CHECKING:
    from include.ledger.database import Database

TTL = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Wake:
    """The right, and the duty, to start one run of ``flow``."""

    id: int
    flow: str
    requested_at: datetime
    expires_at: datetime


class Wakes:
    """At most one outstanding wake a flow."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def request(self, flow: str, *, ttl: timedelta = TTL) -> Wake | None:
        """Ask for a run; ``None`` when one is on its way. Ask after the row is committed, never before."""
        now = self._db.now()
        statement = self._db.insert(wakes).values(flow=flow, requested_at=now, expires_at=now + ttl)
        statement = statement.on_conflict_do_update(
            index_elements=["flow"],
            index_where=text("answered_at IS NULL"),
            set_={"requested_at": now, "expires_at": now + ttl},
            where=wakes.c.expires_at <= now,
        )
        returning = statement.returning(*(wakes.c[name] for name in Wake.__slots__))
        with self._db.once("request a wake") as connection:
            row = connection.execute(returning).first()
        return Wake(**row._mapping) if row else None

    def answer(self, flow: str, run_id: str) -> bool:
        """A run is here. Call it before the claim; ``False`` when nobody had asked."""
        statement = (
            update(wakes)
            .where(wakes.c.flow == flow, wakes.c.answered_at.is_(None))
            .values(answered_at=self._db.now(), run_id=run_id)
        )
        with self._db.once("answer a wake") as connection:
            return connection.execute(statement).rowcount > 0

    def withdraw(self, wake: Wake) -> None:
        """The run could not be started: let the next one who asks try at once."""
        statement = (
            update(wakes)
            .where(wakes.c.id == wake.id, wakes.c.answered_at.is_(None))
            .values(expires_at=self._db.now())
        )
        with self._db.once("withdraw a wake") as connection:
            connection.execute(statement)

    def outstanding(self, flow: str) -> Wake | None:
        """The wake that has not been answered, expired or not."""
        columns = [wakes.c[name] for name in Wake.__slots__]
        query = select(*columns).where(wakes.c.flow == flow, wakes.c.answered_at.is_(None))
        with self._db.once("read a wake") as connection:
            row = connection.execute(query).first()
        return Wake(**row._mapping) if row else None
