"""PostgreSQL, the sandbox and the gateway: the standalone machine's own processes, to be used and killed.

One set for a whole session, because each costs seconds to start; :meth:`House.tidy` makes the world new
between two tests instead.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from include.ledger import Ledger, migrate
from include.ledger.tables import metadata
from include.sandbox.sage100.story import load as load_company
from include.standalone import services
from include.standalone.children import Child
from include.standalone.environment import SANDBOX_SAGE_PASSWORD, Machine, environment, lay_out
from include.standalone.ports import choose
from include.standalone.postgres import embedded_server, stand_in_of
from include.standalone.secret_store import secrets_of
from include.standalone.services import Service
from include.standalone.sessions import end_sessions
from tests.pipeline.outside import Sage, Zoho

READY_WITHIN = 90.0
GATEWAY = {
    "TIMEOUT_SECONDS": "20",
    "LOCK_RETRY_SECONDS": "0.05",
    "RETRY_AFTER_SECONDS": "1",
    "REFUSAL_SECONDS": "0",
}
"""Short waits; what a refusal said is asked again at once, as it would be after a quarter of a minute."""
BOUNDLESS = {"per_minute": 1_000_000, "per_day": 1_000_000, "concurrent": 100, "token_requests": 1_000_000}
"""The sandbox's limits for tests that are about something else."""


@dataclass(frozen=True, slots=True)
class Doors:
    """How to reach everything; plain text, so that another process can be told.

    ``salesforce``: settings of the org's connection that are not the usual ones.
    """

    ledger: str
    ledger_key: str
    zoho: str
    gateway: str
    gateway_token: str
    sage_database: str
    staging: str
    salesforce_proxy: str
    salesforce_authority: str
    salesforce: Mapping[str, str | int] = field(default_factory=dict)


