"""Orders walk from the shop to the ERP, whoever asks for it: webhook, schedule, form, backfill."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from include.standalone.environment import environment
from include.standalone.tally import FLOW
from tests.e2e.site import Site

pytestmark = pytest.mark.e2e

DAG = f"/api/v2/dags/{FLOW}"
DAY = "2026-01-05"
"""Long before the shop's other orders."""


def test_a_webhook_becomes_a_sage_order_with_equal_lines_and_cents(site: Site) -> None:
    """A1, A7, P1. The run was started by the waker, not by the schedule."""
    site.between_schedules()
    [(order_id, number)] = site.place(like="SO-10248").items()
    site.wait_settled([order_id])
    site.assert_carried_once([order_id])
    assert site.in_shop(order_id).lines
    [(run_id,)] = site.ask(
        "tradebridge",
        "SELECT b.run_id FROM batches b JOIN inbox i ON i.batch_id = b.id WHERE i.record_key = :id",
        id=order_id,
    )
    assert run_id.startswith("webhook__")
    [head] = site.sage("SELECT * FROM SO_SalesOrderHeader WHERE CustomerPONo = ?", number)
    assert head["UDF_ZOHO_ORDER_ID"] == order_id
    [link] = site.ledger.crosswalk.find("sales_order", "zoho_inventory", [order_id], "sage100").values()
    assert link.target_id == head["SalesOrderNo"]


def test_a_burst_of_a_hundred_webhooks_makes_few_runs(site: Site) -> None:
    """A4, P1: one wake for many rows, and none of them stranded."""
    before = {run["dag_run_id"] for run in site.runs()}
    orders = site.place(100)
    site.wait_settled(orders)
    woken = {run["dag_run_id"] for run in site.runs()} - before
    assert 1 <= len([run_id for run_id in woken if run_id.startswith("webhook__")]) <= 15
    site.assert_carried_once(orders)


@pytest.mark.parametrize("body_type", ["json", "form"])
def test_doubled_and_shuffled_webhooks_carry_each_order_once(site: Site, body_type: str) -> None:
    """A4, A9, A22: Zoho's default payload and its older form field."""
    site.send_webhooks_here(name=body_type, format=body_type, events=[])
    orders = site.place(15, announce=False)
    said = site.control(
        "POST",
        "/zoho/emit",
        {"salesorder_ids": list(orders), "webhook": body_type, "duplicate": 1.0, "shuffle": True, "seed": 7},
    )
    assert said["queued"] == 30
    site.wait_settled(orders)
    site.assert_carried_once(orders)


def test_an_edit_in_the_shop_changes_the_same_sage_order(site: Site) -> None:
    [order_id] = site.place(like="SO-10250")
    site.wait_settled([order_id])
    [number] = [row[0] for row in _sage_numbers(site, order_id)]
    site.control("PUT", f"/zoho/salesorders/{order_id}", {"changes": {"shipping_charge": 99.99}})
    site.wait_until(
        lambda: len(site.outcomes(order_id)) == 2 and site.settled([order_id]), "the edit to be carried"
    )
    site.assert_carried_once([order_id])
    assert [row[0] for row in _sage_numbers(site, order_id)] == [number]


def test_an_unsigned_webhook_is_turned_away(site: Site) -> None:
    answer = site.guest.post("/tradebridge/webhooks/zoho_inventory/salesorder", json={"salesorder": {}})
    assert answer.status_code == 401


def test_orders_named_in_the_trigger_form_are_carried(site: Site) -> None:
    """A31: the form's parameters, by REST."""
    orders = site.place(2, announce=False)
    run_id = site.trigger(order_numbers=list(orders.values()))
    assert site.finished(run_id) == "success"
    site.assert_carried_once(orders)


@pytest.mark.parametrize(
    "conf", [{"order_numbers": "SO-1"}, {"modified_from": "yesterday"}, {"recheck": "perhaps"}]
)
def test_a_parameter_of_the_wrong_kind_starts_no_run(site: Site, conf: dict[str, object]) -> None:
    answer = site.airflow.post(f"{DAG}/dagRuns", json={"logical_date": None, "conf": conf})
    assert answer.status_code == 400
    assert next(iter(conf)) in answer.json()["detail"]


