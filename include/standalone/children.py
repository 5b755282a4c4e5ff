"""One supervised service: its present process, its log, and the orphans of its former processes."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import IO, TYPE_CHECKING

from include.standalone.sessions import Leader, die_with_parent, idle_orphans, signal_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from include.standalone.postgres import Identity
    from include.standalone.services import Service

FIRST_PAUSE, LONGEST_PAUSE, STEADY_AFTER = 0.2, 10.0, 60.0
ORPHANS_MAY_WORK = 30.0
LOG_LIMIT = 50_000_000
LAST_WORDS = 15


class Child:
    """A service and the processes that ran for it.

    Args:
        service: what to run.
        logs: folder of its log file.
        environment: what the process finds in its environment.
    """

    def __init__(self, service: Service, logs: Path, environment: Mapping[str, str]) -> None:
        self.service = service
        self.log = logs / f"{service.name}.log"
        self.ready = False
        self.deaths = 0
        self.hangs = 0
        self.answered = time.monotonic()
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._leader: Leader | None = None
        self._orphans: list[tuple[Leader, float]] = []
        self._started = 0.0
        self._pause = FIRST_PAUSE
        self._start_again = 0.0

    def start(self) -> None:
        """Start a process for the service in a session of its own."""
        if self.service.prepare is not None:
            self.service.prepare()
        self._process, self._leader = launch(
            self.service.command,
            self.log,
            self._environment,
            cwd=self.service.cwd,
            runs_as=self.service.runs_as,
        )
        self._started = self.answered = time.monotonic()

    @property
    def runs(self) -> bool:
        """Whether the present process lives; collects its exit status when it does not."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Of the present process."""
        return self._process.pid if self._process is not None else None

    @property
    def sessions(self) -> list[Leader]:
        """Sessions that may still have members: the present one and those of orphans."""
        present = [self._leader] if self._leader is not None else []
        return present + [leader for leader, _ in self._orphans]

    def note_death(self) -> str | None:
        """Take notice of a death: end its idle orphans, plan the next start. The news, or None."""
        if self._process is None or self._leader is None or self.runs:
            return None
        now = time.monotonic()
        self.deaths += 1
        self._pause = (
            FIRST_PAUSE if now - self._started > STEADY_AFTER else min(self._pause * 2, LONGEST_PAUSE)
        )
        self._start_again = now + self._pause
        status = self._process.returncode
        self._orphans.append((self._leader, now))
        self._process = self._leader = None
        self.tend_orphans()
        cause = signal.Signals(-status).name if status < 0 else f"exit {status}"
        return f"{self.service.name} ended ({cause}); starting it again"

    def start_again_if_due(self) -> bool:
        """Start the next process once the pause is over."""
        if self._process is not None or time.monotonic() < self._start_again:
            return False
        self.start()
        return True

    def tend_orphans(self) -> None:
        """Kill what a dead process left, except workers that still carry a task, for half a minute."""
        left = []
        for leader, since in self._orphans:
            members = leader.members()
            spared = self.service.finishes_work and time.monotonic() - since < ORPHANS_MAY_WORK
            signal_all(idle_orphans(members) if spared else members, signal.SIGKILL)
            if members:
                left.append((leader, since))
        self._orphans = left

    def ask_to_end(self) -> None:
        """Send the service's own stop signal to the present process."""
        if self._process is not None and self.runs:
            self._process.send_signal(self.service.stop_signal)

    def kill(self) -> None:
        """Kill the present process; its death is noticed as any other."""
        if self._process is not None and self.runs:
            self._process.kill()

    def last_words(self) -> str:
        """The end of the log, for a message; empty when there is none."""
        return last_words(self.log)


def launch(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str],
    *,
    cwd: str,
    runs_as: Identity | None = None,
) -> tuple[subprocess.Popen[bytes], Leader]:
    """Start a command in its own session, its output appended to a log file.

    Args:
        command: argument vector.
        log: the file; one of over 50 MB is set aside as ``.1`` first.
        environment: the whole environment.
        cwd: working directory.
        runs_as: another account, when we are root and the command must not be.
    """
    with _open_log(log) as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one thread, one prctl call
            **(runs_as or {}),
        )
    return process, Leader.of(process.pid)


def last_words(log: Path) -> str:
    """The last lines of a log, indented under a message; empty when there are none."""
    if not log.exists():
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_WORDS:]
    return "".join(f"\n    {line}" for line in (f"... {log}", *lines))


def _open_log(log: Path) -> IO[bytes]:
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    return log.open("ab")
