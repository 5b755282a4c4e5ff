"""Look every minute at what is wrong, open and close alerts, tell whom the site has named, send figures.

Alerts stand under **Browse > Health**. Whom to tell is the Airflow Variable `tradebridge_alerts`, from
when on something is an alert `tradebridge_watch`; see `docs/operate.md`.

### When it fails

* *the ledger does not answer*: that outage is told past the ledger, after five minutes, and once more
  when it is over. Mend the ledger.
* *Variable tradebridge_alerts*: the message says which channel is wrong. Until it is mended nobody is
  told.

### When it is quiet

It runs every minute, also when nothing is wrong. If the scheduler itself is down nobody here can tell:
let something outside ask `GET /api/v2/monitor/health`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag

from tradebridge import watching
from tradebridge.flows import FLOWS
from tradebridge.retries import TASK_DEFAULTS
from tradebridge.tags import Tag
from tradebridge.wiring import counting


@dag(
    schedule=CronTriggerTimetable("* * * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    doc_md=__doc__,
    tags=[Tag.EXCEPTIONS, Tag.SCHEDULED],
)
def watch_flows() -> None:
    """One look; the next minute is the retry."""
    counting(watching.watch, task_id="watch_flows", retries=0, execution_timeout=timedelta(minutes=5))(
        list(FLOWS)
    )


watch_flows()
