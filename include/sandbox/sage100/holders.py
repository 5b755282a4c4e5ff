"""Who holds what, across processes: seats (SY_Console) and record locks.

A holder is a process. What a dead process held is free again, so that a killed gateway worker blocks
nobody; a process is told from a later one with the same number by its moment of birth.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from include.sandbox.sage100 import database

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True)
class Holder:
    """A session of a process."""

    owner: str
    pid: int
    born: str


@cache
def _born(pid: int, _asked_by: int) -> str:
    return birth(pid)


def birth(pid: int) -> str:
    """Clock ticks at which a process began; ``""`` if it is dead, ``"?"`` where that cannot be known."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except FileNotFoundError:
        return "" if Path("/proc/self").exists() else "?"
    return "" if fields[0] in "ZX" else fields[19]


def me(owner: str) -> Holder:
    """This process as a holder."""
    pid = os.getpid()
    return Holder(owner, pid, _born(pid, pid))


def alive(pid: int, born: str) -> bool:
    """Whether the very process still runs. Where it cannot be known, only the expiry frees."""
    return birth(pid) in {born, "?"}


def take_seat(db: sqlite3.Connection, holder: Holder, user_key: str, company: str, seats: int) -> bool:
    """Take a seat, after freeing those of dead processes. False when all are taken."""
    with database.writing(db):
        rows = db.execute("SELECT * FROM SY_Console").fetchall()
        for row in rows:
            if not alive(int(row["SessionPID"]), row["UDF_SESSION_BORN"]):
                _give_up(db, row["WorkstationName"], row["SessionCounter"])
        (taken,) = db.execute("SELECT count(*) FROM SY_Console").fetchone()
        if taken >= seats:
            return False
        db.execute(
            "INSERT INTO SY_Console (WorkstationName, SessionCounter, UserKey, CompanyCode, SessionPID,"
            " UDF_SESSION_BORN) VALUES (?, ?, ?, ?, ?, ?)",
            (*_seat(holder), user_key, company, holder.pid, holder.born),
        )
    return True


def leave_seat(db: sqlite3.Connection, holder: Holder) -> None:
    """Give the seat back; not having one is fine."""
    _give_up(db, *_seat(holder))


def note_program(db: sqlite3.Connection, holder: Holder, program: str, module: str) -> None:
    """Show in SY_Console what the session works on."""
    db.execute(
        "UPDATE SY_Console SET ProgramName = ?, ModuleCode = ?"
        " WHERE WorkstationName = ? AND SessionCounter = ?",
        (program, module, *_seat(holder)),
    )


def _seat(holder: Holder) -> tuple[str, str]:
    return f"BOI{holder.pid}", holder.owner[:6]


def _give_up(db: sqlite3.Connection, workstation: str, counter: str) -> None:
    db.execute(
        "DELETE FROM SY_Console WHERE WorkstationName = ? AND SessionCounter = ?", (workstation, counter)
    )


def lock(db: sqlite3.Connection, resource: str, holder: Holder, seconds: float) -> bool:
    """Take a record for a session, again if it already has it. False when another live one has it."""
    now = time.time()
    with database.writing(db):
        row = db.execute("SELECT * FROM sandbox_lock WHERE resource = ?", (resource,)).fetchone()
        if row is not None and row["owner"] != holder.owner and _binding(row, now):
            return False
        db.execute(
            "INSERT OR REPLACE INTO sandbox_lock VALUES (?, ?, ?, ?, ?)",
            (resource, holder.owner, holder.pid, holder.born, now + seconds),
        )
    return True


def _binding(row: sqlite3.Row, now: float) -> bool:
    return bool(row["expires"] > now) and alive(row["pid"], row["born"])


def held_by_another(db: sqlite3.Connection, resource: str, holder: Holder | None) -> bool:
    """Whether a live session other than this one has the record."""
    row = db.execute("SELECT * FROM sandbox_lock WHERE resource = ?", (resource,)).fetchone()
    if row is None or (holder is not None and row["owner"] == holder.owner):
        return False
    return _binding(row, time.time())


def break_expired(db: sqlite3.Connection, resource: str, holder: Holder | None) -> None:
    """Take the record from a session whose lock no longer binds: what it has in memory may be untrue."""
    owner = holder.owner if holder else ""
    db.execute("DELETE FROM sandbox_lock WHERE resource = ? AND owner <> ?", (resource, owner))


def holds(db: sqlite3.Connection, resource: str, holder: Holder) -> bool:
    """Whether the session has the record still; an expired lock may have gone to another."""
    row = db.execute("SELECT owner FROM sandbox_lock WHERE resource = ?", (resource,)).fetchone()
    return row is not None and row["owner"] == holder.owner


def unlock(db: sqlite3.Connection, resource: str, holder: Holder) -> None:
    """Let the record go."""
    db.execute("DELETE FROM sandbox_lock WHERE resource = ? AND owner = ?", (resource, holder.owner))


def unlock_all(db: sqlite3.Connection, holder: Holder) -> None:
    """Let go of every record of the session."""
    db.execute("DELETE FROM sandbox_lock WHERE owner = ?", (holder.owner,))
