"""One real machine for all tests of this folder: PostgreSQL, sandbox, gateway and Airflow's processes.

It is brought up once, in a folder of its own on ports of its own, and taken down however the tests end:
its supervisor asks the kernel to be told when pytest dies. Tests share it and touch only their own orders.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from include.standalone import state as states
from include.standalone import up
from include.standalone.ports import Ports, choose
from include.standalone.processes import state_file
from include.standalone.sessions import die_with_parent

pytest.register_assert_rewrite("tests.e2e.site")
from tests.e2e.site import PATIENCE, Site  # noqa: E402 - only now are its assertions explained

UNUSED = (
    "sage100_customers_to_clarity",
    "sage100_invoices_to_clarity",
    "sage100_items_to_clarity",
    "zoho_stock_to_salesforce",
)
"""Flows that no test here waits for: they run once, beside all others, and then rest."""
UNHURRIED = {"AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3"}
"""The scheduler looks three times a second, not ten: other rooms are tried beside it."""
LAST = ("test_killed_processes", "test_nothing_leaks")
"""They kill what others need, and look through everything that the others left."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put them last, in this order; give each as long as several waits in a row may take."""
    for item in items:
        item.add_marker(pytest.mark.timeout(4 * PATIENCE))
    items.sort(key=lambda item: LAST.index(name) + 1 if (name := item.path.stem) in LAST else 0)


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """The machine; at its end nothing may be left running. After a failure its folder stays, to be read."""
    run = Path(tempfile.mkdtemp(prefix="tradebridge-e2e-"))
    choose(run, dict.fromkeys(Ports._fields, 0))
    os.environ |= UNHURRIED
    supervisor = up.spawn_supervisor(run, before_exec=die_with_parent)
    try:
        for line in up.progress(run, supervisor):
            sys.stderr.write(f"{line}\n")
        assert states.read(state_file(run)).status == states.READY, f"see {run}/logs"
        running = Site(up.machine_of(run))
        running.send_webhooks_here()
        running.wait_until(running.swept, "the first scheduled run")
        running.rest(UNUSED)
        yield running
        running.close()
    finally:
        up.down(run, lambda _: None)
        supervisor.wait()
    assert not processes_of(run)
    if not request.session.testsfailed:
        up.forget(run, lambda _: None)


def processes_of(run: Path) -> list[psutil.Process]:
    """Every process that was told to work in the run folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("TRADEBRIDGE_RUN") == str(run):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
