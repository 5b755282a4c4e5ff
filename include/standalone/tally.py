"""What the demonstration counts, from three witnesses: the shop, our ledger, the ERP's own tables.

A shop's totals come from the sandbox, ours from the ledger by SQL, Sage's straight from its tables
(no code of the flow in between): three books that must agree.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from include.errors import TransientError
from include.standalone.services import local_http

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from include.standalone.environment import Machine


@dataclass(frozen=True, slots=True)
class Shop:
    """One of the shops whose orders go to Sage.

    Args:
        name: for people.
        system: its id in the ledger.
        flow: what carries its orders.
        order_id: Sage's column with the shop's order id.
    """

    name: str
    system: str
    flow: str
    order_id: str


ZOHO = Shop("Zoho", "zoho_inventory", "zoho_orders_to_sage100", "UDF_ZOHO_ORDER_ID")
CLARITY = Shop("Clarity", "clarity_ecommerce", "clarity_orders_to_sage100", "UDF_CLARITY_ORDER_ID")
FLOW = ZOHO.flow
LOADED = ("loaded", "unchanged")
UNSETTLED = ("pending", "leased", "in_doubt")

ROWS = """
    SELECT record_key, CASE WHEN state = 'pending' AND EXISTS (
        SELECT 1 FROM exceptions
        WHERE exceptions.flow = inbox.flow AND exceptions.record_key = inbox.record_key
        AND exceptions.state = 'open' AND exceptions.disposition = 'parked'
    ) THEN 'waiting' ELSE coalesce(outcome, state) END
    FROM inbox WHERE flow = :flow ORDER BY id
"""
"""A later event of a parked order waits behind it; it is as settled as the order itself."""
REASONS = """
    SELECT disposition, code, count(DISTINCT record_key) FROM exceptions
    WHERE flow = :flow AND state <> 'resolved' GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2
"""
CUSTOMERS = """
    SELECT count(*) FROM crosswalk
    WHERE entity = 'customer' AND source_system = :system AND target_system = 'sage100'
    AND origin LIKE 'created%'
"""
SECONDS = """
    SELECT coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY took), 0),
           coalesce(percentile_cont(0.95) WITHIN GROUP (ORDER BY took), 0)
    FROM (
        SELECT extract(epoch FROM writes.updated_at - min(inbox.received_at)) AS took
        FROM writes JOIN inbox ON inbox.flow = writes.flow AND inbox.record_key = writes.record_key
        WHERE writes.flow = :flow AND writes.entity = 'sales_order' AND writes.state = 'committed'
        GROUP BY writes.key, writes.updated_at
    ) AS carried
"""
SAGE_ORDERS = """
    SELECT {column}, TaxableAmt, NonTaxableAmt, FreightAmt, SalesTaxAmt, DiscountAmt
    FROM SO_SalesOrderHeader WHERE {column} <> ''
"""
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is, cheap enough to ask every second."""

    standing: dict[str, int]

    @property
    def received(self) -> int:
        """Rows in the inbox."""
        return sum(self.standing.values())

    @property
    def settled(self) -> int:
        """Rows that reached their end."""
        return self.received - sum(self.standing.get(name, 0) for name in UNSETTLED)


@dataclass(frozen=True, slots=True)
class Tally:
    """The final account.

    Args:
        announced: order ids the shop sent webhooks for.
        standing: inbox rows by outcome.
        outcomes: last outcome by order id.
        reasons: disposition and code to number of orders.
        customers_created: customers that were not in Sage before.
        in_shop: total by order id, in the shop.
        sage: totals by the shop's order id in Sage; more than one means a double.
        seconds: p50 and p95 from webhook to committed Sage order.
    """

    announced: frozenset[str]
    standing: dict[str, int]
    outcomes: dict[str, str]
    reasons: list[tuple[str, str, int]]
    customers_created: int
    in_shop: dict[str, Decimal]
    sage: dict[str, list[Decimal]]
    seconds: tuple[float, float]
    loaded: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        found = frozenset(key for key, outcome in self.outcomes.items() if outcome in LOADED)
        object.__setattr__(self, "loaded", found)

    @property
    def received(self) -> int:
        """Rows in the inbox, whatever became of them."""
        return sum(self.standing.values())

    @property
    def shop_dollars(self) -> Decimal:
        """Dollars of the loaded orders in the shop."""
        return sum((self.in_shop[key] for key in self.loaded if key in self.in_shop), Decimal("0.00"))

    @property
    def sage_dollars(self) -> Decimal:
        """Dollars of all orders in Sage that came from the shop."""
        return sum((total for totals in self.sage.values() for total in totals), Decimal("0.00"))

    def problems(self) -> list[str]:
        """Everything that does not balance; empty when all does."""
        unsettled = {name: self.standing[name] for name in UNSETTLED if self.standing.get(name)}
        lost = self.announced - self.outcomes.keys()
        doubles = [key for key, totals in self.sage.items() if len(totals) > 1]
        missing, strangers = self.loaded - self.sage.keys(), self.sage.keys() - self.loaded
        unequal = [
            key
            for key in self.loaded & self.sage.keys() & self.in_shop.keys()
            if self.sage[key][0] != self.in_shop[key]
        ]
        found = (
            (unsettled, f"not settled: {unsettled}"),
            (lost, f"{len(lost)} announced orders never reached the inbox"),
            (doubles, f"{len(doubles)} orders stand in Sage more than once"),
            (missing, f"{len(missing)} loaded orders are not in Sage"),
            (strangers, f"{len(strangers)} orders in Sage were not reported as loaded"),
            (unequal, f"{len(unequal)} orders differ in cents, e.g. {sorted(unequal)[:3]}"),
            (not self.loaded, "no order was loaded"),
        )
        return [line for wrong, line in found if wrong]


