"""One access token for all workers.

Zoho mints ten access tokens per ten minutes and keeps ten alive: a worker that mints its own
locks out the others. The token therefore lives in a shared store with a single-flight refresh, is
renewed shortly before it expires, and once per call when Zoho refuses it.

The accounts host reports failure inside HTTP 200 (``{"error": "invalid_code"}``), so the ``error`` key is
looked at before the status.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import msgspec

from include.connectors.ports import Token
from include.connectors.rest.tokens import SharedToken
from include.connectors.rest.transport import Answer, Call, NoAuth, Transport
from include.errors import (
    AuthenticationError,
    IntegrationError,
    OutcomeUnknownError,
    RateLimitedError,
    TransientError,
)

if TYPE_CHECKING:
    from include.connectors.ports import Breaker, Budget, Clock, TokenStore
    from include.connectors.zoho_inventory.settings import Settings

EXPIRY_MARGIN = 120.0
"""Seconds by which a token is given up before its end (a tenth of its life, when that is shorter)."""

MINT_PAUSE = 600.0
"""Seconds of the accounts host's window: no minting after a throttle."""

_LIFETIME = 3600
_DEAD = {
    "invalid_code": "the refresh token is revoked or of another data centre; authorise Tradebridge again",
    "invalid_client": "the client id is unknown in this data centre; check client_id and data_centre",
    "invalid_client_secret": "the client secret is wrong; check client_secret",
    "invalid_grant": "the refresh token is revoked; authorise Tradebridge again",
    "unauthorized_client": "the client may not use refresh tokens; register it as a server-based application",
}
_PASSING = {"general_error", "server_error", "temporarily_unavailable"}


class TokenAnswer(msgspec.Struct):
    """What the accounts host answers, good or bad."""

    access_token: str = ""
    api_domain: str = ""
    expires_in: int = _LIFETIME
    expires_in_sec: int | None = None
    error: str | None = None

    def __repr__(self) -> str:
        return f"TokenAnswer(error={self.error is not None})"


class TokenSource(SharedToken):
    """The shared token, minted by the accounts host.

    Args:
        settings: credentials and the accounts host.
        store: shared by all workers.
        budget: remembers a throttled accounts host for all workers.
        transport: reaches the accounts host.
        clock: the present.
        breaker: remembers an accounts host that does not answer.
    """

    def __init__(
        self,
        settings: Settings,
        store: TokenStore,
        budget: Budget,
        transport: Transport,
        clock: Clock,
        *,
        breaker: Breaker,
    ) -> None:
        name = settings.token_name
        super().__init__(name, self._mint, store=store, budget=budget, clock=clock, pause=MINT_PAUSE)
        self._settings = settings
        self._breaker = breaker
        self._transport = transport

    def _mint(self) -> Token:
        content = urlencode(
            {
                "grant_type": "refresh_token",
                "client_id": self._settings.client_id,
                "client_secret": self._settings.client_secret,
                "refresh_token": self._settings.refresh_token,
            }
        ).encode()
        call = Call(
            "POST", "/oauth/v2/token", content=content, content_type="application/x-www-form-urlencoded"
        )
        now = self._clock()
        host = urlsplit(self._settings.token_url).hostname
        with self._breaker.guard(f"zoho_accounts:{host}"):
            try:
                answer = self._transport.send(call, self._settings.token_url, NoAuth())
            except OutcomeUnknownError as exc:
                # A token minted without our knowledge harms nobody: it counts among ten and dies in an hour.
                raise TransientError(str(exc)) from exc
            return token_from(answer, now)


def token_from(answer: Answer, now: datetime) -> Token:
    """The token in an answer of the accounts host.

    Raises:
        AuthenticationError, RateLimitedError, TransientError: see :meth:`SharedToken.renewed`.
    """
    try:
        read = msgspec.json.decode(answer.body, type=TokenAnswer)
    except (msgspec.DecodeError, RecursionError):
        raise TransientError(f"Zoho accounts: HTTP {answer.status} and no JSON") from None
    if read.error is not None:
        raise _refusal(read.error, answer.status)
    if answer.status >= 300:
        raise _refusal("server_error" if answer.status >= 500 else "", answer.status)
    if not read.access_token:
        raise TransientError("Zoho accounts: an answer without a token and without an error")
    seconds = read.expires_in if read.expires_in_sec is None else read.expires_in_sec
    life = min(max(seconds, 0), _LIFETIME)
    good_for = life - min(EXPIRY_MARGIN, life / 10)
    return Token(read.access_token, now + timedelta(seconds=good_for), read.api_domain)


def _refusal(error: str, status: int) -> IntegrationError:
    name = error.strip().lower().replace(" ", "_")
    if name == "access_denied" or status == 429:
        return RateLimitedError("Zoho accounts: too many access tokens asked for", retry_after=MINT_PAUSE)
    if name in _PASSING:
        return TransientError(f"Zoho accounts: {name} (HTTP {status})")
    reason = _DEAD.get(name, "check client id, secret, refresh token and data centre")
    return AuthenticationError(
        f"Zoho accounts: {name if name in _DEAD else 'refused'} (HTTP {status}); {reason}"
    )
