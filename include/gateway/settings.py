"""What a site tells the gateway: environment variables ``TRADEBRIDGE_GATEWAY_*``.

Every variable may be given as a file instead (``..._FILE``), so that secrets need not stand in the
environment of a service. Nothing is opened here.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

PREFIX = "TRADEBRIDGE_GATEWAY_"


class _FromFiles(PydanticBaseSettingsSource):
    """Values from the files that ``<VARIABLE>_FILE`` names."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        return (Path(path).read_text(encoding="utf-8").strip() if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        read = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in read.items() if value is not None}


class Settings(BaseSettings):
    """One site's gateway. The first group must be given; the rest has defaults that suit most sites."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    tokens: Annotated[tuple[SecretStr, ...], NoDecode] = Field(min_length=1)
    """Bearer tokens, separated by commas; two while one is being rotated out."""
    home: str
    """Sage's ``MAS90\\Home`` folder as a UNC path (the emulation: the folder of its databases)."""
    company: str = Field(pattern=r"^[A-Za-z0-9]{1,3}$")
    user: str
    password: SecretStr
    odbc: SecretStr
    """Connection string for reads. With the ProvideX driver: EnforceNullDate=1 and credentials of its
    own, or the driver opens a window that nobody sees."""
    state: Path
    """Directory of the gateway's own memory; one running gateway per directory."""

    host: str = "127.0.0.1"
    port: int = Field(default=8100, ge=0, le=65535)
    tls_certificate: Path | None = None
    """PEM: the gateway's certificate, followed by those that lead to its authority."""
    tls_key: Path | None = None
    tls_key_password: SecretStr | None = None
    objects: str = "com"
    """``com`` for Sage's own objects, or ``package.module:Class`` of anything that behaves like them."""
    workers: int = Field(default=1, ge=1, le=32)
    """Processes with one Sage session (and one seat) each. Sage sites do well with one."""
    timeout_seconds: float = Field(default=60.0, gt=0)
    """Hard limit for one record; a worker that exceeds it is killed and its outcome is unknown."""
    idle_seconds: float = Field(default=300.0, gt=0)
    """A session unused for so long is dropped, which frees its seat."""
    queue_seconds: float = Field(default=30.0, ge=0)
    """How long a request waits for a free worker before it is told to come back."""
    lock_retry_seconds: float = Field(default=0.3, ge=0)
    retry_after_seconds: int = Field(default=15, ge=1)
    max_body_bytes: int = Field(default=4 * 1024 * 1024, ge=1024)
    answer_seconds: int = Field(default=7 * 24 * 3600, ge=0)
    """How long an answer to a carried-out request is repeated for the same key."""
    refusal_seconds: int = Field(default=15, ge=0)
    """The same for refusals. Short: nothing was written, and what Sage lacked may have been added since."""

    sync_key_column: str = "UDF_SYNC_KEY"
    """Where the idempotency key is kept in Sage (header and customer). Empty: the site has no such UDF."""
    order_id_columns: Annotated[tuple[str, ...], NoDecode] = ("UDF_ZOHO_ORDER_ID", "UDF_CLARITY_ORDER_ID")
    """Where each shop's id of an order is kept, separated by commas; columns Sage lacks are not asked."""
    customer_id_columns: Annotated[tuple[str, ...], NoDecode] = (
        "UDF_ZOHO_CONTACT_ID",
        "UDF_CLARITY_CUSTOMER_ID",
    )
    customer_numbers: Literal["next", "given"] = "next"
    """``next``: nGetNextCustomerNo (unverified in the field). ``given``: the caller sends CustomerNo."""
    default_division: str = Field(default="00", pattern=r"^[0-9]{2}$")
    open_orders: Literal["orders", "customer"] = "orders"
    """What a customer has open: ``orders`` adds up the live orders; ``customer`` takes OpenOrderAmt, of
    which nobody has verified when Sage counts."""
    zero_credit_limit: Literal["unlimited", "none"] = "unlimited"
    """What a credit limit of 0 means: no limit, or no credit."""
    released_status: Literal["N", "O"] = "N"
    """The status of an order that is taken off hold: new, or open."""
    total_tolerance: Decimal = Field(default=Decimal("0.00"), ge=0)
    code_page: str = "cp1252"
    """Sage keeps text in the ANSI code page: what that cannot hold is refused, never stored as ``?``."""
    messages: Path | None = None
    """A TOML file with the site's own message patterns, read before ours (see ``messages.toml``)."""
    public_docs: bool = False
    """Serve /docs and /openapi.json without a token. Off: they tell what can be written into the ERP."""

    @field_validator("tokens", "order_id_columns", "customer_id_columns", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.replace("\n", ",").split(",") if part.strip())

    @field_validator("tokens")
    @classmethod
    def _no_empty_token(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(token.get_secret_value() for token in value):
            raise ValueError("an empty token would let everyone in")
        return value

    @model_validator(mode="after")
    def _whole_tls(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("TLS needs both a certificate and its key")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over variables, variables over files; ``.env`` files are not read."""
        return init_settings, env_settings, _FromFiles(settings_cls)
