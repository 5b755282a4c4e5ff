"""What the suite of :mod:`tests.contract.test_connectors_conform` asks of a connector's adapter."""

from __future__ import annotations

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any, ClassVar, Literal

import httpx

from include.connectors.documents import Document
from include.errors import IntegrationError, TransientError
from tests.contract.line import Breaker, Budget, Line
from tests.contract.test_gateway_client import Site as Gateway

Part = Literal[
    "poll", "fetch", "unserved", "spoilt", "limit", "renewal", "budget", "write", "batch", "timeout"
]
"""What a connector may lack: announcing changes, giving records by id, an error for a single one of them,
bodies that can be spoilt, limits, a token that is renewed, a shared budget, writes, several of them in one
call, time limits that are set on each call."""
WRONG = "wrong-secret-of-the-conformance-suite"
numbers = count(1)
"""For what must be new each time."""


class Systems:
    """The programs on the other side: a sandbox with both shops and an org, and a gateway over a company.

    Attributes:
        proxy: leads Salesforce's addresses to the sandbox.
        authority: file of the authority that vouches for it there.
    """

    def __init__(self, sandbox: str, gateway: Gateway, proxy: str, authority: str) -> None:
        self.sandbox, self.gateway = sandbox, gateway
        self.proxy, self.authority = proxy, authority
        self._control = httpx.Client(base_url=f"{sandbox}/_sandbox", timeout=60, trust_env=False)

    def close(self) -> None:
        """Give the connection back."""
        self._control.close()

    def tell(self, method: str, path: str, body: Any = None, **about: Any) -> Any:
        """Use the sandbox's control API; decimals exact."""
        answer = self._control.request(method, path, json=body, params=about)
        assert answer.is_success, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    def later(self) -> None:
        """A minute passes, so that what changes has another time."""
        self.tell("POST", "/clock", {"jump_seconds": 60})

    def company(self, sql: str, *values: object) -> list[Any]:
        """Ask or change the company's tables."""
        with closing(sqlite3.connect(self.gateway.home / "MAS_ABC.sqlite", timeout=30)) as db, db:
            return db.execute(sql, values).fetchall()


class Conformant(ABC):
    """One connector before its system.

    Attributes:
        name: of the connector.
        lacks: parts that it has not got, with the reason.
        gone: a key that the system has not got.
        verb: method by which it writes.
        address: part of the address by which it writes, where a write has further calls of that method.
        line: counts and spoils its calls.
        client: the object that must not show secrets.
        secrets: what must never come out.
    """

    name: ClassVar[str]
    lacks: ClassVar[Mapping[Part, str]] = {}
    gone: ClassVar[str] = ""
    verb: ClassVar[str] = "POST"
    address: ClassVar[str] = ""
    line: Line
    client: object
    secrets: tuple[str, ...]

    def __init__(self, systems: Systems, *, secret: str = "") -> None:
        self.systems = systems
        self.breaker, self.budget = Breaker(), Budget()
        self.since: datetime | None = None
        self.open(secret)

    @abstractmethod
    def open(self, secret: str) -> None:
        """Make the client, with another secret if one is given."""

    @abstractmethod
    def close(self) -> None:
        """Give connections back."""

    @abstractmethod
    def ping(self) -> None:
        """The smallest call."""

    @abstractmethod
    def check(self) -> Any:
        """The connection test's report."""

    def read(self) -> object:
        """A read that would be empty, or None, were an error taken for an answer."""
        return self.poll({})

    def poll(self, known: Mapping[str, str]) -> dict[str, str]:
        """What changed since the last poll: version by key."""
        raise NotImplementedError

    def keys(self) -> list[str]:
        """What the system has, told by itself."""
        raise NotImplementedError

    def edit(self, key: str) -> None:
        """Change a record in the system."""
        raise NotImplementedError

    def fetch(self, keys: Sequence[str]) -> dict[str, bytes | TransientError | None]:
        """Records by id."""
        raise NotImplementedError

    def record(self) -> Any:
        """Something new to write."""
        raise NotImplementedError

    def bad_record(self) -> Any:
        """Something that the system refuses."""
        raise NotImplementedError

    def write(self, records: Sequence[Any]) -> list[str]:
        """Write; the status of each."""
        raise NotImplementedError

    def effects(self, record: Any) -> int:
        """How often the system has it."""
        raise NotImplementedError


class Shop(Conformant):
    """What the two shops have in common: orders are announced, and fetched by id."""

    reader: Any
    orders: Any

    def close(self) -> None:
        self.client.close()  # type: ignore[attr-defined]

    def ping(self) -> None:
        self.reader.ping()

    def check(self) -> Any:
        return self.reader.check()

    def poll(self, known: Mapping[str, str]) -> dict[str, str]:
        found = list(self.orders.list_sales_orders(modified_since=self.since))
        times = [stub.modified_at for stub in found if stub.modified_at]
        self.since = max([*times, *([self.since] if self.since else [])], default=None)
        return {stub.id: self._version(stub) for stub in found if known.get(stub.id) != self._version(stub)}

    def fetch(self, keys: Sequence[str]) -> dict[str, bytes | TransientError | None]:
        return dict(self.orders.sales_orders(keys))

    @staticmethod
    def _version(stub: Any) -> str:
        return str(stub.version)


class Mirror(Conformant):
    """What mirror flows use: a source that announces and gives records, a target that takes documents.

    Attributes:
        source: a ``RecordSource``.
        target: a ``RecordTarget``.
    """

    source: Any
    target: Any

    def close(self) -> None:
        self.client.close()  # type: ignore[attr-defined]

    def ping(self) -> None:
        self.client.ping()  # type: ignore[attr-defined]

    def poll(self, known: Mapping[str, str]) -> dict[str, str]:
        found = self.source.changes(known, self.since)
        self.since = found.watermark
        return {stub.key: stub.version for stub in found.stubs}

    def fetch(self, keys: Sequence[str]) -> dict[str, bytes | TransientError | None]:
        return dict(self.source.documents(keys))

    def write(self, records: Sequence[Document]) -> list[str]:
        return [answer.status for answer in self.target.write(records)]


def checked(connector: Conformant) -> tuple[bool, str]:
    """What the connection test says, or raises as Airflow's *Test* button shows it."""
    try:
        report = connector.check()
    except IntegrationError as error:
        return False, str(error)
    return report.ok, report.message
