"""Dated exchange rates (A44)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.ledger.tables import rates

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from decimal import Decimal

    from sqlalchemy import Select

    from include.ledger.database import Database


@dataclass(frozen=True, slots=True)
class Rate:
    """One unit of ``base`` costs ``rate`` units of ``quote`` on ``on_date``."""

    base: str
    quote: str
    on_date: date
    rate: Decimal
    source: str = ""


class Rates:
    """Kept for ever: a replay of last year needs last year's rate."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, quotes: Iterable[Rate]) -> int:
        """Keep rates, replacing those of the same day; returns how many were given."""
        now = self._db.now()
        rows = {(q.base, q.quote, q.on_date): {**asdict(q), "stored_at": now} for q in quotes}
        if not rows:
            return 0
        statement = self._db.insert(rates)
        taken = {name: statement.excluded[name] for name in ("rate", "source", "stored_at")}
        statement = statement.on_conflict_do_update(index_elements=["base", "quote", "on_date"], set_=taken)
        with self._db.begin("keep rates") as connection:
            connection.execute(statement, [rows[key] for key in sorted(rows)])
        return len(rows)

    def at(self, base: str, quote: str, on_date: date) -> Rate | None:
        """The rate of that day, or of the last day before it that has one."""
        query = (
            _RATES.where(rates.c.base == base, rates.c.quote == quote, rates.c.on_date <= on_date)
            .order_by(rates.c.on_date.desc())
            .limit(1)
        )
        return next(iter(self._read(query)), None)

    def all(self) -> list[Rate]:
        """Every rate, oldest first within a pair."""
        return self._read(_RATES.order_by(rates.c.base, rates.c.quote, rates.c.on_date))

    def _read(self, query: Select[Any]) -> list[Rate]:
        with self._db.once("read rates") as connection:
            return [Rate(**row._mapping) for row in connection.execute(query)]


_RATES = select(*(rates.c[name] for name in Rate.__slots__))
