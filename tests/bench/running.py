"""One whole machine for what needs Airflow: started in a folder of its own, gone afterwards."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import httpx
from sqlalchemy import NullPool, create_engine, text

from include.standalone import state as states
from include.standalone import up
from include.standalone.environment import ADMIN, SANDBOX_WEBHOOK_SECRET
from include.standalone.processes import state_file
from include.standalone.sessions import die_with_parent
from include.standalone.tally import FLOW, progress, sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.standalone.environment import Machine

LOCAL = "airflow.dag_processing.bundles.local.LocalDagBundle"
BUNDLES = [
    {"name": "dags-folder", "classpath": LOCAL, "kwargs": {}},
    {"name": "bench", "classpath": LOCAL, "kwargs": {"path": str(Path(__file__).parent / "dags")}},
]
READY_WITHIN = 300.0
QUIET_FOR = 5


class Site:
    """The running machine, as the measurements use it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._ledger = create_engine(machine.database_url("tradebridge"), poolclass=NullPool)
        self._airflow = create_engine(machine.database_url("airflow"), poolclass=NullPool)
        self.receiver = f"{machine.airflow_url}/tradebridge/webhooks/zoho_inventory/salesorder"
        self.api = httpx.Client(base_url=machine.airflow_url, timeout=30, trust_env=False)

    def close(self) -> None:
        """Hang up."""
        self.api.close()

    def log_in(self) -> None:
        """Use Airflow's API as the administrator."""
        password = self.machine.secrets.admin_password
        answer = self.api.post(
            "/auth/token", json={"username": ADMIN, "password": password}
        ).raise_for_status()
        self.api.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def announce_new_orders(self) -> None:
        """Let the shop send a webhook for whatever happens from now on."""
        self.shop("POST", "webhooks", {"url": self.receiver, "secret": SANDBOX_WEBHOOK_SECRET})

    def shop(self, method: str, path: str, body: object = None) -> Any:
        """The hand on the shop."""
        return sandbox(self.machine, method, path, body)

    def ledger(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """Ask our memory."""
        with self._ledger.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def airflow(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """Ask Airflow's database; its API server has enough to do."""
        with self._airflow.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def settle(self) -> None:
        """Wait until nothing is on its way any more: the first sweep finds orders of the last day."""
        quiet, last = 0, -1

        def still() -> bool:
            nonlocal quiet, last
            present = progress(self.machine)
            running = self.airflow("SELECT count(*) FROM dag_run WHERE state IN ('queued', 'running')")[0][0]
            at_rest = present.settled == present.received == last and not running
            quiet, last = (quiet + 1 if at_rest else 0), present.received
            return quiet >= QUIET_FOR

        wait_for(still, "the machine to come to rest", every=1.0)


def wait_for(done: Callable[[], bool], what: str, *, every: float = 0.1) -> None:
    """Ask again and again.

    Raises:
        TimeoutError: in vain.
    """
    deadline = time.monotonic() + READY_WITHIN
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {READY_WITHIN:.0f} s for {what}")
        time.sleep(every)


@contextmanager
def running_machine() -> Iterator[Site]:
    """Everything up, the bench's own DAG beside the product's, and at rest."""
    # Not in a private folder: root's PostgreSQL runs as somebody who may not enter that.
    run = Path(tempfile.mkdtemp(prefix="tradebridge-bench-"))
    run.chmod(0o755)
    (run / "ports.json").write_text(
        json.dumps(dict.fromkeys(("airflow", "sandbox", "gateway", "postgres"), 0))
    )
    with patch.dict(os.environ):
        # A variable of the caller's would win over the machine's own.
        for name in [name for name in os.environ if name.startswith(("AIRFLOW_", "TRADEBRIDGE_"))]:
            del os.environ[name]
        os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps(BUNDLES)
        supervisor = up.spawn_supervisor(run, before_exec=die_with_parent)
    try:
        for _ in up.progress(run, supervisor):
            pass
        if states.read(state_file(run)).status != states.READY:
            raise TimeoutError(f"not everything came up: {states.read(state_file(run)).lines[-3:]}")
        with closing(Site(up.machine_of(run))) as site:
            site.log_in()
            for dag in (FLOW, "bench_empty_tasks"):
                wait_for(lambda dag=dag: site.api.get(f"/api/v2/dags/{dag}").is_success, f"{dag} to be known")
            site.announce_new_orders()
            site.settle()
            yield site
    finally:
        up.down(run, lambda _: None)
        supervisor.wait()
        up.forget(run, lambda _: None)
        shutil.rmtree(run, ignore_errors=True)
