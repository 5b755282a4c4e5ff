"""Look-ups in all four systems: how long a new one takes, how long one that is remembered, and the calls."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING
from unittest.mock import patch

from cryptography.fernet import Fernet

from include.ledger import Ledger, migrate
from tests.airflow.four_systems import Systems, family, four_systems
from tests.bench.figures import Figure, Section
from tradebridge import connections, lookups

if TYPE_CHECKING:
    from tests.bench.sizes import Sizes

WITHIN, COLD, CACHED = timedelta(seconds=10), timedelta(0), timedelta(hours=1)
EACH = 40
"""Look-ups of a repeat."""
KIND = "orders"
"""Those have most records and lines."""


def measure(sizes: Sizes) -> Section:
    """The same order again and again, read anew each time and then out of memory; all systems are up."""
    count = EACH * sizes.repeats
    with _house() as (systems, name):
        _look_up(name, COLD)  # who logs in and loads the connectors is not measured
        systems.mend()
        cold = [_look_up(name, COLD) for _ in range(count)]
        asked = systems.calls()
        systems.mend()
        cached = [_look_up(name, CACHED) for _ in range(count)]
        again = systems.calls()
    most = max(asked.values()) / count
    figures = [
        Figure("cold: p50", median(cold) * 1000, "ms"),
        Figure("cold: p95", _p95(cold) * 1000, "ms"),
        Figure("cached: p50", median(cached) * 1000, "ms"),
        Figure("cached: p95", _p95(cached) * 1000, "ms"),
        Figure("cold p50 against cached p50", median(cold) / median(cached), "x", at_least=2),
        Figure("cold p95 against cold p50", _p95(cold) / median(cold), "x"),
        Figure("systems that are called over HTTP", len(asked), at_least=3),
        Figure("calls of one system for a cold look-up, at most", most, at_most=1),
        Figure("calls for all cached look-ups", again.total(), at_most=0),
    ]
    about = f"{count} look-ups of an order that Zoho, Clarity, Salesforce (twice) and Sage 100 have"
    return Section("lookups", about, figures, {"cold": cold, "cached": cached})


@contextmanager
def _house() -> Iterator[tuple[Systems, str]]:
    """All four systems, and the id of an order in one of them."""
    with tempfile.TemporaryDirectory(prefix="tradebridge-bench-") as folder:
        url = f"sqlite:///{folder}/ledger.sqlite"
        migrate(url)
        ledger = Ledger.connect(url, secret_key=Fernet.generate_key().decode())
        with four_systems(Path(folder)) as systems, patch.object(connections, "ledger", lambda *_: ledger):
            yield systems, family(systems, ledger)[KIND]["sage100"]
        lookups.lookup(KIND).close()
        lookups.lookup.cache_clear()
        ledger.close()


def _look_up(name: str, max_age: timedelta) -> float:
    """Seconds of one; all systems have answered it."""
    began = time.perf_counter()
    found = lookups.lookup(KIND).find(name, within=WITHIN, max_age=max_age)
    took = time.perf_counter() - began
    wrong = [f"{each.system}: {each.problem}" for each in found if each.problem or not each.record]
    if len(found) != 5 or wrong:
        raise RuntimeError(f"{len(found)} records instead of 5; {wrong}")
    return took


def _p95(seconds: list[float]) -> float:
    return quantiles(seconds, n=20, method="inclusive")[18]
