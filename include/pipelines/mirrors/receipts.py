"""What of the shop's payments the ERP has not got yet: the rest becomes a cash receipt.

The ERP itself says what it has: receipts that carry the gateway's number of the payment, entered by us or
by a clerk, waiting or posted. So nothing is counted twice, whatever became of earlier writes, and a
payment that is captured bit by bit becomes a receipt for each bit. Money that was given back is no
receipt and has no door in the gateway: a person books it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from include.canonical import Reason
from include.errors import ConfigurationError
from include.pipelines.mirrors.preparing import Prepared
from include.pipelines.outcomes import problem, problem_frame
from include.pipelines.ports import ORDER
from include.pipelines.staging import rows
from include.translation import RateTable, Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from include.connectors.sage100.receipts import Owner, Receipt
    from include.pipelines.mirrors.ports import MirrorWorld
    from include.pipelines.mirrors.preparing import Frames

DEPOSIT = "clarity_deposit"
"""The setting that says whether money taken is the order's deposit (``order``) or a ``receipt``."""
ORDER_CUSTOMERS = "order_customers"
PATIENCE = timedelta(hours=6)
"""How long a payment waits for its order to reach the ERP before a person is asked."""
FURTHER = "QRSTUVWXYZ"
"""Mark of the second, third, ... receipt of one payment."""
CENT = Decimal("0.01")


def refuse_to_count_twice(settings: Mapping[str, str]) -> None:
    """Money must not be the order's deposit and a cash receipt.

    Raises:
        ConfigurationError: the site's setting makes it the order's deposit.
    """
    if settings.get(DEPOSIT, "receipt") != "receipt":
        raise ConfigurationError(
            f"setting {DEPOSIT} is {settings[DEPOSIT]!r}: orders carry the money as their deposit, and cash "
            "receipts would count it twice; set it to 'receipt' or pause this flow"
        )


@dataclass(frozen=True, slots=True)
class _Sought:
    """One payment, whose it is and what of it stands in the ERP; amounts in the company's currency."""

    payment: Mapping[str, Any]
    owner: Owner
    taken: Decimal
    given_back: Decimal
    standing: tuple[Decimal, ...]

    @property
    def booked(self) -> Decimal:
        """What stands there."""
        return sum(self.standing, Decimal(0))


def receipts(world: MirrorWorld, frames: Frames) -> Prepared:
    """Payments of which the ERP lacks something, each with what it lacks.

    Raises:
        ConfigurationError: the money is carried as deposits of orders already.
    """
    refuse_to_count_twice(world.settings)
    if world.cash is None:
        raise ConfigurationError(f"{world.flow.name} has no way to read the ERP's cash receipts")
    payments = frames["payments"]
    taken = payments[(payments.captured_amount > 0) & (payments.gateway != "on_account")]
    orders = _orders(world, taken.order_number.dropna().unique())
    owners = world.cash.order_owners(orders.values())
    known = {number: owners[order] for number, order in orders.items() if order in owners}
    later = _waiting(world, taken, known)
    standing = world.cash.receipts_of({owner.customer for owner in known.values()})
    _hear(world, standing)
    sought = {
        payment["source_id"]: _sought(world, payment, known[payment["order_number"]], standing)
        for payment in rows(taken)
        if payment["order_number"] in known
    }
    problems = [found for each in sought.values() if (found := _trouble(each)) is not None]
    troubled = {each["key"] for each in problems}
    complete = {key for key, each in sought.items() if each.booked == each.taken - each.given_back}
    out = taken[~taken.source_id.isin(later | complete | troubled)]
    customers = [{"key": number, "value": owner.customer, "label": ""} for number, owner in known.items()]
    reference = Reference.table(
        ORDER_CUSTOMERS, pd.DataFrame(customers, columns=["key", "value", "label"], dtype="str")
    )
    return Prepared(
        {**frames, "payments": _lacking(world, out, sought)},
        {ORDER_CUSTOMERS: reference},
        problems=problem_frame(problems),
        later=frozenset(later),
    )


def _orders(world: MirrorWorld, numbers: Iterable[str]) -> dict[str, str]:
    """The ERP's orders by the shop's order number."""
    flow = world.flow
    return {
        number: link.target_id
        for number in numbers
        for link in world.ledger.crosswalk.named(number)
        if (link.entity, link.source_system, link.target_system) == (ORDER, flow.source, flow.target)
    }


