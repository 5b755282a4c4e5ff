"""An org of Salesforce's on a real socket, and clients that reach it under its production address.

simple-salesforce and its ``https://`` addresses are the real ones; an adapter under the session leads them
to the socket. Nothing here knows the connector's code.
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
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from requests.adapters import HTTPAdapter

from include.connectors.ports import Breaker, Token
from include.connectors.salesforce import SalesforceClient, SalesforceSession, Settings, describe, login_with
from include.connectors.salesforce.login import credentials_of

SECRET = "canary-consumer-secret"
START = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
BASE = "/services/data/v64.0/"


@dataclass
class Asked:
    """A request as it came over the socket; ``path`` below the API's base where it is there."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    @property
    def soql(self) -> str:
        """The question."""
        return self.query["q"][0]


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


Answering = Callable[[Asked], Reply]


class Org:
    """Answers every request with ``api`` (or ``login`` for the token), and remembers them."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.logins: list[Asked] = []
        self.api: Answering = lambda _asked: Reply(200, {})
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
        known = {"instance_url": "https://acme.my.salesforce.com", "token_type": "Bearer", "scope": "api"}
        return Reply(200, known | {"access_token": f"session-{len(self.logins)}"})

    def _answer(self, asked: Asked) -> Reply:
        is_login = asked.path.endswith("/oauth2/token")
        with self._lock:
            (self.logins if is_login else self.asked).append(asked)
        return (self.login if is_login else self.api)(asked)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        org = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                query = parse_qs(parts.query, keep_blank_values=True)
                path = unquote(parts.path).removeprefix(BASE)
                reply = org._answer(Asked(self.command, path, query, dict(self.headers), body))
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


class ToSocket(HTTPAdapter):
    """Leads production's addresses to a socket here, and remembers the time-outs."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.timeouts: list[Any] = []

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Send it to the socket."""
        parts = urlsplit(request.url)
        request.headers["X-Host"] = parts.netloc
        request.url = f"{self.url}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        self.timeouts.append(kwargs.get("timeout"))
        kwargs["proxies"] = {}
        return super().send(request, *args, **kwargs)


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

    def take(self, name: str, *, n: int = 1, **_limits: object) -> float:
        until = self.blocked.get(name)
        if until is not None and until > self._clock():
            return (until - self._clock()).total_seconds()
        self.taken[name] = self.taken.get(name, 0) + n
        return 0.0

    def block(self, name: str, until: datetime, *, reason: str = "") -> None:
        del reason
        self.blocked[name] = max(until, self.blocked.get(name, until))

    @contextmanager
    def slots(self, name: str, limit: int, lease: timedelta) -> Iterator[None]:
        del name, limit, lease
        yield


class MemoryJobs:
    """Remembers Bulk API jobs."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, fingerprint: str) -> str | None:
        return self.kept.get(fingerprint)

    def put(self, fingerprint: str, job_id: str) -> None:
        self.kept[fingerprint] = job_id

    def forget(self, fingerprint: str) -> None:
        self.kept.pop(fingerprint, None)


class Bench:
    """Clients of one org, with a clock, a token store and a budget in common."""

    breaker: Breaker | None = None

    def __init__(self, org: Org) -> None:
        self.org = org
        self.clock = ManualClock()
        self.tokens = MemoryTokens()
        self.budget = MemoryBudget(self.clock)
        self.jobs = MemoryJobs()
        self.line = ToSocket(org.url)
        self._opened: list[SalesforceClient] = []

    def settings(self, **changes: Any) -> Settings:
        """Settings of the org."""
        known = {"domain": "acme.my", "consumer_key": "key", "consumer_secret": SECRET}
        return Settings(**(known | {"connection": "salesforce_acme"} | changes))

    def client(self, **changes: Any) -> SalesforceClient:
        """One process's client."""
        settings = self.settings(**changes)
        session = SalesforceSession(settings)
        session.mount("https://", self.line)
        made = SalesforceClient(
            settings,
            lambda: login_with(credentials_of(settings), session),
            tokens=self.tokens,
            budget=self.budget,
            breaker=self.breaker,
            session=session,
            clock=self.clock,
            sleep=self.clock.sleep,
            jitter=lambda _low, high: high,
        )
        self._opened.append(made)
        return made

    def close(self) -> None:
        """Give the sockets back."""
        for client in self._opened:
            client.close()


@pytest.fixture(scope="session")
def _org() -> Iterator[Org]:
    made = Org()
    yield made
    made.close()


@pytest.fixture
def bench(_org: Org) -> Iterator[Bench]:
    """A fresh world; the socket is the same."""
    _org.asked.clear()
    _org.logins.clear()
    _org.api = lambda _asked: Reply(200, {})
    _org.login = _org._mint
    describe.forget()
    made = Bench(_org)
    yield made
    made.close()


@pytest.fixture(scope="session")
def answer() -> type[Reply]:
    """Builds answers."""
    return Reply


@pytest.fixture(scope="session")
def refused() -> Callable[..., Reply]:
    """Builds a refusal as Salesforce words it."""

    def build(status: int, code: str, message: str = "canary-message of Harbor Lights", **more: Any) -> Reply:
        headers = more.pop("headers", {})
        return Reply(status, [{"message": message, "errorCode": code, **more}], headers)

    return build


@pytest.fixture(scope="session")
def described() -> Callable[..., dict[str, Any]]:
    """Builds a description: fields by name, each a type or the members in which it is unlike a text."""

    def build(name: str, **fields: Any) -> dict[str, Any]:
        usual = {"type": "string", "length": 255, "nillable": True, "createable": True, "updateable": True}
        rows = [
            {"name": each, "label": each, **usual, **(told if isinstance(told, dict) else {"type": told})}
            for each, told in fields.items()
        ]
        return {"name": name, "fields": rows}

    return build
