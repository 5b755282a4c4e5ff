"""What the tasks of the order flow do while a system is away: no try is spent, no task is red."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction
from airflow.sdk.exceptions import AirflowSkipException

from include.errors import CircuitOpenError, RateLimitedError, TransientError
from include.ledger import Delivery, Ledger
from include.pipelines.flows import ZOHO_ORDERS
from include.pipelines.parking import ParkedError
from include.pipelines.ports import World
from tradebridge import connections, stages
from tradebridge.retries import FollowTheError

FLOW = "zoho_orders_to_sage100"
BLOCKED = RateLimitedError("Zoho says: blocked for an hour", retry_after=3600.0)
AWAY = CircuitOpenError("sage100_gateway does not answer", retry_after=30.0)


class Run:
    """A DAG run as a task sees it, on a small real ledger."""

    def __init__(self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
        self.ledger = ledger
        self.monkeypatch = monkeypatch
        self.told: dict[str, str] = {}
        self.asked: dict[str, Any] = {"order_numbers": [], "modified_from": None, "modified_until": None}
        self.type = "scheduled"
        self.lists: list[object] = []
        monkeypatch.setattr(connections, "world", lambda _flow: self.world(tmp_path))
        monkeypatch.setattr(stages, "get_current_context", self.context)

    def world(self, tmp_path: Any) -> World:
        nobody: Any = SimpleNamespace()
        source: Any = SimpleNamespace(list_sales_orders=self._list)
        return World(
            flow=ZOHO_ORDERS,
            ledger=self.ledger,
            source=source,
            notes=nobody,
            reads=nobody,
            writes=nobody,
            staging_root=tmp_path,
            clock=self.ledger.database.now,
        )

    def context(self) -> dict[str, Any]:
        return {
            "dag": SimpleNamespace(dag_id=FLOW),
            "run_id": "run",
            "dag_run": SimpleNamespace(run_type=self.type),
            "params": {"recheck": False, **self.asked},
            "ti": SimpleNamespace(xcom_push=self.told.__setitem__),
        }

    def _list(self, **_: object) -> object:
        self.lists.append(1)
        return iter(())


@pytest.fixture
def run(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Run:
    ledger.inbox.keep(FLOW, Delivery("zoho_inventory", "salesorder", "1", "d1", "v1", b""))
    return Run(ledger, monkeypatch, tmp_path)


def carry(run: Run, error: Exception) -> None:
    (batch,) = run.ledger.inbox.claim(
        FLOW, batch_size=1, max_batches=1, lease=timedelta(minutes=1), run_id="run"
    )

    def stage(*_: object) -> dict[str, int]:
        raise error

    run.monkeypatch.setattr(stages, "_stage", lambda _world, _name: stage)
    stages._carry(batch.id, "load")


def test_a_sweep_of_a_parked_flow_ends_at_once_and_says_why(run: Run) -> None:
    run.ledger.parking.park(FLOW, run.ledger.database.now() + timedelta(hours=1), reason=str(BLOCKED))
    assert stages.claim() == []
    assert "blocked for an hour" in run.told["parked"]
    assert run.lists == []
    assert run.ledger.inbox.pending(FLOW) == 1


def test_when_the_time_is_over_the_sweep_carries_what_waits(run: Run) -> None:
    run.ledger.parking.park(FLOW, run.ledger.database.now() - timedelta(seconds=1), reason="over")
    assert len(stages.claim()) == 1
    assert run.ledger.parking.lift(FLOW) is False


def test_a_request_waits_in_its_run_until_the_time_is_over(run: Run) -> None:
    run.ledger.parking.park(FLOW, run.ledger.database.now() + timedelta(hours=1), reason=str(BLOCKED))
    run.type, run.asked["order_numbers"] = "manual", ["SO-10248"]
    with pytest.raises(ParkedError) as caught:
        stages.claim()
    decision = FollowTheError().evaluate(caught.value, 1, 8)
    assert decision.action is RetryAction.RETRY
    assert timedelta(minutes=59) < decision.retry_delay <= timedelta(hours=1)


@pytest.mark.parametrize("error", [BLOCKED, AWAY])
def test_a_stage_that_meets_a_long_wait_is_skipped_and_parks_the_flow(
    run: Run, error: TransientError
) -> None:
    with pytest.raises(AirflowSkipException, match="parked until"):
        carry(run, error)
    parked = run.ledger.parking.get(FLOW)
    assert parked.reason == str(error)
    wait = (parked.until - run.ledger.database.now()).total_seconds()
    assert error.retry_after - 5 < wait <= error.retry_after


@pytest.mark.parametrize(
    "error", [TransientError("x", retry_after=3600), RateLimitedError("x", retry_after=44)]
)
def test_what_a_task_may_wait_for_is_left_to_its_retries(run: Run, error: TransientError) -> None:
    with pytest.raises(TransientError):
        carry(run, error)
    assert run.ledger.parking.standing() == []


def test_a_batch_that_was_deferred_is_counted_as_waiting_and_no_run_is_red(run: Run) -> None:
    with pytest.raises(AirflowSkipException):
        carry(run, BLOCKED)
    (batch,) = {row.batch_id for row in run.ledger.inbox.history("1")}
    counts = stages.settle([batch])
    assert (counts["received"], counts["waiting"], counts["returned"]) == (1, 1, 0)
    assert run.ledger.reports.get(FLOW, "run").balanced
    assert run.ledger.inbox.pending(FLOW) == 1
