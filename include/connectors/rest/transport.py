"""Bytes out, bytes in.

The one question that matters after a failed write is whether it can have arrived, so every
failure here is one of two: *never sent* (``UnreachableError``, ask again) or *sent, no whole
answer* (``OutcomeUnknownError`` for a write, ``TransientError`` for a read). Redirects are refused,
because the credentials would follow them; answers are cut off at a size and a deadline, because they are
not ours.
"""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import MaxRetryError, NewConnectionError, SSLError

from include.errors import (
    ConfigurationError,
    IntegrationError,
    OutcomeUnknownError,
    PermanentError,
    TransientError,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request before it has a host and a token.

    Args:
        method: the HTTP method.
        path: below the API base, e.g. ``/salesorders``; of a token call below the accounts host.
        params: query parameters; a sequence repeats its name.
        content: the body's bytes, never shown in a ``repr``.
        content_type: of the body.
        headers: further ones, none of them secret.
        idempotent: a write that the remote takes once however often it comes.
    """

    method: str
    path: str
    params: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    content: bytes | None = field(default=None, repr=False)
    content_type: str = "application/json;charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    idempotent: bool = False

    @property
    def safe(self) -> bool:
        """Changes nothing, so that losing the answer loses nothing."""
        return self.method == "GET"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class NoAuth(AuthBase):
    """Adds nothing and keeps ``requests`` from looking into ``.netrc``."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave the request as it is."""
        return request


def new_session(connections: int) -> requests.Session:
    """A session that keeps connections open and remembers no cookie."""
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_connections=2, pool_maxsize=connections, max_retries=0))
    return session


@dataclass(frozen=True, slots=True)
class Transport:
    """Sends one call and reads one answer.

    Args:
        session: shared by the threads of one process.
        timeout: seconds to connect, seconds between two bytes.
        deadline: seconds for the whole answer.
        max_bytes: of one answer, decompressed.
        verify: whether to verify certificates, or the file of an authority that is trusted instead.
        monotonic: measures the deadline.
    """

    session: requests.Session
    timeout: tuple[float, float]
    deadline: float
    max_bytes: int
    verify: bool | str = True
    monotonic: Callable[[], float] = time.monotonic

    def send(self, call: Call, url: str, auth: AuthBase) -> Answer:
        """Send ``call`` to ``url`` and read the answer whole.

        Raises:
            UnreachableError: never sent.
            TransientError: a read whose answer did not come whole.
            OutcomeUnknownError: a write that may have arrived.
            ConfigurationError: the address is no address, answers with a redirect, or shows a certificate
                that is not trusted.
            PermanentError: a read whose answer is larger than we accept.
        """
        until = self.monotonic() + self.deadline
        headers = {"Accept": "application/json", **call.headers}
        if call.content is not None:
            headers["Content-Type"] = call.content_type
        try:
            with self.session.request(
                call.method,
                url,
                params=call.params,
                data=call.content,
                headers=headers,
                auth=auth,
                timeout=self.timeout,
                verify=self.verify,
                allow_redirects=False,
                stream=True,
            ) as response:
                if 300 <= response.status_code < 400:
                    raise ConfigurationError(
                        f"{call}: redirected (HTTP {response.status_code}), which is refused; check the host"
                    )
                body = self._read(call, response, until)
                return Answer(response.status_code, CaseInsensitiveDict(response.headers), body)
        except requests.RequestException as exc:
            raise failure(call, exc) from exc

    def _read(self, call: Call, response: requests.Response, until: float) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > self.max_bytes:
                kind: type[IntegrationError] = PermanentError if call.safe else OutcomeUnknownError
                raise kind(f"{call}: the answer is larger than {self.max_bytes} bytes; not read")
            if self.monotonic() > until:
                raise _unanswered(call, f"no whole answer within {self.deadline:g} s")
        return bytes(body)


def failure(call: Call, exc: requests.RequestException) -> IntegrationError:
    """What a request that did not come back whole means for the call; returned, so that the caller raises."""
    name = type(exc).__name__
    if isinstance(exc, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return ConfigurationError(f"{call}: {name}; check the API base")
    if _untrusted(exc):
        return ConfigurationError(f"{call}: not sent, the certificate is not trusted; check host and verify")
    if _never_sent(exc):
        return UnreachableError(f"{call}: not sent, no connection ({name})")
    return _unanswered(call, f"no whole answer ({name})")


def _never_sent(exc: requests.RequestException) -> bool:
    """Whether the request cannot have left: no connection was made."""
    if isinstance(exc, requests.ConnectTimeout):
        return True
    reason = exc.args[0] if exc.args else None
    return isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError)


def _untrusted(exc: requests.RequestException) -> bool:
    """Whether the other side's certificate was refused, before anything was sent."""
    reason = getattr(exc.args[0], "reason", exc.args[0]) if exc.args else None
    cause = reason.args[0] if isinstance(reason, SSLError) and reason.args else reason
    return isinstance(cause, ssl.SSLCertVerificationError)


def _unanswered(call: Call, what: str) -> IntegrationError:
    return (TransientError if call.safe else OutcomeUnknownError)(f"{call}: {what}")
