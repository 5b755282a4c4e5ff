"""One Sage session: log on when work comes, drop it when told to.

A session holds a seat and keeps files open, and there can be one per process. After a COM
exception it is poisoned: every later call fails, so the process is replaced.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from include.gateway.messages import Finding, MessageTable
from include.gateway.objects import (
    BusinessObject,
    Objects,
    Reference,
    Script,
    Session,
    Speaker,
    load_objects,
)
from include.gateway.problems import ProblemError, refusal, unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from include.gateway.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """A Business Object with the task that gives it its rights and the module that gives it its date."""

    name: str
    program: str
    module: str


SALES_ORDER = Task("SO_SalesOrder_bus", "SO_SalesOrder_ui", "S/O")
CUSTOMER = Task("AR_Customer_bus", "AR_Customer_ui", "A/R")
ITEM = Task("CI_ItemCode_bus", "CI_ItemCode_ui", "C/I")
DEPOSIT = Task("AR_CashReceiptsDeposit_bus", "AR_CashReceipts_ui", "A/R")
SHIPPING = Task("SO_Shipping_bus", "SO_Shipping_ui", "S/O")
INVOICE = Task("SO_Invoice_bus", "SO_Invoice_ui", "S/O")
TRACKING = Task("SO_InvoiceTracking_bus", "SO_Invoice_ui", "S/O")
CASH_RECEIPT = Task("AR_CashReceipts_bus", "AR_CashReceipts_ui", "A/R")


class SageSession:
    """A logon to one company. Opening is left to :meth:`business_object`."""

    def __init__(self, settings: Settings, messages: MessageTable, *, today: Callable[[], date]) -> None:
        self._settings = settings
        self._messages = messages
        self._today = today
        self._objects: Objects | None = None
        self._script: Script | None = None
        self._session: Session | None = None
        self._made: dict[str, BusinessObject] = {}
        self._current: tuple[Task, date] | None = None
        self.writing = False
        """A write was begun and its outcome is not yet known to be good."""

    @property
    def is_open(self) -> bool:
        """Whether a seat is held."""
        return self._session is not None

    def business_object(self, task: Task) -> BusinessObject:
        """The object of a task, logged on and set to its module and to today's date.

        Raises:
            ProblemError: 503 no seat, exclusive mode or a refused logon; 422 the user lacks the right.
        """
        script, session = self._logged_on()
        wanted = (task, self._today())
        if self._current != wanted:
            self._enter(session, task, wanted[1])
            self._current = wanted
        if task.name not in self._made:
            self._made[task.name] = cast("BusinessObject", script.NewObject(task.name, session))
        return self._made[task.name]

    def reference(self) -> Reference:
        """A fresh by-reference argument."""
        return self._loaded().reference()

    def close(self) -> None:
        """Log off, which frees the seat. A poisoned session may fail at it; the process ends then anyway."""
        made, session = list(self._made.values()), self._session
        self._made, self._session, self._script, self._current = {}, None, None, None
        self.writing = False
        with contextlib.suppress(Exception):  # foreign code on its way out: nothing depends on it
            for each in made:
                each.nCleanup()
            if session is not None:
                session.nCleanup()
                session.DropObject()

    def _loaded(self) -> Objects:
        if self._objects is None:
            try:
                self._objects = load_objects(self._settings.objects)
            except ValueError as error:
                raise unavailable("misconfigured", str(error), retry_after=self._patience) from error
        return self._objects

    @property
    def _patience(self) -> int:
        return self._settings.retry_after_seconds

    def _logged_on(self) -> tuple[Script, Session]:
        if self._script is None or self._session is None:
            script = self._loaded().script()
            script.Init(self._settings.home)
            session = cast("Session", script.NewObject("SY_Session"))
            self._session = session  # from here on close() has something to give back
            try:
                self._log_on(session)
            except ProblemError:
                self.close()
                raise
            self._script = script
            log.info("session opened for company %s", self._settings.company)
        return self._script, self._session

    def _log_on(self, session: Session) -> None:
        password = self._settings.password.get_secret_value()
        self._check(session.nSetUser(self._settings.user, password), session, "the user", "logon_refused")
        self._check(session.nSetCompany(self._settings.company), session, "the company", "logon_refused")

    def _enter(self, session: Session, task: Task, day: date) -> None:
        module = task.module
        self._check(session.nSetDate(module, day.strftime("%Y%m%d")), session, f"the date in {module}", "")
        self._check(session.nSetModule(module), session, f"module {module}", "misconfigured")
        number = session.nLookupTask(task.program)
        self._check(number, session, f"task {task.program}", "misconfigured")
        self._check(session.nSetProgram(number), session, f"task {task.program}", "not_authorised")

    def _check(self, answer: Any, speaker: Speaker, what: str, otherwise: str) -> None:
        """Refuse on 0; ``otherwise`` is the code when Sage's words say nothing more special."""
        if answer:
            return
        message = str(speaker.sLastErrorMsg or "").strip()
        code = self._messages.code_of(message)
        if otherwise and code not in {"no_seat", "exclusive", "locked", "closed_period"}:
            code = otherwise
        detail = f"Sage refused {what}: {message or 'no reason given'}"
        raise refusal([Finding(code, "session", detail)], retry_after=self._patience)
