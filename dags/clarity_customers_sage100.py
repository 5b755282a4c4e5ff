"""Carry Clarity eCommerce's customers into Sage 100: recognised or created once, kept up to date.

Runs are started by webhooks (through the inbox: created, updated, merged), by the schedule (which also
polls for what no webhook announced) and by hand.

### What it does

Per batch, each customer whom nobody has linked yet is looked for in Sage: by the number that Clarity
keeps, by e-mail address, name and postal code, telephone. One hit is a link, several are a question,
none is a new customer in Sage (or a question: `customer_not_found` is `create` or `flag`). Of a linked
customer Sage is told what the shop owns: address, e-mail address, telephone. Name, terms, tax schedule
and credit are Sage's once the customer is there. Of two merged accounts the orders go to Sage's customer
of the survivor.

### When it fails

* Sage or Clarity is away, or Clarity limits us: the flow is parked, its tasks are skipped, runs end green.
  **Browse > Limits** says why and until when. It goes on by itself.
* A record that cannot pass waits in **Browse > Exceptions** with its reason. Mend the cause, then trigger
  `replay_exceptions`.
* A red task: read its last error, mend the cause. Its rows come back to the inbox by themselves.

### When it is quiet

* Nothing changed, then nothing is told. A customer who is not active in Clarity is passed over; so is a
  change of what the shop does not own.
* Two merged accounts stay two customers in Sage: to merge them there is a person's business.
* Trigger with `whole` to compare everything, with `keys` (Clarity's customer ids) to carry some again.
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
    tags=[Tag.CUSTOMERS, Tag.CLARITY_ECOMMERCE, Tag.SAGE_100, Tag.EVENT_DRIVEN, Tag.SCHEDULED],
    params=MIRROR_PARAMS,
)
def clarity_customers_sage100() -> None:
    """One batch after the other through the stages."""
    carry("customers", source_pool=CLARITY_ECOMMERCE, target_pool=SAGE_100)


clarity_customers_sage100()
