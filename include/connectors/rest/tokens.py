"""One access token for all workers.

A remote that counts tokens locks out the others when a worker mints its own. The token therefore lives
in a shared store with a single-flight refresh, is renewed shortly before it expires, and once per
call when the remote refuses it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from include.errors import RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.connectors.ports import AccessToken, Budget, Clock, Token, TokenStore


class SharedToken:
    """Gives the shared token and renews it.

    Args:
        name: of the token; stands for certain credentials.
        mint: asks the remote for a new one.
        store: shared by all workers.
        budget: remembers a throttled token endpoint for all workers.
        clock: the present.
        pause: seconds without minting after a throttle that does not say how long.
    """

    def __init__(
        self,
        name: str,
        mint: Callable[[], Token],
        *,
        store: TokenStore,
        budget: Budget,
        clock: Clock,
        pause: float,
    ) -> None:
        self._name = name
        self._mint_one = mint
        self._store = store
        self._budget = budget
        self._clock = clock
        self._pause = pause
        self._kept: AccessToken | None = None

    def current(self) -> AccessToken:
        """A token that has not come to its end; see :meth:`renewed` for what can go wrong."""
        token = self._kept
        if token is None or self._stale(token):
            token = self._store.get(self._name)
        if token is None or self._stale(token):
            return self.renewed(token)
        self._kept = token
        return token

    def renewed(self, stale: AccessToken | None) -> AccessToken:
        """A token other than ``stale``: minted here, or by whoever was first.

        Raises:
            AuthenticationError: the credentials are dead; a person must renew them.
            RateLimitedError: the remote mints no more for now.
            TransientError: it did not answer.
        """
        self._refuse_while_throttled()
        try:
            token = self._store.refresh(self._name, self._mint_one, older_than=stale)
        except RateLimitedError as exc:
            pause = timedelta(seconds=exc.retry_after or self._pause)
            self._budget.block(self._mint_name, self._clock() + pause, reason="too many tokens")
            raise
        self._kept = token
        return token

    def _stale(self, token: AccessToken) -> bool:
        return token.expires_at <= self._clock()

    @property
    def _mint_name(self) -> str:
        return f"{self._name}:mint"

    def _refuse_while_throttled(self) -> None:
        wait = self._budget.take(self._mint_name, per_minute=1000, per_day=100_000, n=0)
        if wait > 0:
            raise RateLimitedError("no access tokens are minted for now", retry_after=wait)


class Credential:
    """One call's view of the token: may be renewed once, never in a loop.

    What the remote has refused is not sent again, whether its renewal succeeds at once, later or never.
    """

    def __init__(self, source: SharedToken) -> None:
        self._source = source
        self._token: AccessToken | None = None
        self._refused: AccessToken | None = None

    def token(self) -> AccessToken:
        """The token to send, asked for when it is first needed; a renewal that failed is tried again."""
        if self._token is None:
            refused = self._refused
            self._token = self._source.current() if refused is None else self._source.renewed(refused)
        return self._token

    def renew(self) -> bool:
        """Replace a refused token; False when this call has done so before."""
        if self._refused is not None:
            return False
        self._refused, self._token = self._token, None
        self.token()
        return True
