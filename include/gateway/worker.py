"""A worker process: one Sage session, one ODBC connection, one job at a time.

Jobs come by a pipe. When the pipe closes because the service died, the job at hand is finished and
the process ends: a write to Sage's files is better completed than cut.
"""

from __future__ import annotations

import logging
import signal
import traceback
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from include.gateway.customer_desk import CustomerDesk
from include.gateway.invoice_desk import InvoiceDesk
from include.gateway.item_desk import ItemDesk
from include.gateway.jobs import Job
from include.gateway.lookup import Lookup, UdfColumns
from include.gateway.messages import MessageTable
from include.gateway.order_desk import OrderDesk
from include.gateway.problems import Answer, ProblemError, unavailable
from include.gateway.process_lock import ProcessLock
from include.gateway.quantity_desk import QuantityDesk
from include.gateway.reading import Reading
from include.gateway.receipt_desk import ReceiptDesk
from include.gateway.session import SageSession

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from include.gateway.desk import Desk
    from include.gateway.settings import Settings

log = logging.getLogger(__name__)


DESKS: dict[str, type[Desk]] = {
    "order": OrderDesk,
    "customer": CustomerDesk,
    "item": ItemDesk,
    "quantities": QuantityDesk,
    "receipt": ReceiptDesk,
    "shipment": InvoiceDesk,
    "invoice": InvoiceDesk,
}
"""Who carries out which kind of job."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Drop the session and the ODBC connection; a worker also says so by itself."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A job's answer. ``poisoned``: the process must not be used again."""

    answer: Answer
    session: bool = False
    poisoned: bool = False


class Worker:
    """Carries out jobs; opens its session at the first one that writes."""

    def __init__(self, settings: Settings) -> None:
        messages = MessageTable.load(settings.messages)
        self._settings = settings
        self._session = SageSession(settings, messages, today=_today)
        self._reading = Reading(settings.odbc.get_secret_value(), retry_after=settings.retry_after_seconds)
        udfs = UdfColumns(settings.sync_key_column, settings.order_id_columns, settings.customer_id_columns)
        lookup = Lookup(self._reading, udfs)
        self._desks = {
            noun: desk(settings, self._session, self._reading, lookup, messages)
            for noun, desk in DESKS.items()
        }

    @property
    def session(self) -> bool:
        """Whether a seat is held."""
        return self._session.is_open

    def rest(self) -> None:
        """Give back the seat and close all files."""
        self._session.close()
        self._reading.close()

    def reply(self, job: Job) -> Reply:
        """Carry out one job; any exception that is not a verdict means that the session is poisoned."""
        try:
            answer = self._desks[job.noun].carry_out(job)
        except ProblemError as problem:
            self._session.writing = False
            return Reply(problem.as_answer(), self.session)
        except Exception as error:  # noqa: BLE001 - COM raises anything, and all of it ends the session
            log.error("session poisoned by %s at %s", type(error).__name__, _place(error))  # noqa: TRY400
            return Reply(self._verdict_on_poison(), session=False, poisoned=True)
        return Reply(answer, self.session)

    def _verdict_on_poison(self) -> Answer:
        if self._session.writing:
            return ProblemError(504, "the Sage session broke during the write").as_answer()
        patience = self._settings.retry_after_seconds
        return unavailable(
            "session_lost", "the Sage session broke before the write", retry_after=patience
        ).as_answer()


def serve(connection: Connection, settings: Settings, slot: int) -> None:
    """The life of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the service ends us
    lock = ProcessLock(settings.state / f"worker-{slot}.lock")
    if not lock.take(seconds=5.0):
        raise RuntimeError(f"another process holds the lock of worker {slot}")
    worker = Worker(settings)
    try:
        connection.send(Rest())  # ready, and no session yet
        while True:
            if not connection.poll(settings.idle_seconds):
                worker.rest()
                connection.send(Rest())
                connection.poll(None)
            _next(connection, worker)
    except (EOFError, OSError):
        worker.rest()


def _next(connection: Connection, worker: Worker) -> None:
    match connection.recv():
        case Job() as job:
            connection.send(worker.reply(job))
        case _:
            worker.rest()
            connection.send(Rest())


def _today() -> date:
    """The calendar day on this machine, as Sage's screens would take it."""
    return datetime.now(UTC).astimezone().date()


def _place(error: BaseException) -> str:
    """File and line only: messages may quote a record."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
