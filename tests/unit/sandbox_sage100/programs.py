"""Programs that tests run in processes of their own: ``python -m ...programs WHAT HOME``.

Each says ``ready`` when the state that the test wants is reached.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from include.sandbox.sage100 import effects
from tests.unit.sandbox_sage100.desk import an_order, log_on, reopened, written


def ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def die(*_args: object, **_more: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hold_seat(home: Path) -> None:
    log_on(home)
    ready()
    time.sleep(60)


def hold_order(home: Path) -> None:
    reopened(log_on(home), "0000001")
    ready()
    time.sleep(60)


def write_for_ever(home: Path) -> None:
    sage = log_on(home)
    ready()
    while True:
        written(sage, [("NW-0001", 1), ("NW-0002", 2), ("NW-0003", 3)])


def write_some(home: Path) -> None:
    sage = log_on(home)
    for _ in range(20):
        written(sage, [("NW-0001", 1), ("NW-0002", 2)])
    ready()


def die_before_commit(home: Path) -> None:
    """The last thing that a write does in its transaction is to log its effect."""
    sage = log_on(home)
    order, _ = an_order(sage)
    effects.log = die
    order.nWrite()


def die_after_commit(home: Path) -> None:
    """``hang_after_commit`` stands: the pause comes when the order is in the tables."""
    sage = log_on(home)
    order, _ = an_order(sage)
    sage.session.pause = die
    order.nWrite()


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]))
