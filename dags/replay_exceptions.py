"""Carry set-aside records again, after their cause has been mended.

Trigger with the ids from **Browse > Exceptions**, or with a cause to free all records that share it.
With *siblings* (the default) one id is enough: whatever waits for the same cause goes along. Newer events
of the same records, which waited behind them, are carried too, in their order.

### When it fails

* `release_exceptions` finds no open exception: they were carried already, or the id is mistyped.
* The flow's own run is red: read it there. The exceptions stay open or come back with their new reason.

### When it is quiet

It runs only when triggered, by hand or from the exceptions page.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Param, dag, task

from tradebridge import replay_stages as stages
from tradebridge.retries import TASK_DEFAULTS
from tradebridge.tags import Tag


@dag(
    schedule=None,
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args=TASK_DEFAULTS,
    doc_md=__doc__,
    tags=[Tag.EXCEPTIONS, Tag.BY_HAND],
    params={
        "ids": Param([], type="array", items={"type": "integer"}, description="Exception ids, one a line"),
        "cause": Param("", type="string", description="Or a cause, as the exceptions page shows it"),
        "siblings": Param(True, type="boolean", description="Also carry whatever waits for the same cause"),
    },
)
def replay_exceptions() -> None:
    """Release, then run the flows concerned."""
    flows = task(stages.release, task_id="release_exceptions")()
    TriggerDagRunOperator.partial(
        task_id="run_flow",
        wait_for_completion=True,
        poke_interval=5,
        deferrable=True,
        map_index_template="{{ task.trigger_dag_id }}",
    ).expand(trigger_dag_id=flows)


replay_exceptions()
