"""How fast bulk jobs go: as the switches say."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.sandbox.salesforce.settings import Switchboard

GLANCE = 0.02
"""Seconds between two looks at a switch."""


class StoppedError(Exception):
    """The sandbox is going down; the job goes on when it comes up."""


class Pace:
    """Holds a job up, and counts how long it takes."""

    def __init__(self, switches: Switchboard) -> None:
        self._switches = switches
        self._stop = threading.Event()
        self._begun = time.monotonic()

    def begin(self) -> None:
        """A job begins."""
        self._begun = time.monotonic()
        self._paused()

    def batch(self) -> None:
        """A batch begins.

        Raises:
            StoppedError: the sandbox is going down.
        """
        if self._stop.wait(self._switches.present.bulk_batch_seconds):
            raise StoppedError
        self._paused()

    def spent(self) -> int:
        """Milliseconds since the job began."""
        return int((time.monotonic() - self._begun) * 1000)

    def stop(self) -> None:
        """End all waiting."""
        self._stop.set()

    def _paused(self) -> None:
        while self._switches.present.bulk_paused:
            if self._stop.wait(GLANCE):
                raise StoppedError
