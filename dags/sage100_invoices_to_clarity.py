"""Tell Clarity eCommerce what Sage 100 has invoiced, and what is still owed on it.

### What it does

`claim_batches` polls posted invoices and their balances. An invoice of a customer who came from the shop is
put there under Sage's number, with its order's number where the shop has that order; a payment in Sage
changes its balance and status.

### When it fails

* Sage or Clarity is away, or Clarity limits us: the flow is parked, its tasks are skipped, runs end green.
  **Browse > Limits** says why and until when. It goes on by itself.
* A record that cannot pass waits in **Browse > Exceptions** with its reason. Several of the shop's customers
  linked with one in Sage are such a reason: merge them in the shop, then trigger `replay_exceptions`.
* A red task: read its last error, mend the cause. Its rows come back to the inbox by themselves.

### When it is quiet

* An invoice of a customer who did not come from Clarity is none of its business and is passed over, and so is
  a guest's: a guest has no account there to see it in.
* What is entered and not posted is no invoice yet. Sage's balances change when cash receipts are posted.
* Trigger with `whole` to compare everything, with `keys` (`InvoiceNo|HeaderSeqNo`) to tell some again.
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
    tags=[Tag.INVOICES, Tag.SAGE_100, Tag.CLARITY_ECOMMERCE, Tag.SCHEDULED],
    params=MIRROR_PARAMS,
)
def sage100_invoices_to_clarity() -> None:
    """One batch after the other through the stages."""
    carry("invoices", source_pool=SAGE_100, target_pool=CLARITY_ECOMMERCE)


sage100_invoices_to_clarity()
