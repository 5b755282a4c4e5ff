"""The event bus takes the session that the REST client has; all workers share it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.connectors.ports import AccessToken
    from include.connectors.salesforce.client import Identity, SalesforceClient


class ClientSession:
    """A :class:`.subscriber.Session` of a client's; safe to share between threads.

    Args:
        client: who is logged in. Asking it may raise as its calls do.
    """

    def __init__(self, client: SalesforceClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._token: AccessToken | None = None
        self._identity: Identity | None = None

    def access_token(self) -> str:
        """The shared token."""
        with self._lock:
            self._token = self._client.tokens.current()
            return self._token.value

    def renew(self, refused: str) -> None:
        """Another token than the refused one, unless somebody has got one already."""
        with self._lock:
            if self._token is not None and self._token.value == refused:
                self._token = self._client.tokens.renewed(self._token)

    @property
    def instance_url(self) -> str:
        """The org's own address."""
        with self._lock:
            token = self._token or self._client.tokens.current()
            return token.api_domain

    @property
    def tenant_id(self) -> str:
        """The org's id."""
        return self._who().organization_id

    @property
    def user_id(self) -> str:
        """The integration user's."""
        return self._client.settings.user_id or self._who().user_id

    def _who(self) -> Identity:
        if self._identity is None:
            self._identity = self._client.identity()
        return self._identity
