"""Locks that die with their process.

A gateway killed in the middle may leave a worker that is still writing into Sage. A new gateway
that looked in Sage at that moment would find nothing and write the order again. So every worker
holds a lock file as long as it lives, and a new gateway waits for those locks before it starts.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try(stream: IO[str]) -> bool:
        stream.seek(4096)  # behind the process id, which others must be able to read
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try(stream: IO[str]) -> bool:
        try:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


class ProcessLock:
    """A lock file that the operating system gives back when its holder dies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: IO[str] | None = None

    def take(self, *, seconds: float = 0.0) -> bool:
        """Take the lock within so many seconds; False when another process keeps it."""
        stream = self.path.open("a+", encoding="ascii")
        deadline = time.monotonic() + seconds
        while not _try(stream):
            if time.monotonic() >= deadline:
                stream.close()
                return False
            time.sleep(0.02)
        stream.seek(0)
        stream.truncate()
        stream.write(str(os.getpid()))
        stream.flush()
        self._stream = stream
        return True

    def give_back(self) -> None:
        """Release the lock; harmless when it is not held."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def outlive(path: Path, *, seconds: float) -> None:
    """Wait until nobody holds the lock at ``path``; kill the holder when it takes longer than ``seconds``."""
    lock = ProcessLock(path)
    if not lock.take(seconds=seconds):
        holder = path.read_text(encoding="ascii").strip()
        if holder.isdecimal():
            os.kill(int(holder), getattr(signal, "SIGKILL", signal.SIGTERM))
        if not lock.take(seconds=5.0):
            raise RuntimeError(f"process {holder or '?'} still holds {path.name}; end it before starting")
    lock.give_back()
