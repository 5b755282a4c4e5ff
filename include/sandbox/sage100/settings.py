"""The company's switches: what a site may have chosen, and what the reference leaves open.

They are rows of the company database, so that every process that opens it sees a change at its next
record. Money-relevant answers that nobody has verified on a real system (credit, duplicate PO) can
be set either way.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from include.sandbox.sage100.dictionary import Release

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime


def _known_zone(name: str) -> str:
    ZoneInfo(name)
    return name


class Settings(BaseModel):
    """Every switch with its default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: Release = "2021"
    story: str = "empty"
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    """Of the Sage server: audit stamps are its local time."""
    seats: int = Field(default=10, ge=0)
    lock_seconds: float = Field(default=900.0, gt=0)
    too_long: Literal["refuse", "cut"] = "refuse"
    duplicate_po: Literal["off", "warn", "refuse"] = "warn"
    credit_hold: Literal["off", "warn", "hold", "refuse"] = "warn"
    credit_limit: Literal["off", "warn", "hold", "refuse"] = "warn"
    over_quantity: Literal["warn", "refuse"] = "warn"
    """Asked only where ``SO_Options.CheckQtyOnHand`` is Y."""
    inactive_item: Literal["warn", "refuse"] = "refuse"
    customer_numbers: bool = True
    """``AR_Customer_bus`` has ``nGetNextCustomerNo``; without it a call raises as an unknown method does."""
    keep_history: bool = True
    stock_stamps: bool = False
    """Moves of stock (orders, shipments, postings) stamp ``DateUpdated`` of item and warehouse."""
    customer_stamps: bool = False
    """Orders, postings and receipts stamp ``AR_Customer.DateUpdated``."""
    negative_stock: bool = False
    """More may be shipped than lies in the warehouse."""
    part_shipped_type: Literal["B", "S"] = "B"
    """What a standard order becomes when only a part of it has been posted."""
    shipped_lines: Literal["leave", "stay"] = "leave"
    """Whether a line that was shipped whole leaves the live order at once, or with the order."""
    batch_entry: bool = False
    """Invoices and cash receipts are entered in batches."""
    exclusive: bool = False
    """Somebody runs a task that needs all files closed."""
    closed_through: str = Field(default="", pattern=r"^(\d{8})?$")
    """Session dates up to this day (YYYYMMDD) are refused."""
    denied_tasks: tuple[str, ...] = ()


def read(db: sqlite3.Connection) -> Settings:
    """The switches as they stand."""
    rows = db.execute("SELECT name, value FROM sandbox_setting").fetchall()
    return Settings.model_validate({row["name"]: json.loads(row["value"]) for row in rows})


def write(db: sqlite3.Connection, settings: Settings) -> None:
    """Keep every switch."""
    rows = [(name, json.dumps(value)) for name, value in settings.model_dump(mode="json").items()]
    db.executemany("INSERT OR REPLACE INTO sandbox_setting VALUES (?, ?)", rows)


def local(now: datetime, settings: Settings) -> datetime:
    """A moment on the Sage server's wall clock."""
    return now.astimezone(ZoneInfo(settings.time_zone))
