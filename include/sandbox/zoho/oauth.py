"""Zoho's accounts server: grants, refreshes, throttles.

Errors arrive with HTTP 200; only the throttle is a 400. Ten token requests in ten minutes per refresh
token, ten live access tokens (an eleventh silently kills the oldest), twenty refresh tokens: a client
that mints a token per task runs into all three.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from include.sandbox.clock import Clock
    from include.sandbox.database import Database
    from include.sandbox.zoho.settings import Switchboard

SCHEMA = """
CREATE TABLE IF NOT EXISTS zoho_refresh_tokens (
    token TEXT PRIMARY KEY, scope TEXT NOT NULL, made INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS zoho_access_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT UNIQUE NOT NULL, parent TEXT NOT NULL,
    scope TEXT NOT NULL, expires REAL NOT NULL, dead INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS zoho_codes (code TEXT PRIMARY KEY, scope TEXT NOT NULL, expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS zoho_token_requests (parent TEXT NOT NULL, at REAL NOT NULL);
"""
CLIENT_ID = "1000.SANDBOX"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - the sandbox's published credentials
REFRESH_TOKEN = "1000.sandbox.refresh"  # noqa: S105
FULL_ACCESS = "ZohoInventory.fullaccess.all"
CODE_SECONDS = 60
REFRESH_TOKENS = 20

THROTTLED = {
    "error_description": "You have made too many requests continuously. Please try again after some time.",
    "error": "Access Denied",
    "status": "failure",
}

Outcome = tuple[int, dict[str, Any]]


def _fresh() -> str:
    return f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"


class Accounts:
    """Codes, refresh tokens and access tokens, by the sandbox's clock."""

    def __init__(self, database: Database, clock: Clock, switches: Switchboard) -> None:
        self._database = database
        self._clock = clock
        self._switches = switches
        database.create(SCHEMA)
        self.reset()

    def reset(self) -> None:
        """Make sure the published refresh token stands."""
        self._database.change(
            "INSERT OR IGNORE INTO zoho_refresh_tokens (token, scope, made) VALUES (?, ?, 0)",
            (REFRESH_TOKEN, FULL_ACCESS),
        )

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def new_code(self, scope: str = FULL_ACCESS) -> str:
        """A grant code as the consent page hands out: 60 seconds, one use."""
        code = _fresh()
        self._database.change(
            "INSERT INTO zoho_codes VALUES (?, ?, ?)", (code, scope, self._now() + CODE_SECONDS)
        )
        return code

    def token(self, asked: dict[str, str], api_domain: str) -> Outcome:
        """Answer a call of the token endpoint: HTTP status and body."""
        if asked.get("client_id") != CLIENT_ID:
            return 200, {"error": "invalid_client"}
        if asked.get("client_secret") != CLIENT_SECRET:
            return 200, {"error": "invalid_client_secret"}
        with self._database.transaction():
            match asked.get("grant_type"):
                case "refresh_token":
                    return self._refresh(asked.get("refresh_token", ""), api_domain)
                case "authorization_code":
                    return self._exchange(asked.get("code", ""), api_domain)
                case "client_credentials":
                    return self._mint(CLIENT_ID, asked.get("scope") or FULL_ACCESS, api_domain)
        return 200, {"error": "unsupported_grant_type"}

    def _refresh(self, refresh_token: str, api_domain: str) -> Outcome:
        found = self._database.row(
            "SELECT scope FROM zoho_refresh_tokens WHERE token = ? AND NOT revoked", (refresh_token,)
        )
        if found is None:
            return 200, {"error": "invalid_code"}
        return self._mint(refresh_token, found["scope"], api_domain)

    def _exchange(self, code: str, api_domain: str) -> Outcome:
        found = self._database.row("SELECT scope, expires FROM zoho_codes WHERE code = ?", (code,))
        self._database.change("DELETE FROM zoho_codes WHERE code = ?", (code,))
        if found is None or found["expires"] < self._now():
            return 200, {"error": "invalid_code"}
        refresh_token = self._new_refresh_token(found["scope"])
        status, answer = self._mint(refresh_token, found["scope"], api_domain)
        return status, {"access_token": answer["access_token"], "refresh_token": refresh_token, **answer}

    def _new_refresh_token(self, scope: str) -> str:
        token = _fresh()
        made = self._database.row("SELECT coalesce(max(made), 0) + 1 AS n FROM zoho_refresh_tokens")
        self._database.change(
            "INSERT INTO zoho_refresh_tokens (token, scope, made) VALUES (?, ?, ?)",
            (token, scope, made["n"] if made else 1),
        )
        self._database.change(
            "DELETE FROM zoho_refresh_tokens WHERE token NOT IN "
            "(SELECT token FROM zoho_refresh_tokens ORDER BY made DESC LIMIT ?)",
            (REFRESH_TOKENS,),
        )
        return token

    def _mint(self, parent: str, scope: str, api_domain: str) -> Outcome:
        if self._throttled(parent):
            return 400, THROTTLED
        token = _fresh()
        seconds = self._switches.present.token_seconds
        self._database.change(
            "INSERT INTO zoho_access_tokens (token, parent, scope, expires) VALUES (?, ?, ?, ?)",
            (token, parent, scope, self._now() + seconds),
        )
        self._database.change(
            "UPDATE zoho_access_tokens SET dead = 1 WHERE parent = ? AND id NOT IN "
            "(SELECT id FROM zoho_access_tokens WHERE parent = ? AND NOT dead AND expires > ? "
            "ORDER BY id DESC LIMIT ?)",
            (parent, parent, self._now(), self._switches.present.live_tokens),
        )
        return 200, {
            "access_token": token,
            "scope": scope,
            "api_domain": api_domain,
            "token_type": "Bearer",
            "expires_in": seconds,
        }

    def _throttled(self, parent: str) -> bool:
        """Count this request, unless the window is full."""
        now, window = self._now(), self._switches.present.token_window_seconds
        self._database.change("DELETE FROM zoho_token_requests WHERE at <= ?", (now - window,))
        made = self._database.row("SELECT count(*) AS n FROM zoho_token_requests WHERE parent = ?", (parent,))
        if made and made["n"] >= self._switches.present.token_requests:
            return True
        self._database.change("INSERT INTO zoho_token_requests VALUES (?, ?)", (parent, now))
        return False

    def revoke(self, token: str) -> Outcome:
        """Kill a refresh token and every access token it ever gave."""
        revoked = self._database.change(
            "UPDATE zoho_refresh_tokens SET revoked = 1 WHERE token = ?", (token,)
        )
        killed = self._database.change(
            "UPDATE zoho_access_tokens SET dead = 1 WHERE token = ? OR parent = ?", (token, token)
        )
        return (200, {"status": "success"}) if revoked or killed else (400, {"error": "invalid_token"})

    def scope_of(self, access_token: str) -> str | None:
        """What a live token may do; None when it is unknown, expired or dead."""
        found = self._database.row(
            "SELECT scope FROM zoho_access_tokens WHERE token = ? AND NOT dead AND expires > ?",
            (access_token, self._now()),
        )
        return found["scope"] if found else None

    def kill(self, access_token: str | None = None, *, with_parent: bool = False) -> None:
        """Make one access token (or all) expire at once; with its refresh token, if asked."""
        if with_parent:
            self._database.change(
                "UPDATE zoho_refresh_tokens SET revoked = 1 WHERE token IN "
                "(SELECT parent FROM zoho_access_tokens WHERE token = coalesce(?, token))",
                (access_token,),
            )
        self._database.change(
            "UPDATE zoho_access_tokens SET dead = 1 WHERE token = coalesce(?, token)", (access_token,)
        )

    def restore(self) -> None:
        """Un-revoke every refresh token, as after a new consent."""
        self._database.change("UPDATE zoho_refresh_tokens SET revoked = 0")
