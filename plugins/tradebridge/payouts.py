"""The day's payouts beside Sage's cash receipts, as an Airflow task."""

from __future__ import annotations

import json
import logging
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import get_current_context

from include.errors import UnbalancedError

log = logging.getLogger(__name__)


def balance_payouts() -> dict[str, Any]:
    """Compare the day that was asked for, or yesterday; returns the report (amounts and record names).

    Raises:
        UnbalancedError: something does not agree to the cent; the message names it, XCom ``report`` has all.
    """
    from include.connectors.clarity_ecommerce.payments import ClarityPayments
    from include.pipelines.flows import CLARITY_PAYMENTS
    from include.pipelines.mirrors.payouts import report
    from tradebridge import connections

    context = get_current_context()
    world = connections.mirror_world(CLARITY_PAYMENTS)
    asked = context["params"]["day"]
    here = datetime.now(ZoneInfo(world.time_zone)).date()
    day = date.fromisoformat(asked) if asked else here - timedelta(days=1)
    shop = ClarityPayments(connections.clarity_client(flow=CLARITY_PAYMENTS))
    found = report(world, day, shop.statements)
    told = found.as_json()
    log.info("payouts of %s:\n%s", day, json.dumps(told, indent=2))
    context["ti"].xcom_push("report", told)
    if found.unexplained:
        some = "; ".join(f"{each.what} ({each.difference:+})" for each in found.unexplained[:5])
        raise UnbalancedError(f"{day}: {len(found.unexplained)} unexplained: {some}")
    return told
