"""What the ledger can tell about the health of a flow: numbers and moments, no judgement.

Read once a minute, so every query here is served by an index or by a small table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, cast, extract, func, select

from include.ledger.tables import batches, exceptions, inbox, parked_flows, token_refusals, tokens, writes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.ledger.database import Database

TASK_FAILED = "task.failed"
LOST_PROCESS = "ProcessLost"
"""Filed as the error of a task whose process disappeared."""
LOOK_BACK = timedelta(days=28)
"""Four of every hour of the week."""
SAMPLES = 1000
REFUSAL_STANDS = timedelta(minutes=90)


@dataclass(frozen=True, slots=True)
class FailedTask:
    """An open exception of a task: ``error`` is the name of the error's class."""

    task_id: str
    error: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When webhooks of a flow came: the last one, the first one looked at, and how many by hour."""

    last: datetime
    first: datetime
    hours: Mapping[datetime, int]


@dataclass(frozen=True, slots=True)
class FlowSigns:
    """One flow.

    Attributes:
        waiting: inbox rows that a claim could take now.
        claimed_at: when a run last took any.
        parked_until: until when the flow does not run on purpose.
        open_exceptions: records set aside, by code, failed tasks left out.
    """

    flow: str
    failures: Sequence[FailedTask] = ()
    open_exceptions: Mapping[str, int] = field(default_factory=dict)
    oldest_exception: datetime | None = None
    doubts: int = 0
    oldest_doubt: datetime | None = None
    waiting: int = 0
    claimed_at: datetime | None = None
    parked_until: datetime | None = None
    rhythm: Rhythm | None = None


class Signs:
    """Reads them."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def refused_credentials(self) -> dict[str, datetime]:
        """Systems that refuse to renew a token, since when.

        A refusal is asked again within minutes while somebody needs the token; one that was not is of
        credentials that are used no more. So is one from before the system's newest token: a token's
        name (``<system>:...``) changes with its credentials.
        """
        refusals = select(token_refusals.c.name, token_refusals.c.refused_at).where(
            token_refusals.c.refused_at > self._db.now() - REFUSAL_STANDS
        )
        minted = select(tokens.c.name, tokens.c.minted_at)
        with self._db.once("read refused tokens") as connection:
            refused = {_system(name): at for name, at in connection.execute(refusals)}
        with self._db.once("read when tokens were minted") as connection:
            renewed = [(_system(name), at) for name, at in connection.execute(minted)]
        return {
            system: at
            for system, at in refused.items()
            if not any(of == system and newer > at for of, newer in renewed)
        }

    def failures(self, flow: str) -> list[FailedTask]:
        """Tasks that failed for good and have not gone through since."""
        query = select(exceptions.c.task_id, exceptions.c.cause, exceptions.c.first_seen).where(
            exceptions.c.flow == flow, exceptions.c.state == "open", exceptions.c.code == TASK_FAILED
        )
        with self._db.once("read failed tasks") as connection:
            return [
                FailedTask(task_id, cause.rpartition("|")[2], since)
                for task_id, cause, since in connection.execute(query.order_by(exceptions.c.id))
            ]

    def set_aside(self, flow: str) -> tuple[dict[str, int], datetime | None]:
        """Open exceptions of records by code, and when the oldest was set down."""
        query = select(exceptions.c.code, func.count(), func.min(exceptions.c.first_seen)).where(
            exceptions.c.flow == flow, exceptions.c.state == "open", exceptions.c.code != TASK_FAILED
        )
        with self._db.once("count open exceptions") as connection:
            rows = connection.execute(query.group_by(exceptions.c.code)).all()
        return {code: n for code, n, _ in rows}, min((since for *_, since in rows), default=None)

    def doubts(self, flow: str) -> tuple[int, datetime | None]:
        """Writes without a known outcome, and when the oldest was made."""
        query = select(func.count(), func.min(writes.c.created_at)).where(
            writes.c.flow == flow, writes.c.state.in_(["sent", "in_doubt"])
        )
        with self._db.once("count doubts") as connection:
            number, oldest = connection.execute(query).one()
        return number, oldest

    def claimed_at(self, flow: str) -> datetime | None:
        """When a run of the flow last took rows."""
        query = select(func.max(batches.c.claimed_at)).where(batches.c.flow == flow)
        return self._moment(query)

    def parked_until(self, flow: str) -> datetime | None:
        """Until when the flow does not run on purpose, if it is parked now."""
        now = self._db.now()
        return self._moment(
            select(parked_flows.c.until).where(parked_flows.c.flow == flow, parked_flows.c.until > now)
        )

    def _moment(self, query: Any) -> datetime | None:
        with self._db.once("read a moment") as connection:
            found: datetime | None = connection.scalar(query)
            return found

    def rhythm(self, flow: str) -> Rhythm | None:
        """How webhooks came in the last four weeks; ``None`` for a flow that never had one."""
        since = self._db.now() - LOOK_BACK
        ours = (inbox.c.flow == flow, inbox.c.headers.contains('"origin": "webhook"'))
        last = select(inbox.c.received_at).where(*ours).order_by(inbox.c.received_at.desc()).limit(1)
        parts = [cast(extract(part, inbox.c.received_at), Integer) for part in ("year", "doy", "hour")]
        query = select(*parts, func.count()).where(*ours, inbox.c.received_at >= since).group_by(*parts)
        newest = self._moment(last)
        if newest is None:
            return None
        with self._db.once("read the rhythm of webhooks") as connection:
            hours = {_hour(*row[:3]): row[3] for row in connection.execute(query)}
        return Rhythm(newest, min(hours, default=newest), hours)

    def repaired(self, flow: str, since: datetime, until: datetime) -> list[tuple[str, float]]:
        """Records that were set aside and carried after all in that time: code, seconds it took."""
        query = select(exceptions.c.code, exceptions.c.first_seen, exceptions.c.resolved_at).where(
            exceptions.c.flow == flow,
            exceptions.c.state == "resolved",
            exceptions.c.code != TASK_FAILED,
            exceptions.c.resolution.startswith("carried by "),
            exceptions.c.resolved_at > since,
            exceptions.c.resolved_at <= until,
        )
        with self._db.once("read repairs") as connection:
            rows = connection.execute(query.order_by(exceptions.c.resolved_at).limit(SAMPLES))
            return [(code, (done - seen).total_seconds()) for code, seen, done in rows]


def _system(token_name: str) -> str:
    return token_name.partition(":")[0]


def _hour(year: int, day: int, hour: int) -> datetime:
    return datetime(year, 1, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)
