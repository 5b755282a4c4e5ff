"""How far each sweep has read."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from include.ledger.tables import cursors

if TYPE_CHECKING:
    from include.ledger.database import Database


class Cursors:
    """Named watermarks that only move forward."""

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