@dataclass
class Clock:
    """The house's clock: real time, moved on by hand where nobody wants to wait for a lease to run out."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_(self, **duration: float) -> None:
        self.ahead += timedelta(**duration)


class House:
    """The running processes, by name: ``postgres``, ``sandbox``, ``gateway``.

    ``salesforce``: settings of the org's connection that are not the usual ones, until all is tidied up.
    """

    def __init__(self, run: Path) -> None:
        self.machine = Machine(
            run, choose(run, {"airflow": 0, "sandbox": 0, "gateway": 0}), secrets_of(run / "secrets")
        )
        self.clock = Clock()
        self.salesforce: Mapping[str, str | int] = {}
        self._children: dict[str, Child] = {}
        self._environment: dict[str, str] = {}

    # Life and death ---------------------------------------------------------------------------------

    def open(self) -> None:
        """Start everything, with an empty ledger and a company that has Northwind's goods; once is enough."""
        if self._children:
            return
        machine = self.machine
        lay_out(machine)
        self._environment = {**environment(machine), **_gateway_variables(GATEWAY)}
        server = embedded_server(
            machine.run / "postgres", port=machine.ports.postgres, password=machine.secrets.postgres_password
        )
        machine.sage_home.mkdir(parents=True, exist_ok=True)
        load_company(machine.sage_home, password=SANDBOX_SAGE_PASSWORD)
        sandbox, gateway = services.outside_world(machine)
        story = sandbox.command.index("--story")
        untold = (*sandbox.command[:story], *sandbox.command[story + 2 :])
        for service in (services.database(server), replace(sandbox, command=untold), gateway):
            self._start(service)
        self.await_ready()
        server.create_databases()
        migrate(machine.database_url("tradebridge"))

    def close(self) -> None:
        """Leave nothing running, and nothing behind outside the run folder."""
        children = self._children.values()
        for child in children:
            child.ask_to_end()
        _await(lambda: not any(child.runs for child in children), "everything to end")
        end_sessions([leader for child in children for leader in child.sessions], grace=0.0)
        stand_in = stand_in_of(self.machine.run / "postgres")
        if stand_in is not None:
            shutil.rmtree(stand_in)

    def kill(self, name: str) -> None:
        """End a process at once, with all it has started."""
        self._children[name].kill()
        self._bury(name)

    def revive(self, name: str) -> None:
        """Start a process that has died, or is dying, again."""
        self._bury(name)
        self._children[name].start()

    def _bury(self, name: str) -> None:
        child = self._children[name]
        _await(lambda: not child.runs, f"{name} to end")
        child.note_death()

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """The world without one of its processes."""
        self.kill(name)
        try:
            yield
        finally:
            self.revive(name)
            self.await_ready()

    def await_ready(self) -> None:
        """Wait until every process answers."""
        for name, child in self._children.items():
            _await(lambda child=child: child.runs and child.service.is_ready(), f"{name}{child.last_words()}")

    def runs(self, name: str) -> bool:
        """Whether the process lives."""
        return self._children[name].runs

    @contextmanager
    def another_gateway(self, **changes: str) -> Iterator[None]:
        """A gateway with other settings for the time of the block."""
        self._new_gateway(changes)
        try:
            yield
        finally:
            self._new_gateway({})

    def _new_gateway(self, changes: Mapping[str, str]) -> None:
        self._children["gateway"].ask_to_end()
        self._bury("gateway")
        self._start(services.outside_world(self.machine)[1], _gateway_variables(changes))
        self.await_ready()

    def _start(self, service: Service, changes: Mapping[str, str] | None = None) -> None:
        child = Child(service, self.machine.logs, {**self._environment, **(changes or {})})
        self._children[service.name] = child
        child.start()

    # A new world --------------------------------------------------------------------------------------

    def tidy(self, orders: int = 0) -> None:
        """Everything as at the beginning, and Zoho with so many of Northwind's orders."""
        self.clock.ahead = timedelta(0)
        self.salesforce = {}
        self.zoho.reset(orders, BOUNDLESS)
        self.sage.reset()
        self._forget_answers()
        _empty(self.doors.ledger)
        shutil.rmtree(self.doors.staging, ignore_errors=True)

    def _forget_answers(self) -> None:
        """A new company knows nothing of the old one's orders; nor may the gateway's memory."""
        with closing(sqlite3.connect(self.machine.run / "gateway" / "answers.sqlite", timeout=30)) as db, db:
            db.execute("DELETE FROM answer")

    @property
    def doors(self) -> Doors:
        """Where everything is."""
        machine = self.machine
        return Doors(
            ledger=machine.database_url("tradebridge"),
            ledger_key=machine.secrets.ledger_key,
            zoho=machine.sandbox_url,
            gateway=machine.gateway_url,
            gateway_token=machine.secrets.gateway_token,
            sage_database=str(machine.sage_database),
            staging=str(machine.run / "staging"),
            salesforce_proxy=machine.salesforce_proxy,
            salesforce_authority=str(machine.salesforce_authority),
            salesforce=self.salesforce,
        )

    @property
    def zoho(self) -> Zoho:
        """The shop, and the hand on it."""
        return Zoho(self.machine.sandbox_url)

    @property
    def sage(self) -> Sage:
        """The company's tables, and the hand on them."""
        return Sage(self.machine.sandbox_url, self.machine.sage_database)

    def drain_gateway(self, verb: str = "drain") -> None:
        """``drain`` or ``resume``."""
        token = self.machine.secrets.gateway_token
        answer = httpx.post(
            f"{self.machine.gateway_url}/admin/{verb}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        answer.raise_for_status()


def _gateway_variables(settings: Mapping[str, str]) -> dict[str, str]:
    return {f"TRADEBRIDGE_GATEWAY_{name}": value for name, value in settings.items()}


def _empty(url: str) -> None:
    """Deleting takes milliseconds, TRUNCATE of so many tables a hundred."""
    ledger = Ledger.connect(url, pooled=False)
    deletions = "; ".join(f"DELETE FROM {table.name}" for table in metadata.sorted_tables)
    with ledger.database.begin("empty") as connection:
        connection.exec_driver_sql(f"SET LOCAL session_replication_role = replica; {deletions}")
    ledger.close()


def _await(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {READY_WITHIN:.0f} s for {what}")
        time.sleep(0.05)
