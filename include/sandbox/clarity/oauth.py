"""Who may call: OAuth 2.0 client credentials, static API keys, and the log-ins of the other generations."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from include.sandbox.clarity.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.sandbox.clarity.settings import Switchboard
    from include.sandbox.clarity.wire import Json
    from include.sandbox.clock import Clock
    from include.sandbox.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS clarity_clients (
    client TEXT PRIMARY KEY, secret TEXT NOT NULL, name TEXT NOT NULL, scopes TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS clarity_keys (
    key TEXT PRIMARY KEY, client TEXT NOT NULL, until REAL, scopes TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS clarity_tokens (
    token TEXT PRIMARY KEY, client TEXT NOT NULL, scopes TEXT NOT NULL, expires REAL NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0
);
"""
CLIENT_ID = "clarity-sandbox"
CLIENT_SECRET = "clarity-sandbox-secret"  # noqa: S105 - the sandbox's published credentials
API_KEY = "clk_sandbox_0001"
CLIENT_NAME = "sage100-connector"
JWT_SECRET = b"the sandbox signs its own tokens"
SCOPES = (
    "orders.read", "orders.write", "customers.read", "customers.write", "products.read", "products.write",
    "inventory.read", "inventory.write", "shipments.read", "shipments.write", "invoices.read",
    "invoices.write", "payments.read", "webhooks.manage",
)  # fmt: skip

Outcome = tuple[int, "Json", dict[str, str]]


@dataclass(frozen=True, slots=True)
class Caller:
    """A client that proved who it is."""

    client: str
    name: str
    scopes: frozenset[str]

    @property
    def actor(self) -> str:
        """How histories name it."""
        return f"api:{self.name}"


NOBODY = Caller("", "anonymous", frozenset())


def unauthorized(code: str, detail: str) -> Problem:
    """A 401 with its challenge."""
    challenge = 'Bearer error="invalid_token"' if code.startswith("token_") else "ApiKey"
    return Problem(401, code, detail, headers={"WWW-Authenticate": challenge})


def basic(header: str) -> tuple[str, str] | None:
    """Name and password of an ``Authorization: Basic``; None when it is none."""
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote_plus(name), unquote_plus(password)


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def web_token(claims: Json) -> str:
    """A JWT signed with HS256, as ASP.NET Core hands out."""
    head = _part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    signed = f"{head}.{_part(json.dumps(claims).encode())}"
    return f"{signed}.{_part(hmac.digest(JWT_SECRET, signed.encode(), hashlib.sha256))}"


