"""How a call proves who makes it: a token, an API key, both, or a password.

OAuth 2.0 client credentials and API keys are what the vendor promises. A log-in call that answers with
a JWT is the same to us, asked for in other words; the dialect has the words.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from requests.auth import AuthBase

from include.connectors.clarity_ecommerce import wire
from include.connectors.clarity_ecommerce.errors import code_of
from include.connectors.ports import Token
from include.connectors.rest.pace import retry_after
from include.connectors.rest.transport import Answer, Call, NoAuth
from include.errors import (
    AuthenticationError,
    ConfigurationError,
    IntegrationError,
    OutcomeUnknownError,
    RateLimitedError,
    TransientError,
)

if TYPE_CHECKING:
    from datetime import datetime

    import requests

    from include.connectors.clarity_ecommerce.dialect import TokenCall
    from include.connectors.clarity_ecommerce.settings import Settings
    from include.connectors.ports import Breaker, Clock
    from include.connectors.rest.transport import Transport

MINT_PAUSE = 60.0
"""Seconds without minting after a throttle that does not say how long."""
RENEWED_AT = 0.9
"""Share of a token's life after which it is given up."""

_SET_UP = {"invalid_scope", "unsupported_grant_type", "invalid_request"}


class Proof(AuthBase):
    """Sets the headers of a call; also keeps ``requests`` from looking into ``.netrc``."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the headers."""
        request.headers.update(self._headers)
        return request


def proof(settings: Settings, token: str) -> Proof:
    """What goes with a call.

    Args:
        settings: mode and credentials.
        token: access token, ``""`` in a mode without.
    """
    auth, mode, headers = settings.spoken.auth, settings.mode, dict[str, str]()
    if mode in {"api_key", "both"}:
        headers[auth.key_header] = settings.api_key
    if mode in {"oauth2", "both"}:
        headers["Authorization"] = f"{auth.scheme} {token}"
    if mode == "basic":
        headers["Authorization"] = _basic(settings.client_id, settings.client_secret)
    return Proof(headers)


class Mint:
    """Asks for access tokens.

    Args:
        settings: credentials and the token's address.
        transport: reaches it.
        clock: the present.
        breaker: remembers a token endpoint that does not answer.
    """

    def __init__(self, settings: Settings, transport: Transport, clock: Clock, breaker: Breaker) -> None:
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._breaker = breaker

    def __call__(self) -> Token:
        """A new token.

        Raises:
            AuthenticationError: the credentials are refused.
            ConfigurationError: grant or scopes are.
            RateLimitedError: no more tokens for now.
            TransientError: no usable answer.
        """
        how = self._settings.spoken.auth.token
        if how is None:
            raise ConfigurationError(f"Clarity dialect {self._settings.dialect!r} has no token call")
        now, address = self._clock(), self._settings.token_address
        with self._breaker.guard(f"clarity_accounts:{urlsplit(address).netloc.lower()}"):
            try:
                answer = self._transport.send(self._call(how), address, NoAuth())
            except OutcomeUnknownError as exc:
                # A token minted without our knowledge harms nobody and dies by itself.
                raise TransientError(str(exc)) from exc
            return token_from(answer, how, now)

    def _call(self, how: TokenCall) -> Call:
        settings, headers = self._settings, dict[str, str]()
        fields = dict(how.fields)
        if settings.scopes:
            fields[how.scope] = " ".join(settings.scopes)
        if how.credentials == "basic":
            # RFC 6749, 2.3.1: both are form-encoded before they are joined.
            user, password = quote(settings.client_id, safe=""), quote(settings.client_secret, safe="")
            headers["Authorization"] = _basic(user, password)
        else:
            fields |= {how.id: settings.client_id, how.secret: settings.client_secret}
        if how.body == "json":
            return Call("POST", "token", content=msgspec.json.encode(fields), headers=headers)
        kind = "application/x-www-form-urlencoded"
        return Call("POST", "token", content=urlencode(fields).encode(), content_type=kind, headers=headers)


def token_from(answer: Answer, how: TokenCall, now: datetime) -> Token:
    """The token in an answer of the token endpoint; raises as :class:`Mint`."""
    try:
        raw = wire.checked(answer.body)
    except wire.MalformedAnswerError:
        raw = b""
    if answer.status >= 300:
        raise _refusal(code_of(wire.scalar(wire.at(raw, "error"))), answer, now)
    value = wire.scalar(wire.at(raw, how.access_token))
    if not value or not value.isascii() or not value.isprintable():
        raise TransientError(f"Clarity's token endpoint: HTTP {answer.status} and no token in it")
    said = wire.scalar(wire.at(raw, how.expires_in))
    life = min(int(said), 86_400) if said.isdecimal() else how.lifetime
    return Token(value, now + timedelta(seconds=life * RENEWED_AT))


def _refusal(error: str, answer: Answer, now: datetime) -> IntegrationError:
    fact = f"Clarity's token endpoint: {error or 'refused'} (HTTP {answer.status})"
    wait = retry_after(answer.headers.get("Retry-After"), now)
    if answer.status == 429:
        return RateLimitedError(fact, retry_after=wait if wait is not None else MINT_PAUSE)
    if answer.status >= 500 or answer.status in {408, 425} or error == "temporarily_unavailable":
        return TransientError(fact, retry_after=wait)
    if error in _SET_UP or answer.status in {404, 405}:
        return ConfigurationError(f"{fact}; check token_url, scopes and the dialect's token call")
    return AuthenticationError(f"{fact}; check client id and secret")


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii")
