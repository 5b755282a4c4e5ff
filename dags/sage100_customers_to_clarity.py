"""Tell Clarity eCommerce what Sage 100 owns of its customers: their number there, credit limit, credit hold.

### What it does

`claim_batches` polls AR_Customer for customers that the shop knows: those that were changed, and those that
were linked since. Every account of such a customer in Clarity gets Sage's number into its external ids, and
Sage's credit limit and credit hold. A credit limit of 0 means in Sage that there is none, and is not told.

### When it fails

* Sage or Clarity is away, or Clarity limits us: the flow is parked, its tasks are skipped, runs end green.
  **Browse > Limits** says why and until when. It goes on by itself.
* A record that cannot pass waits in **Browse > Exceptions** with its reason. Mend the cause, then trigger
  `replay_exceptions`.
* A red task: read its last error, mend the cause. Its rows come back to the inbox by themselves.

### When it is quiet

* A customer who is not linked with one of the shop's is none of its business; nor is a guest's house account.
* Trigger with `whole` to compare everything, with `keys` (`01-D3600`) to tell some again.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag

from tradebridge.pools import CLARITY_ECOMMERCE, SAGE_100
from tradebridge.retries import TASK_DEFAULTS
from tradebridge.tags import Tag
from tradebridge.wiring import MIRROR_PARAMS, carry


@dag(
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    doc_md=__doc__,
    tags=[Tag.CUSTOMERS, Tag.SAGE_100, Tag.CLARITY_ECOMMERCE, Tag.SCHEDULED],
    params=MIRROR_PARAMS,
)
def sage100_customers_to_clarity() -> None:
    """One batch after the other through the stages."""
    carry("customers", source_pool=SAGE_100, target_pool=CLARITY_ECOMMERCE)


sage100_customers_to_clarity()
