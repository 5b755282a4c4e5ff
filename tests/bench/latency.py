"""From webhook to Sage order, one order at a time, against a DAG of as many tasks that do nothing."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

from include.standalone.tally import FLOW
from tests.bench.figures import Figure, Section
from tests.bench.running import wait_for

if TYPE_CHECKING:
    from tests.bench.running import Site
    from tests.bench.sizes import Sizes

EMPTY = "bench_empty_tasks"
CARRIED = """
    SELECT extract(epoch FROM writes.updated_at - min(inbox.received_at))
    FROM writes JOIN inbox ON inbox.flow = writes.flow AND inbox.record_key = writes.record_key
    WHERE writes.record_key = :key AND writes.entity = 'sales_order' AND writes.state = 'committed'
    GROUP BY writes.key, writes.updated_at
"""
ENDED = "SELECT extract(epoch FROM end_date), state FROM dag_run WHERE run_id = :run AND end_date IS NOT NULL"
OUR_TASKS = """
    SELECT t.task_id,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM t.end_date - t.start_date))
    FROM task_instance t JOIN dag_run r ON r.dag_id = t.dag_id AND r.run_id = t.run_id
    WHERE r.dag_id = :flow AND r.run_id LIKE 'webhook%' AND r.start_date >= to_timestamp(:since)
          AND t.state = 'success'
    GROUP BY 1
"""


def measure(site: Site, sizes: Sizes) -> Section:
    """Singles of both kinds in turn, after one of each that does not count."""
    ours: list[float] = []
    empty: list[float] = []
    _one_order(site)
    _one_empty_run(site)
    since = time.time()
    for _ in range(sizes.singles):
        ours.append(_one_order(site))
        empty.append(_one_empty_run(site))
    tasks = {
        name: round(float(seconds), 3) for name, seconds in site.airflow(OUR_TASKS, flow=FLOW, since=since)
    }
    figures = [
        Figure("webhook to Sage order", median(ours), "s"),
        Figure("six empty tasks, trigger to end", median(empty), "s"),
        Figure("ours against the empty tasks", median(ours) / median(empty), "times", at_most=2),
        *(Figure(f"  of it in {name}", seconds, "s") for name, seconds in sorted(tasks.items())),
    ]
    about = f"medians of {sizes.singles}, one after the other on the same Airflow"
    return Section("latency", about, figures, {"ours": ours, "empty": empty})


def _one_order(site: Site) -> float:
    """Place an order in the shop, which announces it; seconds until Sage has it."""
    key = site.shop("POST", "salesorders", {})["salesorders"][0]["salesorder_id"]
    wait_for(lambda: bool(site.ledger(CARRIED, key=key)), f"order {key} to arrive")
    took = float(site.ledger(CARRIED, key=key)[0][0])
    _rest(site)
    return took


def _one_empty_run(site: Site) -> float:
    started = time.time()
    answer = site.api.post(f"/api/v2/dags/{EMPTY}/dagRuns", json={"logical_date": None}).raise_for_status()
    run = answer.json()["dag_run_id"]
    wait_for(lambda: bool(site.airflow(ENDED, run=run)), f"{run} to end")
    ended, state = site.airflow(ENDED, run=run)[0]
    if state != "success":
        raise RuntimeError(f"the empty run ended {state}")
    return float(ended) - started


def _rest(site: Site) -> None:
    """Until no run is on its way: the next measurement has the machine to itself."""
    running = "SELECT 1 FROM dag_run WHERE state IN ('queued', 'running')"
    wait_for(lambda: not site.airflow(running), "runs to end")
