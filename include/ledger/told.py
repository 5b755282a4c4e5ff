"""What a target was told of a record last, whole, so that it may be told only what has changed since.

Kept in the transaction that commits the write and binds its link: it never says more than the target has
been asked for and has answered. Where nothing is known, everything is told, which is always right.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, delete, exists, or_, select

from include.ledger.tables import crosswalk, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Delete

    from include.ledger.database import Database

KEY = ("entity", "source_system", "source_id", "target_system")


@dataclass(frozen=True, slots=True)
class Told:
    """What a target knows of a record from us; ``content`` is JSON in the target's names."""

    entity: str
    source_system: str
    source_id: str
    target_system: str
    content: str


class Tellings:
    """What was told."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def find(
        self,
        entity: str,
        source_system: str,
        target_system: str,
        source_ids: Iterable[str] | None = None,
    ) -> dict[str, str]:
        """Content by source id, of the records asked for or of all; what was never told is absent."""
        wanted = None if source_ids is None else list(source_ids)
        if wanted == []:
            return {}
        query = select(told.c.source_id, told.c.content).where(
            told.c.entity == entity,
            told.c.source_system == source_system,
            told.c.target_system == target_system,
            *([] if wanted is None else [told.c.source_id.in_(wanted)]),
        )
        with self._db.once("read what was told") as connection:
            return {row.source_id: row.content for row in connection.execute(query)}

    def keep(self, tellings: Sequence[Told]) -> None:
        """Remember what was told, replacing what was told before."""
        if tellings:
            with self._db.begin("keep what was told") as connection:
                self.keep_in(connection, tellings)

    def keep_in(self, connection: Connection, tellings: Sequence[Told]) -> None:
        """:meth:`keep` in a transaction of the caller's."""
        now = self._db.now()
        newest = {_key(each): {**asdict(each), "updated_at": now} for each in tellings}
        statement = self._db.insert(told)
        taken = {name: statement.excluded[name] for name in ("content", "updated_at")}
        connection.execute(
            statement.on_conflict_do_update(index_elements=KEY, set_=taken),
            [newest[key] for key in sorted(newest)],
        )

    def forget(self, system: str, record_id: str) -> int:
        """Erase what was told of one record, by its id in a system on either side; returns how many rows.

        The next change of the record is told whole.
        """
        of_target = exists().where(
            *_linked(), crosswalk.c.target_system == system, crosswalk.c.target_id == record_id
        )
        of_source = (told.c.source_system == system) & (told.c.source_id == record_id)
        with self._db.begin("forget what was told") as connection:
            return connection.execute(delete(told).where(or_(of_source, of_target))).rowcount


def unlinked(before: datetime) -> Delete:
    """Deletes what was told before of records that are linked no longer: it serves nothing any more."""
    return delete(told).where(told.c.updated_at < before, ~exists().where(*_linked()))


def _linked() -> list[ColumnElement[bool]]:
    return [crosswalk.c[name] == told.c[name] for name in KEY]


def _key(each: Told) -> tuple[Any, ...]:
    return (each.entity, each.source_system, each.source_id, each.target_system)
