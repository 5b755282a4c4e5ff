"""A8, B14: who started a run, and with which form, decides whether it looks for changes, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from include.ledger import Delivery, Ledger
from include.pipelines import announce
from include.pipelines.flows import ZOHO_ORDERS
from include.pipelines.mirrors import announce as polling
from include.pipelines.mirrors.flows import STOCK
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.ports import World
from tradebridge import stages
from tradebridge.web import waker

ORDERS = {"order_numbers": [], "modified_from": None, "modified_until": None, "recheck": False}
RECORDS = {"keys": [], "whole": False}
BY_HAND = "manual__2026-11-21T12:00:00+00:00_Xy1"
WOKEN = "webhook__2026-11-21T12:00:00_7"


@pytest.fixture
def surroundings(ledger: Ledger, tmp_path: Any) -> dict[str, Any]:
    return {"ledger": ledger, "staging_root": tmp_path}


def asked(world: World | MirrorWorld, run_type: str, run_id: str, params: dict[str, Any]) -> Any:
    """What a run puts into the inbox."""
    moment = datetime(2026, 11, 21, 12, tzinfo=UTC)
    run = SimpleNamespace(run_type=run_type, data_interval_start=moment, data_interval_end=moment)
    put, _ = stages._asked(world, {"run_id": run_id, "dag_run": run, "params": params})
    return put.args[-1]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("run_type", "run_id", "sweeps"),
    [
        ("scheduled", "scheduled__1", True),
        ("manual", BY_HAND, True),
        ("manual", WOKEN, False),
        ("operator_triggered", "operator_triggered__1", False),
    ],
)
def test_an_order_flow_sweeps_on_schedule_and_when_somebody_starts_it(
    surroundings: dict[str, Any], run_type: str, run_id: str, sweeps: bool
) -> None:
    nobody: Any = SimpleNamespace()
    world = World(flow=ZOHO_ORDERS, source=nobody, notes=nobody, reads=nobody, writes=nobody, **surroundings)
    assert asked(world, run_type, run_id, ORDERS) == announce.Request(sweep=sweeps)


@pytest.mark.parametrize(
    ("run_type", "run_id", "wanted"),
    [
        ("scheduled", "scheduled__1", polling.Request(poll=True, when_due=True)),
        ("asset_triggered", "asset_triggered__1", polling.Request(poll=True)),
        ("manual", BY_HAND, polling.Request(poll=True)),
        ("manual", WOKEN, polling.Request()),
        ("operator_triggered", "operator_triggered__1", polling.Request()),
    ],
)
def test_a_mirror_flow_polls_at_once_when_somebody_or_an_asset_starts_it(
    surroundings: dict[str, Any], run_type: str, run_id: str, wanted: polling.Request
) -> None:
    nobody: Any = SimpleNamespace()
    world = MirrorWorld(flow=STOCK, source=nobody, target=nobody, **surroundings)
    assert asked(world, run_type, run_id, RECORDS) == wanted


def test_the_waker_names_its_runs_so_that_they_are_told_from_those_by_hand(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waker, "_is_paused", lambda _dag_id: False)
    monkeypatch.setattr(waker, "trigger_dag", lambda *_arguments, **_named: None)
    ledger.inbox.keep(ZOHO_ORDERS.name, Delivery("zoho_inventory", "salesorder", "1", "d", "v", b""))
    run_id = waker.wake(ZOHO_ORDERS.name)
    assert run_id is not None
    assert run_id.startswith(stages.WOKEN_RUN)
