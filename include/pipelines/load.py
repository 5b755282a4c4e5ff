"""Write the accepted orders to the ERP: once, exactly.

Customers first (one unique claim each, so that fifty first orders of one buyer make one customer),
then creations, changes and cancellations. Whatever cannot be brought to a known end makes the task
come back; what has been brought to one is not touched again.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.canonical import Reason
from include.connectors.sage100 import OrderWrite, customer_writes, order_writes, reason_for
from include.errors import OutcomeUnknownError, TransientError
from include.ledger import LeaseLostError, Outcome
from include.pipelines.delivery import CHUNK, Delivered, Delivery, Write
from include.pipelines.outcomes import STAGES, gathered, keep, problem, problem_frame
from include.pipelines.ports import CUSTOMER, ORDER, SOURCE, TARGET
from include.pipelines.staging import rows
from include.pipelines.translate import CUSTOMERS, DETAILS, HEADERS, PLAN, Action

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from include.connectors.sage100 import CustomerWrite, WriteResult
    from include.pipelines.ports import Ticket, World

CLAIM_LEASE = timedelta(minutes=2)
WAIT_FOR_OTHERS = 10.0
"""Seconds to wait for another batch that is creating the same customer."""
VOIDED = "voided in Zoho Inventory"


@dataclass(slots=True)
class Loading:
    """One batch being loaded: its accepted plan, and what is known so far."""

    world: World
    ticket: Ticket
    plan: pd.DataFrame
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    problems: list[dict[str, object]] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)
    retry_after: float = 0.0

    @property
    def labels(self) -> dict[str, str]:
        """Order numbers by record key."""
        return dict(zip(self.plan.key, self.plan.number, strict=True))

    def keep_lease(self) -> None:
        """Before anything is sent: a load may take longer than the lease of its batch.

        Raises:
            LeaseLostError: we were away too long, and another run may have carried something newer.
        """
        if not self.world.ledger.inbox.renew(self.ticket.batch_id, self.world.lease):
            raise LeaseLostError(f"batch {self.ticket.batch_id} was taken by another run during the load")

    def wait(self, keys: set[str], retry_after: float = 0.0) -> None:
        """These orders come back with the task's next try."""
        self.waiting |= keys
        self.retry_after = max(self.retry_after, retry_after)

    def refuse(self, keys: Sequence[str], result: WriteResult) -> None:
        """The target said no, and why."""
        for key in keys:
            self.outcomes[key] = Outcome.PARKED
            self.problems.extend(_refusal(key, self.labels[key], result))


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
    numbers = _customers(loading, staging.read(CUSTOMERS))
    headers = staging.read(HEADERS)
    _orders(loading, headers[headers.key.isin(loading.plan.key)], staging.read(DETAILS), numbers)
    keep(staging, "load", loading.outcomes, problem_frame(loading.problems))
    _raise_for_the_rest(loading)
    return {outcome.value: rows for outcome, rows in Counter(loading.outcomes.values()).items()}


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


# Customers ------------------------------------------------------------------------------------------


def _customers(loading: Loading, newcomers: pd.DataFrame) -> dict[str, str]:
    """The ERP's number of every buyer in the plan, creating those it does not have."""
    active = loading.plan[loading.plan.action.isin([Action.CREATE.value, Action.CHANGE.value])]
    wanted = list(active.customer.unique())
    numbers = _linked_customers(loading.world, wanted)
    missing = newcomers[newcomers.key.isin(set(wanted) - set(numbers))]
    if len(missing):
        _create_customers(loading, missing)
        numbers = _linked_customers(loading.world, wanted)
    orphans = active[~active.customer.isin(numbers)]
    loading.wait(set(orphans.key) - set(loading.outcomes))
    return numbers


def _linked_customers(world: World, source_ids: Sequence[str]) -> dict[str, str]:
    links = world.ledger.crosswalk.find(CUSTOMER, SOURCE, source_ids, TARGET)
    return {source_id: link.target_id for source_id, link in links.items()}


def _create_customers(loading: Loading, missing: pd.DataFrame) -> None:
    world, owner = loading.world, loading.ticket.batch_id
    ours = {key for key in missing.key if _claim(world, key, owner)}
    try:
        mine = missing[missing.key.isin(ours)]
        # Between our look and our claim another batch may have created and let go.
        mine = mine[~mine.key.isin(_linked_customers(world, list(mine.key)))]
        delivered = _customer_delivery(loading).deliver(
            [
                Write(record.key, "", record.fields.get("CustomerName", ""), record)
                for record in customer_writes(mine)
            ]
        )
    finally:
        for key in ours:
            world.ledger.crosswalk.release_claim(CUSTOMER, SOURCE, key, TARGET, owner=owner)
    loading.retry_after = max(loading.retry_after, delivered.retry_after)
    for key, result in delivered.refused.items():
        loading.refuse(list(loading.plan.key[loading.plan.customer == key]), result)
    _await_others(world, set(missing.key) - ours)


def _claim(world: World, key: str, owner: str) -> bool:
    return world.ledger.crosswalk.claim(CUSTOMER, SOURCE, key, TARGET, owner=owner, lease=CLAIM_LEASE)


def _await_others(world: World, keys: set[str]) -> None:
    """Give the batch that holds the claim a moment; the task's retry is the longer wait."""
    deadline = time.monotonic() + WAIT_FOR_OTHERS
    while keys and time.monotonic() < deadline:
        keys -= set(_linked_customers(world, list(keys)))
        if keys:
            time.sleep(0.2)


