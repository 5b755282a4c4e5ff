"""The order flow without Airflow: claim, then each batch through its stages, then the books.

What ``plugins/tradebridge`` does with tasks, :func:`run_once` does with a loop: the same stages, the same
leases, and like Airflow it closes the books whatever happened to the batches.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from include.connectors.sage100 import GatewayClient, GatewaySettings, OdbcSettings, Reader, connect
from include.connectors.zoho_inventory import Settings, ZohoClient, ZohoReader, ZohoWriter
from include.errors import IntegrationError, TransientError
from include.ledger import BreakerPolicy, Breakers, LeaseLostError, Ledger, ParkedFlow
from include.pipelines.announce import Request, announce
from include.pipelines.check import check
from include.pipelines.extract import extract
from include.pipelines.flows import ZOHO_ORDERS
from include.pipelines.load import load
from include.pipelines.mirrors import announce as polling
from include.pipelines.mirrors.check import check as mirror_check
from include.pipelines.mirrors.extract import extract as mirror_extract
from include.pipelines.mirrors.load import load as mirror_load
from include.pipelines.mirrors.ports import MirrorWorld
from include.pipelines.mirrors.translate import translate as mirror_translate
from include.pipelines.parking import begin, defer, parks
from include.pipelines.ports import Endpoint, Ticket, World
from include.pipelines.settle import settle
from include.pipelines.stock_queue import claim_batches
from include.pipelines.translate import translate
from include.standalone.environment import SANDBOX_ZOHO
from tests.pipeline.house import Clock, Doors

FLOW, SOURCE = ZOHO_ORDERS.name, ZOHO_ORDERS.source
SITE = {
    "company_currency": "USD",
    "ar_division": "00",
    "default_warehouse": "000",
    "default_tax_schedule": "NONTAX",
}
STAGES = (extract, translate, check, load)
MIRROR_STAGES = (mirror_extract, mirror_translate, mirror_check, mirror_load)
LEASE = timedelta(minutes=15)
QUICK = {"calls_per_minute": 100_000, "calls_per_day": 10_000_000, "patience": 1.0, "attempts": 2}
"""A client that does not wait where a test waits for it."""
SWEEP = Request(sweep=True)
UNBREAKABLE = BreakerPolicy(threshold=1_000_000)
"""For tests that try one fault after the other and want each of them to be met."""
_run_numbers = itertools.count(1)


def world(doors: Doors, clock: Clock, *, policy: BreakerPolicy | None = None, **zoho: Any) -> World:
    """The real systems' clients, as ``tradebridge.connections`` makes them out of Airflow's connections."""
    ledger = Ledger.connect(doors.ledger, clock=clock, secret_key=doors.ledger_key)
    settings = Settings(
        **{**SANDBOX_ZOHO, "api_base": doors.zoho, "accounts_base": doors.zoho, **QUICK, **zoho}
    )
    breaker = Breakers(ledger.database, policy or BreakerPolicy())
    client = ZohoClient(
        settings,
        tokens=ledger.tokens,
        budget=ledger.budgets,
        breaker=breaker,
        flow=FLOW,
        clock=clock,
        sleep=lambda _: None,
    )
    odbc = OdbcSettings(driver="SQLite3", database=doors.sage_database).connection_string()
    gateway = GatewaySettings(base_url=doors.gateway, token=doors.gateway_token, read_timeout=60.0)
    reads = Reader(partial(connect, odbc), breaker=breaker)
    writes = GatewayClient(gateway, breaker=breaker, sleep=lambda _: None)
    return World(
        flow=ZOHO_ORDERS,
        ledger=ledger,
        source=ZohoReader(client),
        notes=ZohoWriter(client),
        reads=reads,
        writes=writes,
        staging_root=Path(doors.staging),
        settings=SITE,
        time_zone=settings.timezone,
        lease=LEASE,
        clock=clock,
        endpoints=(
            Endpoint(settings.budget_name, client.ping),
            Endpoint(reads.endpoint, reads.ping),
            Endpoint(writes.endpoint, writes.health),
        ),
    )


@dataclass(frozen=True, slots=True)
class Run:
    """What a run did: its report, and the errors that Airflow would have shown as red tasks.

    ``parked``: the flow's stay in the car park, if the run met a reason for one.
    ``met``: the errors that sent it there.
    """

    counts: Mapping[str, int]
    errors: tuple[IntegrationError, ...] = ()
    parked: ParkedFlow | None = None
    met: tuple[IntegrationError, ...] = ()

    def __getitem__(self, outcome: str) -> int:
        return self.counts[outcome]

    @property
    def green(self) -> bool:
        """Whether no task failed and no row is without an end."""
        return not self.errors and not self.counts["returned"] and not self.counts["in_doubt"]


def run_once(
    world: World | MirrorWorld,
    request: Request | polling.Request | None = None,
    *,
    run_id: str = "",
    batch_size: int = 0,
    max_batches: int = 4,
    tries: int = 1,
) -> Run:
    """One DAG run. A failed stage ends its batch and no other; the books are closed in any case."""
    flow = world.flow.name
    run_id = run_id or f"manual__{os.getpid()}_{next(_run_numbers)}"
    put, asked = _asked(world, request, run_id)
    parked = begin(world, flow, put, asked=asked)
    if parked is not None:
        return Run(settle(world, run_id=run_id, batches=[]), parked=parked)
    batches = claim_batches(
        world,
        batch_size=batch_size or world.flow.batch_size,
        max_batches=max_batches,
        lease=LEASE,
        run_id=run_id,
    )
    errors: list[IntegrationError] = []
    met: list[IntegrationError] = []
    for batch in batches:
        ticket = Ticket(run_id, batch.id, flow)
        try:
            carry(world, ticket, tries=tries)
        except IntegrationError as error:
            stay = defer(world, ticket, error) if isinstance(error, TransientError) else None
            parked = stay or parked
            (met if stay else errors).append(error)
    counts = settle(world, run_id=run_id, batches=[batch.id for batch in batches])
    return Run(counts, tuple(errors), parked, tuple(met))


def _asked(world: Any, request: Any, run_id: str) -> tuple[Callable[[], object], bool]:
    if isinstance(world, MirrorWorld):
        wanted = request or polling.Request(poll=True)
        return partial(polling.announce, world, run_id, wanted), bool(wanted.keys)
    wanted = request or SWEEP
    return partial(announce, world, run_id, wanted), bool(wanted.numbers or wanted.since)


def carry(world: World | MirrorWorld, ticket: Ticket, *, tries: int = 1) -> None:
    """A batch through its stages; a stage that may be tried again is, at once, as often as ``tries`` says."""
    stages: Sequence[Callable[..., object]] = MIRROR_STAGES if isinstance(world, MirrorWorld) else STAGES
    for stage in stages:
        for left in reversed(range(tries)):
            if not world.ledger.inbox.renew(ticket.batch_id, LEASE):
                raise LeaseLostError(f"batch {ticket.batch_id} was taken by another run")
            try:
                stage(world, ticket)
            except TransientError as error:
                if not left or parks(error):
                    raise
            else:
                break
