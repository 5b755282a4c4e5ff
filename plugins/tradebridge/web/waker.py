"""Something pending becomes one DAG run, and no row can be stranded.

One thread in the API server looks at the inbox when the receiver rings, and every second besides. A
flow with claimable rows and no outstanding *wake* gets one run; its first task answers the wake
**before** it reads the inbox. A row committed before that read is seen by it; a row committed after it
finds no outstanding wake and gets the next run. A wake whose run never starts expires. Many rows, one
wake: a burst coalesces. While a flow is parked its rows wait. With several API servers the ledger's
unique index on outstanding wakes keeps it to one run.

A flow that nobody sends events to is woken, too: a run takes only so many batches, and what it left must not
wait for the next schedule. Its rows come from its own polls, so that while a run is at work they are left
to it.

Airflow's own asset events would strand rows here: an event that arrives while the consuming run is
being created can wait for the next one for ever.
"""

from __future__ import annotations

import logging
import threading
from functools import cache
from typing import TYPE_CHECKING

from airflow.api.common.trigger_dag import trigger_dag
from airflow.models import DagModel, DagRun
from airflow.models.pool import Pool
from airflow.utils.session import create_session
from airflow.utils.state import State
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import select

from include.errors import IntegrationError
from tradebridge import connections, stages
from tradebridge.flows import FLOWS
from tradebridge.pools import POOLS
from tradebridge.web.senders import WOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

PATROL = 1.0
"""Seconds between two looks without a ring: rows released by a lease, a retry, another process."""
GATHER = 0.03
"""Seconds to let a burst gather before looking."""


class Waker:
    """The thread. Started once per API server process by the first look at the app."""

    def __init__(self) -> None:
        self._bell = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._patrol, name="tradebridge-waker", daemon=True)

    def start(self) -> None:
        """Start patrolling."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the current look."""
        self._stop.set()
        self._bell.set()
        self._thread.join(timeout=5)

    def ring(self) -> None:
        """Something was kept just now."""
        self._bell.set()

    def _patrol(self) -> None:
        self._attempt(make_pools)
        while not self._stop.is_set():
            if self._bell.wait(PATROL):
                self._stop.wait(GATHER)
                self._bell.clear()
            self._attempt(self._look)

    def _look(self) -> None:
        """One query tells which flows may have work; what fails for one of them does not stop the others."""
        stirring = connections.ledger().inbox.flows()
        for flow in FLOWS:
            if flow in stirring:
                self._attempt(wake, flow)

    def _attempt(self, do: Callable[..., object], *arguments: str) -> None:
        try:
            do(*arguments)
        except IntegrationError as error:
            log.warning("waker: %s; trying again", error)
        except Exception:
            # The thread is the only waker of this process: whatever happens, it must look again.
            log.exception("waker: trying again")


def wake(flow: str) -> str | None:
    """Start one run of ``flow`` if rows are claimable, it is not parked, and no run is on its way.

    Of a flow that takes no events a run at work counts as one on its way.

    Returns:
        The run's id, or ``None`` when there is nothing to do.
    """
    ledger = connections.ledger()
    if not ledger.inbox.pending(flow) or ledger.parking.get(flow) or _is_paused(flow):
        return None
    if flow not in WOKEN and _is_at_work(flow):
        return None
    asked = ledger.wakes.request(flow)
    if asked is None:
        return None
    # The time is part of it: a wake that expired unanswered is asked again under the same number.
    run_id = f"{stages.WOKEN_RUN}{asked.requested_at:%Y-%m-%dT%H:%M:%S}_{asked.id}"
    try:
        trigger_dag(
            flow,
            run_id=run_id,
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.REST_API,
            note="woken by events in the inbox",
        )
    except BaseException:
        ledger.wakes.withdraw(asked)
        raise
    return run_id


def _is_paused(dag_id: str) -> bool:
    """Rows of a paused flow wait: a wake would only pile up queued runs."""
    with create_session() as session:
        dag = session.get(DagModel, dag_id)
        return dag is None or bool(dag.is_paused)


def _is_at_work(dag_id: str) -> bool:
    """Whether a run of the flow has begun or is about to."""
    with create_session() as session:
        active = select(DagRun.id).where(
            DagRun.dag_id == dag_id, DagRun.state.in_(State.unfinished_dr_states)
        )
        return session.scalar(active.limit(1)) is not None


def make_pools() -> None:
    """Create the pools our tasks name where they are missing; an operator's own sizes are kept."""
    for name, (slots, description) in POOLS.items():
        if Pool.get_pool(name) is None:
            Pool.create_or_update_pool(name, slots, description, include_deferred=False)


@cache
def waker() -> Waker:
    """This process's waker, running."""
    thread = Waker()
    thread.start()
    return thread
