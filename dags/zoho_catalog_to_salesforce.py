"""Carry Zoho Inventory's items into Salesforce as products with a price in the standard price book.

Runs every night, and by hand. It makes the links by which sold products are items.

### What it does

Items that changed since the last night are told: name, code, description, whether they are sold, and the
price. A product is found by Zoho's id in `Zoho_Item_Id__c`, that of a new item by its code in `ProductCode`
if one product has it. One that is not there is made; several are a question. Up to 2,000 go by
collections, more by one job of Bulk API 2.0, which the next run takes up if this one dies. A run carries
40,000 items; what is left starts the next one at once. An item that Zoho has no longer is sold no more.

### When it fails

* Salesforce or Zoho is away, or limits us: the flow is parked, its tasks are skipped, runs end green.
  **Browse > Limits** says why and until when. It goes on by itself.
* A record that cannot pass waits in **Browse > Exceptions** with its reason. Mend the cause, then trigger
  `replay_exceptions`.
* A red task: read its last error, mend the cause. Its rows come back to the inbox by themselves.

### When it is quiet

* Nothing changed, then nothing is told. Stock is no part of the catalogue: `zoho_stock_to_salesforce`.
* Trigger with `whole` to compare everything, with `keys` (Zoho's item ids) to carry some at once.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag

from tradebridge.pools import SALESFORCE, ZOHO_INVENTORY
from tradebridge.retries import TASK_DEFAULTS
from tradebridge.tags import Tag
from tradebridge.wiring import MIRROR_PARAMS, carry


@dag(
    schedule=CronTriggerTimetable("15 2 * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    doc_md=__doc__,
    tags=[Tag.PRODUCTS, Tag.ZOHO_INVENTORY, Tag.SALESFORCE, Tag.SCHEDULED],
    params=MIRROR_PARAMS,
)
def zoho_catalog_to_salesforce() -> None:
    """One batch after the other through the stages."""
    carry("items", source_pool=ZOHO_INVENTORY, target_pool=SALESFORCE)


zoho_catalog_to_salesforce()
