"""What the control API can be asked: the bodies of ``/_sandbox/clarity``."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from include.sandbox.clarity.oauth import SCOPES
from include.sandbox.clarity.settings import Mischief
from include.sandbox.clarity.wire import Json


class Told(BaseModel):
    """A request to the control API: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid")


class Placing(Told):
    """More orders: Northwind's in turn, or ``like`` one of the story's; ``changes`` go over the document."""

    like: str | None = None
    count: int = Field(default=1, ge=1, le=100_000)
    changes: Json = {}
    announce: bool = True


class Edit(Told):
    """An edit in the shop: status, units by line number, any other member."""

    status: str | None = None
    quantities: dict[int, Decimal] = {}
    changes: Json = {}
    announce: bool = True


class Taking(Told):
    """Of what was authorised; None: all."""

    amount: Decimal | None = None


class Giving(Told):
    """A refund; None: all that was captured."""

    amount: Decimal | None = None
    reason: str = "customer request"


class SendingBack(Told):
    """Units by line number."""

    quantities: dict[int, Decimal]
    reason: str = "damaged"


class Merging(Told):
    """Into whom."""

    into: str


class Change(Told):
    """Members to write over a record, unchecked."""

    changes: Json
    announce: bool = True


class Emission(Told):
    """Which records to announce, and how roughly. ``rate_per_second`` 0 sends all at once."""

    resource: Literal["orders", "products", "customers", "payments", "refunds", "returns", "inventory"] = (
        "orders"
    )
    numbers: list[str] | Literal["all"] = "all"
    type: str = "order.created"
    changed: Json | None = None
    rate_per_second: float = Field(default=0, ge=0)
    shuffle: bool = False
    seed: int = 0
    mischief: Mischief | None = None


class Casting(Told):
    """Which of the named cases; ``size`` shrinks the big ones."""

    cases: list[str] | Literal["all"] = "all"
    announce: bool = True
    size: int | None = Field(default=None, ge=1)


class Enrolment(Told):
    """A client of one's own, with its key."""

    client: str
    secret: str
    name: str = "another-integration"
    scopes: tuple[str, ...] = SCOPES
    key: str = ""


class Rotation(Told):
    """A new key for an old one."""

    key: str
    overlap_seconds: float = Field(default=3600, ge=0)


class Certificate(Told):
    """What the TLS door shows."""

    certificate: Literal["valid", "expired", "other_host"] = "valid"
    port: int = 0
