"""Who we are at Zoho, where, and how fast we may go."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include.connectors.addresses import plain_address
from include.connectors.rest.pace import check_shares
from include.connectors.zoho_inventory.hosts import data_centre
from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

DAILY_CALLS = {
    "free": 1_000,
    "standard": 2_500,
    "professional": 5_000,
    "premium": 7_500,
    "enterprise": 10_000,
}
"""Calls per organisation and day by plan, shared with every other integration and with Zoho Books."""

STOCK_FIELDS = (
    "stock_on_hand",
    "available_stock",
    "available_for_sale_stock",
    "actual_available_stock",
    "actual_available_for_sale_stock",
)
"""The first three move with invoices and bills, the others with shipments and receipts."""
MARK = re.compile(r"cf_[a-z0-9_]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One organisation of Zoho Inventory and the client that reads it.

    Args:
        organization_id: sent with every call.
        client_id: of the OAuth client.
        client_secret: never shown in a ``repr``.
        refresh_token: never shown in a ``repr``; lives until it is revoked.
        data_centre: a key of :data:`include.connectors.zoho_inventory.hosts.DATA_CENTRES`.
        api_base: replaces the API host (a sandbox, a proxy); ``""`` = the host the token names.
        accounts_base: replaces the accounts host; ``""`` = the data centre's.
        calls_per_minute: our share of the organisation's 100.
        calls_per_day: our share of the plan's quota, see :data:`DAILY_CALLS`.
        concurrency: calls under way at once, all workers together (Zoho allows 5 or 10).
        timeout: seconds to connect, seconds between two bytes of an answer.
        deadline: seconds for one whole answer.
        patience: seconds that one call may spend waiting in place; a longer wait is raised as
            ``RateLimitedError`` so that the task is rescheduled instead of holding its worker.
        attempts: tries of one call, the first included.
        max_response_bytes: size of the largest answer we read, decompressed.
        timezone: of the organisation; its midnight ends the daily quota.
        reserved: share of the two call limits (0 to 1) that is kept free for a flow, by DAG id.
        contact_mark_field: custom field of contacts that names the source's record in those we create.
        order_mark_field: the same of sales orders.
        stock_field: the stock figure that is told to others, one of :data:`STOCK_FIELDS`; which one people
            see depends on the organisation's stock mode.
        stock_location: id or name of the one location whose stock counts; ``""`` = all together.

    Raises:
        ConfigurationError: a value is missing or cannot be right.
    """

    organization_id: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    data_centre: str = "us"
    api_base: str = ""
    accounts_base: str = ""
    calls_per_minute: int = 80
    calls_per_day: int = DAILY_CALLS["professional"]
    concurrency: int = 4
    timeout: tuple[float, float] = (5.0, 30.0)
    deadline: float = 120.0
    patience: float = 65.0
    attempts: int = 4
    max_response_bytes: int = 32 * 1024 * 1024
    timezone: str = "America/New_York"
    reserved: Mapping[str, float] = field(default_factory=dict)
    contact_mark_field: str = "cf_salesforce_id"
    order_mark_field: str = "cf_salesforce_id"
    stock_field: str = "actual_available_for_sale_stock"
    stock_location: str = ""

    def __post_init__(self) -> None:
        for name in ("organization_id", "client_id", "client_secret", "refresh_token"):
            _check_text(name, getattr(self, name))
        for name in ("calls_per_minute", "calls_per_day", "concurrency", "attempts", "max_response_bytes"):
            _check_count(name, getattr(self, name))
        for name in ("api_base", "accounts_base"):
            _check_base(name, getattr(self, name))
        data_centre(self.data_centre)
        _check_zone(self.timezone)
        check_shares("Zoho Inventory", self.reserved)
        for name in ("contact_mark_field", "order_mark_field"):
            _check_mark(name, getattr(self, name))
        if self.stock_field not in STOCK_FIELDS:
            raise ConfigurationError(
                f"Zoho Inventory: no stock_field {self.stock_field!r}; "
                f"choose one of {', '.join(STOCK_FIELDS)}"
            )

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def longest(self) -> timedelta:
        """A call is over by then, whatever happens."""
        return timedelta(seconds=self.deadline + sum(self.timeout))

    @property
    def token_url(self) -> str:
        """Where access tokens are minted."""
        return f"{self.accounts_base.rstrip('/') or data_centre(self.data_centre).accounts}/oauth/v2/token"

    @property
    def budget_name(self) -> str:
        """The quota belongs to the organisation, whoever calls."""
        return f"zoho_inventory:{self.organization_id}"

    @property
    def token_name(self) -> str:
        """The token belongs to these credentials: a renewed consent, or a wrong secret, must not find it."""
        credentials = f"{self.client_secret}|{self.refresh_token}"
        fingerprint = hashlib.sha256(credentials.encode()).hexdigest()[:12]
        return f"zoho_inventory:{self.client_id}:{fingerprint}"


def _check_text(name: str, value: object) -> None:
    """Connections are typed by hand: an id may come as a number, a number as text."""
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"Zoho Inventory: {name} must be text and not empty")


def _check_count(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigurationError(f"Zoho Inventory: {name} must be a whole number from 1 up")


def _check_base(name: str, value: str) -> None:
    if not value:
        return
    if plain_address(value) is None:
        raise ConfigurationError(f"Zoho Inventory: {name} must be a plain http(s) address")


def _check_mark(name: str, value: object) -> None:
    if not isinstance(value, str) or not MARK.fullmatch(value):
        raise ConfigurationError(
            f"Zoho Inventory: {name} must be a custom field's API name: cf_ and lower-case letters, digits, _"
        )


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as exc:
        raise ConfigurationError(f"Zoho Inventory: no time zone {name!r}") from exc
