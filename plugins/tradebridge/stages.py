"""The stages of every flow as Airflow tasks call them: context in, ids and counts out (XCom).

Which flow it is the DAG's id says; orders walk through ``include.pipelines``, what is mirrored through
``include.pipelines.mirrors``.

Everything heavy is imported inside: a DAG file that imports this parses in milliseconds.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context

from include.errors import UnfinishedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from include.pipelines.announce import Request
    from include.pipelines.mirrors.ports import MirrorWorld
    from include.pipelines.ports import Ticket, World

    AnyWorld = World | MirrorWorld

log = logging.getLogger(__name__)

MAX_BATCHES = 4
"""Batches a run; what is left wakes the next one."""
LEASE = timedelta(minutes=30)
"""Longer than a task's patience with an outage: a waiting task must not lose its batch."""
WOKEN_RUN = "webhook__"
"""What ids of runs begin with that the inbox has started. To Airflow they are runs by hand, too."""


def claim() -> list[str]:
    """Answer the wake, announce what the run asks for, and lease what is pending; returns batch ids.

    While the flow is parked a run ends here, green, and tells why (log, XCom ``parked``).
    """
    from include.pipelines.doubts import announce_stranded
    from include.pipelines.parking import begin
    from include.pipelines.stock_queue import claim_batches
    from tradebridge import connections

    context = get_current_context()
    flow, run_id = context["dag"].dag_id, context["run_id"]
    world = connections.world(flow)
    # Before anything is read: a row that comes after this line finds no wake outstanding, and asks for one.
    world.ledger.wakes.answer(flow, run_id)
    # A try of this task that was killed took to the grave which batches it had claimed.
    world.ledger.inbox.release_run(flow, run_id)
    announce, asked = _asked(world, context)
    parked = begin(world, flow, announce, asked=asked)
    if parked is not None:
        told = f"{flow} is parked until {parked.until:%Y-%m-%d %H:%M:%S} UTC: {parked.reason}"
        log.warning("%s", told)
        context["ti"].xcom_push("parked", told)
        return []
    announce_stranded(world)
    batches = claim_batches(
        world, run_id=run_id, batch_size=world.flow.batch_size, max_batches=MAX_BATCHES, lease=LEASE
    )
    world.ledger.exceptions.resolve(flow, ["task:claim_batches"], how=f"a later run went through: {run_id}")
    return [str(batch.id) for batch in batches]


def extract(batch: str) -> dict[str, int]:
    """Fetch what the batch's records say now."""
    return _carry(batch, "extract")


def translate(batch: str) -> dict[str, int]:
    """The source's records into the target's."""
    return _carry(batch, "translate")


def check(batch: str) -> dict[str, int]:
    """Great Expectations over the batch."""
    return _carry(batch, "check")


def load(batch: str) -> dict[str, int]:
    """Write the accepted records, once."""
    return _carry(batch, "load")


def settle(batches: list[str] | None) -> dict[str, int]:
    """Close the run's books, whatever happened to its batches; red when any row has no end yet."""
    from include.pipelines.report import RunReport
    from include.pipelines.settle import settle as stage
    from tradebridge import connections

    context = get_current_context()
    flow, run_id = context["dag"].dag_id, context["run_id"]
    world = connections.world(flow)
    report = RunReport(flow, run_id)
    counts = stage(world, run_id=run_id, batches=batches or [], report=report)
    _measure(flow, counts, report.carried_after)
    if counts["returned"] or counts["in_doubt"]:
        raise UnfinishedError(
            f"{counts['returned']} rows went back to the inbox and {counts['in_doubt']} are in doubt: "
            "nothing is lost, but a task of this run needs a look"
        )
    return counts


def _measure(flow: str, counts: Mapping[str, int], carried_after: Sequence[float]) -> None:
    from tradebridge import metrics

    metrics.count("received", counts["received"], flow=flow)
    for outcome, rows in counts.items():
        if outcome != "received":
            metrics.count("rows", rows, flow=flow, outcome=outcome)
    for duration in carried_after:
        metrics.seconds("webhook_to_target", duration, flow=flow)


def _carry(batch: str, stage: str) -> dict[str, int]:
    """One stage of a batch that is still ours.

    Raises:
        LeaseLostError: this run was away too long and another one has the batch.
        AirflowSkipException: a system is away for longer; the batch goes back to the inbox.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    from include.errors import TransientError
    from include.ledger import LeaseLostError
    from include.pipelines.parking import defer
    from include.pipelines.ports import Ticket
    from tradebridge import connections

    context = get_current_context()
    context["batch"] = batch  # type: ignore[typeddict-unknown-key]  # for map_index_template
    flow = context["dag"].dag_id
    world = connections.world(flow)
    if not world.ledger.inbox.renew(batch, LEASE):
        raise LeaseLostError(f"batch {batch} was taken by another run after its lease ran out")
    ticket = Ticket(run_id=context["run_id"], batch_id=batch, flow=flow)
    try:
        return _stage(world, stage)(world, ticket)
    except TransientError as error:
        parked = defer(world, ticket, error)
        if parked is None:
            raise
        raise AirflowSkipException(f"parked until {parked.until}: {parked.reason}") from error


def _stage(world: AnyWorld, name: str) -> Callable[[AnyWorld, Ticket], dict[str, int]]:
    """The function of a stage, imported only now."""
    from include.pipelines.ports import World

    package = "include.pipelines" if isinstance(world, World) else "include.pipelines.mirrors"
    stage: Callable[[AnyWorld, Ticket], dict[str, int]] = getattr(import_module(f"{package}.{name}"), name)
    return stage


def _asked(world: AnyWorld, context: Mapping[str, Any]) -> tuple[Callable[[], object], bool]:
    """What puts into the inbox what this run was asked for; whether somebody asked for certain records."""
    from include.pipelines import announce
    from include.pipelines.mirrors import announce as polling
    from include.pipelines.ports import World

    run_id = context["run_id"]
    if isinstance(world, World):
        orders = _orders_asked(context)
        return partial(announce.announce, world, run_id, orders), bool(orders.numbers or orders.since)
    params = context["params"]
    run_type = context["dag_run"].run_type
    records = polling.Request(
        keys=tuple(params["keys"] or ()),
        poll=run_type in {"scheduled", "asset_triggered"} or _is_by_hand(context),
        when_due=run_type == "scheduled",
        whole=bool(params["whole"]),
    )
    return partial(polling.announce, world, run_id, records), bool(records.keys)


def _orders_asked(context: Mapping[str, Any]) -> Request:
    """What a run was asked for: by its trigger form, its backfill window, or its schedule.

    A run by hand that names nothing looks for changes as a scheduled one does.
    """
    from include.pipelines.announce import Request

    run, params = context["dag_run"], context["params"]
    # A str that is also an Enum member: it equals its value, but str() of it does not.
    if run.run_type == "backfill":
        return Request(
            since=run.data_interval_start, until=run.data_interval_end, recheck=bool(params["recheck"])
        )
    return Request(
        numbers=tuple(params["order_numbers"] or ()),
        since=_moment(params["modified_from"]),
        until=_moment(params["modified_until"]),
        sweep=run.run_type == "scheduled" or _is_by_hand(context),
        recheck=bool(params["recheck"]),
    )


def _is_by_hand(context: Mapping[str, Any]) -> bool:
    """Whether somebody started the run, who expects it to look for what has changed."""
    return context["dag_run"].run_type == "manual" and not context["run_id"].startswith(WOKEN_RUN)


def _moment(value: str | None) -> datetime | None:
    """A moment of the trigger form, which says UTC; the API may name another zone."""
    if not value:
        return None
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
