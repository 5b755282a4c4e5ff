"""Any process may die at any moment while orders flow: it comes back, and the books are exact."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

import httpx
import pytest
from sqlalchemy.exc import DBAPIError

from include.errors import TransientError
from include.standalone.sessions import Leader
from include.standalone.tally import FLOW
from tests.e2e.site import FINISHED, Site

pytestmark = pytest.mark.e2e

SERVICES = ("gateway", "api-server", "sandbox", "dag-processor", "postgres", "triggerer", "scheduler")
ORDERS = 120
PAUSE = 5.0
"""Seconds between two deaths: most come while the last victim is still starting."""


def test_each_process_is_killed_while_orders_flow_and_every_order_is_carried_once(site: Site) -> None:
    """A13, A17, P6: kill -9 of all seven processes and of a running task."""
    orders = site.place(ORDERS, announce=False)
    asked = {"salesorder_ids": list(orders), "rate_per_second": 3, "duplicate": 0.2, "seed": 5}
    site.control("POST", "/zoho/emit", {**asked, "webhook": "orders"})
    victims: dict[str, Leader] = {}
    for name in SERVICES:
        time.sleep(PAUSE)
        victims[name] = site.wait_until(lambda name=name: present(site, name), f"{name} to live")
        os.kill(victims[name].pid, signal.SIGKILL)
    site.wait_until(lambda: revived(site, victims), "the supervisor to start everything again")
    kill_a_running_task(site, orders)

    site.wait_until(lambda: all_settled(site, orders), "all orders to be settled")
    site.assert_carried_once(orders)
    assert all(site.state().restarts.get(name) for name in SERVICES)
    balances(site, orders)


def present(site: Site, name: str) -> Leader | None:
    """The service's living process, if it has one just now."""
    return next((leader for leader in site.state().sessions.get(name, ()) if leader.is_alive()), None)


def revived(site: Site, victims: dict[str, Leader]) -> bool:
    """Whether each service has a new living process and Airflow says that all its parts are well."""
    alive = all(present(site, name) not in {None, old} for name, old in victims.items())
    try:
        health = site.guest.get("/api/v2/monitor/health").json()
    except httpx.HTTPError:
        return False
    return alive and all(part["status"] == "healthy" for part in health.values())


def kill_a_running_task(site: Site, orders: dict[str, str]) -> None:
    """Kill a task of the flow that is at work; where all rest, some of the orders are looked at again."""
    sql = """
        SELECT pid FROM task_instance
        WHERE dag_id = :flow AND state = 'running' AND pid IS NOT NULL AND task_id LIKE 'carry_batch%'
    """

    def killed() -> bool:
        found = site.ask("airflow", sql, flow=FLOW)
        if not found and all(run["state"] in FINISHED for run in site.runs()):
            site.trigger(order_numbers=list(orders.values())[:20], recheck=True)
        for (pid,) in found:
            # It may have come to its end since.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                return True
        return False

    site.wait_until(killed, "a task at work")


def all_settled(site: Site, orders: dict[str, str]) -> bool:
    """Whether all is settled; a database that is just starting again is asked again."""
    try:
        return site.settled(orders)
    except (DBAPIError, TransientError, httpx.HTTPError):
        return False


def balances(site: Site, orders: dict[str, str]) -> None:
    """Received is the sum of the outcomes, for these orders and for every closed run."""
    standing = dict(
        site.ask(
            "tradebridge",
            "SELECT coalesce(outcome, state), count(*) FROM inbox WHERE record_key = ANY(:ids) GROUP BY 1",
            ids=list(orders),
        )
    )
    assert set(standing) <= {"loaded", "unchanged", "duplicate"}
    assert sum(standing.values()) >= ORDERS
    for report in site.ledger.reports.list(flow=FLOW, limit=500):
        counts = dict(report.counts)
        assert counts.pop("received") == sum(counts.values())
    created = site.sage(
        "SELECT order_id, count(*) FROM sandbox_effect"
        " WHERE kind = 'order_created' AND order_id <> '' GROUP BY order_id"
    )
    assert {shop_id for shop_id, _ in created} >= orders.keys()
    assert not [shop_id for shop_id, times in created if times > 1]
