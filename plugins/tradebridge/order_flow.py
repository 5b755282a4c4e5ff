"""What the DAGs of order flows share: their trigger form and the wiring of their stages."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, TriggerRule, task, task_group

from tradebridge import order_stages as stages
from tradebridge.pools import SAGE_100

# The format makes the form show a calendar; only the pattern is checked.
MOMENT: dict[str, Any] = {
    "type": ["null", "string"],
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$",
}
PARAMS = {
    "order_numbers": Param(
        [], type="array", items={"type": "string"}, description="The shop's order numbers, one a line"
    ),
    "modified_from": Param(None, **MOMENT, description="Orders last modified at or after this moment (UTC)"),
    "modified_until": Param(None, **MOMENT, description="... and before this one"),
    "recheck": Param(False, type="boolean", description="Compare with Sage even what was carried already"),
}


def carry_orders(shop_pool: str) -> None:
    """Wire the stages inside a DAG; what they do is in `include/pipelines`.

    Args:
        shop_pool: for the tasks that call the shop.
    """

    @task_group
    def carry_batch(batch: str) -> None:
        index = "{{ batch }}"
        extracted = task(task_id="extract_orders", pool=shop_pool, map_index_template=index)(stages.extract)
        translated = task(task_id="translate_orders", map_index_template=index)(stages.translate)
        checked = task(task_id="check_orders", map_index_template=index)(stages.check)
        loaded = task(task_id="load_orders", pool=SAGE_100, map_index_template=index)(stages.load)
        extracted(batch) >> translated(batch) >> checked(batch) >> loaded(batch)

    claimed: Any = task(task_id="claim_batches", pool=shop_pool)(stages.claim)()
    settled = task(task_id="settle_orders", trigger_rule=TriggerRule.ALL_DONE)(stages.settle)
    carry_batch.expand(batch=claimed) >> settled(claimed)
