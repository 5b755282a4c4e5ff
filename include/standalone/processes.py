"""Start everything in order, keep it running, stop it without leaving anything.

One loop in one thread looks at the children five times a second. A child that dies is started
again; one that no longer answers for a minute is killed first, at its second time after two, and so on:
where everything is slow, killing makes it slower. When the supervisor itself is
killed, the kernel asks its children to end (``die_with_parent``), and whatever is left stands in
the state file for the next start or ``down`` to end.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from include.errors import ConfigurationError, TransientError
from include.standalone import state as states
from include.standalone.children import Child, last_words, launch
from include.standalone.environment import ROOT
from include.standalone.sessions import Leader, end_sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from include.standalone.services import Job, Service

TICK = 0.2
PROBE_EVERY = 5.0
HANGS_AFTER, LONGEST_SILENCE = 60.0, 600.0
START_LIMIT = 180.0
NEVER_READY_LIMIT = 4


class StartError(ConfigurationError):
    """A service or job does not come up; the message ends with the last lines of its log."""


class StopRequestedError(Exception):
    """A signal asked us to end while we were starting."""


class Supervisor:
    """All processes of one run folder.

    Args:
        run: the run folder; one supervisor per folder at a time (see :func:`sole_supervisor`).
        environment: what every child finds in its environment.
        say: takes one line of progress for the person who waits.
    """

    def __init__(self, run: Path, environment: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._logs = run / "logs"
        self._file = state_file(run)
        self._environment = environment
        self._say = say
        self._children: dict[str, Child] = {}
        self._jobs: dict[str, Leader] = {}
        self._signals = 0
        self._next_probe = 0.0
        self._state = states.State(status=states.STARTING, supervisor=Leader.of(os.getpid()))
        self._logs.mkdir(parents=True, exist_ok=True)
        self._save()

    def catch_signals(self) -> None:
        """End in order on SIGINT, SIGTERM and SIGHUP; without waiting on the second."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note_signal)

    def _note_signal(self, _number: int, _frame: object) -> None:
        self._signals += 1

    def begin(self, services: Sequence[Service]) -> None:
        """Start services side by side, without waiting for them."""
        for service in services:
            child = self._children[service.name] = Child(service, self._logs, self._environment)
            child.start()
        self._save()

    def await_ready(self) -> None:
        """Wait until everything begun is ready.

        Raises:
            StartError: a service keeps dying, or is not ready after three minutes.
            StopRequestedError: a signal arrived meanwhile.
        """
        before = time.monotonic()
        waiting = [child for child in self._children.values() if not child.ready]
        while waiting:
            self._tick()
            for child in [child for child in waiting if child.runs and child.service.is_ready()]:
                waiting.remove(child)
                child.ready = True
                child.answered = time.monotonic()
                self._progress(f"{child.service.name} is ready ({child.answered - before:.1f} s)")
            for child in waiting:
                _give_up_on(child, time.monotonic() - before)

    def run_jobs(self, jobs: Sequence[Job]) -> None:
        """Run jobs side by side; all must succeed.

        Raises:
            StartError: one of them failed.
            StopRequestedError: a signal arrived meanwhile.
        """
        before = time.monotonic()
        running = []
        for job in jobs:
            log = self._logs / f"{job.name}.log"
            process, leader = launch(job.command, log, self._environment, cwd=str(ROOT))
            running.append((job, process, log))
            self._jobs[job.name] = leader
        self._save()
        while any(process.poll() is None for _, process, _ in running):
            self._tick()
        self._jobs.clear()
        for job, process, log in running:
            if process.returncode != 0:
                raise StartError(f"{job.name} failed ({process.returncode}){last_words(log)}")
            self._progress(f"{job.name} is done ({time.monotonic() - before:.1f} s)")

    def ready(self, line: str) -> None:
        """Say, also in the state file, that everything works."""
        self._state.status = states.READY
        self._progress(line)

    def watch(self) -> None:
        """Keep everything running until a signal asks us to end."""
        while not self._signals:
            self._tick(stop_raises=False)
            self._probe()

    def stop(self, *, failed: str = "") -> None:
        """End all children, the last started first, and everything they left behind.

        Args:
            failed: why, when it is because something went wrong; kept in the state file.
        """
        self._state.status = states.STOPPING
        self._save()
        end_sessions(list(self._jobs.values()), grace=0)
        everything = list(self._children.values())
        database = [child for child in everything if child.service.name == "postgres"]
        self._end([child for child in everything if child not in database])
        self._end(database)
        self._state.status = states.FAILED if failed else states.STOPPED
        self._children.clear()
        self._jobs.clear()
        self._state.say(failed or "stopped; nothing is left running")
        self._save()

    def _end(self, children: list[Child]) -> None:
        """Ask each child in its own way, wait for the slowest, then end what is left of their sessions."""
        for child in children:
            child.ask_to_end()
        signals = self._signals
        deadline = time.monotonic() + max((child.service.stop_seconds for child in children), default=0)
        while any(child.runs for child in children) and time.monotonic() < deadline:
            if self._signals > max(signals, 1):
                break
            time.sleep(TICK / 2)
        for child in children:
            child.kill()
        end_sessions([leader for child in children for leader in child.sessions], grace=0)

    def _tick(self, *, stop_raises: bool = True) -> None:
        """Look once at every child."""
        time.sleep(TICK)
        if self._signals and stop_raises:
            raise StopRequestedError
        changed = False
        for child in self._children.values():
            news = child.note_death()
            if news:
                self._state.restarts[child.service.name] = child.deaths
                self._progress(news)
            changed |= child.start_again_if_due()
            child.tend_orphans()
        if changed:
            self._save()

    def _probe(self) -> None:
        """Every few seconds ask each child whether it answers; kill one that has been silent too long."""
        if time.monotonic() < self._next_probe:
            return
        answering = {
            name for name, child in self._children.items() if child.runs and child.service.is_ready()
        }
        now = time.monotonic()
        for name, child in self._children.items():
            if name in answering or not answering.issuperset(child.service.needs):
                child.answered = now
            elif now - child.answered > self._patience(child):
                self._progress(f"{name} has not answered for {now - child.answered:.0f} s")
                child.answered = now
                child.hangs += 1
                child.kill()
        self._next_probe = now + PROBE_EVERY

    def _patience(self, child: Child) -> float:
        """Seconds without an answer after which a child hangs."""
        return min(HANGS_AFTER * 2.0**child.hangs, LONGEST_SILENCE)

    def _progress(self, line: str) -> None:
        self._state.say(line)
        self._save()
        self._say(line)

    def _save(self) -> None:
        self._state.sessions = {name: child.sessions for name, child in self._children.items()}
        self._state.sessions |= {name: [leader] for name, leader in self._jobs.items()}
        self._state.save(self._file)


def _give_up_on(child: Child, waited: float) -> None:
    name = child.service.name
    if child.deaths >= NEVER_READY_LIMIT:
        raise StartError(f"{name} ended {child.deaths} times before it was ready{child.last_words()}")
    if waited > START_LIMIT:
        raise StartError(f"{name} is not ready after {START_LIMIT:.0f} s{child.last_words()}")


def state_file(run: Path) -> Path:
    """Where the supervisor of a run folder keeps its state."""
    return run / "state.json"


def end_leftovers(state: states.State) -> None:
    """End what a killed supervisor left; its database last, and gently, for the data's sake."""
    database = state.sessions.get("postgres", [])
    end_sessions([leader for leader in state.leaders if leader not in database], grace=3.0)
    end_sessions(database, grace=10.0)


@contextmanager
def sole_supervisor(run: Path) -> Iterator[None]:
    """Hold the run folder's lock; the kernel gives it back however we end.

    Raises:
        TransientError: another supervisor holds it.
    """
    run.mkdir(parents=True, exist_ok=True)
    with (run / "supervisor.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TransientError(f"another supervisor already works in {run}: make down") from None
        yield
