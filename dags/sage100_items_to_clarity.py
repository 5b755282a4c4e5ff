"""Tell Clarity eCommerce what Sage 100 owns of its items: price, unit, weight, tax, whether they are sold.

The other direction of `clarity_products_sage100`, which makes the links that this one needs.

### What it does

`claim_batches` reads items by their stamp and compares prices whole. Linked items are told under the shop's
SKUs, 200 a call; what Clarity was told already is not told again. Where Sage says otherwise what the shop
owns (a name, a text), that is noted as drift (`/tradebridge/api/drift`) and healed by the other flow. An
item without a product is passed over, unless `tradebridge_site` has `clarity_new_products`: `create`.

### When it fails

* Sage or Clarity is away, or Clarity limits us: the flow is parked, its tasks are skipped, runs end green.
  **Browse > Limits** says why and until when. It goes on by itself.
* A record that cannot pass waits in **Browse > Exceptions** with its reason. Mend the cause, then trigger
  `replay_exceptions`.
* A red task: read its last error, mend the cause. Its rows come back to the inbox by themselves.

### When it is quiet

* Nothing changed, then nothing is told. Trigger with `whole` to compare everything, and to offer items again
  that had no product before; with `keys` (item codes) to look at certain items again.
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
    tags=[Tag.PRODUCTS, Tag.SAGE_100, Tag.CLARITY_ECOMMERCE, Tag.SCHEDULED],
    params=MIRROR_PARAMS,
)
def sage100_items_to_clarity() -> None:
    """One batch after the other through the stages."""
    carry("items", source_pool=SAGE_100, target_pool=CLARITY_ECOMMERCE)


sage100_items_to_clarity()
