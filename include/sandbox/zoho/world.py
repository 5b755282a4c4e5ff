"""All parts of the Zoho sandbox in one hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from include.sandbox.zoho.limits import Limits
from include.sandbox.zoho.listing import listed
from include.sandbox.zoho.oauth import Accounts
from include.sandbox.zoho.settings import Switchboard
from include.sandbox.zoho.store import Documents
from include.sandbox.zoho.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from include.sandbox.control import Control
    from include.sandbox.zoho.listing import Listing


@dataclass(slots=True)
class World:
    """One organisation of Zoho Inventory."""

    control: Control
    base_url: str
    switches: Switchboard
    documents: Documents
    accounts: Accounts
    limits: Limits
    webhooks: Webhooks

    @classmethod
    def over(cls, control: Control, base_url: str = "") -> World:
        """Build it over the sandbox's database; ``base_url`` empty means "as the caller addressed us"."""
        database, clock = control.database, control.clock
        switches = Switchboard(database)
        return cls(
            control=control,
            base_url=base_url.rstrip("/"),
            switches=switches,
            documents=Documents(database),
            accounts=Accounts(database, clock, switches),
            limits=Limits(database, clock, switches),
            webhooks=Webhooks(database, clock, switches),
        )

    def now(self) -> datetime:
        """The sandbox's present moment, whole seconds as Zoho keeps them."""
        return self.control.clock.now().replace(microsecond=0)

    def listed(self, listing: Listing, query: Mapping[str, str]) -> str:
        """The answer to a list call; what was made a moment ago may not be found yet."""
        lag = self.switches.present.search_lag_seconds
        seen_until = int((self.now() - timedelta(seconds=lag)).timestamp()) if lag else None
        return listed(self.documents, listing, query, seen_until=seen_until)

    def reset(self) -> None:
        """Forget everything; the tables are already empty."""
        self.switches.reset()
        self.accounts.reset()
        self.limits.reset()
        self.webhooks.reset()
