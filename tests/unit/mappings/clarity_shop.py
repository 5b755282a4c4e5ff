"""Clarity's shop beside Northwind's Sage: orders as its checkout makes them, and what comes of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from include.canonical import REFERENCE_FRAME
from include.connectors.sage100 import order_writes
from include.sandbox import northwind
from include.sandbox.clarity import story
from include.sandbox.clarity.drafts import Draft, Wanted
from include.sandbox.clarity.wire import dumps
from include.translation import Rate, RateTable, Reference, Site, load
from tests.unit.translation.factories import SHIP_VIA, TAXES, a_reference, a_site, items, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.connectors.sage100 import OrderWrite
    from include.translation import Translation

NOW = datetime(2026, 3, 2, 16, 4, 31, tzinfo=UTC)
CENT = Decimal("0.01")
OWN_ITEMS = (
    "A/B-1", "NO#7", "DECK LAMP 2", "000451", "GSK-KIT-04", "GSK-PART-1", "GSK-PART-2", "CBL-16-RD",
    "GIFT-1", "TAX-LINE", "TAX-TOTAL", "GONE-BO", "GONE-NO", "TEA-JP",
)  # fmt: skip
"""Items that Northwind does not have, under Sage's codes."""


@cache
def goods() -> dict[int, dict[str, Any]]:
    """The shop's products by Northwind's number."""
    return story.goods(NOW)


@cache
def buyer() -> dict[str, Any]:
    """A customer from the United States."""
    return next(one for one in story.people(NOW).values() if one["addresses"][0]["countryCode"] == "US") | {
        "paymentTerms": "NET30"
    }


@cache
def catalogue() -> Reference:
    """Sage's items, with the aliases that Sage keeps."""
    products = northwind.products().values()
    rows = [(p.item_code, "", p.name[:30]) for p in products] + [(code,) for code in OWN_ITEMS]
    return items(rows, tuple((p.alias, p.item_code) for p in products if p.alias))  # type: ignore[arg-type]


def shop_site(**settings: str) -> Site:
    """Northwind's site with what Clarity needs."""
    rates = RateTable([Rate("CAD", "USD", date(2026, 3, 1), Decimal("0.7300"), "ECB")])
    aliases = texts([("SHOP-ONLY-1", "NW-0001", "Chai")], REFERENCE_FRAME.names)
    references = {
        "items": catalogue(),
        "ship_via": a_reference("ship_via", SHIP_VIA | {"UPS": "UPS Ground"}),
        "tax_schedules": a_reference("tax_schedules", TAXES | {"TX": "US state + local"}),
        "clarity_aliases": Reference.table("clarity_aliases", aliases),
    }
    return a_site(references=references, rates=rates, settings=settings)


def an_order(number: int = 1, *wanted: Wanted, **changes: Any) -> dict[str, Any]:
    """An order as the shop's checkout makes it; ``more`` replaces members of the document."""
    drafted = {
        "id": number,
        "customer": buyer(),
        "wanted": wanted or (Wanted(goods()[1], Decimal(3), Decimal("10.00")),),
        "placed": NOW,
    }
    return Draft(**{**drafted, **changes}).document()


def a_detail(order: dict[str, Any]) -> bytes:
    """The order as the detail call answers."""
    return dumps({"data": order}).encode()


def to_canonical(*orders: dict[str, Any], site: Site | None = None) -> Translation:
    """Orders through Clarity's mapping."""
    keys = [str(order["id"]) for order in orders]
    return load("clarity_ecommerce/sales_order").to_canonical(
        keys, [a_detail(order) for order in orders], site or shop_site()
    )


def to_sage(*orders: dict[str, Any], site: Site | None = None) -> Translation:
    """Orders through both mappings; the first must have found nothing wrong."""
    site = site or shop_site()
    canonical = to_canonical(*orders, site=site)
    assert canonical.problems.empty, list(canonical.problems.message)
    return load("sage100/sales_order").from_canonical(canonical.frames, site)


def written(erp: Translation) -> list[OrderWrite]:
    """The records that the gateway is given."""
    return order_writes(erp.frames["headers"], erp.frames["lines"])


def cents(amount: Decimal) -> Decimal:
    """Half up to the cent."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def sage_total(write: OrderWrite, tax: Decimal) -> Decimal:
    """What Sage works out from what it is sent: extensions - discount + freight + its own tax."""
    extensions = sum((_extension(line) for line in write.lines), Decimal(0))
    amounts = {name: Decimal(write.header.get(name, "0")) for name in ("DiscountAmt", "FreightAmt")}
    return extensions - amounts["DiscountAmt"] + amounts["FreightAmt"] + tax


def _extension(line: dict[str, str]) -> Decimal:
    quantity, price, percent = (
        Decimal(line.get(name, "0")) for name in ("QuantityOrdered", "UnitPrice", "LineDiscountPercent")
    )
    return cents(quantity * price * (100 - percent) / 100)


def of_item(writes: Sequence[OrderWrite], code: str) -> list[dict[str, str]]:
    """All lines with an item code."""
    return [line for write in writes for line in write.lines if line["ItemCode"] == code]
