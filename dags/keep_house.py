"""Publish what the checks found and forget what is past its time, once a night.

The pages are Great Expectations' Data Docs; read them under **Browse > Checks**. Staged batches are what a
replay starts from; those that an unresolved exception refers to are kept. Of the ledger, ended
announcements, runs and alerts are forgotten, and the bodies of old webhooks; nothing that is open or in
doubt, no link, no write.
Airflow's own history is pruned with `airflow db clean`; see `docs/operate.md`.

### When it fails

Nothing else depends on it. Read the task's error, mend it, clear the task.

### When it is quiet

It runs at 03:15 UTC. Trigger it by hand to see today's checks at once.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, Param, dag, task

from tradebridge import housekeeping
from tradebridge.flows import FLOWS, LEFT_OVER
from tradebridge.retries import TASK_DEFAULTS
from tradebridge.tags import Tag
from tradebridge.wiring import counting


@dag(
    schedule=CronTriggerTimetable("15 3 * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    max_active_tasks=2,  # nobody waits for it; orders may
    default_args=TASK_DEFAULTS,
    doc_md=__doc__,
    tags=[Tag.ORDERS, Tag.SCHEDULED],
    params={
        "keep_days": Param(90, type="integer", minimum=7, description="Days that what has ended is kept")
    },
)
def keep_house() -> None:
    """Chores per flow, independent of each other; shared tables go after the batches that name them."""
    index = "{{ task.op_kwargs['flow'] }}"
    publish = task(housekeeping.publish_data_docs, task_id="publish_data_docs", map_index_template=index)
    prune = task(housekeeping.prune_staging, task_id="prune_staging", map_index_template=index)
    forget = counting(housekeeping.prune_ledger, task_id="prune_ledger", map_index_template=index)
    snapshots = task(housekeeping.prune_snapshots, task_id="prune_snapshots")
    publish.expand(flow=list(FLOWS))
    forget.expand(flow=[*FLOWS, *LEFT_OVER])
    prune.expand(flow=list(FLOWS)) >> snapshots(list(FLOWS))


keep_house()
