"""Close the books of a run: inbox rows, exceptions, notes to the source, and a report that balances."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from include.canonical import Reason
from include.errors import IntegrationError
from include.ledger import NewException, Outcome
from include.pipelines.outcomes import STAGES, gathered, held, left
from include.pipelines.plan import PLAN
from include.pipelines.ports import Ticket
from include.pipelines.report import RunReport
from include.pipelines.staging import rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from include.ledger import InboxRow
    from include.pipelines.ports import Settled

log = logging.getLogger(__name__)

RETURN_AFTER = timedelta(seconds=30)
"""A batch that failed comes back after this, doubled with every attempt."""
RETURN_AT_MOST = timedelta(hours=1)


def task_keys(noun: str) -> tuple[str, ...]:
    """Record keys under which ``tradebridge.failures`` files failed tasks of a flow that carries ``noun``."""
    stages = (f"carry_batch.{stage}_{noun}" for stage in STAGES)
    return tuple(f"task:{task}" for task in ("claim_batches", *stages, f"settle_{noun}"))


def settle(
    world: Settled, *, run_id: str, batches: Sequence[str], report: RunReport | None = None
) -> dict[str, int]:
    """Settle every batch of a run, then balance.

    What no stage could finish goes back to the inbox. The report counts it as *waiting* if the flow is
    parked, or the source could not serve this record; else as *returned*.

    Args:
        world: the systems.
        run_id: which.
        batches: what it has claimed.
        report: filled in for the caller who wants more than the counts.

    Returns:
        The report's counts; they are kept in the ledger even if they do not balance.

    Raises:
        UnbalancedError: the counts do not balance.
    """
    flow = world.flow.name
    report = report or RunReport(flow, run_id)
    for batch_id in batches:
        ticket = Ticket(run_id=run_id, batch_id=batch_id, flow=flow)
        received = world.ledger.inbox.batch(batch_id)
        report.received += len(received)
        _settle_batch(world, ticket, received, report)
    world.ledger.reports.save(flow=flow, run_id=run_id, counts=report.counts)
    counts = report.close()
    if report.received and not report.returned and not report.waiting:
        world.ledger.exceptions.resolve(
            flow, task_keys(world.flow.noun), how=f"a later run went through: {run_id}"
        )
    return counts


def _settle_batch(world: Settled, ticket: Ticket, received: Sequence[InboxRow], report: RunReport) -> None:
    outcomes, problems = gathered(world.staging(ticket))
    settled = {row.record_key: outcomes[row.record_key] for row in received if row.record_key in outcomes}
    _open_exceptions(world, ticket, problems[problems.key.isin(settled)], received)
    done = [key for key, outcome in settled.items() if outcome in {Outcome.LOADED, Outcome.UNCHANGED}]
    world.ledger.exceptions.resolve(ticket.flow, done, how=f"carried by {ticket.run_id}")
    world.carried(ticket, done)
    _tell_the_source(
        world, problems, {key for key, outcome in settled.items() if outcome is Outcome.REJECTED}
    )
    report.count(world.ledger.inbox.settle(ticket.batch_id, settled))
    report.on_hold += len(held(world.staging(ticket)) & settled.keys())
    report.carried_after += [
        (world.clock() - row.received_at).total_seconds()
        for row in received
        if settled.get(row.record_key) is Outcome.LOADED and row.headers.get("origin") == "webhook"
    ]
    unsettled = [row for row in received if row.record_key not in settled]
    if unsettled:
        _give_back(world, ticket, unsettled, report)


def _give_back(world: Settled, ticket: Ticket, rows: Sequence[InboxRow], report: RunReport) -> None:
    """Rows without an end: *waiting* if that was intended, because a system is away, else *returned*."""
    if world.ledger.parking.deferred(ticket.batch_id):
        report.waiting += world.ledger.inbox.release(ticket.batch_id)
        return
    pause = min(RETURN_AFTER * 2 ** (max(row.attempts for row in rows) - 1), RETURN_AT_MOST)
    given = world.ledger.inbox.release(ticket.batch_id, not_before=world.clock() + pause)
    unserved = left(world.staging(ticket))
    waiting = min(given, sum(row.record_key in unserved for row in rows))
    report.waiting += waiting
    report.returned += given - waiting


def _open_exceptions(
    world: Settled, ticket: Ticket, problems: pd.DataFrame, received: Sequence[InboxRow]
) -> None:
    staging = world.staging(ticket)
    versions = {row.record_key: row.version for row in received}
    labels, mapping = dict[str, str](), ""
    if staging.has(PLAN):
        plan = staging.read(PLAN)
        labels = dict(zip(plan.key, plan.number, strict=True))
        mapping = plan.mapping.iloc[0] if len(plan) else ""
    world.ledger.exceptions.open(
        [
            NewException(
                flow=ticket.flow,
                record_key=row["key"],
                record_label=labels.get(row["key"], row["key"]),
                disposition=Reason(row["code"]).disposition.value,
                payload_ref=str(staging),
                mapping_version=mapping,
                source_version=versions.get(row["key"], ""),
                run_id=ticket.run_id,
                dag_id=ticket.flow,
                task_id=f"settle_{world.flow.noun}",
                **{name: row[name] for name in _TOLD},
            )
            for row in rows(problems)
        ]
    )


_TOLD = ("code", "field", "line", "value", "message", "remedy", "candidates")
"""Columns of ``PROBLEM_FRAME`` that an exception carries as they are."""


def _tell_the_source(world: Settled, problems: pd.DataFrame, rejected: set[str]) -> None:
    """A49: whoever entered the order reads on the order itself what is wrong with it."""
    told: dict[str, list[str]] = {}
    for row in rows(problems[problems.key.isin(rejected)]):
        told.setdefault(row["key"], []).append(f"- {row['message']}. {row['remedy']}")
    for key, lines in told.items():
        try:
            world.remark(key, "\n".join(lines))
        except IntegrationError as error:
            # The exception row stands; a note that cannot be written must not undo the run.
            log.warning("no note on order %s: %s", key, type(error).__name__)
