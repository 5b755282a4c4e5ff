# ruff: noqa: N802 - Sage's own names
"""SY_Session: logon, company, date, module and task. It holds the seat and the database connection."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from include.sandbox.sage100 import database, faults, holders, settings
from include.sandbox.sage100.accounts import Accounts
from include.sandbox.sage100.audit import Stamp
from include.sandbox.sage100.dictionary import Table, dictionary
from include.sandbox.sage100.objects.answers import Answering, answered
from include.sandbox.sage100.objects.values import is_date
from include.sandbox.sage100.refusals import RefusedError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

MODULES = frozenset({"S/O", "A/R", "I/M", "P/O", "A/P", "C/I", "G/L", "S/Y"})
TASK_NAMES = (
    "SO_SalesOrder_ui", "AR_Customer_ui", "CI_ItemCode_ui", "SO_ShipToAddress_ui", "SO_Invoice_ui",
    "PO_PurchaseOrder_ui", "SO_SalesJournal_ui", "IM_Transaction_ui", "SO_Shipping_ui", "AR_CashReceipts_ui",
)  # fmt: skip
TASKS = {name: number for number, name in enumerate(TASK_NAMES, start=101)}
EXCLUSIVE = "The company is in exclusive use. Try again later."
NO_SEAT = "The maximum number of users has been reached."
CLOSED = "The date is not within an open fiscal period."


def hashed(password: str, salt: str) -> str:
    """A password as the sandbox keeps it."""
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 1000).hex()


class Session(Answering):
    """One logon. Not for use by another thread than the one that made it."""

    bus: ClassVar[str] = "SY_Session"

    def __init__(
        self,
        home: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(self)
        self.thread = threading.get_ident()
        self.poisoned = False
        self.pause = pause
        self.user_key = ""
        self.company = ""
        self.date = ""
        self.program = ""
        self.settings = settings.Settings()
        self.holder = holders.me(uuid.uuid4().hex)
        self._home = home
        self._clock = clock
        self._user = ""
        self._module = ""
        self._db: sqlite3.Connection | None = None
        self._system: sqlite3.Connection | None = None

    @property
    def db(self) -> sqlite3.Connection:
        """The company's tables."""
        if self._db is None:
            raise RefusedError("The session has no company.")
        return self._db

    @property
    def any_db(self) -> sqlite3.Connection | None:
        """The company's tables, else the system's, else none yet."""
        return self._db or self._system

    @property
    def ready(self) -> bool:
        """Logged on, with company and task: business objects can be made."""
        return bool(self._db and self.user_key and self.program)

    def table(self, name: str) -> Table:
        """A table in the company's widths."""
        return dictionary(self.settings.release)[name]

    def refresh(self) -> None:
        """Read the switches again; a new record begins."""
        self.settings = settings.read(self.db)
        if self.settings.exclusive or faults.strike(self.db, "exclusive_mode", self._subject()):
            raise RefusedError(EXCLUSIVE)

    def stamp(self) -> Stamp:
        """Who and when, for the audit columns."""
        return Stamp.at(settings.local(self._clock(), self.settings), self.user_key)

    def accounts(self) -> Accounts:
        """The tables in this session's hands, now."""
        tables = dictionary(self.settings.release)
        return Accounts(self.db, tables, self.stamp(), self.settings, self.holder)

    def delay(self, kind: faults.Kind, subject: str) -> None:
        """Take as long as a standing latency fault says."""
        slow = faults.strike(self.db, kind, subject)
        if slow is not None:
            self.pause(slow.seconds)

    def _subject(self) -> str:
        return f"{self._user} {self.company}"

    def _system_db(self) -> sqlite3.Connection:
        """Users and seats are one for all companies: those of the first company's file count."""
        if self._system is None:
            files = sorted(self._home.glob("MAS_*.sqlite"))
            if not files:
                raise RefusedError("There is no company in this installation.")
            self._system = database.connect(files[0])
        return self._system

    @answered
    def nSetUser(self, user: str, password: str) -> int:
        """Log on; takes a seat. 0 when user or password are wrong, or all seats are taken."""
        db = self._system_db()
        switches = settings.read(db)
        self._user = user
        slow = faults.strike(db, "latency_logon", self._subject())
        if slow is not None:
            self.pause(slow.seconds)
        key = _user_key(db, user, password)
        if switches.exclusive or faults.strike(db, "exclusive_mode", self._subject()):
            raise RefusedError(EXCLUSIVE)
        full = faults.strike(db, "seat_exhausted", self._subject()) is not None
        holders.leave_seat(db, self.holder)
        if full or not holders.take_seat(db, self.holder, key, self.company, switches.seats):
            raise RefusedError(NO_SEAT)
        self.user_key = key
        return 1

    @answered
    def nLogon(self) -> int:
        """Older programs call it; 1 when a user is set."""
        return int(bool(self.user_key))

    @answered
    def nSetCompany(self, code: str) -> int:
        """Open a company by its short code."""
        file = database.company_file(self._home, code)
        if not (code.isalnum() and len(code) <= 3 and file.is_file()):
            raise RefusedError(f"The company {code} is not valid.")
        self._close_company()
        self._db = database.connect(file)
        self.company = code
        try:
            self.refresh()
        except RefusedError:
            self._close_company()
            raise
        self.date = self.stamp().date
        return 1

    @answered
    def nSetDate(self, module: str, date: str) -> int:
        """Set the posting date (YYYYMMDD) of a module; it must lie in an open period."""
        _check_module(module)
        if not is_date(date):
            raise RefusedError("The date is not valid.")
        closed = date <= self.settings.closed_through
        if closed or faults.strike(self.db, "closed_period", f"{self._subject()} {date}"):
            raise RefusedError(CLOSED)
        self.date = date
        return 1

    @answered
    def nSetModule(self, module: str) -> int:
        """Say which module the work belongs to (``S/O``, ``A/R``)."""
        _check_module(module)
        self._module = module
        return 1

    @answered
    def nLookupTask(self, name: str) -> int:
        """The number of a task such as ``SO_SalesOrder_ui``; 0 when there is none."""
        return TASKS.get(name, 0)

    @answered
    def nSetProgram(self, task: int) -> int:
        """Enter a task; 0 when the user may not, or is not logged on."""
        name = next((name for name, number in TASKS.items() if number == task), "")
        if not (name and self.user_key and self._db):
            raise RefusedError("The task is not valid for this session.")
        if name in self.settings.denied_tasks:
            raise RefusedError(f"The user is not authorized for the task {name}.")
        self.program = name
        holders.note_program(self._system_db(), self.holder, name, self._module)
        return 1

    def nCleanup(self) -> int:
        """Give back the seat and every lock. Works on a poisoned session too."""
        if self._db is not None:
            holders.unlock_all(self._db, self.holder)
        if self._system is not None:
            holders.leave_seat(self._system, self.holder)
            self._system.close()
            self._system = None
        self._close_company()
        self.user_key = self.program = ""
        return 1

    def DropObject(self) -> int:
        """Release the session."""
        return self.nCleanup()

    def _close_company(self) -> None:
        if self._db is not None:
            self._db.close()
        self._db = None
        self.company = ""


def _user_key(db: sqlite3.Connection, user: str, password: str) -> str:
    row = db.execute(
        "SELECT u.UserKey, u.Active, u.Locked, p.salt, p.hash FROM SY_User u, sandbox_password p"
        " WHERE p.UserLogon = u.UserLogon AND lower(u.UserLogon) = lower(?)",
        (user,),
    ).fetchone()
    if row is None or not hmac.compare_digest(row["hash"], hashed(password, row["salt"])):
        raise RefusedError("The user logon or password is invalid.")
    if row["Active"] != "Y" or row["Locked"] == "Y":
        raise RefusedError("The user is not active.")
    return str(row["UserKey"])


def _check_module(module: str) -> None:
    if module not in MODULES:
        raise RefusedError(f"The module {module} is not set up.")
