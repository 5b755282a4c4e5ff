"""Carry Salesforce's accounts and contacts into Zoho Inventory as contacts, told by what has changed.

Runs are started by change events (the triggerer follows them into the inbox), by the asset
`salesforce_changes` when events were missed, every five minutes by the schedule, which finds what no
event told, and by hand.

### What it does

An account is a contact with its people as contact persons; a person account, and a contact of nobody's
account, is a contact that bears the person's name. Who is not known yet is looked for among Zoho's contacts:
who is surely there is linked, who may be there is a question, and only who is not is created, once. Of who
is known, Zoho is told what has changed since it was told last, so what people do in Zoho to other fields
stays. An account that names a contact in `Zoho_Contact_Id__c` is that contact. Deleted in Salesforce is
inactive in Zoho, restored is active again. Of merged accounts the survivor keeps, or inherits, the contact.

### When it fails

* Salesforce or Zoho is away, or limits us: the flow is parked, its tasks are skipped, runs end green.
  **Browse > Limits** says why and until when. It goes on by itself.
* A record that cannot pass waits in **Browse > Exceptions** with its reason. Mend the cause, then trigger
  `replay_exceptions`.
* A red task: read its last error, mend the cause. Its rows come back to the inbox by themselves.

### When it is quiet

* Nothing changed that Zoho is told, then nothing is told. A second account of one customer waits for the
  first and is then a question: Zoho takes each name once.
* Trigger with `whole` to compare everything, also what has left the recycle bin; with `keys` (ids of accounts
  or contacts, 18 characters) to carry some again.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag

from tradebridge.change_events import SALESFORCE_CHANGES
from tradebridge.pools import SALESFORCE, ZOHO_INVENTORY
from tradebridge.retries import TASK_DEFAULTS
from tradebridge.tags import Tag
from tradebridge.wiring import MIRROR_PARAMS, carry


@dag(
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/5 * * * *", timezone="UTC"), assets=[SALESFORCE_CHANGES]
    ),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    doc_md=__doc__,
    tags=[Tag.CUSTOMERS, Tag.SALESFORCE, Tag.ZOHO_INVENTORY, Tag.EVENT_DRIVEN, Tag.SCHEDULED],
    params=MIRROR_PARAMS,
)
def salesforce_customers_to_zoho() -> None:
    """One batch after the other through the stages."""
    carry("customers", source_pool=SALESFORCE, target_pool=ZOHO_INVENTORY)


salesforce_customers_to_zoho()
