"""Which orders a customer's credit must cover, and what becomes of those that it does not cover.

The gateway asks Sage, while nobody else writes for the customer: of two orders of which one fits, one passes,
whichever run they are in. Only new orders are asked for. What stands in Sage has passed, or was held there,
and whoever released it knew why.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, get_args

from include.connectors.sage100.records import CreditPolicy
from include.pipelines.policies import policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.connectors.sage100 import OrderWrite
    from include.pipelines.ports import World

CREDIT_CHECK = "credit_check"
"""What becomes of an order above a customer's credit: a setting; with ``.<flow>`` after it, of that flow."""
HOLD_REASON = "credit_hold_reason"
"""Sage's reason code for such a hold: a setting, blank for none."""
HOLD: Final = "hold"
IGNORE: Final = "ignore"
_REMEDIES: Mapping[str, str] = {
    "credit_limit": "Raise the limit in Sage 100, or wait for a payment; then replay this exception.",
    "credit_hold": "Take the customer off credit hold in Sage 100, then replay this exception.",
}


def credit_policy(world: World) -> CreditPolicy:
    """The flow's policy.

    Raises:
        ConfigurationError: the site has set another word.
    """
    chosen: CreditPolicy = policy(world, CREDIT_CHECK, get_args(CreditPolicy), default=IGNORE)
    return chosen


def asking(record: OrderWrite, chosen: CreditPolicy, reason: str = "") -> OrderWrite:
    """The order with the question for its customer's credit."""
    if chosen == IGNORE:
        return record
    return replace(record, credit=chosen, hold_reason=reason if chosen == HOLD else "")


def still_held(record: OrderWrite) -> OrderWrite:
    """A change that leaves it to Sage's people whether the order is on hold.

    To the shop an order that is held for credit is an open one like any other.
    """
    if record.credit != HOLD or record.header.get("OrderStatus") == _ON_HOLD:
        return record
    kept = {name: value for name, value in record.header.items() if name != "OrderStatus"}
    return replace(record, header=kept)


_ON_HOLD = "H"


def remedy_for(code: str) -> str | None:
    """What to do about a refusal, if it is one for credit."""
    return _REMEDIES.get(code)
