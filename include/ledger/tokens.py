"""Access tokens shared by all workers: minted once, kept sealed (A25, C33).

Credentials that the remote has refused are remembered by the token's name, so that one worker asks and all
others know. A name stands for certain credentials: whoever enters new ones has a new name. Because a
refusal may also be the remote's mistake, or be taken back, one call a minute may ask again.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import delete, select

from include.errors import AuthenticationError, ConfigurationError
from include.ledger.tables import token_refusals, tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.fernet import MultiFernet

    from include.ledger.database import Database

log = logging.getLogger(__name__)

REFUSED_FOR = timedelta(minutes=1)
"""How long a refusal of the credentials is believed. Zoho takes ten such requests in ten minutes."""
MINT_WITHIN = timedelta(seconds=60)
"""How long others wait for the one that mints; longer than its request may take."""


class AccessToken(Protocol):
    """What a token must have; connectors bring their own class."""

    @property
    def value(self) -> str:
        """The bearer string."""

    @property
    def expires_at(self) -> datetime:
        """When the remote stops taking it."""

    @property
    def api_domain(self) -> str:
        """Where it is good, ``""`` when the remote did not say."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token out of the ledger; its value is in no ``repr``."""

    value: str = field(repr=False)
    expires_at: datetime
    api_domain: str = ""


class Tokens:
    """One token per name.

    Args:
        database: where the sealed tokens lie.
        secret_key: Fernet keys, comma separated: the first seals, all open (rotation).
    """

    def __init__(self, database: Database, *, secret_key: str | None = None) -> None:
        self._db = database
        self._secret_key = secret_key

    def get(self, name: str) -> Token | None:
        """The stored token, expired or not; ``None`` also when it was sealed under a key we do not have."""
        with self._db.once("read a token") as connection:
            sealed = connection.scalar(select(tokens.c.sealed).where(tokens.c.name == name))
        return self._unseal(name, sealed) if sealed else None

    def refresh(self, name: str, mint: Callable[[], AccessToken], *, older_than: AccessToken | None) -> Token:
        """Mint a token unless another caller has already replaced ``older_than``.

        Single flight across processes: of all callers that arrive together one runs ``mint``, the
        others get its token. A process that dies while minting lets the next one mint at once. What
        ``mint`` raises is raised here, and nothing is stored.

        Args:
            name: the token.
            mint: asks the remote; may use the ledger.
            older_than: the token that was refused or has expired, ``None`` to take any live one.

        Raises:
            ConfigurationError: there is no secret key to seal it with.
            AuthenticationError: the remote refuses the credentials, now or less than a minute ago.
            TransientError: another process has been minting for a minute.
        """
        self._fernet()
        with self._db.guard(f"token:{name}", wait=MINT_WITHIN, doing="refresh a token"):
            stored = self.get(name)
            if stored and stored.expires_at > self._db.now() and (
                older_than is None or stored.value != older_than.value
            ):  # fmt: skip
                return stored
            refused = self._refuse_again(name)
            try:
                minted = mint()
            except AuthenticationError as error:
                self._remember(name, str(error))
                raise
            if refused:
                self.pardon(name)
            token = Token(minted.value, minted.expires_at, minted.api_domain)
            self._store(name, token)
            return token

    def pardon(self, name: str) -> None:
        """Forget that the credentials were refused; the next call tries them."""
        with self._db.once("forget a refusal") as connection:
            connection.execute(delete(token_refusals).where(token_refusals.c.name == name))

    def _refuse_again(self, name: str) -> bool:
        """Whether the credentials were refused once; raises while that is believed."""
        query = select(token_refusals.c.refused_at, token_refusals.c.reason)
        with self._db.once("look for a refusal") as connection:
            row = connection.execute(query.where(token_refusals.c.name == name)).first()
        if row is not None and row.refused_at + REFUSED_FOR > self._db.now():
            raise AuthenticationError(row.reason)
        return row is not None

    def _remember(self, name: str, reason: str) -> None:
        told = {"refused_at": self._db.now(), "reason": reason[:500]}
        statement = self._db.insert(token_refusals).values(name=name, **told)
        statement = statement.on_conflict_do_update(index_elements=["name"], set_=told)
        with self._db.once("remember a refusal") as connection:
            connection.execute(statement)

    def forget(self, name: str) -> None:
        """Drop a token; the next call mints."""
        with self._db.once("forget a token") as connection:
            connection.execute(tokens.delete().where(tokens.c.name == name))

    def _store(self, name: str, token: Token) -> None:
        facts = {
            "value": token.value,
            "expires_at": token.expires_at.isoformat(),
            "api_domain": token.api_domain,
        }
        sealed = self._fernet().encrypt(json.dumps(facts).encode())
        row = {"sealed": sealed, "expires_at": token.expires_at, "minted_at": self._db.now()}
        statement = self._db.insert(tokens).values(name=name, **row)
        statement = statement.on_conflict_do_update(
            index_elements=["name"], set_={**row, "generation": tokens.c.generation + 1}
        )
        with self._db.once("store a token") as connection:
            connection.execute(statement)

    def _unseal(self, name: str, sealed: bytes) -> Token | None:
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - only who holds tokens pays for it

        try:
            facts = json.loads(self._fernet().decrypt(sealed))
        except InvalidToken:
            log.warning("token %s was sealed under another key; it will be minted anew", name)
            return None
        return Token(facts["value"], datetime.fromisoformat(facts["expires_at"]), facts["api_domain"])

    def _fernet(self) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415

        if not self._secret_key:
            raise ConfigurationError("the ledger has no secret key: tokens are not kept in the clear")
        try:
            return MultiFernet([Fernet(key.strip()) for key in self._secret_key.split(",")])
        except ValueError:
            raise ConfigurationError("the ledger's secret key is no Fernet key (32 bytes, base64)") from None
