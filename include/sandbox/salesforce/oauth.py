"""Who may call: connected apps, people with passwords, sessions, and the OAuth token endpoint."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from include.sandbox.salesforce.errors import ApiError, Json
from include.sandbox.salesforce.exchange import Caller

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.sandbox.clock import Clock
    from include.sandbox.database import Database
    from include.sandbox.salesforce.settings import Switchboard
    from include.sandbox.salesforce.store import Store

TABLES = """
CREATE TABLE IF NOT EXISTS salesforce_apps (
    consumer_key TEXT PRIMARY KEY, secret TEXT NOT NULL, run_as TEXT NOT NULL, public_key TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS salesforce_passwords (
    username TEXT PRIMARY KEY, password TEXT NOT NULL, security_token TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS salesforce_sessions (
    session TEXT PRIMARY KEY, user_id TEXT NOT NULL, app TEXT NOT NULL, expires REAL NOT NULL,
    refresh TEXT NOT NULL DEFAULT '', ended INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS salesforce_refresh_tokens (
    token TEXT PRIMARY KEY, user_id TEXT NOT NULL, app TEXT NOT NULL
);
"""
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
LONGEST_ASSERTION = 300
"""Seconds that an assertion may yet live, after which Salesforce calls it a mistake."""


class Refused(Exception):  # noqa: N818 - what OAuth calls an error is an answer
    """An OAuth error: 400 with a code and a description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class App:
    """A connected app; ``run_as`` is the user id of its client credentials, if it has any."""

    consumer_key: str
    secret: str
    run_as: str
    public_key: str


class Accounts:
    """Apps, passwords and sessions, by the sandbox's clock."""

    def __init__(self, database: Database, clock: Clock, switches: Switchboard, store: Store) -> None:
        self._database = database
        self._clock = clock
        self._switches = switches
        self._store = store
        database.create(TABLES)

    def enrol(self, key: str, secret: str, run_as: str = "", public_key: str = "") -> None:
        """Put a connected app in place; ``public_key`` (PEM) judges its assertions."""
        self._database.change(
            "INSERT OR REPLACE INTO salesforce_apps VALUES (?, ?, ?, ?)", (key, secret, run_as, public_key)
        )

    def give_password(self, username: str, password: str, security_token: str) -> None:
        """Let somebody log in by name."""
        self._database.change(
            "INSERT OR REPLACE INTO salesforce_passwords VALUES (?, ?, ?)",
            (username, password, security_token),
        )

    def authorize(self, user_id: str, app: str) -> str:
        """A refresh token, as somebody's consent in a browser would have left it."""
        token = f"5Aep{secrets.token_urlsafe(40)}"
        sql = "INSERT INTO salesforce_refresh_tokens VALUES (?, ?, ?)"
        self._database.change(sql, (token, user_id, app))
        return token

    def token(self, header: str, asked: Mapping[str, str], host: str) -> tuple[str, str]:
        """Answer a grant: the new session and whose it is.

        Raises:
            Refused: it is none.
        """
        kind = asked.get("grant_type", "")
        if kind == JWT_BEARER:
            app, user = self._asserted(asked.get("assertion", ""), host)
            return self.open(user, app), user
        app_found = self._app(header, asked)
        if kind == "client_credentials":
            if not app_found.run_as:
                raise Refused("invalid_grant", "no client credentials user enabled")
            user = app_found.run_as
        elif kind == "password":
            user = self.log_in(asked.get("username", ""), asked.get("password", ""))
        elif kind == "refresh_token":
            row = self._database.row(
                "SELECT user_id FROM salesforce_refresh_tokens WHERE token = ? AND app = ?",
                (asked.get("refresh_token", ""), app_found.consumer_key),
            )
            if row is None:
                raise Refused("invalid_grant", "expired access/refresh token")
            user = row["user_id"]
        else:
            raise Refused("unsupported_grant_type", "grant type not supported")
        return self.open(user, app_found.consumer_key, asked.get("refresh_token", "")), user

    def log_in(self, username: str, password: str) -> str:
        """The user behind a name and a password with the security token at its end.

        Raises:
            Refused: there is none.
        """
        row = self._database.row("SELECT * FROM salesforce_passwords WHERE username = ?", (username,))
        right = f"{row['password']}{row['security_token']}" if row else ""
        if not hmac.compare_digest(right.encode(), password.encode()) or not row:
            raise Refused("invalid_grant", "authentication failure")
        return self._user(username)

    def open(self, user_id: str, app: str, refresh: str = "") -> str:
        """Begin a session."""
        organization = next(self._store.rows("Organization"))["Id"]
        session = f"{organization[:15]}!{secrets.token_urlsafe(72)}"
        until = self._now() + self._switches.present.token_seconds
        self._database.change(
            "INSERT INTO salesforce_sessions VALUES (?, ?, ?, ?, ?, 0)",
            (session, user_id, app, until, refresh),
        )
        return session

    def caller(self, session: str) -> Caller:
        """Whose session it is.

        Raises:
            ApiError: 401, nobody's.
        """
        row = self._database.row("SELECT * FROM salesforce_sessions WHERE session = ?", (session,))
        if row is None or row["ended"] or row["expires"] <= self._now():
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        return Caller(row["user_id"], session=session)

    def expire(self, session: str | None = None) -> int:
        """End one session's life, or all; answers how many."""
        return self._database.change(
            "UPDATE salesforce_sessions SET expires = 0 WHERE session = coalesce(?, session)", (session,)
        )

    def revoke(self, token: str | None = None) -> int:
        """End a session, a refresh token with its sessions, or everything; answers how many sessions."""
        with self._database.transaction():
            self._database.change(
                "DELETE FROM salesforce_refresh_tokens WHERE token = coalesce(?, token)", (token,)
            )
            return self._database.change(
                "UPDATE salesforce_sessions SET ended = 1 "
                "WHERE ended = 0 AND (? IS NULL OR ? IN (session, refresh))",
                (token, token),
            )

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _user(self, username: str) -> str:
        found = self._store.lookup("User", "Username", username)
        user = self._store.read("User", found[0]) if found else None
        if user is None or not user["IsActive"]:
            raise Refused("invalid_grant", "inactive user" if user else "user hasn't approved this consumer")
        return str(user["Id"])

    def _app(self, header: str, asked: Mapping[str, str]) -> App:
        key, secret = _basic(header) or (asked.get("client_id", ""), asked.get("client_secret", ""))
        found = self._known(key)
        if found is None:
            raise Refused("invalid_client_id", "client identifier invalid")
        if not hmac.compare_digest(found.secret.encode(), secret.encode()):
            if asked.get("grant_type") == "refresh_token" and not secret:
                return found
            raise Refused("invalid_client", "invalid client credentials")
        return found

    def _known(self, key: str) -> App | None:
        row = self._database.row("SELECT * FROM salesforce_apps WHERE consumer_key = ?", (key,))
        return App(*row) if row else None

    def _asserted(self, assertion: str, host: str) -> tuple[str, str]:
        import jwt  # noqa: PLC0415 - only who comes with an assertion pays for the import

        try:
            claims: Json = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.PyJWTError as exc:
            raise Refused("invalid_grant", "invalid assertion") from exc
        app = self._known(str(claims.get("iss", "")))
        if app is None or not app.public_key:
            raise Refused("invalid_client_id", "client identifier invalid")
        try:
            # Clients write exp as a text too, which the library's own check would not take.
            jwt.decode(
                assertion,
                app.public_key,
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_aud": False},
            )
            until = int(claims["exp"])
        except (jwt.PyJWTError, KeyError, ValueError) as exc:
            raise Refused("invalid_grant", "invalid assertion") from exc
        audience = {*LOGIN_HOSTS, f"https://{self._switches.present.my_domain}", host}
        if claims.get("aud") not in audience:
            raise Refused("invalid_grant", "audience is invalid")
        # The client stamps assertions by the real clock, which the sandbox's does not move.
        if not 0 < until - time.time() <= LONGEST_ASSERTION:
            raise Refused("invalid_grant", "expired authorization code")
        return app.consumer_key, self._user(str(claims.get("sub", "")))


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote_plus(name), unquote_plus(password)
