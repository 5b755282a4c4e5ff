"""Tell Salesforce what may still be sold of each item, in a field of its product.

Runs every minute; Zoho is asked as often as stock moves, at least every five minutes. Also by hand.

### What it does

Shipments and receipts move stock without touching the item, so each poll compares all figures with what was
announced. The figure and the location are the connection's (`stock_field`, `stock_location`). What changed is
told by collections of 200, as `Zoho_Stock__c`.

### When it fails

* Salesforce or Zoho is away, or limits us: the flow is parked, its tasks are skipped, runs end green.
  **Browse > Limits** says why and until when. It goes on by itself.
* A record that cannot pass waits in **Browse > Exceptions** with its reason. Mend the cause, then trigger
  `replay_exceptions`.
* A red task: read its last error, mend the cause. Its rows come back to the inbox by themselves.

### When it is quiet

* Nothing moved, then nothing is told. Items that are no products yet are passed over; once the catalogue
  has carried them, trigger with `whole` to offer them again.
* Trigger with `keys` (Zoho's item ids) to tell some again.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag

from tradebridge.pools import SALESFORCE, ZOHO_INVENTORY
from tradebridge.retries import TASK_DEFAULTS
from tradebridge.tags import Tag
from tradebridge.wiring import MIRROR_PARAMS, carry


@dag(
    schedule=CronTriggerTimetable("* * * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    doc_md=__doc__,
    tags=[Tag.STOCK, Tag.ZOHO_INVENTORY, Tag.SALESFORCE, Tag.SCHEDULED],
    params=MIRROR_PARAMS,
)
def zoho_stock_to_salesforce() -> None:
    """One batch after the other through the stages."""
    carry("stock", source_pool=ZOHO_INVENTORY, target_pool=SALESFORCE)


zoho_stock_to_salesforce()
