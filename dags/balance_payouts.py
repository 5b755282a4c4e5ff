"""Compare what gateways took, gave back and kept with Sage 100's cash receipts, payout by payout.

### What it does

Every morning `balance_payouts` reads the payouts of the day before from Clarity (payments, refunds, fees, the
gateway's own statement) and the cash receipts of Sage. The report is the task's XCom `report` and stands in
its log: for each payout what was taken, given back and kept, what the gateway transfers (`net`), and what
Sage has (`in_sage`); and `unexplained`, which is empty when all agrees. Nothing is changed by this DAG.

### When it fails

* *n unexplained*: message and report name each payment or receipt and its difference. A payment that Sage
  has less of: look for it in **Browse > Exceptions** of `clarity_payments_to_sage100`. A receipt without a
  payment, or one that differs: compare it in Sage with the gateway, and correct it there. Run it again.
* Sage or Clarity is away: it is tried again; half a report is never made.

### When it is quiet

It runs once a day. Trigger it with `day` (2026-03-04) for another day of the company's.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, Param, dag

from tradebridge import payouts
from tradebridge.pools import CLARITY_ECOMMERCE
from tradebridge.retries import TASK_DEFAULTS
from tradebridge.tags import Tag
from tradebridge.wiring import counting


@dag(
    schedule=CronTriggerTimetable("0 11 * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=TASK_DEFAULTS,
    doc_md=__doc__,
    tags=[Tag.PAYMENTS, Tag.CLARITY_ECOMMERCE, Tag.SAGE_100, Tag.SCHEDULED],
    params={
        "day": Param(
            None,
            type=["null", "string"],
            pattern=r"^\d{4}-\d\d-\d\d$",
            description="The day to compare; yesterday if none is given",
        )
    },
)
def balance_payouts() -> None:
    """One task."""
    counting(payouts.balance_payouts, task_id="balance_payouts", pool=CLARITY_ECOMMERCE)()


balance_payouts()
