"""Faults on order: rows that the Business Objects of any process find and obey.

====================  ==========================================================================
``latency_logon``     the logon takes ``seconds`` longer
``latency_order``     the write of a record takes ``seconds`` longer
``latency_line``      the write of an order line takes ``seconds`` longer
``seat_exhausted``    the logon finds no seat
``exclusive_mode``    logon, opening a record and writing answer that the company is in use
``lock_held``         opening a record answers that another user has it
``closed_period``     session date or write are refused
``com_exception``     a call raises, and every later call of its session
``hang_before_commit``  the write sleeps ``seconds``, then writes nothing
``hang_after_commit``   the write stands, its answer comes ``seconds`` later
====================  ==========================================================================

``match`` is a part of what the call is about: order, customer and PO number, order id, sync key, item.
``point`` narrows ``com_exception`` to a method (``nWrite``, ``nSetKey``, ``oLines.nAddLine``, ...).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    import sqlite3

Kind = Literal[
    "latency_logon", "latency_order", "latency_line", "seat_exhausted", "exclusive_mode", "lock_held",
    "closed_period", "com_exception", "hang_before_commit", "hang_after_commit",
]  # fmt: skip

HANG_SECONDS = 3600.0


class NewFault(BaseModel):
    """A fault to come. ``times`` None means until it is deleted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    point: str = ""
    match: str = ""
    seconds: float = Field(default=0.0, ge=0)
    times: int | None = Field(default=1, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _usual(cls, data: dict[str, object]) -> dict[str, object]:
        kind = str(data.get("kind", ""))
        usual: dict[str, object] = {}
        if kind.startswith("latency_"):
            usual = {"times": None}
        elif kind.startswith("hang_"):
            usual = {"seconds": HANG_SECONDS}
        elif kind == "com_exception":
            usual = {"point": "nWrite"}
        return usual | data

    @model_validator(mode="after")
    def _latency_has_seconds(self) -> Self:
        if self.kind.startswith("latency_") and not self.seconds:
            raise ValueError(f"{self.kind} needs seconds")
        return self


class Fault(NewFault):
    """A fault that stands; ``times`` is what is left of it."""

    id: int
    times: int | None = None
    hits: int = 0


def add(db: sqlite3.Connection, fault: NewFault) -> Fault:
    """Order a fault."""
    done = db.execute(
        "INSERT INTO sandbox_fault (kind, point, match, seconds, times) VALUES (?, ?, ?, ?, ?)",
        (fault.kind, fault.point, fault.match, fault.seconds, fault.times),
    )
    return Fault(id=done.lastrowid or 0, **fault.model_dump())


def standing(db: sqlite3.Connection) -> list[Fault]:
    """All faults, spent ones too."""
    rows = db.execute("SELECT * FROM sandbox_fault ORDER BY id").fetchall()
    return [Fault.model_construct(**dict(row)) for row in rows]


def remove(db: sqlite3.Connection, fault_id: int | None = None) -> int:
    """Delete one fault, or all; says how many."""
    if fault_id is None:
        return db.execute("DELETE FROM sandbox_fault").rowcount
    return db.execute("DELETE FROM sandbox_fault WHERE id = ?", (fault_id,)).rowcount


def waits(db: sqlite3.Connection, kind: Kind) -> bool:
    """Whether any fault of this kind is left; cheap enough to ask at every call."""
    sql = "SELECT 1 FROM sandbox_fault WHERE kind = ? AND (times IS NULL OR times > 0)"
    return db.execute(sql, (kind,)).fetchone() is not None


def strike(db: sqlite3.Connection, kind: Kind, subject: str, point: str = "") -> Fault | None:
    """Take one of a fault's times, if one waits for this. Counted once across processes."""
    row = db.execute(
        "SELECT * FROM sandbox_fault WHERE kind = ? AND (times IS NULL OR times > 0)"
        " AND point IN ('', ?, ?) AND (match = '' OR instr(?, match) > 0) ORDER BY id LIMIT 1",
        (kind, point, point.rpartition("_bus.")[2], subject),
    ).fetchone()
    if row is None:
        return None
    taken = db.execute(
        "UPDATE sandbox_fault SET hits = hits + 1, times = times - 1"
        " WHERE id = ? AND (times IS NULL OR times > 0)",
        (row["id"],),
    ).rowcount
    return Fault.model_construct(**dict(row)) if taken else None
