"""Tell Salesforce where Zoho Inventory's orders stand: status, shipments, parcels.

Runs every minute; Zoho is asked as often as its orders change, at least every five minutes. Also by hand.

### What it does

Orders of customers that are accounts in Salesforce become orders there, with their lines, found by Zoho's id
in `Zoho_Salesorder_Id__c`; an order that was made of an opportunity is linked to it. What is shipped and
invoiced and under which tracking numbers stands in fields of its own. Lines of an activated order are frozen:
then its fields alone are told.

### When it fails

* Salesforce or Zoho is away, or limits us: the flow is parked, its tasks are skipped, runs end green.
  **Browse > Limits** says why and until when. It goes on by itself.
* A record that cannot pass waits in **Browse > Exceptions** with its reason. Mend the cause, then trigger
  `replay_exceptions`.
* A red task: read its last error, mend the cause. Its rows come back to the inbox by themselves.
* A line whose item is no product yet: trigger `zoho_catalog_to_salesforce`, then replay.

### When it is quiet

* Orders of customers that Salesforce does not have, and void ones it never had, are passed over.
* Trigger with `whole` to compare everything, with `keys` (Zoho's order ids) to tell some again.
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
    tags=[Tag.ORDERS, Tag.SHIPMENTS, Tag.ZOHO_INVENTORY, Tag.SALESFORCE, Tag.SCHEDULED],
    params=MIRROR_PARAMS,
)
def zoho_orders_to_salesforce() -> None:
    """One batch after the other through the stages."""
    carry("orders", source_pool=ZOHO_INVENTORY, target_pool=SALESFORCE)


zoho_orders_to_salesforce()
