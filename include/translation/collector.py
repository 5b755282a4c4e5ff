"""Python's cycle collector at rest while a batch is read.

Reading ten thousand orders makes half a million small objects that live until the batch is done and form
no cycle. The collector would walk them (and whatever else the process holds: pandas, Airflow) again and
again for nothing: half of the time of a translation.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """No cycle collection inside the block; afterwards as before, also when two threads overlap."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
