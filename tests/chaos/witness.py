"""Asks everybody once it is quiet: the shop, Sage's tables and log, and the ledger for what it claims."""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from decimal import Decimal
from typing import Any

import httpx
from sqlalchemy.exc import DBAPIError

from include.errors import TransientError
from include.standalone.tally import FLOW, sage_totals
from tests.chaos.checker import Alert, Effect, Evidence, Order
from tests.chaos.machine import Theatre
from tests.e2e.site import FINISHED, Site
from tests.pipeline.agreement import differences
from tests.pipeline.outside import Sage, Zoho

SWEEP_EVERY = 90.0
AWAY = (DBAPIError, TransientError, httpx.HTTPError)
IDENTITY = {"salesorder_id", "last_modified_time"}


def await_quiet(
    stage: Theatre, history: Mapping[str, Order], patience: float, say: Callable[[str], None]
) -> float:
    """Wait until every row has its end, no run is open and no alert; seconds that it took.

    What no webhook announced, the sweep must find: the latest scheduled run is cleared, which is that
    run again, now. Nothing else is done for the machine: what waits, waits as long as it would. After
    ``patience`` seconds the witnesses are asked all the same.
    """
    started = swept = time.monotonic()
    swept -= SWEEP_EVERY
    said = ""
    while time.monotonic() - started < patience:
        time.sleep(2)
        try:
            if time.monotonic() - swept > SWEEP_EVERY and _missing(stage.site, history):
                swept = time.monotonic()
                sweep_again(stage.site)
            restless = _restless(stage.site, history)
        except AWAY as problem:
            restless = f"not all is up ({type(problem).__name__})"
        if not restless:
            break
        if restless != said:
            said = restless
            say(f"{time.monotonic() - started:7.1f} waiting: {restless}")
    return time.monotonic() - started


def _restless(site: Site, history: Mapping[str, Order]) -> str:
    """What is still to come; empty when nothing is."""
    deliveries = site.control("GET", "/zoho/counts")["deliveries"]
    if under_way := deliveries["pending"] + deliveries["sending"]:
        return f"{under_way} webhooks under way"
    if missing := _missing(site, history):
        return f"{missing} changes not announced"
    standing = _inbox(site)
    if open_rows := {name: standing[name] for name in ("pending", "leased", "in_doubt") if name in standing}:
        return f"rows {open_rows}"
    sql = "SELECT count(*) FROM dag_run WHERE dag_id = :flow AND state IN ('running', 'queued')"
    [(runs,)] = site.ask("airflow", sql, flow=FLOW)
    if runs:
        return f"{runs} runs"
    sql = "SELECT count(*) FROM exceptions WHERE state = 'open' AND record_key LIKE 'task:%'"
    [(failed,)] = site.ask("tradebridge", sql)
    if failed:
        return f"{failed} failed tasks that no later run has made good"
    untold = "SELECT count(*) FROM notices WHERE delivered_at IS NULL"
    sql = f"SELECT (SELECT count(*) FROM alerts WHERE state = 'open') + ({untold})"
    [(alerts,)] = site.ask("tradebridge", sql)
    return f"{alerts} alerts and notices" if alerts else ""


def _missing(site: Site, history: Mapping[str, Order]) -> int:
    """Orders whose last version has not reached the inbox."""
    kept = _kept(site)
    return sum((key, order.versions[-1][0]) not in kept for key, order in history.items())


def sweep_again(site: Site) -> None:
    """Clear the latest scheduled run that has ended."""
    ended = [run for run in site.runs() if run["run_type"] == "scheduled" and run["state"] in FINISHED]
    if ended:
        path = f"/api/v2/dags/{FLOW}/dagRuns/{ended[0]['dag_run_id']}/clear"
        site.airflow.post(path, json={"dry_run": False}).raise_for_status()


def evidence(stage: Theatre, history: Mapping[str, Order]) -> Evidence:
    """Everything the checker needs."""
    site = stage.site
    ours = [key for key, order in history.items() if not order.cancelled]
    standing = sage_totals(site.machine.sage_database)
    unequal: dict[str, list[str]] = {}
    zoho, sage = Zoho(site.machine.sandbox_url), Sage(site.machine.sandbox_url, site.machine.sage_database)
    for line in differences(zoho, sage, [key for key in ours if len(standing.get(key, ())) == 1]):
        key, _, what = line.partition(": ")
        unequal.setdefault(key, []).append(what)
    inbox = _inbox(site)
    balance = site.ledger.balances.check(FLOW)
    unsure = "SELECT key FROM writes WHERE flow = :flow AND state IN ('sent', 'in_doubt')"
    exceptions = "SELECT record_key, code, message FROM exceptions WHERE state <> 'resolved'"
    reports = site.ask("tradebridge", "SELECT run_id, counts FROM run_reports WHERE flow = :flow", flow=FLOW)
    return Evidence(
        standing=standing,
        differences=unequal,
        effects=[*_effects(site)],
        acknowledged=frozenset(_acknowledged(site)),
        kept=frozenset(_kept(site)),
        inbox=inbox,
        rows=balance.received,
        books=[f"{each.check}: {each.rows} rows ({', '.join(each.keys[:3])})" for each in balance.findings],
        writes_in_doubt=[key for (key,) in site.ask("tradebridge", unsure, flow=FLOW)],
        exceptions=[" ".join(map(str, row))[:300] for row in site.ask("tradebridge", exceptions)],
        reports={run_id: json.loads(counts) for run_id, counts in reports},
        broken_at=site.ledger.audit.verify().broken_at,
        alerts=_alerts(stage),
    )


def _alerts(stage: Theatre) -> list[Alert]:
    """Every alert that was ever opened, and the messages about it that somebody heard."""
    rows = stage.site.ask("tradebridge", "SELECT id, key FROM alerts WHERE state <> 'pending' ORDER BY id")
    heard = stage.listener.heard
    return [
        Alert(key, sent=f"notice-{id_}-opened" in heard, recovered=f"notice-{id_}-recovered" in heard)
        for id_, key in rows
    ]


def _inbox(site: Site) -> dict[str, int]:
    sql = "SELECT coalesce(outcome, state), count(*) FROM inbox WHERE flow = :flow GROUP BY 1"
    return {str(name): int(rows) for name, rows in site.ask("tradebridge", sql, flow=FLOW)}


def _kept(site: Site) -> set[tuple[str, str]]:
    rows = site.ask("tradebridge", "SELECT record_key, version FROM inbox")
    return {(key, version) for key, version in rows}


def _effects(site: Site) -> Iterable[Effect]:
    for row in site.sage("SELECT kind, record, order_id, total FROM sandbox_effect ORDER BY id"):
        total = Decimal(str(row["total"])).quantize(Decimal("0.01"))
        yield Effect(row["kind"], row["record"], row["order_id"], total)


def _acknowledged(site: Site) -> Iterable[tuple[str, str]]:
    """What the shop's own log says that the receiver answered with 2xx."""
    address = f"file:{site.machine.sandbox_data / 'sandbox.sqlite'}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=30)) as shop:
        sql = "SELECT body FROM zoho_deliveries WHERE status = 'success'"
        for (body,) in shop.execute(sql):
            order: dict[str, Any] = json.loads(zlib.decompress(body))["salesorder"]
            yield str(order["salesorder_id"]), str(order["last_modified_time"])
