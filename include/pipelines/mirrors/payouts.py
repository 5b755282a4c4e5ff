"""What gateways took, gave back and kept on one day, payout by payout, beside Sage's cash receipts.

A payout is what a gateway transfers: taken - given back - its fees. Sage has what was taken, as cash receipts
under a deposit of the payout's name. Whatever of that does not agree to the cent is listed by name; an
empty list means that nothing is unexplained.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.errors import TransientError
from include.pipelines.staging import rows
from include.translation import RateTable, Site, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from include.connectors.clarity_ecommerce.payments import Statement
    from include.connectors.sage100.receipts import Receipt
    from include.pipelines.mirrors.ports import MirrorWorld

CENT = Decimal("0.01")
LOOK_BACK = timedelta(days=60)
"""How long before a payment's last capture Sage may have got its first part."""
SPAN = timedelta(days=3)
"""How long before the day a payout may have begun: gateways end their days elsewhere than the company."""
ON_ACCOUNT = "on_account"


@dataclass(frozen=True, slots=True)
class Taken:
    """One payment of the day; amounts in its own currency, ``worth`` in Sage's."""

    payment: str
    order: str
    gateway: str
    transaction: str
    payout: str
    currency: str
    captured: Decimal
    refunded: Decimal
    fee: Decimal
    worth: Decimal


@dataclass(frozen=True, slots=True)
class Payout:
    """One payout; ``in_sage`` in Sage's currency, the others in its own."""

    payout: str
    gateway: str
    currency: str
    payments: int
    taken: Decimal
    refunds: Decimal
    fees: Decimal
    net: Decimal
    in_sage: Decimal


@dataclass(frozen=True, slots=True)
class Unexplained:
    """One thing that does not agree: ``difference`` is what Sage, or the statement, has too much."""

    payout: str
    what: str
    difference: Decimal


@dataclass(frozen=True, slots=True)
class Report:
    """One day."""

    day: date
    payouts: tuple[Payout, ...]
    unexplained: tuple[Unexplained, ...]

    def as_json(self) -> dict[str, Any]:
        """Amounts as text, digit for digit."""
        told = asdict(self)
        parts = {name: [_texts(row) for row in told[name]] for name in ("payouts", "unexplained")}
        return {"day": self.day.isoformat(), **parts}


def _texts(row: Mapping[str, Any]) -> dict[str, Any]:
    return {n: format(value, "f") if isinstance(value, Decimal) else value for n, value in row.items()}


def reconcile(
    day: date,
    taken: Sequence[Taken],
    receipts: Iterable[Receipt],
    statements: Mapping[str, Statement],
    known: Iterable[str] = (),
) -> Report:
    """Compare a day's payments with Sage's receipts and the gateways' statements.

    Args:
        day: in the company's time zone.
        taken: payments of all payouts into which something went on that day.
        receipts: of Sage, of that day and long enough before it.
        statements: of the gateways by payout, where they give any.
        known: numbers of further payments, of other payouts.
    """
    in_sage = defaultdict[str, Decimal](Decimal)
    numbers = {each.transaction for each in taken} | set(known)
    unexplained = []
    for receipt in receipts:
        in_sage[receipt.comment] += receipt.amount
        if receipt.sync_key and receipt.day == day and receipt.comment not in numbers:
            what = f"Sage has receipt {receipt.target_id}, and the shop no payment {receipt.comment!r}"
            unexplained.append(Unexplained(receipt.deposit, what, receipt.amount))
    by_payout: dict[str, list[Taken]] = {}
    for each in taken:
        by_payout.setdefault(each.payout, []).append(each)
        booked = in_sage[each.transaction]
        if booked != each.worth:
            what = f"payment {each.payment} of order {each.order}: {each.worth} were taken, Sage has {booked}"
            unexplained.append(Unexplained(each.payout, what, booked - each.worth))
    payouts = [_payout(name, parts, in_sage) for name, parts in sorted(by_payout.items())]
    for payout in payouts:
        if (statement := statements.get(payout.payout)) is not None:
            unexplained += _against(payout, statement)
    return Report(day, tuple(payouts), tuple(unexplained))


def _payout(name: str, parts: Sequence[Taken], in_sage: Mapping[str, Decimal]) -> Payout:
    captured, refunded, fees = (
        sum((getattr(each, part) for each in parts), Decimal(0)) for part in ("captured", "refunded", "fee")
    )
    return Payout(
        payout=name,
        gateway=parts[0].gateway,
        currency=parts[0].currency,
        payments=len(parts),
        taken=captured,
        refunds=refunded,
        fees=fees,
        net=captured - refunded - fees,
        in_sage=sum((in_sage[number] for number in {each.transaction for each in parts}), Decimal(0)),
    )


def _against(payout: Payout, statement: Statement) -> Iterable[Unexplained]:
    ours = {"gross": payout.taken, "refunds": payout.refunds, "fees": payout.fees, "net": payout.net}
    for name, amount in ours.items():
        said: Decimal = getattr(statement, name)
        if said != amount:
            what = f"the gateway's statement says {name} {said}, its payments come to {amount}"
            yield Unexplained(payout.payout, what, said - amount)


def report(
    world: MirrorWorld, day: date, statements: Callable[[Iterable[str]], Mapping[str, Statement]]
) -> Report:
    """Read a day's payments, statements and receipts, and compare them.

    Raises:
        TransientError: a system is away: no report is better than half of one.
    """
    begin = datetime.combine(day, time.min, ZoneInfo(world.time_zone)) - SPAN
    keys = [stub.key for stub in world.source.changes({}, begin).stubs]
    payloads = {}
    for key, answer in world.source.documents(keys):
        if isinstance(answer, TransientError):
            raise answer
        if answer is not None:
            payloads[key] = answer
    rates = RateTable(world.ledger.rates.all())
    site = Site(rates=rates, settings=world.settings, time_zone=world.time_zone)
    read = load(world.flow.inbound).to_canonical(list(payloads), list(payloads.values()), site)
    payments = [row for row in rows(read.frames["payments"]) if row["gateway"] != ON_ACCOUNT]
    company = world.settings.get("company_currency", "USD")
    captured = [row for row in payments if row["captured_amount"]]
    touched = {_payout_of(row) for row in captured if row["captured_on"] == day}
    taken = [_taken(row, company, rates) for row in captured if _payout_of(row) in touched]
    receipts = world.cash.receipts_since(day - LOOK_BACK) if world.cash else ()
    said = statements({row["payout_id"] for row in captured if row["payout_id"] in touched})
    found = reconcile(day, taken, receipts, said, {row["transaction_id"] for row in payments})
    unread = [
        Unexplained("", f"payment {row['key']} cannot be read: {row['message']}", Decimal(0))
        for row in rows(read.problems)
    ]
    return Report(day, found.payouts, (*found.unexplained, *unread))


def _payout_of(row: Mapping[str, Any]) -> str:
    """As the deposit in Sage is called."""
    return row["payout_id"] or f"{row['gateway']} {row['captured_on']}"


def _taken(row: Mapping[str, Any], company: str, rates: RateTable) -> Taken:
    rate = rates.at(row["currency"], company, row["captured_on"])
    worth = row["captured_amount"] * (rate.rate if rate else Decimal(1))
    return Taken(
        payment=row["source_id"],
        order=row["order_number"],
        gateway=row["gateway"],
        transaction=row["transaction_id"] or "",
        payout=_payout_of(row),
        currency=row["currency"],
        captured=row["captured_amount"],
        refunded=row["refunded_amount"],
        fee=row["fee"],
        worth=worth.quantize(CENT, ROUND_HALF_UP),
    )
