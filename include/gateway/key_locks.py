"""One order at a time, whichever request brings it.

Two requests for the same order under different keys would both look in Sage, both find nothing and
both write. Names of the business fact are held from the look-up until the answer is stored.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


class KeyLocks:
    """Named locks, taken all together or not at all, so that two holders cannot wait for each other."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, names: Collection[str], *, seconds: float) -> Iterator[bool]:
        """Hold all names; gives False when they were not free within so many seconds."""
        wanted = set(names)
        with self._changed:
            got = self._changed.wait_for(lambda: self._held.isdisjoint(wanted), timeout=seconds)
            if got:
                self._held |= wanted
        try:
            yield got
        finally:
            if got:
                with self._changed:
                    self._held -= wanted
                    self._changed.notify_all()
