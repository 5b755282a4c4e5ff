"""Customers whom an order brings and the ERP does not have yet.

One unique claim each, so that fifty first orders of one buyer make one customer.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from include.connectors.sage100 import customer_writes
from include.pipelines import doubts
from include.pipelines.delivery import Delivery, Write
from include.pipelines.loading import adopted
from include.pipelines.plan import Action
from include.pipelines.ports import CUSTOMER, TARGET

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from include.connectors.sage100 import CustomerWrite, WriteResult
    from include.pipelines.loading import Loading
    from include.pipelines.ports import World

CLAIM_LEASE = timedelta(minutes=2)
WAIT_FOR_OTHERS = 10.0
"""Seconds to wait for another batch that is creating the same customer."""


def customer_numbers(loading: Loading, newcomers: pd.DataFrame) -> dict[str, str]:
    """The ERP's number of every buyer in the plan, creating those it does not have."""
    active = loading.plan[loading.plan.action.isin([Action.CREATE.value, Action.CHANGE.value])]
    wanted = list(active.customer.unique())
    numbers = _linked_customers(loading.world, wanted)
    missing = newcomers[newcomers.key.isin(set(wanted) - set(numbers))]
    if len(missing):
        _create_customers(loading, missing)
        numbers = _linked_customers(loading.world, wanted)
    doubts.end(loading.world, CUSTOMER, numbers)
    orphans = active[~active.customer.isin(numbers)]
    loading.wait(set(orphans.key) - set(loading.outcomes))
    return numbers


def _linked_customers(world: World, source_ids: Sequence[str]) -> dict[str, str]:
    links = world.ledger.crosswalk.find(CUSTOMER, world.flow.source, source_ids, TARGET)
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
            world.ledger.crosswalk.release_claim(CUSTOMER, world.flow.source, key, TARGET, owner=owner)
    loading.retry_after = max(loading.retry_after, delivered.retry_after)
    for key, result in delivered.refused.items():
        loading.refuse(list(loading.plan.key[loading.plan.customer == key]), result)
    _await_others(world, set(missing.key) - ours)


def _claim(world: World, key: str, owner: str) -> bool:
    return world.ledger.crosswalk.claim(
        CUSTOMER, world.flow.source, key, TARGET, owner=owner, lease=CLAIM_LEASE
    )


def _await_others(world: World, keys: set[str]) -> None:
    """Give the batch that holds the claim a moment; the task's retry is the longer wait."""
    deadline = time.monotonic() + WAIT_FOR_OTHERS
    while keys and time.monotonic() < deadline:
        keys -= set(_linked_customers(world, list(keys)))
        if keys:
            time.sleep(0.2)


def _customer_delivery(loading: Loading) -> Delivery[CustomerWrite, WriteResult]:
    return Delivery(
        ledger=loading.world.ledger,
        flow=loading.ticket.flow,
        place="create_customers",
        entity=CUSTOMER,
        source_system=loading.world.flow.source,
        target_system=TARGET,
        send=loading.world.writes.create_customers,
        adopted=adopted,
        confirmed=lambda writes: _standing_customers(loading.world, writes),
        keep_lease=lambda: loading.world.keep_lease(loading.ticket),
    )


def _standing_customers(world: World, writes: Sequence[Write[CustomerWrite]]) -> dict[str, str]:
    """Customers in the ERP that carry the shop's id."""
    mark = world.flow.marks.customer_id
    customers = world.reads.customers()
    if mark not in customers:
        return {}
    hits = customers[customers[mark].isin([write.record_key for write in writes])]
    return dict(zip(hits[mark], hits.ARDivisionNo + "-" + hits.CustomerNo, strict=True))
