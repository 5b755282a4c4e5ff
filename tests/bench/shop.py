"""An invented shop whose orders the bench carries: as many as wanted, the same for the same seed.

The orders are made by the Zoho sandbox's own code, so they have every field that a detail response has
(11 to 14 kB), totals that add up, and where they are spoilt, they are spoilt as the sandbox spoils them.
Nothing is kept between two orders: customer and item are worked out again from their number, so a
stream of a hundred thousand orders costs no memory.
"""

from __future__ import annotations

import random
import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson

from include.sandbox import northwind
from include.sandbox.zoho import catalogue, orderdocs
from include.sandbox.zoho.orders import move
from include.sandbox.zoho.spoilt import spoil
from include.sandbox.zoho.story import COUNTRIES, STATES
from include.sandbox.zoho.wire import identity

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 20261121
ITEMS = 600
SPOILT_EVERY = 50
"""One order in so many is bad: 2 %."""
BAD = (
    "unknown_sku", "no_sku", "zero_quantity", "negative_quantity", "text_quantity", "negative_rate",
    "blank_date", "impossible_date", "total_off_by_a_cent", "no_lines", "duplicate_line_ids",
    "unknown_delivery_method", "unknown_payment_terms", "unknown_location", "unknown_order_status",
    "unknown_country", "no_customer_id", "discount_over_100", "long_number", "unreadable",
)  # fmt: skip
"""How: the sandbox's cases, and a body that was cut in the middle."""

FIRST_DAY = date(2026, 8, 3)
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
CURRENCIES = (*[catalogue.USD] * 17, *list(catalogue.CURRENCIES.values())[1:])
"""Three orders in twenty are in another currency."""
WORDS = ("Maple", "Harbor", "Lincoln", "Orchard", "Union", "Prospect", "Cedar", "Mill", "Church", "Sunset")
KINDS = ("Street", "Avenue", "Boulevard", "Road", "Lane", "Drive", "Court", "Parkway")
TOWNS = (
    ("Seattle", "Washington", "WA", "98101"),
    ("Portland", "Oregon", "OR", "97201"),
    ("Boise", "Idaho", "ID", "83702"),
    ("Anchorage", "Alaska", "AK", "99501"),
    ("San Francisco", "California", "CA", "94105"),
    ("Albuquerque", "New Mexico", "NM", "87102"),
)


