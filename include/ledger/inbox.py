"""What has been announced and not yet been carried.

A row is durable before anyone is told that we have it. It leaves ``pending`` only inside a batch
with a lease, and a batch ends in one of three ways: settled, released, or lost because its lease ran
out and another run took the rows. A settled row is ``done``, or ``held`` behind an exception until
that is mended. No state is a dead end except ``done``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from include.errors import PermanentError
from include.ledger.claims import Claims, Demand, blocked, claimable, leased_alive
from include.ledger.settling import Outcome, Settling
from include.ledger.tables import LIVE, OPEN_ROWS, batches, inbox
from include.ledger.watch_tables import receipts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import Connection, Row
    from sqlalchemy.dialects.postgresql import Insert

    from include.ledger.claims import Batch
    from include.ledger.database import Database


KEY_LENGTH = 400
"""Keys are indexed; a longer one is no key but somebody's attempt."""
LISTED_AS = "listed_as"
"""Header: what lists of the source show of the announced version, where they show no version."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One announcement as it came in.

    Attributes:
        event: what happened to which kind of record, e.g. ``salesorder``.
        record_key: the record's id in ``system``.
        delivery_id: unique per flow and system; where the sender has none, made of event, key and version.
        version: the source's own version mark, ``""`` when unknown.
        payload: the body's bytes, uninterpreted; none of a mere hint.
    """

    system: str
    event: str
    record_key: str
    delivery_id: str
    version: str = ""
    payload: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One kept announcement; ``attempts`` counts the batches it has been in."""

    id: int
    flow: str
    system: str
    event: str
    record_key: str
    delivery_id: str
    version: str
    payload: bytes
    headers: Mapping[str, str]
    received_at: datetime
    attempts: int
    state: str
    outcome: str | None
    batch_id: str | None


class Inbox:
    """Keep, claim, settle."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._claims = Claims(database)
        self._settling = Settling(database)

    def keep(self, flow: str, delivery: Delivery) -> bool:
        """Make one announcement durable; ``False`` when this delivery was kept before.

        Raises:
            PermanentError: its key is longer than any key.
            TransientError: it is not durable; the sender must send it again.
        """
        return self.keep_many(flow, [delivery]) == 1

    def keep_many(self, flow: str, deliveries: Iterable[Delivery]) -> int:
        """Make announcements durable, all or none; returns how many were new."""
        now = self._db.now()
        return self._kept(flow, [self._row(flow, delivery, now) for delivery in deliveries], now)

    def keep_in(self, connection: Connection, flow: str, deliveries: Iterable[Delivery]) -> int:
        """As :meth:`keep_many`, durable together with whatever else the transaction does."""
        now = self._db.now()
        return self._keep(connection, flow, [self._row(flow, delivery, now) for delivery in deliveries], now)

    def set_aside(self, flow: str, delivery: Delivery) -> bool:
        """Make an announcement durable that no run can read; it is held from the start.

        It stays so while an exception is open that its caller opened before; ``False`` when this
        delivery was kept before.
        """
        now = self._db.now()
        held = {"state": "held", "outcome": Outcome.PARKED.value, "settled_at": now}
        return self._kept(flow, [self._row(flow, delivery, now) | held], now) == 1

    def file_many(self, name: str, deliveries: Iterable[Delivery]) -> int:
        """Make announcements durable that nobody is to carry; returns how many were new.

        They are done from the start, with nothing to do, and go when what has ended goes.

        Args:
            name: under which they stand instead of a flow's; no flow may have it.
            deliveries: all or none are kept.
        """
        now = self._db.now()
        done = {"state": "done", "outcome": Outcome.UNCHANGED.value, "settled_at": now}
        return self._kept(name, [self._row(name, delivery, now) | done for delivery in deliveries], now)

    def _kept(self, flow: str, rows: Sequence[Mapping[str, object]], now: datetime) -> int:
        if not rows:
            return 0
        with self._db.begin("keep deliveries") as connection:
            return self._keep(connection, flow, rows, now)

    def _keep(
        self, connection: Connection, flow: str, rows: Sequence[Mapping[str, object]], now: datetime
    ) -> int:
        if not rows:
            return 0
        kept = len(connection.execute(self._insert().returning(inbox.c.id), rows).all())
        if kept:
            connection.execute(insert(receipts).values(flow=flow, at=now, rows=kept))
        return kept

    def _insert(self) -> Insert:
        return self._db.insert(inbox).on_conflict_do_nothing(index_elements=["flow", "system", "delivery_id"])

    def _row(self, flow: str, delivery: Delivery, now: datetime) -> dict[str, object]:
        if max(len(delivery.record_key), len(delivery.delivery_id)) > KEY_LENGTH:
            raise PermanentError(f"{delivery.system}: key or delivery id above {KEY_LENGTH} characters")
        return {
            "flow": flow,
            "system": delivery.system,
            "event": delivery.event,
            "record_key": delivery.record_key,
            "delivery_id": delivery.delivery_id,
            "version": delivery.version,
            "payload": delivery.payload,
            "headers": json.dumps(dict(delivery.headers)),
            "received_at": now,
        }

    def claim(
        self,
        flow: str,
        *,
        batch_size: int,
        max_batches: int,
        lease: timedelta,
        run_id: str,
        keys: Sequence[str] | None = None,
        alone: bool = False,
    ) -> list[Batch]:
        """Lease what may be worked on now, oldest first; see :mod:`include.ledger.claims`.

        Args:
            flow: whose inbox.
            batch_size: records (keys, not rows) in a batch.
            max_batches: batches at most.
            lease: how long the batches are ours without :meth:`renew`.
            run_id: who asks.
            keys: only these records.
            alone: nothing while another batch of the flow is at work.
        """
        return self._claims.claim(Demand(flow, run_id, batch_size, max_batches, lease, keys, alone))

    def batch(self, batch_id: str) -> list[InboxRow]:
        """The batch's rows in the order they came, settled ones too; not those another batch has taken."""
        query = select(*_ROW).where(inbox.c.batch_id == batch_id).order_by(inbox.c.id)
        with self._db.once("read a batch") as connection:
            return [_inbox_row(row) for row in connection.execute(query)]

    def history(self, record_key: str, *, limit: int = 100) -> list[InboxRow]:
        """Every announcement of one record, newest first."""
        query = select(*_ROW).where(inbox.c.record_key == record_key).order_by(inbox.c.id.desc()).limit(limit)
        with self._db.once("read a record's history") as connection:
            return [_inbox_row(row) for row in connection.execute(query)]

    def listed(self, flow: str, versions: Mapping[str, str]) -> dict[str, set[str]]:
        """What lists show of these versions (by record), as far as an announcement said so."""
        query = select(inbox.c.record_key, inbox.c.version, inbox.c.headers).where(
            inbox.c.flow == flow, inbox.c.record_key.in_(list(versions)), inbox.c.version != ""
        )
        found: dict[str, set[str]] = {}
        with self._db.once("look what lists show") as connection:
            for key, version, headers in connection.execute(query):
                if version == versions[key] and (mark := json.loads(headers).get(LISTED_AS)):
                    found.setdefault(key, set()).add(mark)
        return found

    def said(self, flow: str, keys: Iterable[str], header: str) -> dict[str, set[str]]:
        """What announcements of these records say under a header, by record; also those that have ended."""
        query = select(inbox.c.record_key, inbox.c.headers).where(
            inbox.c.flow == flow, inbox.c.record_key.in_(list(keys)), inbox.c.headers.contains(f'"{header}"')
        )
        found: dict[str, set[str]] = {}
        with self._db.once("look what announcements say") as connection:
            for key, headers in connection.execute(query):
                if said := json.loads(headers).get(header):
                    found.setdefault(key, set()).add(said)
        return found

    def places(self, flow: str, keys: Iterable[str]) -> dict[str, int]:
        """The id of each record's first announcement: records in the order of these came so."""
        query = (
            select(inbox.c.record_key, func.min(inbox.c.id).label("place"))
            .where(inbox.c.flow == flow, inbox.c.record_key.in_(list(keys)))
            .group_by(inbox.c.record_key)
        )
        with self._db.once("look who came first") as connection:
            return {row.record_key: row.place for row in connection.execute(query)}

    def renew(self, batch_id: str, lease: timedelta) -> bool:
        """Keep a batch for another ``lease`` from now; ``False`` when it is not ours any more."""
        statement = (
            update(batches)
            .where(batches.c.id == batch_id, batches.c.state == "live")
            .values(lease_until=self._db.now() + lease)
        )
        with self._db.once("renew a lease") as connection:
            return connection.execute(statement).rowcount == 1

    def settle(self, batch_id: str, outcomes: Mapping[str, Outcome]) -> dict[str, int]:
        """Write down what became of a batch's records, all in one transaction.

        The newest row of a key takes its outcome, older ones become duplicates. Keys that are not
        mentioned stay leased, to be settled later or released. What is settled is not changed again.

        Returns:
            Rows of the whole batch by outcome, also those settled by an earlier call.

        Raises:
            LeaseLostError: another run has taken one of the records, or it was given back. Nothing
                is written. A lease that ran out unnoticed does not matter.
            PermanentError: there is no such batch.
        """
        return self._settling.settle(batch_id, outcomes)

    def release(self, batch_id: str, *, not_before: datetime | None = None) -> int:
        """Give back what is not settled; returns how many rows.

        Args:
            batch_id: a batch of ours; one that is settled or taken by others has nothing to give.
            not_before: nobody may claim the rows before; a newer row of the same record may bring
                them along earlier.
        """
        return self._settling.release(batch_id, not_before=not_before)

    def release_run(self, flow: str, run_id: str) -> int:
        """Give back all that a run still holds; returns how many rows.

        For the next try of a claim that died before it could tell anybody what it had claimed.
        """
        query = select(batches.c.id).where(
            batches.c.state == "live", batches.c.flow == flow, batches.c.run_id == run_id
        )
        with self._db.once("look for a run's batches") as connection:
            held = connection.scalars(query).all()
        return sum(self.release(batch_id) for batch_id in held)

    def announced(self, flow: str) -> dict[str, str]:
        """The version of each record that was announced last, by key; those that name none do not count."""
        told = inbox.c.flow == flow, inbox.c.version != ""
        newest = select(func.max(inbox.c.id)).where(*told).group_by(inbox.c.record_key)
        query = select(inbox.c.record_key, inbox.c.version).where(inbox.c.id.in_(newest))
        with self._db.once("read what was announced") as connection:
            return {row.record_key: row.version for row in connection.execute(query)}

    def unfinished(self, flow: str) -> list[str]:
        """Keys of records with an announcement that is not at its end: due, at work, or set aside."""
        query = (
            select(inbox.c.record_key)
            .where(inbox.c.flow == flow, inbox.c.state != "done")
            .distinct()
            .order_by(inbox.c.record_key)
        )
        with self._db.once("list unfinished records") as connection:
            return list(connection.scalars(query))

    def flows(self) -> set[str]:
        """Flows with rows or batches that are not at their end; of the others nothing is :meth:`pending`."""
        rows = select(inbox.c.flow).where(OPEN_ROWS)
        query = rows.union(select(batches.c.flow).where(LIVE))
        with self._db.once("list flows with open rows") as connection:
            return set(connection.scalars(query))

    def pending(self, flow: str) -> int:
        """Rows that a claim could take now.

        Rows behind an exception, behind a live lease or not yet due are not counted: a run started
        for them would find nothing to do.
        """
        now = self._db.now()
        due = claimable(flow, now, leased_alive(now)).subquery()
        dead = select(batches.c.id).where(batches.c.state == "live", batches.c.lease_until <= now)
        lost = select(func.count()).where(
            inbox.c.flow == flow, inbox.c.state == "leased", inbox.c.batch_id.in_(dead)
        )
        with self._db.once("count pending rows") as connection:
            open_rows = select(func.coalesce(func.sum(due.c.rows), 0)).scalar_subquery()
            return int(connection.scalar(select(open_rows + lost.scalar_subquery())) or 0)

    def waiting(self, flow: str) -> list[tuple[str, int]]:
        """Records whose newer announcements wait behind an open parked exception, with how many."""
        query = (
            select(inbox.c.record_key, func.count())
            .where(inbox.c.flow == flow, inbox.c.state == "pending", blocked("parked"))
            .group_by(inbox.c.record_key)
            .order_by(func.min(inbox.c.id))
        )
        with self._db.once("list waiting records") as connection:
            return [(key, rows) for key, rows in connection.execute(query)]

    def tally(self, flow: str, *, since: datetime | None = None) -> dict[str, int]:
        """Every row of a flow by where it stands: ``pending``, ``leased`` or its outcome.

        The values add up to the rows received (since ``since``): the count identity.
        """
        standing = func.coalesce(inbox.c.outcome, inbox.c.state)
        query = select(standing, func.count()).where(inbox.c.flow == flow).group_by(standing)
        if since is not None:
            query = query.where(inbox.c.received_at >= since)
        with self._db.once("tally the inbox") as connection:
            return dict(connection.execute(query).all())


_ROW = tuple(inbox.c[name] for name in InboxRow.__slots__)


def _inbox_row(row: Row[Any]) -> InboxRow:
    values = dict(row._mapping)
    return InboxRow(**{**values, "headers": json.loads(values["headers"])})
