"""Link Clarity eCommerce's products to Sage 100's items, and tell Sage what the shop owns of them.

Runs are started by the webhooks `product.created` and `product.updated`, and every five minutes by the
schedule, which sweeps for products that no webhook announced. The other direction is
`sage100_items_to_clarity`.

### What it does

A product is the item that its external id names; else its SKU decides, exactly, without what people vary,
by Sage's aliases, then by its own aliases. Stock, prices and orders follow the link. Of linked items Sage
is told what `include/mappings/clarity_ecommerce/ownership.yaml` gives to the shop. Where the shop says
otherwise what Sage owns, that is noted as drift (`/tradebridge/api/drift`) and healed by the other flow. A
product that Sage does not have becomes an item only where `tradebridge_site` has a `new_product_line`.

### When it fails

* Sage or Clarity is away, or Clarity limits us: the flow is parked, its tasks are skipped, runs end green.
  **Browse > Limits** says why and until when. It goes on by itself.
* A product that may be several items, or names one that Sage has not, waits in **Browse > Exceptions** with
  candidates. Enter the code in the product's external ids in Clarity; its next version is carried.
* A red task: read its last error, mend the cause. Its rows come back to the inbox by themselves.

### When it is quiet

* Nothing changed, then nothing is told. Trigger with `whole` to look at every product again, with `keys`
  (Clarity's product ids) at certain ones.
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
    tags=[Tag.PRODUCTS, Tag.CLARITY_ECOMMERCE, Tag.SAGE_100, Tag.EVENT_DRIVEN, Tag.SCHEDULED],
    params=MIRROR_PARAMS,
)
def clarity_products_sage100() -> None:
    """One batch after the other through the stages."""
    carry("products", source_pool=CLARITY_ECOMMERCE, target_pool=SAGE_100)


clarity_products_sage100()
