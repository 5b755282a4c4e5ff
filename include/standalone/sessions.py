"""Processes by session: the only handle that still reaches what a killed parent left behind.

Each service is started in a session of its own. Airflow gives every task a process group of its
own, so a group kill would miss it; the session keeps them all. A number is not given to a new
process while it still names somebody's session, so a session outlives its leader safely.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from contextlib import suppress
from typing import NamedTuple

import psutil

PR_SET_PDEATHSIG = 1


class Leader(NamedTuple):
    """A session's first process: its number is reused one day, number and start time are not."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Leader:
        """Note a living process."""
        return cls(pid, psutil.Process(pid).create_time())

    def is_alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
        except psutil.NoSuchProcess:
            return False
        return _lives(process) and process.create_time() == self.started

    def members(self) -> list[psutil.Process]:
        """All living processes of the session, the leader's orphans included."""
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(self.pid).create_time() != self.started:
                return []  # the number is somebody else's now, so nothing of our session was left
        ours = (process for process in psutil.process_iter() if _session(process.pid) == self.pid)
        return [process for process in ours if _lives(process)]


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def signal_all(processes: list[psutil.Process], number: signal.Signals) -> None:
    """Send a signal to each; who is gone already is no error."""
    for process in processes:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process.send_signal(number)


def idle_orphans(members: list[psutil.Process]) -> list[psutil.Process]:
    """Of a dead leader's processes those that lost their parent and have no child at work.

    For Airflow: workers that run no task. A worker with a task, and the task itself, are spared.
    """
    numbers = {member.pid for member in members}
    found = []
    for member in members:
        with suppress(psutil.NoSuchProcess):
            if member.ppid() not in numbers and not member.children():
                found.append(member)
    return found


def end_sessions(leaders: list[Leader], *, grace: float) -> None:
    """End sessions for good: ask every member, wait up to ``grace`` seconds, then kill.

    Args:
        leaders: sessions to end; dead leaders' orphans are ended too.
        grace: seconds between asking and killing.
    """
    signal_all([member for leader in leaders for member in leader.members()], signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(leader.members() for leader in leaders):
        time.sleep(0.1)
    while remaining := [member for leader in leaders for member in leader.members()]:
        signal_all(remaining, signal.SIGKILL)
        time.sleep(0.05)


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD))
    return False


def die_with_parent() -> None:
    """Between fork and exec: ask the kernel for SIGTERM when our parent dies, however it dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
