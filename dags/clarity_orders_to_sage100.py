"""Carry Clarity eCommerce orders into Sage 100: once, exactly, within seconds.

Runs are started by webhooks (through the inbox), every five minutes by the schedule (which also polls
for orders that no webhook announced), by hand, and by a backfill. A run by hand takes order numbers or a
window; with neither it polls like the schedule.

### What it does

`claim_batches` leases what is pending. Per batch, `extract_orders` asks Clarity what the orders say now,
`translate_orders` turns them into Sage 100 records, `check_orders` judges them, `load_orders` writes them
through the gateway. `settle_orders` closes the books: received = loaded + unchanged + parked + rejected
+ duplicate + in doubt + waiting, or the run is red.

### When it fails

* Clarity or Sage is away, or Clarity limits us: the flow is parked, its tasks are skipped, runs end green.
  **Browse > Limits** says why and until when. It goes on by itself.
* A record that cannot pass does not fail the run: it waits in **Browse > Exceptions** with its reason.
  Mend the cause, then trigger `replay_exceptions`.
* A red task: read its last error, mend the cause. Its rows come back to the inbox by themselves and the
  next run takes them; clearing the task also works. Every write is looked up before it is made.
* `load_orders` retries with *no answer for n orders*: the gateway or Sage did not answer. The orders are
  in doubt and are read back before anything is sent again. Look at the gateway's `/health`.

### When it is quiet

* No runs at all: is the DAG paused? Does Clarity list our webhook subscription as enabled (50 failed
  deliveries in a row disable it)? The schedule finds what webhooks miss.
* To carry a past window again: *Trigger > Backfill*, or trigger with `modified_from`/`modified_until`.
  What was carried is found unchanged and not written again.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronDataIntervalTimetable, dag

from tradebridge.pools import CLARITY_ECOMMERCE, SAGE_100
from tradebridge.retries import ORDER_DEFAULTS
from tradebridge.tags import Tag
from tradebridge.wiring import ORDER_PARAMS, SAGE_100_ORDERS, carry


@dag(
    schedule=CronDataIntervalTimetable("*/5 * * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=4,
    default_args=ORDER_DEFAULTS,
    doc_md=__doc__,
    tags=[Tag.ORDERS, Tag.CLARITY_ECOMMERCE, Tag.SAGE_100, Tag.EVENT_DRIVEN, Tag.SCHEDULED],
    params=ORDER_PARAMS,
)
def clarity_orders_to_sage100() -> None:
    """One batch after the other through the stages."""
    carry("orders", source_pool=CLARITY_ECOMMERCE, target_pool=SAGE_100, changes=SAGE_100_ORDERS)


clarity_orders_to_sage100()
