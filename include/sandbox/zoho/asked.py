"""What the control API can be asked: the bodies of ``/_sandbox/zoho``."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from include.sandbox.zoho.oauth import FULL_ACCESS
from include.sandbox.zoho.wire import Json


class Asked(BaseModel):
    """A request to the control API: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid")


class Emission(Asked):
    """Which orders to announce and how roughly.

    ``drop`` and ``duplicate`` are probabilities per order; ``rate_per_second`` 0 sends all at once.
    """

    salesorder_ids: list[str] | Literal["all"] = "all"
    rate_per_second: float = Field(default=0, ge=0)
    webhook: str | None = None
    event: Literal["created", "edited", "status"] = "edited"
    duplicate: float = Field(default=0, ge=0, le=1)
    drop: float = Field(default=0, ge=0, le=1)
    shuffle: bool = False
    seed: int = 0


class Placing(Asked):
    """One more order, or several.

    ``body`` is what ``POST /salesorders`` takes; without it Northwind's orders are placed again under
    new numbers, ``like`` one of them or in turn. ``changes`` go over either.
    """

    body: Json | None = None
    like: str | None = None
    number: str | None = None
    count: int = Field(default=1, ge=1, le=100_000)
    changes: Json = {}
    confirm: bool = True
    announce: bool = True


class Edit(Asked):
    """``changes`` as ``PUT /salesorders/{id}`` takes them; ``raw`` writes them unchecked."""

    changes: Json
    raw: bool = False
    announce: bool = True


class Making(Asked):
    """A new record; ``body`` as the API's ``POST`` takes it."""

    body: Json
    announce: bool = True


class Counting(Asked):
    """Stock that was counted: ``difference`` to what the books say; the main warehouse unless told."""

    difference: Decimal
    location_id: str = ""
    reason: str = "Stocktaking results"


class Shipping(Asked):
    """What leaves; without ``line_items`` (``so_line_item_id``, ``quantity``) all that is left."""

    line_items: list[Json] | None = None
    carrier: str = "United Package"
    tracking_number: str = ""
    announce: bool = True


class Spoiling(Asked):
    """Which of the named cases to place."""

    cases: list[str] | Literal["all"] = "all"
    announce: bool = True


class Consent(Asked):
    """A grant code as the consent page would hand out."""

    scope: str = FULL_ACCESS