def _waiting(world: MirrorWorld, taken: pd.DataFrame, known: Mapping[str, Owner]) -> set[str]:
    """Payments whose order may still be on its way."""
    orderless = taken[~taken.order_number.isin(list(known))]
    recent = orderless.modified_at > pd.Timestamp(world.clock() - PATIENCE)
    return set(orderless[recent.fillna(value=False).astype(bool)].source_id)


def _hear(world: MirrorWorld, standing: Iterable[Receipt]) -> None:
    """Writes that were never answered and stand in the ERP are done."""
    there = {receipt.sync_key: receipt.target_id for receipt in standing if receipt.sync_key}
    unheard = world.ledger.writes.in_doubt(world.flow.name, sent_before=world.clock())
    world.ledger.writes.commit({each.key: there[each.key] for each in unheard if each.key in there})


def _sought(
    world: MirrorWorld, payment: Mapping[str, Any], owner: Owner, standing: Iterable[Receipt]
) -> _Sought:
    rate = _rate(world, payment)
    number = payment["transaction_id"]
    mine = [each for each in standing if number and (each.customer, each.comment) == (owner.customer, number)]
    return _Sought(
        payment,
        owner,
        (payment["captured_amount"] * rate).quantize(CENT, ROUND_HALF_UP),
        (payment["refunded_amount"] * rate).quantize(CENT, ROUND_HALF_UP),
        tuple(each.amount for each in mine),
    )


def _rate(world: MirrorWorld, payment: Mapping[str, Any]) -> Decimal:
    """As the way out works it out; where nobody said, it tells what is wrong."""
    day, company = payment["captured_on"], _company(world)
    if day is None:
        return Decimal(1)
    found = RateTable(world.ledger.rates.all()).at(payment["currency"], company, day)
    return found.rate if found else Decimal(1)


def _company(world: MirrorWorld) -> str:
    return world.settings.get("company_currency", "USD")


def _trouble(each: _Sought) -> dict[str, object] | None:
    """What only a person can book, if anything."""
    net = each.taken - each.given_back
    what = f"payment {each.payment['source_id']} of order {each.payment['order_number']}"
    if each.booked == net:
        return None
    if each.given_back:
        return problem(
            each.payment["source_id"],
            Reason.REFUSED,
            field="refundedAmount",
            value=str(each.given_back),
            message=f"{what}: {each.taken} taken, {each.given_back} given back, and Sage has {each.booked}",
            remedy=f"Book in Sage by hand so that {net} remain of {each.payment['transaction_id']}: what was "
            "taken as a cash receipt, what was given back as a refund; then leave this exception out.",
        )
    if each.booked > each.taken:
        return problem(
            each.payment["source_id"],
            Reason.READ_BACK_DIFFERS,
            field="capturedAmount",
            value=str(each.taken),
            message=f"{what}: {each.taken} were taken, and Sage has {each.booked}",
            remedy="Compare Sage's cash receipts with the gateway, and correct them in Sage.",
        )
    if each.owner.deposit:
        return problem(
            each.payment["source_id"],
            Reason.REFUSED,
            field=DEPOSIT,
            value=str(each.owner.deposit),
            message=f"{what}: its order in Sage has a deposit of {each.owner.deposit} already",
            remedy="Take the deposit off the order in Sage, then replay; or leave this out.",
        )
    if len(each.standing) > len(FURTHER):
        return problem(
            each.payment["source_id"],
            Reason.OUT_OF_RANGE,
            field="capturedAmount",
            message=f"{what}: it was captured in more than {len(FURTHER) + 1} parts",
            remedy="Enter the last parts in Sage by hand.",
        )
    return None


def _lacking(world: MirrorWorld, out: pd.DataFrame, sought: Mapping[str, _Sought]) -> pd.DataFrame:
    """The payments with what the ERP lacks of them; of a part that is the company's currency."""
    parts = defaultdict[str, str](str)
    amounts = dict(zip(out.source_id, out.captured_amount, strict=True))
    currencies = dict(zip(out.source_id, out.currency, strict=True))
    for key, each in sought.items():
        if key in amounts and each.standing:
            parts[key] = FURTHER[len(each.standing) - 1]
            amounts[key] = each.taken - each.booked
            currencies[key] = _company(world)
    money = out.captured_amount.dtype
    return out.assign(
        part=pd.Series(
            pa.array([parts[key] for key in out.source_id], pa.string()),
            out.index,
            pd.ArrowDtype(pa.string()),
        ),
        captured_amount=pd.Series(list(amounts.values()), out.index, money),
        currency=pd.Series(list(currencies.values()), out.index, out.currency.dtype),
    )
