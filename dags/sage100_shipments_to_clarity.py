"""Tell Clarity eCommerce what Sage 100 has shipped: tracking numbers, before and after posting.

### What it does

`claim_batches` polls shipping and invoice entries and posted invoices; posting moves a shipment from one
table to the other and is a change of the same shipment. Shipments of orders that came from the shop are
created there once, which tells the buyer once; later tracking numbers and corrections change it in silence.

### When it fails

* Sage or Clarity is away, or Clarity limits us: the flow is parked, its tasks are skipped, runs end green.
  **Browse > Limits** says why and until when. It goes on by itself.
* A record that cannot pass waits in **Browse > Exceptions** with its reason. Mend the cause, then trigger
  `replay_exceptions`.
* A red task: read its last error, mend the cause. Its rows come back to the inbox by themselves.

### When it is quiet

* A shipment of an order that did not come from Clarity is none of its business and is passed over.
* Trigger with `whole` to compare everything, with `keys` to tell certain shipments again.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag

from tradebridge.pools import CLARITY_ECOMMERCE, SAGE_100
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
    tags=[Tag.SHIPMENTS, Tag.SAGE_100, Tag.CLARITY_ECOMMERCE, Tag.SCHEDULED],
    params=MIRROR_PARAMS,
)
def sage100_shipments_to_clarity() -> None:
    """One batch after the other through the stages."""
    carry("shipments", source_pool=SAGE_100, target_pool=CLARITY_ECOMMERCE)


sage100_shipments_to_clarity()
