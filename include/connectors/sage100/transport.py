"""One HTTP exchange with the gateway, and the only question that matters about its failure: was it sent?

A connection that was never made is safe to try again. Anything after that - a reset, a time-out, a cut body -
may have reached Sage, and the answer is *lost*, which is a result and not an exception. Connections are not
kept alive: a stale one fails after sending has begun, and a safe failure would look like a lost answer.
"""

from __future__ import annotations

import json
import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from include.connectors.addresses import plain_address
from include.connectors.ports import NoBreaker
from include.errors import AuthenticationError, ConfigurationError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from include.connectors.ports import Attempt, Breaker

log = logging.getLogger(__name__)

_GRACE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Where the gateway is and how long it may take.

    Attributes:
        base_url: ``https://host:port``, without a path of the API.
        token: one of the gateway's bearer tokens.
        batch_size: records in one call; Sage needs one to three seconds for each.
        connect_timeout: seconds until a connection counts as not made.
        read_timeout: seconds until an answer counts as lost.
        attempts: how often a connection is tried before the caller is told.
        verify: whether to verify the certificate, or the path of a CA bundle.
        max_response_bytes: a longer answer is not read to its end and counts as lost.
    """

    base_url: str
    token: str = field(repr=False)
    batch_size: int = 25
    connect_timeout: float = 5.0
    read_timeout: float = 300.0
    attempts: int = 3
    verify: bool | str = True
    max_response_bytes: int = 32 * 1024 * 1024

    def __post_init__(self) -> None:
        if plain_address(self.base_url) is None:
            raise ConfigurationError("the gateway's address must read http(s)://host:port, without a user")
        if not self.token or not self.token.isascii() or not self.token.isprintable():
            raise ConfigurationError("the gateway's token is blank or not printable ASCII")
        if isinstance(self.verify, str) and not Path(self.verify).is_file():
            raise ConfigurationError(f"the authority's file for the gateway is not there: {self.verify}")
        if not 1 <= self.batch_size <= 100:
            raise ConfigurationError("the gateway takes 1 to 100 records in a call")

    @property
    def endpoint(self) -> str:
        """The gateway's name among all endpoints."""
        return f"sage100_gateway:{urlsplit(self.base_url).netloc}"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that came whole; ``body`` is ``None`` when it is no JSON object."""

    status: int
    body: dict[str, Any] | None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came, whole."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


class NeverSentError(UnreachableError):
    """No connection was made, so nothing can have been written."""


class _Bearer(AuthBase):
    """Set as ``auth`` so that a ``.netrc`` entry cannot replace the token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _ignore(_point: str, _keys: Sequence[str]) -> None:
    """Nobody watches."""


