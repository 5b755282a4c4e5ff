"""The line between a connector and its system: counts what passes, and spoils what a test asks it to.

Over HTTP it is an adapter of ``requests``, over ODBC a connection; both go through to the real program on the
other side, so that a fault is the network's or the vendor's and everything else is true.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import pyodbc  # noqa: TID253 - the driver's own errors are what is made here
import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import ProtocolError

from include.connectors.ports import Token

Kind = Literal["html", "cut", "malformed", "lost", "limit", "stale"]
"""An error page from a proxy; half a body; a body that is none; no answer, though the request arrived; too
many calls; a credential that has died on the way."""
WAIT = 7
"""Seconds that a limit asks us to wait."""
CANARY = "canary-of-the-conformance-suite"
"""Stands in what a system says about our secrets; must never come out of a connector."""


@dataclass
class Fault:
    """What is to happen to requests whose address holds ``about``, so many times."""

    kind: Kind
    about: str = ""
    method: str = ""
    times: int = 1_000_000


@dataclass
class Sent:
    """One request that left."""

    method: str
    url: str
    key: str | None
    timeout: Any
    is_log_on: bool = False


@dataclass
class Line:
    """What both lines have."""

    sent: list[Sent] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    meanwhile: Callable[[], None] | None = None
    """Done once, after the next answer: what happens in the system while the connector reads."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def spoil(self, kind: Kind, about: str = "", **how: Any) -> None:
        """Order a fault."""
        self.faults.append(Fault(kind, about, **how))

    def mend(self) -> None:
        """End all faults and forget what was sent."""
        self.faults.clear()
        self.sent.clear()

    @property
    def calls(self) -> list[Sent]:
        """What was sent, log-ons apart."""
        return [each for each in self.sent if not each.is_log_on]

    def struck(self, method: str, url: str) -> Kind | None:
        """The fault of a request, if any."""
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.about in url and fault.method in {"", method}:
                    fault.times -= 1
                    return fault.kind
        return None

    def pass_time(self) -> None:
        """Let happen what a test has put between two answers."""
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()


class HttpLine(Line, HTTPAdapter):
    """In the place of the adapter of a session.

    Args:
        log_on: part of the address by which tokens are asked for.
        limit: body with which the system says that there were too many calls.
    """

    def __init__(self, log_on: str, limit: bytes = b"{}") -> None:
        Line.__init__(self)
        HTTPAdapter.__init__(self)
        self.log_on, self.limit = log_on, limit

    def session(self) -> requests.Session:
        """A session whose every request takes this line."""
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", self)
        return session

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send, or what a fault makes of it."""
        method, url = str(request.method), str(request.url)
        log_on = self.log_on in url
        key = request.headers.get("Idempotency-Key")
        self.sent.append(Sent(method, url, key, options.get("timeout"), log_on))
        kind = None if log_on else self.struck(method, url)
        if kind == "html":
            return _answer(request, 502, b"<html><body>Bad Gateway</body></html>", "text/html")
        if kind == "limit":
            return _answer(request, 429, self.limit, "application/json", {"Retry-After": str(WAIT)})
        if kind == "stale":
            request.headers["Authorization"] = f"{str(request.headers['Authorization']).split()[0]} stale"
        response = super().send(request, **options)
        if kind in {"cut", "malformed", "lost"}:
            body = response.content
            if kind == "lost":
                raise requests.ConnectionError(ProtocolError("connection reset"), request=request)
            whole = body[: len(body) // 2] if kind == "cut" else b'{"' + body[:40]
            response = _answer(request, response.status_code, whole, "application/json")
            response.raw = _Cut(whole) if kind == "cut" else io.BytesIO(whole)
        if not log_on:
            self.pass_time()
        return response


class _Cut(io.BytesIO):
    """A body that ends before its length."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()
        raise ProtocolError("IncompleteRead")


def _answer(
    request: requests.PreparedRequest,
    status: int,
    body: bytes,
    kind: str,
    headers: dict[str, str] | None = None,
) -> requests.Response:
    response = requests.Response()
    response.status_code, response.request, response.url = status, request, str(request.url)
    response.headers = CaseInsensitiveDict({"Content-Type": kind, **(headers or {})})
    response.raw = io.BytesIO(body)
    return response


class OdbcLine(Line):
    """In the place of a driver's ``connect``; ``lost`` breaks the connection, ``stale`` refuses the user."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        super().__init__()
        self._connect = connect

    def connect(self) -> OdbcLine._Connection:
        """Log on."""
        self.sent.append(Sent("LOGON", "", None, None, is_log_on=True))
        if self.struck("LOGON", "") == "stale":
            raise pyodbc.Error("28000", f"[28000] log-on failed for PWD={CANARY}")
        return self._Connection(self._connect(), self)

    class _Connection:
        def __init__(self, inner: Any, line: OdbcLine) -> None:
            self._inner, self._line = inner, line

        def cursor(self) -> OdbcLine._Connection:
            return OdbcLine._Connection(self._inner.cursor(), self._line)

        def execute(self, sql: str, *values: object) -> None:
            self._note(sql)
            self._inner.execute(sql, *values)

        def columns(self, table: str | None = None) -> list[Any]:
            self._note(f"columns of {table}")
            return list(self._inner.columns(table=table))

        def fetchall(self) -> list[Any]:
            rows = list(self._inner.fetchall())
            self._line.pass_time()
            return rows

        def close(self) -> None:
            self._inner.close()

        def _note(self, sql: str) -> None:
            self._line.sent.append(Sent("SQL", sql, None, None))
            if self._line.struck("SQL", sql) == "lost":
                raise pyodbc.Error("08S01", f"[08S01] communication link failure, PWD={CANARY}")


# What a connector shares with all workers, counted ------------------------------------------------------


class Tokens:
    """A token store."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """The stored token."""
        return self._kept.get(name)

    def refresh(self, name: str, mint: Callable[[], Token], *, older_than: Any) -> Any:
        """Mint one, unless somebody has."""
        if self._kept.get(name) in {None, older_than}:
            self._kept[name] = mint()
        return self._kept[name]


class Budget:
    """Counts calls that were taken."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self, _name: str, *, n: int = 1, **_: Any) -> float:
        """There is always one left."""
        self.taken += n
        return 0.0

    def block(self, name: str, until: datetime, *, reason: str = "") -> None:
        """Nobody is kept waiting: each test is about one call."""

    @contextmanager
    def slots(self, _name: str, _limit: int, _lease: timedelta) -> Iterator[None]:
        """There is always a place."""
        yield


class Breaker:
    """Counts calls under guard."""

    def __init__(self) -> None:
        self.guarded: list[str] = []

    @contextmanager
    def guard(self, name: str, **_: Any) -> Iterator[Breaker]:
        """Let the call through."""
        self.guarded.append(name)
        yield self

    def fail(self, reason: str) -> None:
        """Nobody listens."""
