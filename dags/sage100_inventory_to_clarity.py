"""Tell Clarity eCommerce what Sage 100 has in stock: at once after an order, else within a minute.

Runs are started by orders that were written to Sage (the asset `sage100_orders`), every minute by the
schedule, and by hand. While one runs, further orders start one more and not one each.

### What it does

`claim_batches` reads all levels (IM_ItemWarehouse) with one query and compares them with what was announced.
Per batch of 500, levels become Clarity's: allocated = on sales orders + on back orders + sold by the shop
and not yet in Sage; safety stock by setting. One batch call tells them. What Clarity was told already is
not told again; an item that it does not sell is passed over.

### When it fails

* Sage or Clarity is away, or Clarity limits us: the flow is parked, its tasks are skipped, runs end green.
  **Browse > Limits** says why and until when. It goes on by itself.
* A record that cannot pass waits in **Browse > Exceptions** with its reason. Mend the cause, then trigger
  `replay_exceptions`.
* A red task: read its last error, mend the cause. Its rows come back to the inbox by themselves.

### When it is quiet

* Nothing changed, then nothing is told. Trigger with `whole` to compare everything, and to offer items again
  that Clarity did not sell before; with `keys` (`ItemCode|WarehouseCode`) to tell certain levels again.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag

from tradebridge.pools import CLARITY_ECOMMERCE, SAGE_100
from tradebridge.retries import TASK_DEFAULTS
from tradebridge.tags import Tag
from tradebridge.wiring import MIRROR_PARAMS, SAGE_100_ORDERS, carry


@dag(
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("* * * * *", timezone="UTC"), assets=[SAGE_100_ORDERS]
    ),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    doc_md=__doc__,
    tags=[Tag.STOCK, Tag.SAGE_100, Tag.CLARITY_ECOMMERCE, Tag.SCHEDULED],
    params=MIRROR_PARAMS,
)
def sage100_inventory_to_clarity() -> None:
    """One batch after the other through the stages."""
    carry("stock", source_pool=SAGE_100, target_pool=CLARITY_ECOMMERCE)


sage100_inventory_to_clarity()
