"""A47: while Zoho blocks us a real Airflow starts nothing, holds no slot and turns nothing red."""

from __future__ import annotations

import pytest

from include.standalone.tally import FLOW
from tests.e2e.site import Site

pytestmark = pytest.mark.e2e

BLOCKED = 75
"""Seconds; real ones, and longer than a task waits by itself."""


def test_a_block_parks_the_flow_and_everything_is_carried_after_it(site: Site) -> None:
    site.between_schedules()
    before = {run["dag_run_id"] for run in site.runs()}
    site.control("POST", "/zoho/settings", {"block_seconds": BLOCKED})
    block = {"kind": "limit", "code": 43, "path": "/inventory/v1/salesorders/*", "times": 1}
    fault = site.control("POST", "/faults", block)["id"]
    first = site.place(3)
    parked = site.wait_until(lambda: site.ledger.parking.get(FLOW), "the flow to be parked")
    assert "blocked for an hour" in parked.reason
    told = site.airflow.get("/tradebridge/api/limits").json()
    assert [flow["flow"] for flow in told["flows"]] == [FLOW]
    site.wait_until(lambda: not _running(site), "the run that met the block to end")
    asked = _runs_since(site, before)
    second = site.place(3)
    by_hand = site.trigger()
    assert site.finished(by_hand) == "success"
    assert site.ledger.parking.get(FLOW) is not None
    assert _runs_since(site, before) == asked | {by_hand}
    orders = [*first, *second]
    site.wait_until(lambda: site.settled(orders), "the orders to be carried after the block")
    site.wait_until(lambda: not _running(site), "the last run to end")
    site.assert_carried_once(orders)
    runs = {run["dag_run_id"] for run in site.runs()} - before
    states = {state for run_id in runs for state in _task_states(site, run_id)}
    assert states == {"success", "skipped"}
    assert {run["state"] for run in site.runs() if run["dag_run_id"] in runs} == {"success"}
    assert [row for order in orders for row in site.exceptions_of(order)] == []
    reports = [site.ledger.reports.get(FLOW, run_id) for run_id in runs]
    assert all(report.balanced for report in reports)
    assert sum(report.counts["waiting"] for report in reports) >= 1
    assert site.ledger.parking.standing() == []
    site.control("DELETE", f"/faults/{fault}")


def _runs_since(site: Site, before: set[str]) -> set[str]:
    """A scheduled run may come at any time; it says nothing about the waker."""
    asked = {run["dag_run_id"] for run in site.runs() if run["run_type"] != "scheduled"}
    return asked - before


def _running(site: Site) -> bool:
    return any(run["state"] in {"queued", "running"} for run in site.runs())


def _task_states(site: Site, run_id: str) -> list[str]:
    answer = site.airflow.get(f"/api/v2/dags/{FLOW}/dagRuns/{run_id}/taskInstances", params={"limit": 100})
    return [task["state"] for task in answer.json()["task_instances"]]
