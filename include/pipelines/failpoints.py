"""Named places where a test may kill the process.

Exactly-once claims are worth what was tried against them. Every external write passes
:func:`reach` at four points; ``TRADEBRIDGE_FAILPOINT=load_orders:after_send`` makes the process kill
itself there with ``SIGKILL``, once: the marker file named by ``TRADEBRIDGE_FAILPOINT_ONCE`` is
created first, and a process that finds it goes on. Without the variable a failpoint costs one
dictionary look-up.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

POINTS = ("before_send", "after_send", "after_remote_commit", "before_local_commit")
"""In the order in which a write passes them."""


def reach(place: str, point: str) -> None:
    """Die here if a test asked for it.

    Args:
        place: the write being made, e.g. ``load_orders`` or ``create_customers``.
        point: one of :data:`POINTS`.
    """
    wanted = os.environ.get("TRADEBRIDGE_FAILPOINT")
    if wanted != f"{place}:{point}":
        return
    if once := os.environ.get("TRADEBRIDGE_FAILPOINT_ONCE"):
        try:
            Path(once).touch(exist_ok=False)
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGKILL)
