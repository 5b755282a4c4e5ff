"""Which org, who we are, how fast we may go, and what this org calls its custom fields."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.connectors.rest.pace import check_shares
from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_PAGE, SMALLEST_PAGE = 2000, 200
KEYS = ("account_key", "contact_key", "product_key", "order_key", "order_line_key", "opportunity_key")
OLDEST_VERSION = 46
"""The first that upserts collections by external id."""

_DOMAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(\.[A-Za-z0-9][A-Za-z0-9-]*)*", re.ASCII)
_VERSION = re.compile(r"(\d{2,3})\.0", re.ASCII)
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One Salesforce org and the connected app that calls it.

    Args:
        domain: what stands before ``.salesforce.com``: the My Domain (``acme.my``, of a sandbox org
            ``acme--uat.sandbox.my``); ``login`` and ``test`` serve the JWT grant only.
        consumer_key: of the connected app.
        consumer_secret: for the client credentials grant; never shown in a ``repr``.
        username: whom the JWT grant speaks for.
        private_key: PEM, signs the JWT; never shown in a ``repr``.
        connection: the Airflow connection's id, named in errors about credentials.
        api_version: pinned, because fields and answers change with it.
        client_name: sent as ``Sforce-Call-Options: client=``, so that our changes can be told apart.
        user_id: the integration user's id; ``""`` = ask the org.
        proxies: as ``requests`` takes them.
        verify: whether to verify certificates, or the file of an authority that is trusted instead.
        calls_per_day: our share of the org's calls in 24 hours.
        calls_per_minute: our pace; Salesforce itself has no limit per minute.
        org_share: share of the org's whole daily quota after which we stop, whoever has used it.
        concurrency: calls under way at once, all workers together.
        timeout: seconds to connect, seconds between two bytes of an answer.
        bulk_timeout: the same for files of Bulk API jobs.
        deadline: seconds for one whole answer, files of results apart.
        max_response_bytes: size of the largest answer we read, decompressed; files of results apart.
        page_size: rows of a query's page, 200 to 2,000.
        overlap: seconds that a sweep goes back: a stamp is taken at the save and visible at the commit.
        patience: seconds that one call may spend waiting in place.
        bulk_patience: seconds to wait for a Bulk API job before the batch is asked again later.
        attempts: tries of one call, the first included.
        session_life: seconds after which a session is renewed unasked; the org's own time-out is longer.
        describe_age: seconds that a description of an object is believed.
        bulk_threshold: more documents than this go by Bulk API 2.0.
        timezone: its midnight ends our day.
        reserved: share of the call limits (0 to 1) that is kept free for a flow, by DAG id.
        account_key: Account's external id field for the Zoho contact.
        contact_key: Contact's, for the Zoho contact person.
        product_key: Product2's, for the Zoho item.
        order_key: Order's, for the Zoho sales order.
        order_line_key: OrderItem's, for the line of the Zoho sales order, by which lines are told apart.
        opportunity_key: Opportunity's, for the Zoho sales order.
        active_field: Account's field that says whether a customer is active; ``""`` = all are.
        active_values: values of that field that mean yes, in any case.
        pricebook_id: the standard price book; ``""`` = ask the org.
        draft_status: an order's status of the category Draft, in which orders are made.

    Raises:
        ConfigurationError: a value is missing or cannot be right.
    """

    domain: str
    consumer_key: str
    consumer_secret: str = field(default="", repr=False)
    username: str = ""
    private_key: str = field(default="", repr=False)
    connection: str = "salesforce"
    api_version: str = "64.0"
    client_name: str = "tradebridge"
    user_id: str = ""
    proxies: Mapping[str, str] = field(default_factory=dict)
    verify: bool | str = True
    calls_per_day: int = 50_000
    calls_per_minute: int = 1_500
    org_share: float = 0.9
    concurrency: int = 10
    timeout: tuple[float, float] = (10.0, 120.0)
    bulk_timeout: tuple[float, float] = (10.0, 600.0)
    deadline: float = 300.0
    max_response_bytes: int = 64 * 1024 * 1024
    page_size: int = LARGEST_PAGE
    overlap: float = 600.0
    patience: float = 65.0
    bulk_patience: float = 900.0
    attempts: int = 4
    session_life: float = 6_300.0
    describe_age: float = 3_600.0
    bulk_threshold: int = 2_000
    timezone: str = "UTC"
    reserved: Mapping[str, float] = field(default_factory=dict)
    account_key: str = "Zoho_Contact_Id__c"
    contact_key: str = "Zoho_Contact_Person_Id__c"
    product_key: str = "Zoho_Item_Id__c"
    order_key: str = "Zoho_Salesorder_Id__c"
    order_line_key: str = "Zoho_Line_Item_Id__c"
    opportunity_key: str = "Zoho_Salesorder_Id__c"
    active_field: str = ""
    active_values: tuple[str, ...] = ("true", "yes", "active")
    pricebook_id: str = ""
    draft_status: str = "Draft"

    def __post_init__(self) -> None:
        for name in ("calls_per_day", "calls_per_minute", "concurrency", "attempts", "bulk_threshold"):
            _check_count(name, getattr(self, name))
        _check_count("max_response_bytes", self.max_response_bytes)
        for name in ("deadline", "overlap", "patience", "bulk_patience", "session_life", "describe_age"):
            _check_seconds(name, getattr(self, name))
        for name in ("timeout", "bulk_timeout"):
            _check_pair(name, getattr(self, name))
        if not _is(self.page_size, int) or not SMALLEST_PAGE <= self.page_size <= LARGEST_PAGE:
            raise ConfigurationError(
                f"Salesforce: page_size must be {SMALLEST_PAGE} to {LARGEST_PAGE}, not {self.page_size!r}"
            )
        if not _is(self.org_share, int | float) or not 0 < self.org_share <= 1:
            raise ConfigurationError("Salesforce: org_share must be a share above 0, 1 at most")
        self._check_names()
        self._check_credentials()
        if isinstance(self.verify, str) and not Path(self.verify).is_file():
            raise ConfigurationError(f"Salesforce: verify names no file: {self.verify}")
        check_shares("Salesforce", self.reserved)
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            raise ConfigurationError(f"Salesforce: no time zone {self.timezone!r}") from None

    @property
    def endpoint(self) -> str:
        """The org's name among all endpoints."""
        return f"salesforce:{self.domain.lower()}"

    @property
    def budget_name(self) -> str:
        """The quota belongs to the org, whoever calls."""
        return self.endpoint

    @property
    def token_name(self) -> str:
        """The session belongs to these credentials: new ones must not find the old one."""
        said = "|".join((self.consumer_secret, self.private_key, self.username))
        fingerprint = hashlib.sha256(said.encode()).hexdigest()[:12]
        return f"{self.endpoint}:{self.consumer_key[-12:]}:{fingerprint}"

    @property
    def longest(self) -> timedelta:
        """A call is over by then, whatever happens."""
        return timedelta(seconds=self.deadline + max(sum(self.timeout), sum(self.bulk_timeout)))

    @property
    def goes_back(self) -> timedelta:
        """How far behind its start a sweep begins."""
        return timedelta(seconds=self.overlap)

    def _check_names(self) -> None:
        version = _VERSION.fullmatch(self.api_version)
        if version is None or int(version[1]) < OLDEST_VERSION:
            raise ConfigurationError(
                f"Salesforce: api_version must be like '64.0', {OLDEST_VERSION}.0 or later, "
                f"not {self.api_version!r}"
            )
        for name in KEYS:
            if not _FIELD.fullmatch(getattr(self, name)):
                raise ConfigurationError(
                    f"Salesforce: {name} must be a field's API name, e.g. Zoho_Item_Id__c"
                )
        if self.active_field and not _FIELD.fullmatch(self.active_field):
            raise ConfigurationError("Salesforce: active_field must be a field's API name, or empty")
        for name in ("pricebook_id", "user_id"):
            if getattr(self, name) and not _ID.fullmatch(getattr(self, name)):
                raise ConfigurationError(f"Salesforce: {name} must be a record id of 15 or 18 characters")
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,40}", self.client_name, re.ASCII):
            raise ConfigurationError("Salesforce: client_name must be letters, digits, '_', '.' or '-'")

    def _check_credentials(self) -> None:
        if not _DOMAIN.fullmatch(self.domain) or self.domain.lower().endswith(".salesforce.com"):
            raise ConfigurationError(
                "Salesforce: domain is what stands before .salesforce.com, e.g. 'acme.my', "
                f"not {self.domain[:80]!r}"
            )
        if not _printable(self.consumer_key):
            raise ConfigurationError("Salesforce: consumer_key must be printable ASCII")
        if self.private_key:
            if not self.username:
                raise ConfigurationError("Salesforce: the JWT grant needs a username beside private_key")
        elif not _printable(self.consumer_secret):
            raise ConfigurationError("Salesforce: consumer_secret, or username and private_key, are needed")
        elif self.domain.lower() in {"login", "test"}:
            raise ConfigurationError(
                "Salesforce: client credentials need the org's My Domain, e.g. 'acme.my'; "
                f"{self.domain!r} serves the JWT grant only"
            )


def _is(value: object, kind: Any) -> bool:
    """Connections are typed by hand: a number may come as text."""
    return isinstance(value, kind) and not isinstance(value, bool)


def _check_count(name: str, value: Any) -> None:
    if not _is(value, int) or value < 1:
        raise ConfigurationError(f"Salesforce: {name} must be a whole number from 1 up")


def _check_seconds(name: str, value: Any) -> None:
    if not _is(value, int | float) or value < 0:
        raise ConfigurationError(f"Salesforce: {name} must be a number of seconds")


def _check_pair(name: str, value: Any) -> None:
    if (
        not isinstance(value, tuple)
        or len(value) != 2
        or not all(_is(v, int | float) and v > 0 for v in value)
    ):
        raise ConfigurationError(f"Salesforce: {name} must be two numbers of seconds above 0")


def _printable(text: object) -> bool:
    return isinstance(text, str) and bool(text) and text.isascii() and text.isprintable() and " " not in text