def test_the_schedule_finds_what_no_webhook_announced(site: Site) -> None:
    """A8. The latest scheduled run is cleared, which is that run again, now."""
    orders = site.place(3, announce=False)
    run_id = next(run["dag_run_id"] for run in site.runs() if run["run_type"] == "scheduled")
    site.finished(run_id)
    site.airflow.post(f"{DAG}/dagRuns/{run_id}/clear", json={"dry_run": False}).raise_for_status()
    site.wait_settled(orders)
    site.assert_carried_once(orders)
    origins = site.ask(
        "tradebridge", "SELECT DISTINCT headers FROM inbox WHERE record_key = ANY(:ids)", ids=list(orders)
    )
    assert [("sweep" in headers, "webhook" in headers) for (headers,) in origins] == [(True, False)]


def test_backfilling_a_window_twice_writes_nothing_the_second_time(site: Site) -> None:
    """A9, A32: by REST, by the command line, and the same window once more from the trigger form."""
    site.control("POST", "/clock", {"freeze": f"{DAY}T12:02:00Z"})
    orders = site.place(3, announce=False)
    site.control("POST", "/clock", {"run": True, "offset_seconds": 0})
    window = dict.fromkeys(("from_date", "to_date"), f"{DAY}T12:00:00Z")
    answer = site.airflow.post("/api/v2/backfills", json={"dag_id": FLOW, **window, "max_active_runs": 1})
    assert answer.status_code == 200, answer.text
    site.wait_settled(orders)
    site.assert_carried_once(orders)
    _await_backfill(site, answer.json()["id"])
    written = _written(site, orders)

    said = _airflow(
        site, "backfill", "create", "--dag-id", FLOW, "--from-date", window["from_date"], "--to-date",
        window["to_date"], "--reprocess-behavior", "completed", "--max-active-runs", "1",
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr
    run_id = site.trigger(modified_from=f"{DAY}T12:00:00Z", modified_until=f"{DAY}T12:05:00Z")
    assert site.finished(run_id) == "success"
    site.wait_until(lambda: _tries(site, f"backfill__{DAY}") >= 2, "the second backfill")

    assert _written(site, orders) == written
    assert {site.outcomes(order_id)[-1] for order_id in orders} == {"unchanged"}
    site.assert_carried_once(orders)


def test_what_stood_in_the_shop_before_the_start_was_swept(site: Site) -> None:
    """The first scheduled run takes the last day; at most one order for each of the shop's."""
    doubled = site.sage(
        "SELECT UDF_ZOHO_ORDER_ID FROM SO_SalesOrderHeader WHERE UDF_ZOHO_ORDER_ID <> '' "
        "GROUP BY 1 HAVING count(*) > 1"
    )
    assert not doubled
    sql = (
        "SELECT record_key FROM inbox "
        "WHERE flow = :flow AND headers LIKE '%sweep%' AND outcome = 'loaded' LIMIT 50"
    )
    swept = [key for (key,) in site.ask("tradebridge", sql, flow=FLOW)]
    site.assert_carried_once(swept)


def _sage_numbers(site: Site, order_id: str) -> list[tuple[str]]:
    sql = "SELECT SalesOrderNo FROM SO_SalesOrderHeader WHERE UDF_ZOHO_ORDER_ID = ?"
    return [tuple(row) for row in site.sage(sql, order_id)]


def _written(site: Site, orders: dict[str, str]) -> int:
    """Effects on these orders in Sage's own log."""
    marks = ", ".join("?" for _ in orders)
    sql = f"SELECT count(*) FROM sandbox_effect WHERE order_id IN ({marks})"
    return int(site.sage(sql, *orders)[0][0])


def _tries(site: Site, run: str) -> int:
    return int(
        site.ask(
            "airflow",
            "SELECT coalesce(max(try_number), 0) FROM task_instance "
            "WHERE run_id LIKE :run AND task_id = 'settle_orders' AND state = 'success'",
            run=f"{run}%",
        )[0][0]
    )


def _await_backfill(site: Site, number: int) -> None:
    """Airflow looks every half minute whether a backfill is complete, and takes no second one before."""

    def complete() -> bool:
        return bool(site.airflow.get(f"/api/v2/backfills/{number}").json()["completed_at"])

    site.wait_until(complete, "the backfill to be closed")


def _airflow(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "airflow", *arguments],
        env=environment(site.machine, dict(os.environ)),
        cwd=site.machine.run,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
