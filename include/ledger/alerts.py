"""What is wrong now, what was, and who has been told.

An alert is *pending* while its condition has not lasted long enough, *open* once it has, *recovered*
when the condition has been away for a while. One live alert a key: the database refuses a second.
Each opening and each recovery writes one notice a channel in the same transaction, so that none can
be lost; delivering them is another step, which may fail and be tried again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, insert, select, update

from include.ledger.watch_tables import alerts, notices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Select

    from include.ledger.database import Database

SEVERITIES = ("low", "medium", "high")
FIRST_WAIT = timedelta(minutes=1)
"""Until a notice that could not be delivered is tried again, doubled with each attempt."""
LONGEST_WAIT = timedelta(hours=1)


class Move(StrEnum):
    """What a look at a condition does to its alert."""

    BEGIN = "begin"
    SEE = "see"
    OPEN = "open"
    DROP = "drop"
    RECOVER = "recover"


@dataclass(frozen=True, slots=True)
class Step:
    """One move of one alert; ``alert_id`` is 0 where there is none yet."""

    move: Move
    key: str
    alert_id: int = 0
    flow: str = ""
    kind: str = ""
    severity: str = "low"
    message: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as it stands; ``count`` says how many looks have seen its condition."""

    id: int
    key: str
    flow: str
    kind: str
    severity: str
    state: str
    message: str
    count: int
    first_seen: datetime
    last_seen: datetime
    opened_at: datetime | None
    notified_at: datetime | None
    recovered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell on one channel: that an alert has opened, or is over."""

    id: int
    alert_id: int
    transition: str
    channel: str
    message: str
    created_at: datetime
    not_before: datetime
    attempts: int
    delivered_at: datetime | None
    error: str
    key: str
    flow: str
    kind: str
    severity: str


_ALERT = tuple(alerts.c[name] for name in Alert.__slots__)
_NOTICE = tuple(
    (alerts if name in {"key", "flow", "kind", "severity"} else notices).c[name] for name in Notice.__slots__
)


class Alerts:
    """Moves alerts, keeps their notices."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def live(self) -> Sequence[Alert]:
        """Pending and open ones, oldest first."""
        return self._read(select(*_ALERT).where(alerts.c.state != "recovered").order_by(alerts.c.id))

    def list(self, state: str | None = None, *, limit: int = 100) -> Sequence[Alert]:
        """Alerts that were ever opened, newest first."""
        query = select(*_ALERT).where(alerts.c.state == state if state else alerts.c.state != "pending")
        return self._read(query.order_by(alerts.c.id.desc()).limit(limit))

    def opened_since(self, since: datetime) -> Sequence[Alert]:
        """Alerts opened since, whatever became of them; for those who must not spam."""
        return self._read(select(*_ALERT).where(alerts.c.opened_at >= since).order_by(alerts.c.id))

    def _read(self, query: Select[Any]) -> Sequence[Alert]:
        with self._db.once("read alerts") as connection:
            return [Alert(**row._mapping) for row in connection.execute(query)]

    def apply(self, steps: Sequence[Step], channels: Mapping[str, str]) -> Sequence[Step]:
        """Carry out one look's steps in one transaction; returns those that took effect.

        A step whose alert another look has moved meanwhile does nothing.

        Args:
            steps: of one look.
            channels: whom to tell: name → least severity.
        """
        if not steps:
            return []
        with self._db.begin("move alerts") as connection:
            return [step for step in steps if self._apply(connection, step, channels)]

    def _apply(self, connection: Connection, step: Step, channels: Mapping[str, str]) -> bool:
        if step.move is Move.DROP:
            gone = delete(alerts).where(alerts.c.id == step.alert_id, alerts.c.state == "pending")
            return connection.execute(gone).rowcount == 1
        if step.move is Move.BEGIN or (step.move is Move.OPEN and not step.alert_id):
            return self._insert(connection, step, channels)
        return self._update(connection, step, channels)

    def _insert(self, connection: Connection, step: Step, channels: Mapping[str, str]) -> bool:
        now = self._db.now()
        opens = step.move is Move.OPEN
        statement = self._db.insert(alerts).values(
            key=step.key, flow=step.flow, kind=step.kind, severity=step.severity, message=step.message,
            state="open" if opens else "pending", first_seen=now, last_seen=now,
            opened_at=now if opens else None,
        )  # fmt: skip
        alert_id = connection.scalar(statement.on_conflict_do_nothing().returning(alerts.c.id))
        if alert_id is not None and opens:
            self._tell(connection, alert_id, "opened", step.message, _wanted(channels, step.severity))
        return alert_id is not None

    def _update(self, connection: Connection, step: Step, channels: Mapping[str, str]) -> bool:
        now = self._db.now()
        statement = update(alerts).where(alerts.c.id == step.alert_id)
        if step.move is Move.RECOVER:
            statement = statement.where(alerts.c.state == "open").values(state="recovered", recovered_at=now)
        else:
            statement = statement.where(alerts.c.state != "recovered").values(
                message=step.message, last_seen=now, count=alerts.c.count + 1
            )
        if step.move is Move.OPEN:
            statement = statement.where(alerts.c.state == "pending").values(
                state="open", opened_at=now, severity=step.severity
            )
        if connection.execute(statement).rowcount != 1:
            return False
        if step.move is Move.OPEN:
            self._tell(connection, step.alert_id, "opened", step.message, _wanted(channels, step.severity))
        elif step.move is Move.RECOVER:
            self._tell(connection, step.alert_id, "recovered", step.message, self._told(connection, step))
        return True

    def _told(self, connection: Connection, step: Step) -> Sequence[str]:
        """Only who heard of the alert, or will, hears that it is over."""
        query = select(notices.c.channel).where(notices.c.alert_id == step.alert_id)
        return connection.scalars(query.order_by(notices.c.id)).all()

    def _tell(
        self, connection: Connection, alert_id: int, transition: str, message: str, channels: Sequence[str]
    ) -> None:
        now = self._db.now()
        facts = {"alert_id": alert_id, "transition": transition, "message": message}
        facts |= {"created_at": now, "not_before": now}
        if channels:
            connection.execute(insert(notices), [{**facts, "channel": channel} for channel in channels])

    def undelivered(self) -> Sequence[Notice]:
        """What is still to be told, oldest first."""
        query = select(*_NOTICE).join(alerts, alerts.c.id == notices.c.alert_id)
        with self._db.once("read notices") as connection:
            rows = connection.execute(query.where(notices.c.delivered_at.is_(None)).order_by(notices.c.id))
            return [Notice(**row._mapping) for row in rows]

    def attempt(self, notice: Notice) -> bool:
        """Take a notice that is due, so that nobody else tells it; ``False`` when another look has it.

        Until :meth:`delivered` says otherwise it counts as not delivered, and is due again later.
        """
        now = self._db.now()
        wait = min(FIRST_WAIT * 2 ** min(notice.attempts, 10), LONGEST_WAIT)
        statement = (
            update(notices)
            .where(
                notices.c.id == notice.id,
                notices.c.attempts == notice.attempts,
                notices.c.not_before <= now,
                notices.c.delivered_at.is_(None),
            )
            .values(attempts=notice.attempts + 1, not_before=now + wait)
        )
        with self._db.once("take a notice") as connection:
            return connection.execute(statement).rowcount == 1

    def delivered(self, notice: Notice) -> None:
        """It was told."""
        now = self._db.now()
        with self._db.begin("mark a notice delivered") as connection:
            connection.execute(
                update(notices).where(notices.c.id == notice.id).values(delivered_at=now, error="")
            )
            connection.execute(
                update(alerts)
                .where(alerts.c.id == notice.alert_id, alerts.c.notified_at.is_(None))
                .values(notified_at=now)
            )

    def failed(self, notice: Notice, error: str) -> None:
        """It was not; ``error`` is the name of what happened, never its text."""
        with self._db.once("note a failed notice") as connection:
            connection.execute(update(notices).where(notices.c.id == notice.id).values(error=error))

    def prune(self, before: datetime) -> int:
        """Forget alerts that were over before, and have been told; returns how many."""
        waiting = exists().where(notices.c.alert_id == alerts.c.id, notices.c.delivered_at.is_(None))
        old = select(alerts.c.id).where(alerts.c.recovered_at < before, ~waiting)
        with self._db.begin("prune alerts") as connection:
            ids = connection.scalars(old).all()
            connection.execute(delete(notices).where(notices.c.alert_id.in_(ids)))
            return connection.execute(delete(alerts).where(alerts.c.id.in_(ids))).rowcount

    def counts(self) -> dict[tuple[str, str], int]:
        """Open alerts by kind and severity."""
        query = select(alerts.c.kind, alerts.c.severity, func.count()).where(alerts.c.state == "open")
        with self._db.once("count alerts") as connection:
            rows = connection.execute(query.group_by(alerts.c.kind, alerts.c.severity))
            return {(kind, severity): number for kind, severity, number in rows}


def _wanted(channels: Mapping[str, str], severity: str) -> list[str]:
    return [name for name, least in channels.items() if SEVERITIES.index(severity) >= SEVERITIES.index(least)]
