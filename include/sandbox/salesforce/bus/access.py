"""Who may call the bus: sessions of the org's accounts, with its own address and id."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from include.sandbox.salesforce.errors import ApiError

if TYPE_CHECKING:
    from include.sandbox.salesforce.world import World

LOOPBACK = frozenset({"127.0.0.1", "localhost"})
"""The org is reached there too, by those who do not go through its proxy."""


class Access:
    """The three metadata headers of a call, held against the org."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def organization_id(self) -> str:
        """The 18-character id that clients send as ``tenantid``."""
        return self._world.organization()

    def user(self, token: str, instance_url: str, tenant: str) -> str | None:
        """The user behind a live session of this instance and tenant; None: nobody."""
        host = urlsplit(instance_url).hostname
        if host not in {self._world.switches.present.my_domain, *LOOPBACK} or tenant != self.organization_id:
            return None
        try:
            return self._world.accounts.caller(token).user_id
        except ApiError:
            return None