class Transport:
    """Every call to the gateway passes here.

    Args:
        settings: address, token, limits.
        breaker: knows for all processes whether the gateway answers.
        session: a ``requests`` session of the caller's (proxies, adapters).
        observe: told ``("before_send", keys)`` before each attempt of a writing call and
            ``("after_send", keys)`` when its answer came or was lost.
        sleep: how to wait between attempts to connect.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        *,
        breaker: Breaker | None = None,
        session: requests.Session | None = None,
        observe: Callable[[str, Sequence[str]], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._breaker = breaker or NoBreaker()
        self._session = session or requests.Session()
        self._session.headers["Connection"] = "close"
        self._observe = observe or _ignore
        self._connecting = Retrying(
            retry=retry_if_exception_type(NeverSentError),
            stop=stop_after_attempt(settings.attempts),
            wait=wait_exponential_jitter(multiplier=0.2, max=5.0),
            sleep=sleep,
            reraise=True,
        )

    def close(self) -> None:
        """Give sockets back."""
        self._session.close()

    def exchange(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        keys: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | Sequence[str]] | None = None,
    ) -> Reply | None:
        """One request.

        Args:
            method: the HTTP method.
            path: below the base address.
            body: sent as JSON.
            keys: idempotency keys of the records it writes; empty for a read.
            headers: further headers.
            params: the query; a name with several values is repeated.

        Returns:
            The answer; ``None`` when it was sent and no whole answer came.

        Raises:
            NeverSentError: no connection after all attempts; nothing was sent.
            CircuitOpenError: the gateway has not answered for a while; nothing was sent.
            AuthenticationError: the token is refused.
            ConfigurationError: the certificate is not trusted, or the address redirects elsewhere.
        """
        request = requests.Request(
            method,
            self._settings.base_url.rstrip("/") + path,
            json=body,
            headers=dict(headers or {}),
            params=dict(params or {}),
            auth=_Bearer(self._settings.token),
        )
        response = self._connecting(self._attempt, request, keys)
        return None if response is None else _reply(response, f"{method} {path}")

    def _attempt(self, request: requests.Request, keys: Sequence[str]) -> _Answer | None:
        if keys:
            self._observe("before_send", keys)
        with self._guarded(request, keys) as attempt:
            response = self._sent(request)
            if response is None:
                attempt.fail("its answer was lost")
            elif response.status_code >= 500:
                attempt.fail(f"HTTP {response.status_code}")
        if keys:
            self._observe("after_send", keys)
        return response

    @contextmanager
    def _guarded(self, request: requests.Request, keys: Sequence[str]) -> Iterator[Attempt]:
        """A batch that begins with the same record may fail because of that record, and of no other."""
        longest = timedelta(seconds=self._settings.connect_timeout + self._settings.read_timeout)
        subject = keys[0] if keys else request.url
        with self._breaker.guard(self._settings.endpoint, subject=subject, lease=longest + _GRACE) as attempt:
            yield attempt

    def _sent(self, request: requests.Request) -> _Answer | None:
        limits = (self._settings.connect_timeout, self._settings.read_timeout)
        prepared = self._session.prepare_request(request)
        environment = self._session.merge_environment_settings(
            prepared.url or "", {}, True, self._settings.verify, None
        )
        try:
            with self._session.send(
                prepared, timeout=limits, allow_redirects=False, **environment
            ) as response:
                return self._whole(response)
        except requests.RequestException as error:
            if _untrusted(error):
                raise ConfigurationError(
                    "the gateway's certificate is not trusted; set the CA bundle"
                ) from None
            if _never_sent(error):
                raise NeverSentError("no connection to the Sage 100 gateway; nothing was sent") from None
            log.warning(
                "gateway: %s was sent and its answer is lost (%s)", request.method, type(error).__name__
            )
            return None

    def _whole(self, response: requests.Response) -> _Answer | None:
        content = bytearray()
        for part in response.iter_content(65536):
            content += part
            if len(content) > self._settings.max_response_bytes:
                log.warning("gateway: an answer is longer than any of its answers; it counts as lost")
                return None
        return _Answer(response.status_code, response.headers, bytes(content))


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what urllib3 wrapped in it, outermost first."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and cause not in found:
            found.append(cause)
            waiting += [*cause.args, getattr(cause, "reason", None), getattr(cause, "original_error", None)]
    return found


def _never_sent(error: BaseException) -> bool:
    kinds = (NewConnectionError, ConnectTimeoutError, NameResolutionError, requests.ConnectTimeout)
    return any(isinstance(cause, kinds) for cause in _causes(error))


def _untrusted(error: BaseException) -> bool:
    return any(type(cause).__name__ == "SSLCertVerificationError" for cause in _causes(error))


def _reply(response: _Answer, doing: str) -> Reply:
    status = response.status_code
    if status in {401, 403}:
        raise AuthenticationError(f"{doing}: the gateway refuses our token (HTTP {status})")
    if 300 <= status < 400:
        raise ConfigurationError(f"{doing}: the gateway's address redirects (HTTP {status}); correct it")
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        body = None
    return Reply(
        status, body if isinstance(body, dict) else None, _seconds(response.headers.get("Retry-After"))
    )


def _seconds(value: str | None) -> float | None:
    """Retry-After as the gateway writes it; a date (some proxies) says nothing exact and is passed over."""
    return float(value) if value and value.isdecimal() else None
