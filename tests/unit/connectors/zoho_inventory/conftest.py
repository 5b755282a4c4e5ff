"""Zoho's side of the wire, as its documentation describes it, in memory."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests
from requests.adapters import BaseAdapter
from requests.models import PreparedRequest
from requests.structures import CaseInsensitiveDict

from include.connectors.ports import Breaker, Token
from include.connectors.zoho_inventory import Settings, ZohoClient

SECRET = "canary-client-secret"
REFRESH = "canary-refresh-token"
START = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)

Reply = tuple[int, dict[str, str], Any]


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
    """Calls counted per clock minute and day; a place count that remembers its peak."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.taken: list[tuple[str, datetime]] = []
        self.blocked: dict[str, datetime] = {}
        self.reasons: dict[str, str] = {}
        self.held = 0
        self.peak = 0

    def take(
        self, name: str, *, per_minute: int, per_day: int, n: int = 1, zone: str = "UTC", **_shares: object
    ) -> float:
        with self._lock:
            now = self._clock()
            until = self.blocked.get(name)
            if until is not None and until > now:
                return (until - now).total_seconds()
            minute = now.replace(second=0, microsecond=0)
            mine = [at for each, at in self.taken if each == name]
            if sum(at >= minute for at in mine) + n > per_minute:
                return (minute + timedelta(minutes=1) - now).total_seconds()
            day = now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
            if sum(at >= day for at in mine) + n > per_day:
                return (day + timedelta(days=1) - now).total_seconds()
            self.taken += [(name, now)] * n
            return 0.0

    def block(self, name: str, until: datetime, *, reason: str = "") -> None:
        self.reasons[name] = reason
        self.blocked[name] = max(until, self.blocked.get(name, until))

    @contextmanager
    def slots(self, name: str, limit: int, lease: timedelta) -> Iterator[None]:
        del name, limit, lease
        with self._lock:
            self.held += 1
            self.peak = max(self.peak, self.held)
        try:
            yield
        finally:
            with self._lock:
                self.held -= 1


class Zoho(BaseAdapter):
    """Zoho as a function from request to reply; counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.api: Callable[[PreparedRequest], Reply | Exception] = lambda _request: (
            200,
            {},
            {"code": 0, "message": "success"},
        )
        self.accounts: Callable[[PreparedRequest], Reply | Exception] = self._mint
        self.asked: list[PreparedRequest] = []
        self.minted: list[PreparedRequest] = []
        self._lock = threading.Lock()

    def send(self, request: PreparedRequest, **_options: Any) -> requests.Response:
        """Answer one request."""
        token_call = urlsplit(request.url).path == "/oauth/v2/token"
        with self._lock:
            (self.minted if token_call else self.asked).append(request)
        reply = (self.accounts if token_call else self.api)(request)
        if isinstance(reply, Exception):
            raise reply
        return _response(request, *reply)

    def close(self) -> None:
        """Nothing is open."""

    def _mint(self, _request: PreparedRequest) -> Reply:
        return (
            200,
            {},
            {
                "access_token": f"1000.token.{len(self.minted)}",
                "api_domain": "https://www.zohoapis.com",
                "expires_in": 3600,
            },
        )

    def replies(self, *replies: Reply | Exception) -> None:
        """Answer the API with these in turn; the last one stays."""
        left = list(replies)
        self.api = lambda _request: left.pop(0) if len(left) > 1 else left[0]


def _response(request: PreparedRequest, status: int, headers: dict[str, str], body: Any) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers = CaseInsensitiveDict(headers)
    response.url = request.url or ""
    response.request = request
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    response.raw = io.BytesIO(raw)
    return response


class Bench:
    """A client on a world of its own: Zoho, clock, token store and budget."""

    breaker: Breaker | None = None

    def __init__(self) -> None:
        self.zoho = Zoho()
        self.clock = ManualClock()
        self.tokens = MemoryTokens()
        self.budget = MemoryBudget(self.clock)

    def settings(self, **changes: Any) -> Settings:
        """Settings of the demo organisation."""
        return Settings(
            **{
                "organization_id": "5129873",
                "client_id": "1000.CLIENT",
                "client_secret": SECRET,
                "refresh_token": REFRESH,
            }
            | changes
        )

    def client(self, **changes: Any) -> ZohoClient:
        """One process's client; call again for another process."""
        session = requests.Session()
        session.mount("https://", self.zoho)
        session.mount("http://", self.zoho)
        return ZohoClient(
            self.settings(**changes),
            tokens=self.tokens,
            budget=self.budget,
            breaker=self.breaker,
            session=session,
            clock=self.clock,
            sleep=self.clock.sleep,
            jitter=lambda _low, high: high,
        )


def query(request: PreparedRequest) -> dict[str, str]:
    """The query parameters, decoded."""
    return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))


@pytest.fixture
def bench() -> Bench:
    """A fresh world."""
    return Bench()


@pytest.fixture(scope="session")
def new_bench() -> type[Bench]:
    """Makes worlds, for properties that need many."""
    return Bench


@pytest.fixture(scope="session")
def query_of() -> Callable[[PreparedRequest], dict[str, str]]:
    """Reads a request's query parameters."""
    return query


def refusal(status: int, code: int, message: str = "", **headers: str) -> Reply:
    """An error as Zoho wraps it; ``Retry_After`` becomes a header."""
    return (
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
        {
            "code": code,
            "message": message,
        },
    )


@pytest.fixture(scope="session")
def refused() -> Callable[..., Reply]:
    """Builds Zoho's refusals."""
    return refusal


def rows_reply(key: str, found: list[dict[str, Any]], *, more: bool = False, **context: Any) -> Reply:
    """A page of a list."""
    page_context = {"has_more_page": more, "sort_column": "last_modified_time", "sort_order": "A"} | context
    return 200, {}, {"code": 0, "message": "success", key: found, "page_context": page_context}


@pytest.fixture(scope="session")
def listed() -> Callable[..., Reply]:
    """Builds pages of lists."""
    return rows_reply