def _customer_delivery(loading: Loading) -> Delivery[CustomerWrite]:
    return Delivery(
        ledger=loading.world.ledger,
        flow=loading.ticket.flow,
        place="create_customers",
        entity=CUSTOMER,
        source_system=SOURCE,
        target_system=TARGET,
        send=loading.world.writes.create_customers,
        confirmed=lambda writes: _standing_customers(loading.world, writes),
        keep_lease=loading.keep_lease,
    )


def _standing_customers(world: World, writes: Sequence[Write[CustomerWrite]]) -> dict[str, str]:
    """Customers in the ERP that carry our contact id."""
    customers = world.reads.customers()
    if "UDF_ZOHO_CONTACT_ID" not in customers:
        return {}
    hits = customers[customers.UDF_ZOHO_CONTACT_ID.isin([write.record_key for write in writes])]
    return dict(zip(hits.UDF_ZOHO_CONTACT_ID, hits.ARDivisionNo + "-" + hits.CustomerNo, strict=True))


# Orders ---------------------------------------------------------------------------------------------


def _orders(
    loading: Loading, headers: pd.DataFrame, details: pd.DataFrame, numbers: Mapping[str, str]
) -> None:
    plan = loading.plan[~loading.plan.key.isin(set(loading.outcomes) | loading.waiting)]
    cancelled = plan[plan.action == Action.CANCEL.value]
    _cancel(loading, cancelled)
    writes = _order_writes(loading, plan[plan.action != Action.CANCEL.value], headers, details, numbers)
    creations = [write for write in writes if not write.record.sales_order_no]
    standing = _standing_orders(loading, creations)
    _take(
        loading,
        _order_delivery(loading, "load_orders", loading.world.writes.create_orders).deliver(
            [
                write
                for write in creations
                if write.record_key not in standing and write.record_key not in loading.outcomes
            ]
        ),
    )
    changes = [write for write in writes if write.record.sales_order_no]
    changes += [
        _aimed_at(write, standing[write.record_key]) for write in creations if write.record_key in standing
    ]
    _change(loading, changes)


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
    return [_write(loading, planned[record.key], record) for record in records]


def _write(loading: Loading, row: Mapping[str, Any], record: OrderWrite) -> Write[OrderWrite]:
    """A creation is the same question whoever asks it; a recheck of what stands is a new one."""
    asked_by = loading.ticket.batch_id if row["recheck"] and record.sales_order_no else ""
    return Write(row["key"], row["version"], row["number"], record, asked_by)


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
    ours = hits[(hits.state == "live") & (hits.match == "order_id")]
    return dict(zip(ours.key, ours.SalesOrderNo, strict=True))


def _read_orders(world: World, writes: Sequence[Write[OrderWrite]]) -> pd.DataFrame:
    return world.reads.orders_by_source([(write.record_key, write.natural_key) for write in writes])


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
        remedy="Compare the two: name it in the crosswalk if they are one, else change Sage's PO number; replay.",
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
) -> Delivery[OrderWrite]:
    return Delivery(
        ledger=loading.world.ledger,
        flow=loading.ticket.flow,
        place=place,
        entity=ORDER,
        source_system=SOURCE,
        target_system=TARGET,
        send=send,
        confirmed=lambda writes: confirmed(loading.world, writes),
        keep_lease=loading.keep_lease,
        chunk=chunk,
    )


def _change(loading: Loading, writes: Sequence[Write[OrderWrite]]) -> None:
    """Bring live orders up to date; the gateway leaves alone what already reads so."""
    if not writes:
        return
    change = loading.world.writes.change_order
    delivery = _order_delivery(
        loading, "change_orders", lambda records: [change(record) for record in records], chunk=1
    )
    _take(loading, delivery.deliver(writes))


def _cancel(loading: Loading, plan: pd.DataFrame) -> None:
    if not len(plan):
        return
    writes = [_write(loading, row, OrderWrite.to_cancel(row["key"], row["target_id"])) for row in rows(plan)]
    cancel = loading.world.writes.cancel_order
    delivery = _order_delivery(
        loading,
        "cancel_orders",
        lambda records: [cancel(record, reason=VOIDED) for record in records],
        confirmed=_gone_orders,
        chunk=1,
    )
    _take(loading, delivery.deliver(writes))


def _take(loading: Loading, delivered: Delivered) -> None:
    for key, result in delivered.done.items():
        loading.outcomes[key] = Outcome.UNCHANGED if result.status in _AS_IT_WAS else Outcome.LOADED
    for key, result in delivered.refused.items():
        loading.refuse([key], result)
    for key in delivered.in_doubt:
        loading.outcomes[key] = Outcome.IN_DOUBT
    loading.wait(delivered.later, delivered.retry_after)


_AS_IT_WAS = frozenset({"unchanged", "absent"})


def _refusal(key: str, number: str, result: WriteResult) -> list[dict[str, object]]:
    return [
        problem(
            key,
            reason_for(issue.code),
            line=issue.line or 0,
            field=issue.field,
            value=issue.value,
            message=f"order {number}: Sage 100 refused {issue.field or issue.source}: {issue.message}",
            remedy="Mend it in Sage 100 (or in the mapping), then replay this exception.",
        )
        for issue in result.errors
    ]
