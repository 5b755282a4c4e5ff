"""All parts of the Zoho sandbox in one hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.sandbox.zoho.limits import Limits
from include.sandbox.zoho.oauth import Accounts
from include.sandbox.zoho.settings import Switchboard
from include.sandbox.zoho.store import Documents
from include.sandbox.zoho.webhooks import Webhooks

if TYPE_CHECKING:
    from datetime import datetime

    from include.sandbox.control import Control


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

    def reset(self) -> None:
        """Forget everything; the tables are already empty."""
        self.switches.reset()
        self.accounts.reset()
        self.limits.reset()
        self.webhooks.reset()