class Accounts:
    """Clients, keys and tokens, by the sandbox's clock."""

    def __init__(self, database: Database, clock: Clock, switches: Switchboard) -> None:
        self._database = database
        self._clock = clock
        self._switches = switches
        database.create(SCHEMA)
        self.reset()

    def reset(self) -> None:
        """Make sure the published client and key stand."""
        with self._database.transaction():
            if self._database.row("SELECT 1 FROM clarity_clients") is None:
                self.enrol(CLIENT_ID, CLIENT_SECRET, CLIENT_NAME, SCOPES)
                self.issue_key(CLIENT_ID, API_KEY, SCOPES)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def enrol(self, client: str, secret: str, name: str, scopes: tuple[str, ...]) -> None:
        """Put a client in place."""
        self._database.change(
            "INSERT OR REPLACE INTO clarity_clients VALUES (?, ?, ?, ?)",
            (client, secret, name, " ".join(scopes)),
        )

    def issue_key(self, client: str, key: str, scopes: tuple[str, ...]) -> None:
        """Put a key in place."""
        self._database.change(
            "INSERT OR REPLACE INTO clarity_keys VALUES (?, ?, NULL, ?)", (key, client, " ".join(scopes))
        )

    def rotate_key(self, key: str, overlap_seconds: float) -> str:
        """A new key for the same client; the old one ends after the overlap.

        Raises:
            KeyError: no such key.
        """
        with self._database.transaction():
            found = self._database.row("SELECT client, scopes FROM clarity_keys WHERE key = ?", (key,))
            if found is None:
                raise KeyError(key)
            new = f"clk_{secrets.token_hex(12)}"
            self._database.change(
                "UPDATE clarity_keys SET until = ? WHERE key = ?", (self._now() + overlap_seconds, key)
            )
            self.issue_key(found["client"], new, tuple(found["scopes"].split()))
        return new

    def token(self, header: str, asked: Mapping[str, str]) -> Outcome:
        """Answer the token endpoint: status, body, headers."""
        named = basic(header)
        posted = (asked["client_id"], asked.get("client_secret", "")) if "client_id" in asked else None
        if named and posted:
            return _refused(400, "invalid_request", "Use one client authentication method.")
        client, secret = named or posted or ("", "")
        found = self._database.row("SELECT * FROM clarity_clients WHERE client = ?", (client,))
        if found is None or not hmac.compare_digest(found["secret"].encode(), secret.encode()):
            return _refused(401, "invalid_client", "Client authentication failed.")
        if asked.get("grant_type") != "client_credentials":
            return _refused(400, "unsupported_grant_type", "Only client_credentials is supported.")
        allowed = found["scopes"].split()
        wanted = asked.get("scope", "").split() or allowed
        if not set(wanted) <= set(allowed):
            return _refused(400, "invalid_scope", "A requested scope is unknown or not granted.")
        token = self.mint(client, wanted, f"cl_sandbox_{secrets.token_hex(16)}")
        body = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self._switches.present.token_seconds,
            "scope": " ".join(wanted),
        }
        return 200, body, {"Cache-Control": "no-store"}

    def mint(self, client: str, scopes: list[str], token: str) -> str:
        """Keep a token for its life."""
        self._database.change(
            "INSERT OR REPLACE INTO clarity_tokens (token, client, scopes, expires) VALUES (?, ?, ?, ?)",
            (token, client, " ".join(scopes), self._now() + self._switches.present.token_seconds),
        )
        return token

    def log_in(self, name: str, password: str) -> str | None:
        """A JWT for a client's name and secret, as the present platform and the legacy one log in."""
        found = self._database.row("SELECT * FROM clarity_clients WHERE client = ?", (name,))
        if found is None or not hmac.compare_digest(found["secret"].encode(), password.encode()):
            return None
        claims = {
            "sub": name,
            "exp": int(self._now() + self._switches.present.token_seconds),
            "jti": secrets.token_hex(8),
        }
        return self.mint(name, found["scopes"].split(), web_token(claims))

    def by_token(self, token: str) -> Caller:
        """Who has this bearer token.

        Raises:
            Problem: 401.
        """
        found = self._database.row("SELECT * FROM clarity_tokens WHERE token = ?", (token,))
        if found is None or found["revoked"]:
            raise unauthorized("token_invalid", "The access token is not valid.")
        if found["expires"] <= self._now():
            raise unauthorized("token_expired", "The access token expired.")
        return self._caller(found["client"], found["scopes"])

    def by_key(self, key: str) -> Caller:
        """Who has this API key.

        Raises:
            Problem: 401.
        """
        found = self._database.row("SELECT * FROM clarity_keys WHERE key = ?", (key,))
        if found is None or (found["until"] is not None and found["until"] <= self._now()):
            raise unauthorized("key_invalid", "The API key is not valid.")
        return self._caller(found["client"], found["scopes"])

    def by_basic(self, header: str) -> Caller | None:
        """Who has this name and password, if anybody."""
        name, password = basic(header) or ("", "")
        found = self._database.row(
            "SELECT * FROM clarity_clients WHERE client = ? AND secret = ?", (name, password)
        )
        return self._caller(name, found["scopes"]) if found else None

    def _caller(self, client: str, scopes: str) -> Caller:
        found = self._database.row("SELECT name FROM clarity_clients WHERE client = ?", (client,))
        return Caller(client, found["name"] if found else client, frozenset(scopes.split()))

    def expire(self, token: str | None = None) -> int:
        """End one token's life, or all; answers how many."""
        return self._database.change(
            "UPDATE clarity_tokens SET expires = 0 WHERE token = coalesce(?, token)", (token,)
        )

    def revoke(self, token: str | None = None) -> int:
        """Revoke one token, or all; answers how many."""
        return self._database.change(
            "UPDATE clarity_tokens SET revoked = 1 WHERE token = coalesce(?, token)", (token,)
        )


def _refused(status: int, error: str, description: str) -> Outcome:
    headers = {"WWW-Authenticate": 'Basic realm="clarity"'} if status == 401 else {}
    return (
        status,
        {"error": error, "error_description": description},
        {"Cache-Control": "no-store", **headers},
    )
