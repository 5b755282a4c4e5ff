"""Which record here is which record there, and the right to create one that is nowhere yet."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, or_, select

from include.ledger.tables import crosswalk, write_claims

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from sqlalchemy import ColumnElement, Connection, Select, Table

    from include.ledger.database import Database

KEY = ("entity", "source_system", "source_id", "target_system")


@dataclass(frozen=True, slots=True)
class Link:
    """Two ids of one thing.

    Attributes:
        source_version: the source's own mark of what was carried last; compared only with itself.
        content_hash: of what was written last.
        origin: how the link came about, and who wrote (echo suppression asks).
        natural_key: what a clerk calls it: an order number, a customer's name.
    """

    entity: str
    source_system: str
    source_id: str
    target_system: str
    target_id: str
    source_version: str = ""
    content_hash: str = ""
    origin: str = ""
    natural_key: str = ""


class Crosswalk:
    """Links, and claims on links that do not exist yet."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def find(
        self, entity: str, source_system: str, source_ids: Iterable[str], target_system: str
    ) -> dict[str, Link]:
        """Links by source id; ids without one are absent."""
        wanted = list(source_ids)
        query = _links(entity, source_system, target_system).where(crosswalk.c.source_id.in_(wanted))
        return {link.source_id: link for link in self._read(query)} if wanted else {}

    def find_by_target(
        self, entity: str, target_system: str, target_ids: Iterable[str], source_system: str
    ) -> dict[str, list[Link]]:
        """Links by target id: several source records may have become one target record."""
        wanted = list(target_ids)
        query = _links(entity, source_system, target_system).where(crosswalk.c.target_id.in_(wanted))
        found: dict[str, list[Link]] = {}
        for link in self._read(query.order_by(crosswalk.c.source_id)) if wanted else []:
            found.setdefault(link.target_id, []).append(link)
        return found

    def renamed(self, entity: str, source_system: str, target_system: str) -> list[Link]:
        """Links of records that people at the source know by another name than the target's id."""
        query = _links(entity, source_system, target_system).where(
            crosswalk.c.natural_key != crosswalk.c.target_id
        )
        return self._read(query.order_by(crosswalk.c.natural_key, crosswalk.c.source_id))

    def targets(self, entity: str, source_system: str, target_system: str) -> set[str]:
        """Ids of all target records that anything is linked with."""
        query = _links(entity, source_system, target_system).with_only_columns(crosswalk.c.target_id)
        with self._db.once("read the crosswalk") as connection:
            return set(connection.scalars(query.distinct()))

    def named(self, name: str, *, limit: int = 20) -> list[Link]:
        """Links in which ``name`` is the natural key or either id, whatever the entity (A4)."""
        query = (
            select(*_LINK)
            .where(
                or_(
                    crosswalk.c.natural_key == name,
                    crosswalk.c.source_id == name,
                    crosswalk.c.target_id == name,
                )
            )
            .limit(limit)
        )
        return self._read(query)

    def called(
        self, entity: str, names: Iterable[str], systems: Iterable[str], *, limit: int = 100
    ) -> list[Link]:
        """Links of one kind out of these systems that any of the names is the natural key or an id of."""
        wanted = list(names)
        query = (
            select(*_LINK)
            .where(
                crosswalk.c.entity == entity,
                # By the systems too, or ids of sources were looked for without an index.
                crosswalk.c.source_system.in_(list(systems)),
                or_(
                    crosswalk.c.natural_key.in_(wanted),
                    crosswalk.c.source_id.in_(wanted),
                    crosswalk.c.target_id.in_(wanted),
                ),
            )
            .order_by(crosswalk.c.source_system, crosswalk.c.source_id, crosswalk.c.target_system)
            .limit(limit)
        )
        return self._read(query) if wanted else []

    def _read(self, query: Select[Any]) -> list[Link]:
        with self._db.once("read the crosswalk") as connection:
            return [Link(**row._mapping) for row in connection.execute(query)]

    def bind(self, links: Sequence[Link]) -> None:
        """Remember links, replacing what was known of the same source record."""
        if links:
            with self._db.begin("bind links") as connection:
                self.bind_in(connection, links)

    def bind_in(self, connection: Connection, links: Sequence[Link]) -> None:
        """:meth:`bind` in a transaction of the caller's."""
        now = self._db.now()
        newest = {_key(link): {**asdict(link), "created_at": now, "updated_at": now} for link in links}
        statement = self._db.insert(crosswalk)
        taken = {name: statement.excluded[name] for name in _MUTABLE}
        connection.execute(
            statement.on_conflict_do_update(index_elements=KEY, set_=taken),
            [newest[key] for key in sorted(newest)],
        )

    def claim(
        self,
        entity: str,
        source_system: str,
        source_id: str,
        target_system: str,
        *,
        owner: str,
        lease: timedelta,
    ) -> bool:
        """The sole right to create the target record of a source record, for ``lease``.

        ``False`` when another owner holds it, or when the record is linked by now: look again.
        An owner that asks twice has it twice, so a task may be repeated.
        """
        now = self._db.now()
        row = dict(zip(KEY, (entity, source_system, source_id, target_system), strict=True))
        statement = self._db.insert(write_claims).values(**row, owner=owner, lease_until=now + lease)
        statement = statement.on_conflict_do_update(
            index_elements=KEY,
            set_={"owner": statement.excluded.owner, "lease_until": statement.excluded.lease_until},
            where=or_(write_claims.c.lease_until <= now, write_claims.c.owner == owner),
        )
        with self._db.begin("claim a record") as connection:
            if connection.execute(statement.returning(write_claims.c.owner)).first() is None:
                return False
            # A second statement sees what was linked while the first waited for the last owner.
            linked = select(crosswalk.c.source_id).where(*_same(crosswalk, row))
            if connection.execute(linked).first() is not None:
                connection.rollback()
                return False
            return True

    def release_claim(
        self, entity: str, source_system: str, source_id: str, target_system: str, *, owner: str
    ) -> None:
        """Let go of a claim; somebody else's is left alone."""
        row = dict(zip(KEY, (entity, source_system, source_id, target_system), strict=True))
        statement = delete(write_claims).where(*_same(write_claims, row), write_claims.c.owner == owner)
        with self._db.once("release a claim") as connection:
            connection.execute(statement)


_LINK = tuple(crosswalk.c[name] for name in Link.__slots__)
_MUTABLE = ("target_id", "source_version", "content_hash", "origin", "natural_key", "updated_at")


def _links(entity: str, source_system: str, target_system: str) -> Select[Any]:
    return select(*_LINK).where(
        crosswalk.c.entity == entity,
        crosswalk.c.source_system == source_system,
        crosswalk.c.target_system == target_system,
    )


def _key(link: Link) -> tuple[str, ...]:
    return (link.entity, link.source_system, link.source_id, link.target_system)


def _same(table: Table, row: dict[str, str]) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in row.items()]
