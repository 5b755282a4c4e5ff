"""Carry what gateways took for Clarity eCommerce orders into Sage 100 as cash receipts: once, to the cent.

Runs are started by the webhook `payment.captured` and every five minutes by the schedule, which polls for
payments that no webhook announced.

### What it does

Sage is asked first what it has of a payment (receipts whose comment is the gateway's number of it); what it
lacks is entered through the gateway, on account, under one deposit for each payout, or day and gateway. What
is only authorised, and what is paid by terms, is nothing yet. People post the receipts in Sage.

### When it fails

* Sage or Clarity is away, or Clarity limits us: the flow is parked, its tasks are skipped, runs end green.
  **Browse > Limits** says why and until when. It goes on by itself.
* A record that cannot pass waits in **Browse > Exceptions** with its reason. *Given back*: there is no door
  for refunds; book it by hand as the exception says. *Unknown gateway*: give its PaymentType in
  `include/mappings/sage100/status.yaml`, then trigger `replay_exceptions`.
* Red with *setting clarity_deposit*: orders carry the money as their deposit. It must be one or the other:
  set `receipt` in `tradebridge_site`, or pause this DAG.
* A red task: read its last error, mend the cause. Its rows come back to the inbox by themselves. After *no
  answer for n records* Sage is read before anything is sent again.

### When it is quiet

* A payment whose order Sage does not have yet waits for it, up to six hours; then a person is asked.
* Does Clarity list our webhook subscription as enabled? The schedule finds what webhooks miss.
* Trigger with `whole` to compare every payment, with `keys` (payment ids) to look at some again. Sage's own
  receipts decide, so that writes nothing twice.
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
    tags=[Tag.PAYMENTS, Tag.CLARITY_ECOMMERCE, Tag.SAGE_100, Tag.EVENT_DRIVEN, Tag.SCHEDULED],
    params=MIRROR_PARAMS,
)
def clarity_payments_to_sage100() -> None:
    """One batch after the other through the stages."""
    carry("payments", source_pool=CLARITY_ECOMMERCE, target_pool=SAGE_100)


clarity_payments_to_sage100()
