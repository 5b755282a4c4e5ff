"""The ledger: everything that must be remembered between two runs, behind one door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from include.ledger.alerts import Alerts
from include.ledger.audit import Audit
from include.ledger.balances import Balances
from include.ledger.breakers import Breakers
from include.ledger.budgets import Budgets
from include.ledger.crosswalk import Crosswalk
from include.ledger.cursors import Cursors
from include.ledger.database import Database, open_engine, utcnow
from include.ledger.doubts import Doubts
from include.ledger.exceptions import Exceptions
from include.ledger.inbox import Inbox
from include.ledger.parking import Parking
from include.ledger.rates import Rates
from include.ledger.reports import Reports
from include.ledger.retention import Retention
from include.ledger.signs import Signs
from include.ledger.tokens import Tokens
from include.ledger.told import Tellings
from include.ledger.wakes import Wakes
from include.ledger.writes import Writes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine


class Ledger:
    """The repositories over one engine. Nothing is opened before the first use.

    Every method of every repository raises :class:`~include.errors.TransientError` while the
    database is away, and survives a fork: the child opens connections of its own.

    Args:
        engine: as :func:`include.ledger.database.open_engine` makes them.
        clock: gives the present, aware.
        secret_key: Fernet key(s) that seal tokens; without it the ledger keeps none.
    """

    def __init__(
        self, engine: Engine, *, clock: Callable[[], datetime] = utcnow, secret_key: str | None = None
    ) -> None:
        self.database = Database(engine, clock=clock)
        self.audit = Audit(self.database)
        self.inbox = Inbox(self.database)
        self.crosswalk = Crosswalk(self.database)
        self.told = Tellings(self.database)
        self.writes = Writes(self.database, self.crosswalk, self.audit, self.told)
        self.exceptions = Exceptions(self.database, self.audit)
        self.cursors = Cursors(self.database)
        self.budgets = Budgets(self.database)
        self.breakers = Breakers(self.database)
        self.parking = Parking(self.database)
        self.tokens = Tokens(self.database, secret_key=secret_key)
        self.wakes = Wakes(self.database)
        self.reports = Reports(self.database)
        self.rates = Rates(self.database)
        self.alerts = Alerts(self.database)
        self.balances = Balances(self.database)
        self.retention = Retention(self.database)
        self.signs = Signs(self.database)
        self.doubts = Doubts(self.database, self.crosswalk, self.audit)

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        clock: Callable[[], datetime] = utcnow,
        secret_key: str | None = None,
        **options: Any,
    ) -> Self:
        """A ledger at ``url``; ``options`` are those of :func:`include.ledger.database.open_engine`."""
        return cls(open_engine(url, **options), clock=clock, secret_key=secret_key)

    def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            TransientError: there is none.
        """
        with self.database.once("reach the ledger") as connection:
            connection.exec_driver_sql("SELECT 1")

    def close(self) -> None:
        """Close this process's connections."""
        self.database.engine.dispose()
