"""A session of Salesforce's, from credentials or from whoever has logged in already.

simple-salesforce picks the grant by which arguments are there. Its errors carry the answer's body, so
they end here: what goes on is OAuth's own word.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import requests

from include.connectors.ports import Token
from include.connectors.rest.transport import Call, failure
from include.errors import (
    AuthenticationError,
    ConfigurationError,
    IntegrationError,
    OutcomeUnknownError,
    RateLimitedError,
    TransientError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from include.connectors.ports import Breaker, Clock
    from include.connectors.salesforce.settings import Settings

LOGIN_CALL = Call("POST", "/services/oauth2/token")
MINT_PAUSE = 300.0
"""Seconds without a login after Salesforce said there were too many; it counts them by the hour."""

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_ .-]{0,59}", re.ASCII)
_SET_UP = frozenset({"unsupported_grant_type", "invalid_request", "invalid_scope", "invalid_app_access"})


@dataclass(frozen=True, slots=True)
class Login:
    """What a login gives.

    Attributes:
        session_id: the access token; never shown in a ``repr``.
        instance: host (and port) that serves it, with or without ``https://``.
    """

    session_id: str = field(repr=False)
    instance: str


class LoggedIn(Protocol):
    """What of simple-salesforce's ``Salesforce`` is needed; Airflow's hook gives one too."""

    @property
    def session_id(self) -> str:
        """The access token."""

    @property
    def sf_instance(self) -> str:
        """Host that serves it."""


def login_of(salesforce: LoggedIn) -> Login:
    """The login that a ``Salesforce`` has made.

    With Airflow: ``login_of(SalesforceHook(conn_id, session=session).get_conn())``, a new hook each time,
    because a hook logs in once and keeps what it got.
    """
    return Login(salesforce.session_id, salesforce.sf_instance)


def login_with(credentials: Mapping[str, Any], session: requests.Session) -> Login:
    """Log in with simple-salesforce's own arguments.

    Args:
        credentials: ``domain, consumer_key, consumer_secret`` or ``domain, username, consumer_key,
            privatekey``.
        session: a :class:`SalesforceSession`.

    Raises:
        simple_salesforce.SalesforceAuthenticationFailed: refused; :class:`Mint` says what that means.
        requests.RequestException: no answer.
    """
    from simple_salesforce.login import SalesforceLogin

    session_id, instance = SalesforceLogin(session=session, proxies=session.proxies, **credentials)
    return Login(session_id, instance)


def credentials_of(settings: Settings) -> dict[str, str]:
    """The settings' credentials as :func:`login_with` takes them."""
    known = {"domain": settings.domain, "consumer_key": settings.consumer_key}
    if settings.private_key:
        return known | {"username": settings.username, "privatekey": settings.private_key}
    return known | {"consumer_secret": settings.consumer_secret}


@dataclass(frozen=True)
class Mint:
    """Makes tokens of logins.

    Args:
        settings: names the connection, says how long a session is believed.
        login: logs in.
        clock: the present.
        breaker: remembers a login endpoint that does not answer.
    """

    settings: Settings
    login: Callable[[], Login]
    clock: Clock
    breaker: Breaker

    def __call__(self) -> Token:
        """A new token.

        Raises:
            AuthenticationError: the credentials are refused; names the connection.
            ConfigurationError: the grant is.
            RateLimitedError: too many logins.
            TransientError: no usable answer.
        """
        from simple_salesforce.exceptions import SalesforceAuthenticationFailed

        now = self.clock()
        with self.breaker.guard(f"salesforce_login:{self.settings.domain.lower()}"):
            try:
                with warnings.catch_warnings():
                    # It prints the consumer key beside advice that our own error gives.
                    warnings.simplefilter("ignore", UserWarning)
                    made = self.login()
            except SalesforceAuthenticationFailed as error:
                raise refusal(error.code, self.settings.connection) from None
            except requests.RequestException as error:
                problem = failure(LOGIN_CALL, error)
                if isinstance(problem, OutcomeUnknownError):
                    # A session opened without our knowledge harms nobody and dies by itself.
                    raise TransientError(str(problem)) from None
                raise problem from None
        if not _is_token(made.session_id) or not made.instance:
            raise TransientError("Salesforce's login answered without a session or an instance")
        host = made.instance.removeprefix("https://").removeprefix("http://").split("/")[0]
        life = timedelta(seconds=self.settings.session_life)
        return Token(made.session_id, now + life, f"https://{host}")


def refusal(code: object, connection: str) -> IntegrationError:
    """What a refused login means.

    Args:
        code: OAuth's ``error``, SOAP's fault code, or the HTTP status of an answer that was no JSON.
        connection: whose credentials they are.
    """
    word = str(code).lower()
    fact = f"Salesforce refuses the login of connection {connection!r} ({_shown(code)})"
    failed = word.isdecimal() and int(word) >= 500
    if failed or word in {"server_error", "temporarily_unavailable", "server_unavailable"}:
        return TransientError(f"Salesforce's login is out of order ({_shown(code)})")
    if word == "429" or "rate" in word:
        return RateLimitedError(fact, retry_after=MINT_PAUSE)
    if word in _SET_UP or word in {"404", "405", "410"}:
        return ConfigurationError(f"{fact}; check domain, grant and the connected app's settings")
    return AuthenticationError(
        f"{fact}; check consumer key, secret or private key, and that the connected app has a run-as user "
        "or is approved for the user name"
    )


def _shown(code: object) -> str:
    text = str(code)
    return text if text.isdecimal() or _WORD.fullmatch(text) else "no known code"


def _is_token(text: object) -> bool:
    return isinstance(text, str) and bool(text) and text.isascii() and text.isprintable() and " " not in text
