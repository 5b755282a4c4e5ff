"""How far each sweep has read, and where each stream stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from include.ledger.tables import cursors

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from include.ledger.database import Database


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where one stands, and since when."""

    name: str
    value: str
    updated_at: datetime


class Cursors:
    """Named watermarks that only move forward, and marks that know no order and are put."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, name: str) -> str | None:
        """Where ``name`` stands."""
        with self._db.once("read a cursor") as connection:
            return connection.scalar(select(cursors.c.value).where(cursors.c.name == name))

    def advance(self, name: str, value: str, *, force: bool = False) -> bool:
        """Move ``name`` to ``value``; ``False`` when it stands there or further already.

        Instants compare as instants, whole numbers as numbers, anything else as text.

        Args:
            name: the cursor.
            value: where to.
            force: backwards too; for a person who wants a window read again.
        """
        now = self._db.now()
        start = self._db.insert(cursors).values(name=name, value=value, updated_at=now)
        start = start.on_conflict_do_nothing(index_elements=["name"])
        with self._db.begin("advance a cursor") as connection:
            if connection.execute(start.returning(cursors.c.name)).first() is not None:
                return True
            stands = connection.scalar(
                select(cursors.c.value).where(cursors.c.name == name).with_for_update()
            )
            if stands is not None and not force and not _is_after(value, stands):
                return False
            connection.execute(
                update(cursors).where(cursors.c.name == name).values(value=value, updated_at=now)
            )
            return True

    def put_in(self, connection: Connection, name: str, value: str) -> None:
        """Set ``name`` to ``value``, durable together with whatever else the transaction does.

        For marks that have no order, as opaque places in a stream.
        """
        facts = {"value": value, "updated_at": self._db.now()}
        statement = self._db.insert(cursors).values(name=name, **facts)
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=facts))

    def forget_in(self, connection: Connection, name: str) -> None:
        """There is no ``name`` any more, once the transaction is through."""
        connection.execute(delete(cursors).where(cursors.c.name == name))

    def replace(self, name: str, stands: str, value: str) -> bool:
        """Set ``name`` to ``value`` if it still is what it was, and say so."""
        statement = update(cursors).where(cursors.c.name == name, cursors.c.value == stands)
        with self._db.once("replace a cursor") as connection:
            changed = connection.execute(statement.values(value=value, updated_at=self._db.now()))
            return changed.rowcount == 1

    def under(self, prefix: str) -> list[Cursor]:
        """All whose names begin so, by name."""
        columns = [cursors.c[name] for name in Cursor.__slots__]
        query = select(*columns).where(cursors.c.name.startswith(prefix, autoescape=True))
        with self._db.once("list cursors") as connection:
            return [Cursor(**row._mapping) for row in connection.execute(query.order_by(cursors.c.name))]


def _is_after(value: str, stands: str) -> bool:
    if value.isdecimal() and stands.isdecimal():
        return int(value) > int(stands)
    left, right = _instant(value), _instant(stands)
    return left > right if left and right else value > stands


def _instant(value: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant if instant.tzinfo else None
