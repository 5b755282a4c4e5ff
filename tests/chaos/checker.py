"""From what was done in the shop and what stands everywhere afterwards to a verdict. Pure.

The witnesses are the shop's documents, Sage's tables and Sage's log of committed writes; the ledger is
asked only for what it claims itself. Each version of an order has a total of its own, so an effect in Sage
tells which version it carried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

LOST, DOUBLED, DISORDER, CENTS = "lost", "doubled", "out of order", "cents off"
UNBALANCED, DOUBT, ASIDE, ALERTS, AUDIT, RESTLESS = (
    "unbalanced", "in doubt", "set aside", "alerts", "audit", "not settled",
)  # fmt: skip
KINDS = (LOST, DOUBLED, DISORDER, CENTS, UNBALANCED, DOUBT, ASIDE, ALERTS, AUDIT, RESTLESS)
"""Everything that can be found, in the order of the verdict."""

ENDED = frozenset({"loaded", "unchanged", "duplicate", "parked", "rejected"})
UNSURE = frozenset({"in_doubt"})
IN_FLIGHT = frozenset({"pending", "leased"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must not be."""

    kind: str
    what: str


@dataclass(slots=True)
class Order:
    """What the shop did to an order: (version, total) from first to last, and whether it was voided."""

    number: str
    versions: list[tuple[str, Decimal]] = field(default_factory=list)
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """A committed write in Sage's own log. ``subject`` is the shop's id of the order or the contact."""

    kind: str
    record: str
    subject: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of the ledger: what about, by how many messages it and its end were told.

    A message that is told again after a crash bears the same id, by which whoever hears it knows it.
    """

    about: str
    sent: int
    recovered: int


@dataclass(slots=True)
class Evidence:
    """What the witnesses say once all is quiet.

    Attributes:
        standing: totals of Sage's live orders by the shop's order id.
        differences: how a live order differs from the shop's document, field by field.
        effects: Sage's log, oldest first.
        acknowledged: (order, version) of each webhook that we answered with 2xx.
        kept: (order, version) of each inbox row.
        inbox: rows of the inbox by where they stand.
        rows: how many rows were ever kept, by the count written with them.
        books: what the ledger itself finds wrong with its books.
        writes_in_doubt: keys of writes whose end is unknown.
        exceptions: what stands in the exceptions table, open.
        reports: counts of each closed run.
        broken_at: where the audit chain breaks.
    """

    standing: Mapping[str, Sequence[Decimal]] = field(default_factory=dict)
    differences: Mapping[str, Sequence[str]] = field(default_factory=dict)
    effects: Sequence[Effect] = ()
    acknowledged: frozenset[tuple[str, str]] = frozenset()
    kept: frozenset[tuple[str, str]] = frozenset()
    inbox: Mapping[str, int] = field(default_factory=dict)
    rows: int = 0
    books: Sequence[str] = ()
    writes_in_doubt: Sequence[str] = ()
    exceptions: Sequence[str] = ()
    reports: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    broken_at: int | None = None
    alerts: Sequence[Alert] = ()


def findings(history: Mapping[str, Order], told: Evidence) -> list[Finding]:
    """Everything that is wrong; empty when all is well."""
    parts = (_orders, _creations, _sequence, _announced, _books, _rest)
    return [finding for part in parts for finding in part(history, told)]


def _orders(history: Mapping[str, Order], told: Evidence) -> Iterator[Finding]:
    """Each order stands once as the shop last had it; a voided one does not stand."""
    for key, order in history.items():
        totals = told.standing.get(key, ())
        wanted = 0 if order.cancelled else 1
        if len(totals) > 1:
            yield Finding(DOUBLED, f"{order.number} stands {len(totals)} times in Sage")
        elif len(totals) < wanted:
            yield Finding(LOST, f"{order.number} is not in Sage")
        elif len(totals) > wanted:
            yield Finding(LOST, f"{order.number} was voided, yet it stands in Sage")
        elif wanted:
            yield from _as_it_stands(order, totals[0], told.differences.get(key, ()))


def _as_it_stands(order: Order, total: Decimal, differences: Sequence[str]) -> Iterator[Finding]:
    *former, (_, wanted) = order.versions
    if total == wanted:
        yield from (Finding(LOST, f"{order.number}: {what}") for what in differences)
    elif total in {amount for _, amount in former}:
        yield Finding(LOST, f"{order.number}: the edit from {total} to {wanted} never arrived")
    else:
        yield Finding(CENTS, f"{order.number}: {total} in Sage, {wanted} in Zoho")


def _creations(_history: Mapping[str, Order], told: Evidence) -> Iterator[Finding]:
    """Nothing was ever made twice, whatever was tidied up later."""
    made = Counter(
        (effect.kind, effect.subject)
        for effect in told.effects
        if effect.kind.endswith("_created") and effect.subject
    )
    for (kind, subject), times in made.items():
        if times > 1:
            yield Finding(DOUBLED, f"{kind} {times} times for {subject}")


def _sequence(history: Mapping[str, Order], told: Evidence) -> Iterator[Finding]:
    """Versions of one order took effect in the order in which the shop made them."""
    latest: dict[str, int] = {}
    for effect in told.effects:
        order = history.get(effect.subject)
        if order is None or effect.kind not in {"order_created", "order_changed"}:
            continue
        places = [place for place, (_, total) in enumerate(order.versions) if total == effect.total]
        if not places:
            yield Finding(CENTS, f"{order.number}: {effect.total} was written, which no version comes to")
        elif places[-1] < latest.get(effect.subject, 0):
            yield Finding(
                DISORDER, f"{order.number}: version {places[-1] + 1} after {latest[effect.subject] + 1}"
            )
        else:
            latest[effect.subject] = places[0]


def _announced(history: Mapping[str, Order], told: Evidence) -> Iterator[Finding]:
    """What we said we have, we have; and the last word about every order reached us."""
    for key, version in sorted(told.acknowledged - told.kept):
        yield Finding(LOST, f"the webhook of {key} as of {version} was answered with 2xx, and is not there")
    for key, order in history.items():
        if (key, order.versions[-1][0]) not in told.kept:
            yield Finding(LOST, f"{order.number} as of {order.versions[-1][0]} never reached the inbox")


def _books(_history: Mapping[str, Order], told: Evidence) -> Iterator[Finding]:
    """Received = loaded + unchanged + parked + rejected + duplicate + in doubt + in flight."""
    unknown = set(told.inbox) - ENDED - UNSURE - IN_FLIGHT
    if unknown or sum(told.inbox.values()) != told.rows:
        yield Finding(UNBALANCED, f"{told.rows} rows received, accounted for {dict(told.inbox)}")
    for run, counts in told.reports.items():
        rest = sum(rows for name, rows in counts.items() if name != "received")
        if counts.get("received") != rest:
            yield Finding(UNBALANCED, f"run {run} received {counts.get('received')}, accounted for {rest}")
    yield from (Finding(UNBALANCED, what) for what in told.books)
    flying = {name: rows for name, rows in told.inbox.items() if name in IN_FLIGHT and rows}
    if flying:
        yield Finding(RESTLESS, f"still in flight: {flying}")


def _rest(_history: Mapping[str, Order], told: Evidence) -> Iterator[Finding]:
    """No doubt is left, nothing clean was set aside, the audit chain holds, each alert was sent once."""
    for name in UNSURE & told.inbox.keys():
        yield Finding(DOUBT, f"{told.inbox[name]} rows")
    yield from (Finding(DOUBT, f"write {key}") for key in told.writes_in_doubt)
    yield from (Finding(ASIDE, what) for what in told.exceptions)
    if told.broken_at is not None:
        yield Finding(AUDIT, f"the chain breaks at {told.broken_at}")
    for alert in told.alerts:
        if alert.sent != 1:
            yield Finding(ALERTS, f"{alert.about}: told {alert.sent} times")
        if alert.recovered != 1:
            yield Finding(ALERTS, f"{alert.about}: its end was told {alert.recovered} times")
