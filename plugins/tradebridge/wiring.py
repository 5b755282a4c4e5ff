"""What the DAGs of flows share: their trigger forms and the wiring of their stages."""

from __future__ import annotations

from functools import partial
from typing import Any

from airflow.sdk import Asset, Param, TriggerRule, task, task_group

from tradebridge import stages

# The format makes the form show a calendar; only the pattern is checked.
MOMENT: dict[str, Any] = {
    "type": ["null", "string"],
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$",
}
ORDER_PARAMS = {
    "order_numbers": Param(
        [], type="array", items={"type": "string"}, description="The shop's order numbers, one a line"
    ),
    "modified_from": Param(None, **MOMENT, description="Orders last modified at or after this moment (UTC)"),
    "modified_until": Param(None, **MOMENT, description="... and before this one"),
    "recheck": Param(False, type="boolean", description="Compare with Sage even what was carried already"),
}


MIRROR_PARAMS = {
    "keys": Param(
        [], type="array", items={"type": "string"}, description="Records to tell again, one a line"
    ),
    "whole": Param(
        False, type="boolean", description="Compare everything, and offer again what the target never took"
    ),
}


counting = partial(task, multiple_outputs=False)
"""Makes a task whose counts are one XCom; else each were one of its own, and a call to the API server."""

SAGE_100_ORDERS = Asset("sage100_orders")
"""Sage's sales orders. An order allocates goods: what tells of stock need not wait for its minute."""


def carry(noun: str, *, source_pool: str, target_pool: str, changes: Asset | None = None) -> None:
    """Wire the stages inside a DAG; what they do is in `include/pipelines`.

    Args:
        noun: what is carried, in the plural; ends the tasks' names.
        source_pool: for the tasks that call the source.
        target_pool: for the task that writes.
        changes: what is news to other DAGs once the task that writes is through.
    """
    news = [changes] if changes else []

    @task_group
    def carry_batch(batch: str) -> None:
        of_batch = partial(counting, map_index_template="{{ batch }}")
        extracted = of_batch(task_id=f"extract_{noun}", pool=source_pool)(stages.extract)
        translated = of_batch(task_id=f"translate_{noun}")(stages.translate)
        checked = of_batch(task_id=f"check_{noun}")(stages.check)
        loaded = of_batch(task_id=f"load_{noun}", pool=target_pool, outlets=news)(stages.load)
        extracted(batch) >> translated(batch) >> checked(batch) >> loaded(batch)

    claimed: Any = task(task_id="claim_batches", pool=source_pool)(stages.claim)()
    settled = counting(task_id=f"settle_{noun}", trigger_rule=TriggerRule.ALL_DONE)(stages.settle)
    carry_batch.expand(batch=claimed) >> settled(claimed)
