"""Balance every flow's books once an hour: received = loaded + unchanged + parked + rejected + duplicate +
in doubt + in flight.

*Received* is counted when rows are kept, apart from the rows; everything else is counted from the rows
as they stand. Facts beside it must hold too: whoever is loaded was written, whoever is set aside has a
reason, what was written is linked and in the audit trail, no lease outlives its limit. Results stand
under **Browse > Health**.

### When it fails

The books of that flow do not balance: the task's error names what and the first keys, and an alert is
open. `docs/operate.md` says for each check what it means. Nothing is changed by this DAG.

### When it is quiet

It runs at every full hour. Trigger it by hand to balance now; `days` = 0 checks the facts of all times.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, Param, dag

from tradebridge import watching
from tradebridge.flows import FLOWS
from tradebridge.retries import TASK_DEFAULTS
from tradebridge.tags import Tag
from tradebridge.wiring import counting


@dag(
    schedule=CronTriggerTimetable("0 * * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    max_active_tasks=2,  # nobody waits for it; orders may
    default_args=TASK_DEFAULTS,
    doc_md=__doc__,
    tags=[Tag.ORDERS, Tag.SCHEDULED],
    params={
        "days": Param(
            35, type="integer", minimum=0, description="Facts are checked for so many days; 0 = all"
        )
    },
)
def balance_books() -> None:
    """One task per flow."""
    counting(watching.balance, task_id="balance_flow", map_index_template="{{ flow }}").expand(
        flow=list(FLOWS)
    )


balance_books()