def orders(count: int, *, seed: int = SEED, customers: int = 0) -> Iterator[tuple[str, bytes]]:
    """Sales orders as (id, JSON bytes of the detail's ``salesorder`` object).

    Args:
        count: how many.
        seed: the same seed gives the same bytes.
        customers: among how many they are spread; a third of ``count`` by default.
    """
    shelf = _Shelf(seed)
    for index in range(count):
        yield _order(index, shelf, customers or max(1, count // 3), seed)


def _order(index: int, shelf: _Shelf, customers: int, seed: int) -> tuple[str, bytes]:
    chance = random.Random(seed * 1_000_003 + index)
    order_id = f"{identity(300, 0)[:-9]}{index:09d}"
    made = orderdocs.new_order(order_id, f"SO-{index:07d}", NOW, source="Client")
    move(made, "confirmed")
    shelf.first_line(index)
    orderdocs.apply(made, _body(chance, customers), shelf, NOW - timedelta(seconds=index % 86_400))
    if index % SPOILT_EVERY != SPOILT_EVERY - 1:
        return order_id, orjson.dumps(made)
    case = BAD[index // SPOILT_EVERY % len(BAD)]
    if case == "unreadable":
        return order_id, orjson.dumps(made)[:5000]
    if case == "long_number":
        return order_id, orjson.dumps(made | {"salesorder_number": f"SO-{index:057d}"})
    return order_id, orjson.dumps(spoil(made, case))


def _body(chance: random.Random, customers: int) -> dict[str, Any]:
    """An order as somebody would type it."""
    day = FIRST_DAY + timedelta(days=chance.randrange(100))
    by_order, taxed = chance.random() < 0.1, chance.random() < 0.1
    return {
        "customer_id": str(chance.randrange(customers)),
        "date": day.isoformat(),
        "shipment_date": (day + timedelta(days=chance.randrange(3, 30))).isoformat(),
        "reference_number": f"PO {chance.randrange(1_000_000)}",
        "discount_type": "entity_level" if by_order else "item_level",
        "discount": f"{chance.randrange(1, 15)}.00%" if by_order else 0,
        "shipping_charge": chance.choice((0, 0, "4.95", "12.50", "38.27")),
        "adjustment": chance.choice((*[0] * 18, "-0.35", "2.00")),
        "adjustment_description": "Goodwill",
        "delivery_method": chance.choice(catalogue.DELIVERY_METHODS),
        "location_id": chance.choice(list(catalogue.LOCATIONS)),
        "salesperson_name": "Nancy Davolio",
        "notes": chance.choice(("", "", "", "Please call before delivery.\nRing twice.")),
        "custom_fields": [{"api_name": "cf_rush_order", "value": chance.random() < 0.2}],
        "is_inclusive_tax": taxed and chance.random() < 0.2,
        "line_items": [
            _line(chance, number, taxed=taxed) for number in chance.sample(range(ITEMS), chance.randint(1, 8))
        ],
    }


def _line(chance: random.Random, number: int, *, taxed: bool) -> dict[str, Any]:
    return {
        "item_id": str(number),
        "quantity": chance.choice((1, 2, 3, 5, 10, 12, 24, "2.5")),
        "discount": chance.choice((*[0] * 10, "5.00%", "5.00%", "12.50%", "25.00%", "1.75")),
        "tax_id": catalogue.SALES_TAX.id if taxed else "",
    }


class _Shelf:
    """The shop's customers and items, worked out when an order asks for them."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._line = 0

    def first_line(self, index: int) -> None:
        """Line ids of an order follow from its place."""
        self._line = index * 10

    def new_id(self) -> str:
        """The next line's id."""
        self._line += 1
        return f"{identity(301, 0)[:-10]}{self._line:010d}"

    def get(self, resource: str, record_id: str) -> dict[str, Any]:
        """A customer or an item by its number."""
        return item(int(record_id)) if resource == "items" else _contact(int(record_id), self._seed)


@cache
def item(number: int) -> dict[str, Any]:
    """Item ``number`` as orders see it; some SKUs are typed sloppily, some are old names."""
    product = list(northwind.products().values())[number % 77]
    sku = item_code(number)
    if number % 13 == 0:
        sku = alias(number)
    elif number % 10 == 0:
        sku = f" bx-{number} "
    return {
        "sku": sku, "name": f"{product.name} {number}", "group_name": "", "description": product.unit,
        "rate": float(product.price), "unit": "pcs", "tax_id": "", "tax_name": "", "tax_percentage": 0,
        "package_details": {"length": 0, "width": 0, "height": 0, "weight": 0.0, "weight_unit": "kg"},
    }  # fmt: skip


def item_code(number: int) -> str:
    """What Sage calls an item."""
    return f"BX-{number:05d}"


def alias(number: int) -> str:
    """An item's old name."""
    return f"OLD/{number}"


def _contact(number: int, seed: int) -> dict[str, Any]:
    chance = random.Random(seed * 2_000_003 + number)
    money = chance.choice(CURRENCIES)
    template = list(northwind.customers().values())[number % 91]
    billing = _us_address(chance) if chance.random() < 0.4 else _address(chance, template.place)
    shipping = (
        billing if chance.random() < 0.7 else _address(chance, chance.choice(northwind.orders()).ship_to)
    )
    first, _, last = template.contact.partition(" ")
    terms = chance.choice(list(catalogue.PAYMENT_TERMS))
    company, call = f"{template.company} {number}", {"phone": template.phone, "fax": template.fax}
    return {
        "contact_name": company, "contact_number": f"CUS-{number:05d}", "is_taxable": False,
        "currency_id": money.id, "currency_code": money.code, "currency_symbol": money.symbol,
        "payment_terms": catalogue.PAYMENT_TERMS[terms], "payment_terms_label": terms,
        "contact_persons": [{
            "is_primary_contact": True, "contact_person_id": identity(302, number % 1_000_000), "mobile": "",
            "first_name": first, "last_name": last, "phone": template.phone,
            "email": f"orders@customer-{number}.example",
        }],
        "billing_address": {**billing, "attention": template.contact, **call, "address_id": "1"},
        "shipping_address": {**shipping, "attention": company, **call, "address_id": "2"},
    }  # fmt: skip


def _us_address(chance: random.Random) -> dict[str, str]:
    city, state, code, zip_code = chance.choice(TOWNS)
    way = f"{chance.choice(('', 'North ', 'SE '))}{chance.choice(WORDS)} {chance.choice(KINDS)}"
    street = f"{chance.randrange(1, 9999)} {way}"
    unit = chance.choice(("", "", f"Suite {chance.randrange(1, 400)}"))
    return _in_zoho_fields(street, unit, city, state, code, zip_code, "U.S.A", "US")


def _address(chance: random.Random, place: northwind.Place) -> dict[str, str]:
    """Somewhere in the street of a Northwind place."""
    street = re.sub(r"\d+", str(chance.randrange(1, 999)), place.street, count=1)
    return _in_zoho_fields(
        street, "", place.city, STATES.get(place.region, place.region),
        place.region if place.region in STATES else "", place.postal_code,
        COUNTRIES.get(place.country, place.country), northwind.COUNTRIES[place.country][0],
    )  # fmt: skip


def _in_zoho_fields(*parts: str) -> dict[str, str]:
    names = ("address", "street2", "city", "state", "state_code", "zip", "country", "country_code")
    return dict(zip(names, parts, strict=True))
