"""Which tenant, who we are, and how fast we may go."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from include.connectors.addresses import plain_address
from include.connectors.clarity_ecommerce import dialect as dialects
from include.connectors.rest.pace import check_shares
from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import UnionType

    from include.connectors.clarity_ecommerce.dialect import AuthMode, Dialect


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One tenant of Clarity eCommerce and the client that calls it.

    Args:
        base_url: ``https://host``, and a prefix if a proxy adds one, without the API's own path.
        dialect: a name of :func:`include.connectors.clarity_ecommerce.dialect.shipped`.
        dialect_overrides: what this tenant does otherwise, in the shape of the dialect's file.
        auth_mode: ``oauth2``, ``api_key``, ``both`` or ``basic``; ``""`` = the dialect's usual one.
        client_id: of the OAuth client, or the user of a log-in call.
        client_secret: never shown in a ``repr``.
        api_key: never shown in a ``repr``, never part of an address.
        scopes: asked for with the token.
        token_url: replaces the dialect's token address.
        store_id: only records of this store; ``""`` = all.
        verify: whether to verify certificates, or the file of an authority that is trusted instead.
        allow_plain_http: send credentials unencrypted to another machine too (a sandbox beside us).
        page_size: rows asked for at once; 0 = the dialect's.
        overlap: seconds that a sweep goes back; negative = the dialect's.
        max_pages: of one walk through a list.
        calls_per_minute: our share of what the tenant allows one client.
        calls_per_day: our share; no daily limit is documented.
        concurrency: calls under way at once, all workers together.
        timeout: seconds to connect, seconds between two bytes of an answer.
        deadline: seconds for one whole answer.
        patience: seconds that one call may spend waiting in place; a longer wait is raised as
            ``RateLimitedError`` so that the task is rescheduled instead of holding its worker.
        attempts: tries of one call, the first included.
        max_response_bytes: size of the largest answer we read, decompressed.
        timezone: its midnight ends the daily quota.
        reserved: share of the two call limits (0 to 1) that is kept free for a flow, by DAG id.

    Raises:
        ConfigurationError: a value is missing or cannot be right.
    """

    base_url: str
    dialect: str = "v1"
    dialect_overrides: Mapping[str, Any] = field(default_factory=dict)
    auth_mode: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ()
    token_url: str = ""
    store_id: str = ""
    verify: bool | str = True
    allow_plain_http: bool = False
    page_size: int = 0
    overlap: float = -1.0
    max_pages: int = 20_000
    calls_per_minute: int = 100
    calls_per_day: int = 100_000
    concurrency: int = 5
    timeout: tuple[float, float] = (5.0, 30.0)
    deadline: float = 120.0
    patience: float = 65.0
    attempts: int = 4
    max_response_bytes: int = 32 * 1024 * 1024
    timezone: str = "UTC"
    reserved: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("calls_per_minute", "calls_per_day", "concurrency", "attempts", "max_pages"):
            _check_count(name, getattr(self, name))
        _check_count("max_response_bytes", self.max_response_bytes)
        self._check_address("base_url", self.base_url)
        if self.token_url:
            self._check_address("token_url", self.token_url)
        if isinstance(self.verify, str) and not Path(self.verify).is_file():
            raise ConfigurationError(f"Clarity: verify names no file: {self.verify}")
        _check_zone(self.timezone)
        check_shares("Clarity", self.reserved)
        self._check_credentials()
        if not _is_number(self.overlap, int | float):
            raise ConfigurationError("Clarity: overlap must be a number of seconds")
        if self.base_url.rstrip("/").endswith(self.spoken.base.rstrip("/")):
            raise ConfigurationError(f"Clarity: base_url ends before {self.spoken.base}; the dialect adds it")
        largest = self.spoken.paging.largest
        if not _is_number(self.page_size, int) or not 0 <= self.page_size <= largest:
            raise ConfigurationError(f"Clarity: page_size must be at most {largest} in {self.dialect!r}")

    @cached_property
    def spoken(self) -> Dialect:
        """The dialect, amended."""
        return dialects.load(self.dialect, self.dialect_overrides)

    @cached_property
    def mode(self) -> AuthMode:
        """How calls prove who makes them.

        Raises:
            ConfigurationError: the dialect has no such way.
        """
        modes = self.spoken.auth.modes
        chosen = next((mode for mode in modes if mode == (self.auth_mode or modes[0])), None)
        if chosen is None:
            raise ConfigurationError(
                f"Clarity: auth_mode {self.auth_mode!r} is none of {', '.join(modes)} in {self.dialect!r}"
            )
        return chosen

    @property
    def base(self) -> str:
        """The prefix of every call, without a trailing slash."""
        return self.base_url.rstrip("/") + self.spoken.base.rstrip("/")

    @property
    def token_address(self) -> str:
        """Where access tokens are asked for; empty when nobody says."""
        call = self.spoken.auth.token
        if self.token_url or call is None or not call.path:
            return self.token_url
        return self.base_url.rstrip("/") + call.path

    @property
    def rows_asked(self) -> int:
        """Rows of a page."""
        return self.page_size or self.spoken.paging.page_size

    @property
    def goes_back(self) -> timedelta:
        """How far behind its start a sweep begins."""
        return timedelta(seconds=self.overlap if self.overlap >= 0 else self.spoken.window.overlap)

    @property
    def longest(self) -> timedelta:
        """A call is over by then, whatever happens."""
        return timedelta(seconds=self.deadline + sum(self.timeout))

    @property
    def endpoint(self) -> str:
        """The tenant's name among all endpoints."""
        return f"clarity_ecommerce:{urlsplit(self.base_url).netloc.lower()}"

    @property
    def budget_name(self) -> str:
        """The quota belongs to the client, whoever calls for it."""
        own = f":{self.client_id}" if self.client_id else ""
        return f"{self.endpoint}{own}"

    @property
    def token_name(self) -> str:
        """The token belongs to these credentials and scopes: new ones must not find the old one."""
        said = "|".join((self.client_secret, self.token_address, *self.scopes))
        fingerprint = hashlib.sha256(said.encode()).hexdigest()[:12]
        return f"{self.endpoint}:{self.client_id}:{fingerprint}"

    def _check_address(self, name: str, value: str) -> None:
        parts = plain_address(value)
        if parts is None:
            raise ConfigurationError(f"Clarity: {name} must be a plain http(s) address")
        if parts.scheme == "http" and not self.allow_plain_http and not _is_loopback(parts.hostname or ""):
            raise ConfigurationError(
                f"Clarity: {name} must be https; set allow_plain_http to send credentials in the clear"
            )

    def _check_credentials(self) -> None:
        needed = {
            "oauth2": ("client_id", "client_secret"),
            "both": ("client_id", "client_secret", "api_key"),
            "api_key": ("api_key",),
            "basic": ("client_id", "client_secret"),
        }[self.mode]
        for name in needed:
            value = getattr(self, name)
            if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
                raise ConfigurationError(f"Clarity: {self.mode} needs {name}, in printable ASCII")
        if self.mode in {"oauth2", "both"} and not self.token_address:
            raise ConfigurationError(f"Clarity: the dialect {self.dialect!r} needs a token_url")


def _is_number(value: object, kind: type | UnionType) -> bool:
    """Connections are typed by hand: a number may come as text."""
    return isinstance(value, kind) and not isinstance(value, bool)


def _check_count(name: str, value: Any) -> None:
    if not _is_number(value, int) or value < 1:
        raise ConfigurationError(f"Clarity: {name} must be a whole number from 1 up")


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigurationError(f"Clarity: no time zone {name!r}") from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
