"""The switches of the Clarity sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from include.sandbox import switchboard

if TYPE_CHECKING:
    from include.sandbox.database import Database

HOUR = 3600.0


class Mischief(BaseModel):
    """What happens to webhooks on their way; chances are drawn by ``seed`` and the delivery's number.

    ``duplicate`` is how often each event is sent in all, at the same time; ``drop``, ``wrong_signature`` and
    ``stale_timestamp`` are probabilities; ``scatter_seconds`` spreads deliveries at random, so that they
    arrive out of order; ``delay_seconds`` holds all back, past a poll.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    duplicate: int = Field(default=1, ge=1, le=50)
    drop: float = Field(default=0.0, ge=0, le=1)
    wrong_signature: float = Field(default=0.0, ge=0, le=1)
    stale_timestamp: float = Field(default=0.0, ge=0, le=1)
    scatter_seconds: float = Field(default=0.0, ge=0)
    delay_seconds: float = Field(default=0.0, ge=0)
    seed: int = 0


class ClaritySettings(BaseModel):
    """Everything a test may turn. Windows go by the sandbox's clock, ``burst`` and webhooks by real time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dialects: tuple[Literal["v1", "phoenix", "cef_legacy"], ...] = ("v1", "phoenix", "cef_legacy")
    """Which generations answer; the paths of the others are unknown."""
    strict: bool = True
    """Refuse unknown members and parameters, wrong content types and duplicate keys."""
    auth: Literal["either", "both", "oauth2", "api_key"] = "either"
    """``both``: the key passes a gateway, the bearer the application."""
    phoenix_rows: str = "results"
    """Phoenix's envelope is not documented: the name a list has in it (the total is ``totalCount``)."""
    legacy_start: Literal["page", "row"] = "page"
    """Whether the legacy ``StartIndex`` counts pages from 1 or rows from 0: tenants differ."""

    per_minute: int = Field(default=120, ge=1)
    burst: int = Field(default=20, ge=1)
    """Requests within one second."""
    concurrent: int = Field(default=10, ge=1)
    retry_after: Literal["seconds", "date", "none"] = "seconds"
    latency_seconds: float = Field(default=0.0, ge=0)
    """Keeps each request running, so that concurrency and idempotency can bite."""
    token_seconds: int = Field(default=3600, ge=1)
    idempotency_hours: float = Field(default=72, gt=0)
    idempotency_mismatch: Literal[409, 422] = 409
    """What another body under a used key gets: 409 by our proposal, 422 by the IETF draft."""

    updated_skew_seconds: float = 0.0
    """How far the clock that stamps ``updatedDate`` is off."""
    index_lag_seconds: float = Field(default=0.0, ge=0)
    """How long a changed row is missing from lists while it can be read by id."""
    orders_allocate: bool = True
    """A placed order allocates stock in the shop."""
    shipment_moves_order: bool = False
    """Shipments set the order's status themselves; by default the writer of the shipment does."""

    fire_on_api_writes: bool = True
    webhook_workers: int = Field(default=8, ge=1, le=64)
    webhook_timeout_seconds: float = Field(default=10.0, gt=0)
    webhook_retry_seconds: tuple[float, ...] = (60, 300, 1800, 2 * HOUR, 6 * HOUR, 24 * HOUR)
    webhook_time_scale: float = Field(default=1.0, gt=0)
    """Multiplies the retry schedule: 0.001 makes a day of waiting a minute and a half."""
    webhook_disable_after: int = Field(default=50, ge=1)
    """Failures in a row after which a subscription is disabled."""
    secret_overlap_seconds: float = Field(default=24 * HOUR, ge=0)
    """How long after a rotation the old secret signs too."""
    mischief: Mischief = Mischief()


class Switchboard(switchboard.Switchboard[ClaritySettings]):
    """Clarity's switches."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "clarity", ClaritySettings)
