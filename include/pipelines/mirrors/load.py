"""Tell the target what it was not told yet: once, exactly."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.connectors.documents import Answer, Document
from include.errors import OutcomeUnknownError, TransientError
from include.ledger import Outcome
from include.pipelines import doubts
from include.pipelines.delivery import Delivery, Write
from include.pipelines.mirrors.differences import differences
from include.pipelines.mirrors.plan import PLAN
from include.pipelines.outcomes import STAGES, gathered, keep, leave, left, problem, problem_frame, set_aside
from include.pipelines.staging import rows
from include.translation.documents import as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.ledger import Link
    from include.pipelines.delivery import Delivered
    from include.pipelines.mirrors.ports import MirrorWorld
    from include.pipelines.ports import Ticket

NOTHING = "{}"
"""Content of a record of which nothing has changed."""


def load(world: MirrorWorld, ticket: Ticket) -> dict[str, int]:
    """Write what no earlier stage has set aside and the target does not have from us already.

    Safe to run again at any point: the write ledger recalls what is done.

    Returns:
        Counts by outcome.

    Raises:
        TransientError: some records must be tried again; the others are settled.
        OutcomeUnknownError: the target did not answer for some; they stay in doubt until read back.
    """
    flow, staging = world.flow, world.staging(ticket)
    aside, _ = gathered(staging, STAGES[:-1])
    plan = staging.read(PLAN)
    planned = {row["key"]: row for row in rows(plan[~plan.key.isin(aside)])}
    links = world.ledger.crosswalk.find(flow.entity, flow.source, list(planned), flow.target)
    writes = _writes(world, planned, links)
    outcomes = _told_already(world, writes, links)
    delivered = _delivery(world, ticket).deliver(
        [write for key, write in writes.items() if key not in outcomes]
    )
    outcomes |= {key: _outcome(answer) for key, answer in delivered.done.items()}
    passed_over = {
        key
        for key, answer in delivered.refused.items()
        if {e.code for e in answer.errors} <= flow.passed_over
    }
    outcomes |= dict.fromkeys(passed_over, Outcome.UNCHANGED)
    problems = _refused(world, delivered, planned, passed_over)
    outcomes |= set_aside(problem_frame(problems))
    outcomes |= dict.fromkeys(delivered.in_doubt, Outcome.IN_DOUBT)
    standing = [
        key for key, outcome in outcomes.items() if outcome is Outcome.LOADED or key in delivered.done
    ]
    doubts.end(world, flow.entity, standing)
    done = {key for key, outcome in outcomes.items() if outcome in {Outcome.LOADED, Outcome.UNCHANGED}}
    untold = flow.tells_back(world, ticket, done)
    leave(staging, left(staging) | untold)
    outcomes = {key: outcome for key, outcome in outcomes.items() if key not in untold}
    keep(staging, "load", outcomes, problem_frame(problems))
    _raise_for_the_rest(delivered)
    return {outcome.value: count for outcome, count in Counter(outcomes.values()).items()}


def _writes(
    world: MirrorWorld, planned: Mapping[str, Mapping[str, Any]], links: Mapping[str, Link]
) -> dict[str, Write[Document]]:
    """What each record says; where the flow tells differences, what has changed since it was told."""
    flow = world.flow
    whole = {key: _write(row, links.get(key)) for key, row in planned.items()}
    if flow.remembers:
        return {key: _partial(write, None) for key, write in whole.items()}
    if not flow.partial:
        return whole
    told = world.ledger.told.find(flow.entity, flow.source, flow.target, links)
    facts = {key: write.content_hash for key, write in whole.items()}
    # What an unheard write of something else has done to a member, no difference to what was told would mend.
    unsure = doubts.else_unheard(world, flow.entity, facts)
    return {
        key: _partial(write, told.get(key) if key not in unsure else None) for key, write in whole.items()
    }


def _write(row: Mapping[str, Any], link: Link | None) -> Write[Document]:
    adopts = link is not None and not link.content_hash
    document = Document(row["key"], row["content"], link.target_id if link else "", adopts=adopts)
    return Write(row["key"], row["fact"], row["number"], document)


def _partial(write: Write[Document], told: str | None) -> Write[Document]:
    record = write.record
    if told is not None:
        changed = differences(Document(record.key, told).members, record.members)
        record = replace(record, content=as_json(changed).decode())
    return replace(write, record=record, whole=write.record.content)


def _told_already(
    world: MirrorWorld, writes: Mapping[str, Write[Document]], links: Mapping[str, Link]
) -> dict[str, Outcome]:
    """Records whose content the target has from us. One that this very announcement wrote was loaded."""
    unheard = doubts.unheard(world, world.flow.entity)
    same = {
        key
        for key, write in writes.items()
        if key in links
        and key not in unheard
        and (links[key].content_hash == write.content_hash or write.record.content == NOTHING)
    }
    ours = {key for key in same if links[key].source_version == writes[key].version}
    world.ledger.crosswalk.bind(
        [
            replace(links[key], source_version=writes[key].version, content_hash=writes[key].content_hash)
            for key in sorted(same - ours)
        ]
    )
    return {key: Outcome.LOADED if key in ours else Outcome.UNCHANGED for key in same}


def _delivery(world: MirrorWorld, ticket: Ticket) -> Delivery[Document, Answer]:
    flow = world.flow
    return Delivery(
        ledger=world.ledger,
        flow=flow.name,
        place=f"load_{flow.noun}",
        entity=flow.entity,
        source_system=flow.source,
        target_system=flow.target,
        send=world.target.write,
        adopted=lambda key, target_id: Answer(key, "adopted", target_id),
        confirmed=lambda writes: world.target.standing([write.record for write in writes]),
        keep_lease=lambda: world.keep_lease(ticket),
        chunk=flow.batch_size,
    )


def _outcome(answer: Answer) -> Outcome:
    return Outcome.UNCHANGED if answer.status in {"unchanged", "absent"} else Outcome.LOADED


def _refused(
    world: MirrorWorld,
    delivered: Delivered[Answer],
    planned: Mapping[str, Mapping[str, Any]],
    passed_over: set[str],
) -> list[dict[str, object]]:
    return [
        problem(
            key,
            error.reason,
            field=error.field,
            message=f"{world.flow.noun} {planned[key]['number']}: refused ({error.code}): {error.message}",
            remedy="Mend it in either system or in the mapping, then replay this exception.",
        )
        for key, answer in delivered.refused.items()
        if key not in passed_over
        for error in answer.errors
    ]


def _raise_for_the_rest(delivered: Delivered[Answer]) -> None:
    wait = delivered.retry_after or 5.0
    if delivered.in_doubt:
        some = ", ".join(sorted(delivered.in_doubt)[:3])
        raise OutcomeUnknownError(
            f"no answer for {len(delivered.in_doubt)} records ({some}): read back before any retry",
            retry_after=wait,
        )
    if delivered.later:
        some = ", ".join(sorted(delivered.later)[:3])
        raise TransientError(
            f"{len(delivered.later)} records ({some}) must wait for the target", retry_after=wait
        )
