"""The switches of the Salesforce sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from include.sandbox import switchboard

if TYPE_CHECKING:
    from include.sandbox.database import Database


class SalesforceSettings(BaseModel):
    """Everything a test may turn. Windows and tokens go by the sandbox's clock."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    my_domain: str = "acme.my.salesforce.com"
    daily_requests: int = Field(default=150_000, ge=0)
    """How many calls the org may take in any 24 hours; what is over gets 403."""
    daily_bulk_batches: int = Field(default=15_000, ge=0)
    daily_query_jobs: int = Field(default=10_000, ge=0)
    bulk_paused: bool = False
    """Bulk jobs stay as they are until this is off."""
    bulk_batch_seconds: float = Field(default=0.0, ge=0)
    """How long a bulk batch takes beside its work."""
    bulk_failure: str = ""
    """What every bulk job fails with."""
    daily_delivered_events: int = Field(default=25_000, ge=0)
    token_seconds: int = Field(default=7200, ge=1)
    duplicate_rules: tuple[Literal["Account", "Contact"], ...] = ()
    """For which objects a rule warns of duplicates: accounts of one name, contacts of one e-mail address."""
    oldest_version: int = 59
    newest_version: int = 67


class Switchboard(switchboard.Switchboard[SalesforceSettings]):
    """Salesforce's switches."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "salesforce", SalesforceSettings)
