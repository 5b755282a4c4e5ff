"""The worker processes as the service sees them: lend one, limit its time, replace it when it is lost."""

from __future__ import annotations

import logging
import multiprocessing
import queue
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from include.gateway.problems import Answer, ProblemError, unavailable
from include.gateway.process_lock import outlive
from include.gateway.worker import Reply, Rest, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from include.gateway.jobs import Job
    from include.gateway.settings import Settings

log = logging.getLogger(__name__)

START_SECONDS = 60.0
"""For the process to start, before the clock of its first job runs."""
_SPAWN = multiprocessing.get_context("spawn")


class WorkerLostError(ProblemError):
    """The worker died or was killed while it had the job: 504."""


class Slot:
    """One worker process and its pipe; a new process takes the place of a lost one."""

    def __init__(self, settings: Settings, number: int) -> None:
        self.number = number
        self.restarts = 0
        self.session = False
        self.busy = False
        self._settings = settings
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._speaking = threading.Lock()

    @property
    def alive(self) -> bool:
        """Whether a process stands behind the slot."""
        process = self._process
        try:
            return process is not None and process.is_alive()
        except ValueError:  # closed by the thread that has just killed it
            return False

    def ask(self, job: Job) -> Answer:
        """Give a job and wait for its answer, at most ``timeout_seconds``.

        Raises:
            WorkerLostError: 504, the worker died or was killed with the job in its hands.
        """
        reply = self._exchange(job)
        self.session = reply.session
        if reply.poisoned:
            self.kill()
        return reply.answer

    def rest(self) -> None:
        """Make the worker drop its session; no process, no session."""
        if not self.alive:
            return
        try:
            self._exchange(Rest())
        except WorkerLostError:
            log.warning("worker %s did not let go of its session and was killed", self.number)
        self.session = False

    def listen(self) -> None:
        """Take in what an idle worker said: that it dropped its session."""
        if not self._speaking.acquire(blocking=False):
            return
        try:
            while self._pipe is not None and self._pipe.poll(0):
                self._pipe.recv()
                self.session = False
        except (EOFError, OSError):
            self.session = False
        finally:
            self._speaking.release()

    def kill(self) -> None:
        """End the process the hard way. The next job starts a new one."""
        process, pipe = self._process, self._pipe
        self._process, self._pipe, self.session = None, None, False
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.kill()
            process.join()
            process.close()
            self.restarts += 1

    def stop(self, *, seconds: float) -> None:
        """Close the pipe, which ends the worker after its job; kill it when it takes longer."""
        process, pipe = self._process, self._pipe
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.join(seconds)
        self._pipe = None
        self.kill()

    def _exchange(self, message: Job | Rest) -> Reply:
        with self._speaking:
            pipe = self._ready()
            try:
                pipe.send(message)
                return self._await(pipe, message)
            except (EOFError, OSError) as error:
                self.kill()
                log.warning("worker %s died with a job in its hands", self.number)
                raise WorkerLostError(504, "the worker died; repeat with the same key") from error

    def _await(self, pipe: Connection, message: Job | Rest) -> Reply:
        deadline = time.monotonic() + self._settings.timeout_seconds
        while pipe.poll(max(0.0, deadline - time.monotonic())):
            match pipe.recv():
                case Reply() as reply:
                    return reply
                case Rest() if isinstance(message, Rest):
                    return Reply(Answer(204))
        self.kill()
        log.warning(
            "worker %s took longer than %s s and was killed", self.number, self._settings.timeout_seconds
        )
        raise WorkerLostError(504, "the worker took too long and was ended; repeat with the same key")

    def _ready(self) -> Connection:
        if self._pipe is not None and self.alive:
            return self._pipe
        if self._process is not None:
            self.kill()
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(
            target=serve, args=(theirs, self._settings, self.number), name=f"sage-{self.number}", daemon=True
        )
        process.start()
        theirs.close()
        self._process, self._pipe = process, ours
        self._await_start(ours)
        return ours

    def _await_start(self, pipe: Connection) -> None:
        """Nothing is asked of a worker that has not said it is there; so a failed start leaves no doubt."""
        try:
            there = pipe.poll(START_SECONDS) and pipe.recv() is not None
        except (EOFError, OSError):
            there = False
        if not there:
            self.kill()
            patience = self._settings.retry_after_seconds
            raise unavailable(
                "worker_failed", "no worker could be started; see the log", retry_after=patience
            )


class Pool:
    """The slots of this gateway; each is lent to one request (or one batch) at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._slots = [Slot(settings, number) for number in range(settings.workers)]
        self._free: queue.LifoQueue[Slot] = queue.LifoQueue()
        self._draining = threading.Event()
        self._drained = settings.state / "drained"
        for slot in reversed(self._slots):
            self._free.put(slot)

    def start(self) -> None:
        """Wait for workers that a killed gateway left behind. Processes start with the first job."""
        for path in sorted(self._settings.state.glob("worker-*.lock")):
            outlive(path, seconds=self._settings.timeout_seconds)
        if self._drained.exists():
            self._draining.set()

    def stop(self) -> None:
        """End all workers, letting each finish its job."""
        for slot in self._slots:
            slot.stop(seconds=self._settings.timeout_seconds if slot.busy else 5.0)

    @property
    def draining(self) -> bool:
        """Whether the gateway keeps its hands off Sage; survives a restart."""
        return self._draining.is_set()

    @contextmanager
    def lend(self) -> Iterator[Slot]:
        """A worker for the time of the block.

        Raises:
            ProblemError: 503, the gateway is draining or every worker stays busy.
        """
        self.refuse_when_draining()
        slot = self._borrow()
        try:
            yield slot
        finally:
            self._give_back(slot)

    def refuse_when_draining(self) -> None:
        """Raise 503 while Sage is wanted for itself.

        Raises:
            ProblemError: 503 draining.
        """
        if self.draining:
            raise unavailable(
                "draining",
                "the gateway is drained for maintenance",
                retry_after=self._settings.retry_after_seconds,
            )

    def drain(self) -> None:
        """Take no more work, let jobs end, drop every session and file handle."""
        self._drained.touch()
        self._draining.set()
        taken: list[Slot] = []
        try:
            for _ in self._slots:
                taken.append(self._borrow(self._settings.timeout_seconds))
                taken[-1].rest()
        finally:
            for slot in taken:
                self._give_back(slot)

    def resume(self) -> None:
        """Take work again; sessions open with the next job."""
        self._drained.unlink(missing_ok=True)
        self._draining.clear()

    def slots(self) -> list[Slot]:
        """All slots, for the health report."""
        for slot in self._slots:
            slot.listen()
        return self._slots

    def _borrow(self, seconds: float | None = None) -> Slot:
        wait = self._settings.queue_seconds if seconds is None else seconds
        try:
            slot = self._free.get(timeout=wait) if wait else self._free.get_nowait()
        except queue.Empty:
            raise unavailable(
                "busy", "every worker is busy", retry_after=self._settings.retry_after_seconds
            ) from None
        slot.busy = True
        return slot

    def _give_back(self, slot: Slot) -> None:
        slot.busy = False
        self._free.put(slot)