def progress(machine: Machine, flow: str = FLOW) -> Progress:
    """Count the inbox of a flow.

    Raises:
        TransientError: the ledger does not answer now.
    """
    return Progress(dict(Counter(standing for _, standing in ask_ledger(machine, ROWS, flow=flow))))


def tally(machine: Machine, shop: Shop, announced: frozenset[str], in_shop: dict[str, Decimal]) -> Tally:
    """Ask ledger and ERP, beside what the shop itself has said.

    Args:
        machine: the machine.
        shop: whose orders.
        announced: order ids that a webhook was sent for.
        in_shop: total by order id.

    Raises:
        TransientError: one of them does not answer now.
    """
    flow = shop.flow
    p50, p95 = ask_ledger(machine, SECONDS, flow=flow)[0]
    reasons = ask_ledger(machine, REASONS, flow=flow)
    return Tally(
        announced=announced,
        standing=progress(machine, flow).standing,
        outcomes=outcomes(ask_ledger(machine, ROWS, flow=flow)),
        reasons=[(str(kind), str(code), int(count)) for kind, code, count in reasons],
        customers_created=int(ask_ledger(machine, CUSTOMERS, system=shop.system)[0][0]),
        in_shop=in_shop,
        sage=sage_totals(machine.sage_database, shop.order_id),
        seconds=(float(p50), float(p95)),
    )


def outcomes(rows: Iterable[tuple[Any, ...]]) -> dict[str, str]:
    """The latest outcome of each record; that a further row is a duplicate or waits says nothing about it."""
    found: dict[str, str] = {}
    for key, outcome in rows:
        if outcome not in {"duplicate", "waiting"}:
            found[key] = outcome
        else:
            found.setdefault(key, outcome)
    return found


def zoho_totals(machine: Machine) -> dict[str, Decimal]:
    """Total by order id, as Zoho has it."""
    rows = sandbox(machine, "GET", "salesorders")["salesorders"]
    return {row["salesorder_id"]: Decimal(str(row["total"])).quantize(CENT) for row in rows}


def sage_totals(database: Path, column: str = ZOHO.order_id) -> dict[str, list[Decimal]]:
    """Totals of Sage's orders by the shop's order id they carry; exactly one each, if all is well."""
    found: dict[str, list[Decimal]] = {}
    for order_id, *amounts in ask_sage(database, SAGE_ORDERS.format(column=column)):
        *parts, discount = (Decimal(str(amount)).quantize(CENT) for amount in amounts)
        found.setdefault(order_id, []).append(sum(parts, Decimal("0.00")) - discount)
    return found


def ask_sage(database: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Read Sage's tables."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(query, values).fetchall()


def sandbox(machine: Machine, method: str, path: str, body: object = None, *, system: str = "zoho") -> Any:
    """Call the sandbox's control API for one system.

    Raises:
        TransientError: it does not answer, or refuses.
    """
    url = f"{machine.sandbox_url}/_sandbox/{system}/{path}"
    try:
        answer = local_http().request(method, url, json=body, timeout=60)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise TransientError(f"sandbox: {method} {path}: {type(error).__name__}") from error
    return answer.json()


def ask_ledger(machine: Machine, query: str, **bound: str) -> list[tuple[Any, ...]]:
    """Ask the ledger in SQL.

    Raises:
        TransientError: it does not answer now.
    """
    engine = create_engine(machine.database_url("tradebridge"), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), bound)]
    except OperationalError as error:
        raise TransientError("the ledger does not answer") from error
