"""Which processes make up one machine, how each is started and how we see that it is ready.

The commands of Airflow are the ones of ``docker-compose.yaml``.
"""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import httpx

from include.standalone.environment import (
    ADMIN,
    ROOT,
    SANDBOX_CALLS_PER_MINUTE,
    SANDBOX_CLARITY_WEBHOOK_SECRET,
)
from include.standalone.ports import HOST
from include.standalone.postgres import PostgresServer, identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from include.standalone.environment import Machine
    from include.standalone.postgres import Identity

AIRFLOW = (sys.executable, "-m", "airflow")
MODULE = (sys.executable, "-m")
CLARITY_EVENTS = (
    "product.created",
    "product.updated",
    "order.created",
    "order.updated",
    "order.cancelled",
    "payment.captured",
)
"""What the Clarity shop announces: what a flow takes."""


CELERY_WORKER = (*AIRFLOW, "celery", "worker", "--skip-serve-logs")
"""Runs tasks on machines of its own (Compose, Helm); one machine is better off without it."""


@cache
def local_http() -> httpx.Client:
    """For calls on this machine, from any thread; to make a client costs more than a call.

    A process that was killed leaves no line that somebody would speak into.
    """
    return httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))


@dataclass(frozen=True, slots=True)
class Service:
    """A process that shall always run.

    Args:
        name: of the process, its log file and its line in the status.
        command: argument vector.
        is_ready: answers now whether it works; also asked later, to find one that hangs.
        needs: services without which ``is_ready`` says nothing about this one.
        stop_signal: what makes it end in order.
        stop_seconds: how long it may take for that.
        finishes_work: after its death, busy orphans may finish what they do (Airflow's task workers).
        runs_as: another account, where needed.
        cwd: its working directory.
        prepare: called before each start.
    """

    name: str
    command: tuple[str, ...]
    is_ready: Callable[[], bool]
    needs: tuple[str, ...] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    finishes_work: bool = False
    runs_as: Identity | None = None
    cwd: str = str(ROOT)
    prepare: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A command that must succeed once before the services after it start."""

    name: str
    command: tuple[str, ...]


def database(server: PostgresServer) -> Service:
    """The embedded PostgreSQL. SIGINT is its fast, orderly shutdown."""
    return Service(
        "postgres",
        tuple(server.command()),
        server.is_ready,
        stop_signal=signal.SIGINT,
        runs_as=identity(server.account),
        cwd="/",
        prepare=server.prepare,
    )


def jobs(machine: Machine) -> tuple[Job, ...]:
    """What must be done before the services start: schemas of both databases, the sandbox's company."""
    company = (*MODULE, "include.standalone.sage_company", "--home", str(machine.sage_home))
    return (
        Job("airflow-migrate", (*AIRFLOW, "db", "migrate")),
        Job("ledger-migrate", (*MODULE, "include.ledger", "migrate")),
        Job("sage-company", company),
    )


def raise_call_limits(machine: Machine) -> None:
    """Raise the sandbox's call limits to our budgets for them."""
    minute = SANDBOX_CALLS_PER_MINUTE
    _tell(machine, "zoho/settings", {"per_minute": minute, "per_day": 100 * minute})
    _tell(machine, "clarity/settings", {"per_minute": minute, "burst": minute})


def fill_clarity(machine: Machine) -> None:
    """Give the Clarity shop Northwind's customers and goods, unless it has goods; orders are placed later."""
    counted = local_http().get(f"{machine.sandbox_url}/_sandbox/clarity/counts", timeout=10)
    if not counted.raise_for_status().json()["products"]:
        _tell(machine, "load", {"story": "clarity", "limit": 0})


def subscribe_to_clarity(machine: Machine) -> None:
    """Point the Clarity shop's webhook at the receiver, unless it points there already."""
    receiver = f"{machine.airflow_url}/tradebridge/webhooks/clarity_ecommerce/events"
    url = f"{machine.sandbox_url}/_sandbox/clarity/webhooks"
    known = local_http().get(url, timeout=10).raise_for_status().json()["subscriptions"]
    if receiver not in {subscription["url"] for subscription in known}:
        asked = {"url": receiver, "secret": SANDBOX_CLARITY_WEBHOOK_SECRET, "events": list(CLARITY_EVENTS)}
        _tell(machine, "clarity/webhooks", asked)


def _tell(machine: Machine, path: str, body: Mapping[str, object]) -> None:
    """Use the sandbox's control API."""
    url = f"{machine.sandbox_url}/_sandbox/{path}"
    local_http().post(url, json=body, timeout=10).raise_for_status()


def outside_world(machine: Machine) -> tuple[Service, ...]:
    """The sandbox (the three shops, and the hand on Sage's tables), then the gateway in front of those."""
    sandbox = Service(
        "sandbox",
        (*MODULE, "include.sandbox", "--host", HOST, "--port", str(machine.ports.sandbox),
         "--data", str(machine.sandbox_data), "--sage-home", str(machine.sage_home), "--story", "northwind",
         "--salesforce-port", str(machine.ports.salesforce),
         "--salesforce-proxy-port", str(machine.ports.salesforce_proxy),
         "--salesforce-bus-port", str(machine.ports.salesforce_bus)),
        lambda: answers(f"{machine.sandbox_url}/_sandbox/health"),
    )  # fmt: skip
    gateway = Service(
        "gateway",
        (*MODULE, "include.gateway"),
        lambda: answers(f"{machine.gateway_url}/health"),
        stop_seconds=15.0,
    )
    return sandbox, gateway


def airflow(machine: Machine) -> tuple[Service, ...]:
    """Airflow's four processes; not ``airflow standalone``, which neither restarts nor stops them."""
    health = f"{machine.airflow_url}/api/v2/monitor/health"

    def component(name: str, key: str, *flags: str, finishes_work: bool = False) -> Service:
        return Service(
            name,
            (*AIRFLOW, name, *flags),
            lambda: reports_healthy(health, key),
            needs=("postgres", "api-server"),
            stop_seconds=20.0,
            finishes_work=finishes_work,
        )

    return (
        Service(
            "api-server",
            (*AIRFLOW, "api-server"),
            lambda: answers(health) and knows_us(machine),
            needs=("postgres",),
        ),
        # Logs are read from the folder: no log servers on 0.0.0.0.
        component("scheduler", "scheduler", "--skip-serve-logs", finishes_work=True),
        component("dag-processor", "dag_processor"),
        component("triggerer", "triggerer", "--skip-serve-logs"),
    )


def knows_us(machine: Machine) -> bool:
    """Whether the server on our port takes our password: another machine's may have been quicker to bind."""
    login = {"username": ADMIN, "password": machine.secrets.admin_password}
    try:
        answer = local_http().post(f"{machine.airflow_url}/auth/token", json=login, timeout=5)
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.CREATED


def answers(url: str) -> bool:
    """Whether a GET brings a 2xx within two seconds."""
    try:
        return local_http().get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


def reports_healthy(url: str, key: str) -> bool:
    """Whether Airflow's health report calls one of its components healthy."""
    try:
        report = local_http().get(url, timeout=2).json()
    except (httpx.HTTPError, ValueError):
        return False
    return bool(report.get(key, {}).get("status") == "healthy")
