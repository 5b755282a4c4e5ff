"""A tenant of Clarity on a real socket, which answers as the reference describes it.

The samples are those of the reference, written out; nothing here knows the connector's code.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from include.connectors.clarity_ecommerce import ClarityClient, ClarityReader, ClarityWriter, Settings
from include.connectors.ports import Breaker, Token

SECRET = "canary-client-secret"
API_KEY = "canary-api-key"
START = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
PROBLEM = {"Content-Type": "application/problem+json"}


@dataclass
class Asked:
    """A request as it came over the socket."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass
class Reply:
    """An answer as it goes over the socket; ``cut`` closes the line instead of finishing it."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False

    @property
    def raw(self) -> bytes:
        """The body's bytes."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def problem(status: int, code: str, **more: Any) -> Reply:
    """A refusal as RFC 9457 and the reference's samples write it; ``Retry_After`` becomes a header."""
    headers = {name.replace("_", "-"): more.pop(name) for name in list(more) if name[0].isupper()}
    body = {
        "type": f"https://docs.sandbox.clarity.test/errors/{code}",
        "title": "canary-title",
        "status": status,
        "code": code,
        "detail": "canary-detail of Gulf Coast Marine",
        "traceId": "0HMV9C1ABCDEF:00000002",
    }
    return Reply(status, body | more, PROBLEM | headers)


Answering = Callable[[Asked], Reply]


class Tenant:
    """Answers every request with ``api`` (or ``login`` for the token), and remembers them."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.minted: list[Asked] = []
        self.api: Answering = lambda _asked: Reply(200, {"data": []})
        self.login: Answering = self._mint
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def replies(self, *replies: Reply) -> None:
        """Answer the API with these in turn; the last one stays."""
        left = list(replies)
        self.api = lambda _asked: left.pop(0) if len(left) > 1 else left[0]

    def _mint(self, _asked: Asked) -> Reply:
        token = {"access_token": f"cl_{len(self.minted)}", "token_type": "Bearer", "expires_in": 3600}
        return Reply(200, token, {"Cache-Control": "no-store"})

    def _answer(self, asked: Asked) -> Reply:
        token_call = "token" in asked.path or "login" in asked.path
        with self._lock:
            (self.minted if token_call else self.asked).append(asked)
        return (self.login if token_call else self.api)(asked)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        tenant = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                query = parse_qs(parts.query, keep_blank_values=True)
                reply = tenant._answer(Asked(self.command, parts.path, query, dict(self.headers), body))
                self.send_response(reply.status)
                headers = {"Content-Type": "application/json"} | reply.headers
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.raw) + (1000 if reply.cut else 0)))
                self.end_headers()
                self.wfile.write(reply.raw)
                self.close_connection = reply.cut

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: object) -> None:
                """Keep quiet."""

        return Handler


class ManualClock:
    """Time that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = START
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.now += timedelta(seconds=seconds)


class MemoryTokens:
    """A token store with a lock, as the ledger has."""

    def __init__(self) -> None:
        self.kept: dict[str, Token] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Token | None:
        return self.kept.get(name)

    def refresh(self, name: str, mint: Callable[[], Token], *, older_than: Token | None) -> Token:
        with self._lock:
            stands = self.kept.get(name)
            if stands is None or stands == older_than:
                self.kept[name] = mint()
            return self.kept[name]


class MemoryBudget:
    """Counts calls, keeps pauses."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.taken: dict[str, int] = {}
        self.blocked: dict[str, datetime] = {}
        self.reasons: dict[str, str] = {}

    def take(self, name: str, *, n: int = 1, **_limits: object) -> float:
        until = self.blocked.get(name)
        if until is not None and until > self._clock():
            return (until - self._clock()).total_seconds()
        self.taken[name] = self.taken.get(name, 0) + n
        return 0.0

    def block(self, name: str, until: datetime, *, reason: str = "") -> None:
        self.reasons[name] = reason
        self.blocked[name] = max(until, self.blocked.get(name, until))

    @contextmanager
    def slots(self, name: str, limit: int, lease: timedelta) -> Iterator[None]:
        del name, limit, lease
        yield


class Bench:
    """Clients of one tenant, with a clock, a token store and a budget in common."""

    breaker: Breaker | None = None

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.clock = ManualClock()
        self.tokens = MemoryTokens()
        self.budget = MemoryBudget(self.clock)
        self._opened: list[ClarityClient] = []

    def settings(self, **changes: Any) -> Settings:
        """Settings of the sandbox tenant."""
        known = {"base_url": self.tenant.url, "client_id": "clarity-test", "client_secret": SECRET}
        return Settings(**(known | {"timeout": (2.0, 2.0)} | changes))

    def client(self, **changes: Any) -> ClarityClient:
        """One process's client."""
        made = ClarityClient(
            self.settings(**changes),
            tokens=self.tokens,
            budget=self.budget,
            breaker=self.breaker,
            clock=self.clock,
            sleep=self.clock.sleep,
            jitter=lambda _low, high: high,
        )
        self._opened.append(made)
        return made

    def reader(self, **changes: Any) -> ClarityReader:
        """A reader on a new client."""
        return ClarityReader(self.client(**changes))

    def writer(self, **changes: Any) -> ClarityWriter:
        """A writer on a new client."""
        return ClarityWriter(self.client(**changes))

    def close(self) -> None:
        """Give the sockets back."""
        for client in self._opened:
            client.close()


@pytest.fixture(scope="session")
def _tenant() -> Iterator[Tenant]:
    made = Tenant()
    yield made
    made.close()


@pytest.fixture
def bench(_tenant: Tenant) -> Iterator[Bench]:
    """A fresh world; the socket is the same."""
    _tenant.asked.clear()
    _tenant.minted.clear()
    _tenant.api = lambda _asked: Reply(200, {"data": []})
    _tenant.login = _tenant._mint
    made = Bench(_tenant)
    yield made
    made.close()


@pytest.fixture(scope="session")
def refused() -> Callable[..., Reply]:
    """Builds problem documents."""
    return problem


@pytest.fixture(scope="session")
def answer() -> type[Reply]:
    """Builds answers."""
    return Reply
