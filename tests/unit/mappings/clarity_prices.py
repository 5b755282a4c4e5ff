"""Invented orders of every price there is, carried in batches and counted on both sides (B50).

``python -m tests.unit.mappings.clarity_prices --orders 100000`` does it in full, a unit test 5,000 of them.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any

from include.sandbox.clarity.drafts import Draft, Tender, Wanted
from include.sandbox.clarity.wire import rounded
from include.translation import load
from tests.unit.mappings.clarity_shop import (
    NOW,
    buyer,
    cents,
    goods,
    sage_total,
    shop_site,
    to_canonical,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.translation import Site

SEED = 20261121
BATCH = 1_250
RATES = {"USD": Decimal(1), "CAD": Decimal("0.7312"), "JPY": Decimal("0.0067")}
TAX_RATES = [Decimal(rate) for rate in ("0", "0.05", "0.0825", "0.06625")]
TENDERS = (
    (Tender(),),
    (Tender("PayPal", "wallet", "authorized"),),
    (Tender("Stripe", "gift_card", "captured", Decimal(5)), Tender("AuthorizeNet")),
    (Tender("OnAccount", "on_account", "authorized"),),
)
SITES = [
    {"freight_as": freight, "tax_as": tax, "clarity_deposit": "order"}
    for freight, tax in product(("amount", "line"), ("schedule", "line"))
]
"""Every place for shipping and tax."""


class NotToTheCentError(AssertionError):
    """An order comes to something else in Sage than in the shop."""


def orders(count: int, seed: int = SEED) -> Iterator[dict[str, Any]]:
    """The same for the same seed."""
    chance = random.Random(seed)
    for number in range(1, count + 1):
        yield _order(chance, number)


def _order(chance: random.Random, number: int) -> dict[str, Any]:
    currency = chance.choices(list(RATES), (8, 1, 1))[0]

    def money(most: int) -> Decimal:
        return rounded(Decimal(chance.randrange(most)) / 100, currency)

    wanted = [_wanted(chance, currency) for _ in range(chance.choices((1, 2, 4, 12), (4, 3, 2, 1))[0])]
    return Draft(
        id=number,
        customer=buyer(),
        wanted=wanted,
        placed=NOW,
        currency=currency,
        exchange_rate=RATES[currency],
        tax_rate=chance.choice(TAX_RATES),
        tax_by_line=chance.random() < 0.5,
        shipping_taxed=chance.random() < 0.3,
        shipping=money(9_000),
        handling=money(800) if chance.random() < 0.3 else Decimal(0),
        fees=money(900) - rounded(Decimal("4.25"), currency) if chance.random() < 0.3 else Decimal(0),
        order_discount=money(500) if chance.random() < 0.3 else Decimal(0),
        tenders=chance.choice(TENDERS),
    ).document()


def _wanted(chance: random.Random, currency: str) -> Wanted:
    places = 0 if currency == "JPY" else chance.choice((2, 2, 2, 4))
    price = Decimal(chance.randrange(100, 90_000)).scaleb(-places)
    quantity = chance.choice(
        (
            Decimal(chance.randrange(1, 50)),
            Decimal(chance.randrange(1, 5_000)),
            Decimal(chance.randrange(1, 90_000)).scaleb(-3),
            Decimal(chance.randrange(1, 9_000_000)).scaleb(-6),
        )
    )
    discount = Decimal(0)
    if chance.random() < 0.3:
        discount = price * quantity * chance.randrange(1, 60) / 100
    return Wanted(goods()[chance.randrange(1, 78)], quantity, price, discount)


def prove(count: int, seed: int = SEED, batch: int = BATCH) -> Counter[str]:
    """Carry ``count`` orders and compare the shop's totals with what Sage will compute.

    Returns:
        How many orders were carried, and how many have which line of our own.

    Raises:
        NotToTheCentError: some order is set aside or differs.
    """
    seen: Counter[str] = Counter()
    waiting: list[dict[str, Any]] = []
    for order in orders(count, seed):
        waiting.append(order)
        if len(waiting) == batch:
            _carried(waiting, shop_site(**SITES[seen["batches"] % len(SITES)]), seen)
            waiting = []
    if waiting:
        _carried(waiting, shop_site(**SITES[seen["batches"] % len(SITES)]), seen)
    return seen


def _carried(batch: list[dict[str, Any]], site: Site, seen: Counter[str]) -> None:
    canonical = to_canonical(*batch, site=site)
    erp = load("sage100/sales_order").from_canonical(canonical.frames, site)
    for problems in (canonical.problems, erp.problems):
        if len(problems):
            raise NotToTheCentError("\n".join(problems.message[:10]))
    taxes = dict(zip(erp.frames["headers"].key, erp.frames["headers"].expected_tax, strict=True))
    for order, write in zip(batch, written(erp), strict=True):
        rate, told = RATES[order["currency"]], order["totals"]
        if site.settings["tax_as"] == "schedule" and taxes[write.key] != cents(told["tax"] * rate):
            raise NotToTheCentError(f"order {write.key}: tax {taxes[write.key]}, in the shop {told['tax']}")
        ours, theirs = sage_total(write, taxes[write.key]), cents(told["grandTotal"] * rate)
        if not ours == theirs == write.expected_total:
            raise NotToTheCentError(f"order {write.key}: {ours} in Sage, {theirs} in the shop")
        seen.update({line["ItemCode"] for line in write.lines if line["ItemCode"].startswith("/")})
        seen[order["currency"]] += 1
    seen["orders"] += len(batch)
    seen["batches"] += 1


def main() -> int:
    """Prove as many as are asked for; 1 when one of them differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.unit.mappings.clarity_prices", description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    try:
        seen = prove(asked.orders, asked.seed)
    except NotToTheCentError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{seen.pop('orders')} orders, to the cent on both sides; {dict(seen)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
