"""Carry Salesforce's won opportunities into Zoho Inventory as confirmed sales orders, each once.

Runs are started by change events (the triggerer follows them into the inbox), by the asset
`salesforce_changes` when events were missed, every five minutes by the schedule, which finds what no
event told, and by hand.

### What it does

An opportunity that is won (`IsWon`, or the stages in the setting `salesforce_won_stages`) becomes a sales
order under a number of ours, and is then confirmed; id and number of the order are told to the opportunity,
where it has fields for them. Its customer is carried first: until then it waits, and goes on at once. Its
products are Zoho's items by their link; a product without one is a question with the likeliest items. An
opportunity that changes is told by what has changed, as long as Zoho lets its order change.

### When it fails

* Salesforce or Zoho is away, or limits us: the flow is parked, its tasks are skipped, runs end green.
  **Browse > Limits** says why and until when. It goes on by itself.
* A record that cannot pass waits in **Browse > Exceptions** with its reason. Mend the cause, then trigger
  `replay_exceptions`.
* A red task: read its last error, mend the cause. Its rows come back to the inbox by themselves.
* `record.withdrawn`: an opportunity is won no more and its order stands in Zoho. Void it there and leave the
  exception out, or win the opportunity again.
* `target.locked`: it is won again, and its order in Zoho is void or gone. Take the order up again there, then
  replay; or leave the exception out.

### When it is quiet

* An opportunity that was never won is passed over. Of one that waits for its customer, see what
  `salesforce_customers_to_zoho` makes of that.
* Trigger with `whole` to compare everything, with `keys` (ids, 18 characters) to carry some again.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag

from tradebridge.change_events import SALESFORCE_CHANGES
from tradebridge.pools import SALESFORCE, ZOHO_INVENTORY
from tradebridge.retries import ORDER_DEFAULTS
from tradebridge.tags import Tag
from tradebridge.wiring import MIRROR_PARAMS, carry


@dag(
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/5 * * * *", timezone="UTC"), assets=[SALESFORCE_CHANGES]
    ),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=ORDER_DEFAULTS,
    doc_md=__doc__,
    tags=[Tag.ORDERS, Tag.SALESFORCE, Tag.ZOHO_INVENTORY, Tag.EVENT_DRIVEN, Tag.SCHEDULED],
    params=MIRROR_PARAMS,
)
def salesforce_closed_won_to_zoho() -> None:
    """One batch after the other through the stages."""
    carry("orders", source_pool=SALESFORCE, target_pool=ZOHO_INVENTORY)


salesforce_closed_won_to_zoho()
