"""The switches of the Zoho sandbox: limits as documented by default, as measured on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from include.sandbox import switchboard

if TYPE_CHECKING:
    from include.sandbox.database import Database


class ZohoSettings(BaseModel):
    """Everything a test may turn.

    ``breach`` 44 is the documented answer to the minute limit (the window must clear), 43 the measured
    one (everything is refused for ``block_seconds``; measured on a live organisation at about 1,100
    requests in a rolling minute). ``minute_retry_after`` null drops the header that the documentation
    does not promise. ``latency_seconds`` keeps each request in process, so that the concurrency limit
    can bite. For ``search_lag_seconds`` after it was made a record is in no list yet (about two on a live
    organisation), though its id and its unique name are taken.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_minute: int = Field(default=100, ge=1)
    breach: Literal[43, 44] = 44
    block_seconds: int = Field(default=3600, ge=1)
    minute_retry_after: int | None = 60
    per_day: int = Field(default=10_000, ge=0)
    concurrent: int = Field(default=10, ge=1)
    rate_headers: bool = True
    latency_seconds: float = Field(default=0.0, ge=0.0)
    search_lag_seconds: int = Field(default=0, ge=0)

    token_seconds: int = Field(default=3600, ge=1)
    token_requests: int = Field(default=10, ge=1)
    token_window_seconds: int = Field(default=600, ge=1)
    live_tokens: int = Field(default=10, ge=1)

    fire_on_api_writes: bool = True
    webhook_workers: int = Field(default=8, ge=1, le=64)
    webhook_timeout_seconds: float = Field(default=15.0, gt=0)
    webhook_retry_seconds: tuple[float, ...] = (5, 30, 120, 600, 3600)
    """Waits between attempts. Zoho does not publish its own; after the last one a delivery has failed."""


class Switchboard(switchboard.Switchboard[ZohoSettings]):
    """Zoho's switches."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "zoho", ZohoSettings)
