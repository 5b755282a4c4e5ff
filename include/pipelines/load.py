"""Write the accepted orders to the ERP: once, exactly.

Customers first (:mod:`include.pipelines.newcomers`), then cancellations, creations and changes.
Whatever cannot be brought to a known end makes the task come back; what has been brought to one is not
touched again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from include.canonical import Reason
from include.connectors.sage100 import OrderWrite, order_writes
from include.errors import OutcomeUnknownError, TransientError
from include.ledger import Outcome
from include.pipelines import doubts
from include.pipelines.credit import HOLD_REASON, asking, credit_policy, still_held
from include.pipelines.delivery import CHUNK, Delivery, Write
from include.pipelines.loading import Loading, adopted
from include.pipelines.newcomers import customer_numbers
from include.pipelines.outcomes import STAGES, gathered, hold, keep, problem, problem_frame
from include.pipelines.plan import CUSTOMERS, DETAILS, HEADERS, PLAN, Action
from include.pipelines.ports import ORDER, TARGET
from include.pipelines.staging import rows
from include.pipelines.stock_queue import on_back_order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from include.connectors.sage100 import WriteResult
    from include.pipelines.ports import Ticket, World

CANCELLED = "cancelled in {shop}"


def load(world: World, ticket: Ticket) -> dict[str, int]:
    """Load what no earlier stage has set aside.

    Safe to run again at any point: the write ledger recalls what is done.

    Returns:
        Counts by outcome.

    Raises:
        TransientError: some orders must be tried again; the others are settled.
        OutcomeUnknownError: the target did not answer for some; they stay in doubt until read back.
    """
    staging = world.staging(ticket)
    aside, _ = gathered(staging, STAGES[:-1])
    plan = staging.read(PLAN)
    loading = Loading(world, ticket, plan[~plan.key.isin(aside)].reset_index(drop=True))
    _recall(loading)
    numbers = customer_numbers(loading, staging.read(CUSTOMERS))
    headers = staging.read(HEADERS)
    details = on_back_order(staging, staging.read(DETAILS))
    loading.purchase_orders |= zip(headers.key, headers.CustomerPONo.fillna(""), strict=True)
    _orders(loading, headers[headers.key.isin(loading.plan.key)], details, numbers)
    doubts.end(world, ORDER, _standing(loading))
    keep(staging, "load", loading.outcomes, problem_frame(loading.problems))
    hold(staging, loading.held)
    _raise_for_the_rest(loading)
    return {outcome.value: rows for outcome, rows in Counter(loading.outcomes.values()).items()}


def _standing(loading: Loading) -> list[str]:
    """Orders that the target was seen to hold as we want them, by what it wrote or by a comparison."""
    compared = set(loading.plan[loading.plan.recheck].key)
    seen = loading.answered | compared
    return [
        key
        for key, outcome in loading.outcomes.items()
        if outcome is Outcome.LOADED or (outcome is Outcome.UNCHANGED and key in seen)
    ]


def _recall(loading: Loading) -> None:
    """What an earlier try of this task has done. Were it looked up again, it would seem unchanged.

    The plan was made before that try, so a link that has the plan's version is younger than the plan.
    """
    former, _ = gathered(loading.world.staging(loading.ticket), STAGES[-1:])
    untouched = {key: outcome for key, outcome in former.items() if outcome is Outcome.UNCHANGED}
    links = loading.world.ledger.crosswalk.find(
        ORDER, loading.world.flow.source, list(loading.plan.key), TARGET
    )
    done = {
        row["key"]: Outcome.LOADED
        for row in rows(loading.plan[~loading.plan.recheck])
        if row["key"] in links and links[row["key"]].source_version == row["version"]
    }
    loading.outcomes |= done | untouched


def _raise_for_the_rest(loading: Loading) -> None:
    doubtful = [key for key, outcome in loading.outcomes.items() if outcome is Outcome.IN_DOUBT]
    if doubtful:
        raise OutcomeUnknownError(
            f"no answer for {len(doubtful)} orders ({', '.join(doubtful[:3])}): read back before any retry",
            retry_after=loading.retry_after or 5.0,
        )
    if loading.waiting:
        some = ", ".join(sorted(loading.waiting)[:3])
        raise TransientError(
            f"{len(loading.waiting)} orders ({some}) must wait for the target",
            retry_after=loading.retry_after or 5.0,
        )


def _orders(
    loading: Loading, headers: pd.DataFrame, details: pd.DataFrame, numbers: Mapping[str, str]
) -> None:
    plan = loading.plan[~loading.plan.key.isin(set(loading.outcomes) | loading.waiting)]
    cancelled = plan[plan.action == Action.CANCEL.value]
    _cancel(loading, cancelled)
    writes = _order_writes(loading, plan[plan.action != Action.CANCEL.value], headers, details, numbers)
    create = _order_delivery(loading, "load_orders", loading.world.writes.create_orders)
    creations = [write for write in writes if not write.record.sales_order_no]
    loading.take(create.resolve(creations))
    creations = _open(loading, creations)
    standing = _standing_orders(loading, creations)
    missing = [write for write in _open(loading, creations) if write.record_key not in standing]
    loading.take(create.deliver(missing))
    changes = [write for write in writes if write.record.sales_order_no]
    changes += [
        _aimed_at(write, standing[write.record_key]) for write in creations if write.record_key in standing
    ]
    _change(loading, changes)


def _open(loading: Loading, writes: Sequence[Write[OrderWrite]]) -> list[Write[OrderWrite]]:
    return [write for write in writes if write.record_key not in loading.outcomes]


def _order_writes(
    loading: Loading,
    plan: pd.DataFrame,
    headers: pd.DataFrame,
    details: pd.DataFrame,
    numbers: Mapping[str, str],
) -> list[Write[OrderWrite]]:
    if not len(plan):
        return []
    chosen = headers[headers.key.isin(plan.key)].reset_index(drop=True)
    customer = chosen.customer_source_id.map(numbers).astype("string[pyarrow]")
    chosen = chosen.assign(ARDivisionNo=customer.str.slice(0, 2), CustomerNo=customer.str.slice(3))
    planned = {row["key"]: row for row in rows(plan)}
    targets = {key: row["target_id"] for key, row in planned.items()}
    records = order_writes(chosen, details[details.key.isin(plan.key)], targets)
    credit, reason = credit_policy(loading.world), loading.world.settings.get(HOLD_REASON, "")
    return [_write(loading, planned[record.key], asking(record, credit, reason)) for record in records]


def _write(loading: Loading, row: Mapping[str, Any], record: OrderWrite) -> Write[OrderWrite]:
    """A creation is the same question whoever asks it; a recheck of what stands is a new one."""
    asked_by = loading.ticket.batch_id if row["recheck"] and record.sales_order_no else ""
    found_by = loading.purchase_orders.get(row["key"], "")
    return Write(row["key"], row["version"], row["number"], record, found_by, asked_by)


def _aimed_at(write: Write[OrderWrite], number: str) -> Write[OrderWrite]:
    return replace(write, record=replace(write.record, sales_order_no=number))


def _standing_orders(loading: Loading, writes: Sequence[Write[OrderWrite]]) -> dict[str, str]:
    """Look up before create: live orders in the ERP that carry our order id, by record key.

    An order that left the live tables, or one that a clerk typed by hand under the same PO number, is
    for a person to judge: creating another could ship the goods twice.
    """
    if not writes:
        return {}
    hits = _read_orders(loading.world, writes)
    for hit in rows(hits[(hits.state != "live") | (hits.match != "order_id")]):
        if hit["key"] not in loading.outcomes:
            loading.outcomes[hit["key"]] = Outcome.PARKED
            loading.problems.append(_met_before(hit, loading.labels[hit["key"]]))
    return _live(hits)


def _live(hits: pd.DataFrame) -> dict[str, str]:
    """Order numbers, by record key, of those that are ours beyond doubt and still live."""
    ours = hits[(hits.state == "live") & (hits.match == "order_id")]
    return dict(zip(ours.key, ours.SalesOrderNo, strict=True))


def _read_orders(world: World, writes: Sequence[Write[OrderWrite]]) -> pd.DataFrame:
    orders = [(write.record_key, write.found_by or write.natural_key) for write in writes]
    return world.reads.orders_by_source(orders, world.flow.marks)


def _met_before(hit: Mapping[str, Any], number: str) -> dict[str, object]:
    by_hand = hit["match"] != "order_id"
    return problem(
        hit["key"],
        Reason.AMBIGUOUS_REFERENCE if by_hand else Reason.LOCKED_IN_TARGET,
        field="CustomerPONo",
        value=number,
        message=f"order {number}: Sage order {hit['SalesOrderNo']} "
        + (
            "has the same PO number and was not made by us" if by_hand else "was completed or deleted already"
        ),
        remedy="Compare the two: choose it if they are one, else change Sage's PO number; then replay.",
        candidates=[{"value": hit["SalesOrderNo"], "label": f"status {hit['OrderStatus']}", "score": 1.0}],
    )


def _confirmed_orders(world: World, writes: Sequence[Write[OrderWrite]]) -> dict[str, str]:
    """Read back after an unknown outcome: orders whose last write was this very one."""
    keys = {write.record_key: write.record.idempotency_key for write in writes}
    hits = _read_orders(world, writes)
    ours = hits[hits.key.map(keys) == hits.UDF_SYNC_KEY]
    return dict(zip(ours.key, ours.SalesOrderNo, strict=True))


def _gone_orders(world: World, writes: Sequence[Write[OrderWrite]]) -> dict[str, str]:
    """Read back after an unknown outcome: orders that only the history remembers, as cancelled."""
    hits = _read_orders(world, writes)
    ours = hits[(hits.state == "history") & (hits.match == "order_id") & (hits.OrderStatus == "X")]
    return dict(zip(ours.key, ours.SalesOrderNo, strict=True))


def _order_delivery(
    loading: Loading,
    place: str,
    send: Callable[[Sequence[OrderWrite]], Sequence[WriteResult]],
    *,
    confirmed: Callable[[World, Sequence[Write[OrderWrite]]], Mapping[str, str]] = _confirmed_orders,
    chunk: int = CHUNK,
) -> Delivery[OrderWrite, WriteResult]:
    return Delivery(
        ledger=loading.world.ledger,
        flow=loading.ticket.flow,
        place=place,
        entity=ORDER,
        source_system=loading.world.flow.source,
        target_system=TARGET,
        send=send,
        adopted=adopted,
        confirmed=lambda writes: confirmed(loading.world, writes),
        keep_lease=lambda: loading.world.keep_lease(loading.ticket),
        chunk=chunk,
    )


def _change(loading: Loading, writes: Sequence[Write[OrderWrite]]) -> None:
    """Bring live orders up to date; what Sage was told already is not told again.

    Most edits in the shop (a shipment, a payment) change nothing that Sage is told, and an order that
    Sage has finished must not be parked for them.
    """
    links = loading.world.ledger.crosswalk.find(
        ORDER, loading.world.flow.source, [write.record_key for write in writes], TARGET
    )
    unheard = doubts.unheard(loading.world, ORDER)
    told = [
        write
        for write in writes
        if not write.asked_by
        and write.record_key not in unheard
        and write.record_key in links
        and links[write.record_key].content_hash == write.content_hash
    ]
    loading.world.ledger.crosswalk.bind(
        [replace(links[write.record_key], source_version=write.version) for write in told]
    )
    loading.outcomes |= {write.record_key: Outcome.UNCHANGED for write in told}
    writes = [write for write in writes if write.record_key not in loading.outcomes]
    if not writes:
        return
    change = loading.world.writes.change_order
    delivery = _order_delivery(
        loading, "change_orders", lambda records: [change(still_held(record)) for record in records], chunk=1
    )
    loading.take(delivery.deliver(writes))


def _to_cancel(loading: Loading, plan: pd.DataFrame) -> list[tuple[dict[str, Any], str]]:
    """Rows of the plan, each with the number of its order in Sage.

    An order that was taken back before anything was heard of its creation has no link: Sage is asked. One
    that does not stand there needs no cancellation.
    """
    unlinked = [
        _write(loading, row, OrderWrite.to_cancel(row["key"], "")) for row in rows(plan[plan.target_id == ""])
    ]
    found: dict[str, str] = {}
    if unlinked:
        found = _live(_read_orders(loading.world, unlinked))
        absent = [write.record_key for write in unlinked if write.record_key not in found]
        loading.outcomes |= dict.fromkeys(absent, Outcome.UNCHANGED)
        doubts.came_to_nothing(loading.world, ORDER, absent)
    numbered = [(row, row["target_id"] or found.get(row["key"], "")) for row in rows(plan)]
    return [(row, number) for row, number in numbered if number]


def _cancel(loading: Loading, plan: pd.DataFrame) -> None:
    wanted = _to_cancel(loading, plan)
    if not wanted:
        return
    writes = [_write(loading, row, OrderWrite.to_cancel(row["key"], number)) for row, number in wanted]
    cancel = loading.world.writes.cancel_order
    reason = CANCELLED.format(shop=loading.world.flow.shop)
    delivery = _order_delivery(
        loading,
        "cancel_orders",
        lambda records: [cancel(record, reason=reason) for record in records],
        confirmed=_gone_orders,
        chunk=1,
    )
    loading.take(delivery.deliver(writes))
