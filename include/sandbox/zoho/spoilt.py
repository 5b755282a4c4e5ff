"""Orders that are wrong, each in one named way.

Real Zoho would refuse some of these, yet every one has been seen on the wire somewhere: imports, old
records, other apps and bulk edits get past a form's checks. They are written down as they are, without
the sandbox's own checks.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from include.sandbox import northwind
from include.sandbox.zoho import orderdocs
from include.sandbox.zoho.orders import RESOURCE, move
from include.sandbox.zoho.store import Record
from include.sandbox.zoho.story import LINES, ORDERS, StoryShelf, counting, order_body, shelf_of
from include.sandbox.zoho.wire import Json, dumps, identity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from include.sandbox.zoho.world import World

FIRST_NUMBER = 90_001
FIRST_LINE = 500_001
"""Spoilt orders' lines have ids above all of Northwind's."""


def _line(**values: Any) -> Callable[[Json], None]:
    return lambda order: order["line_items"][0].update(values)


def _head(**values: Any) -> Callable[[Json], None]:
    return lambda order: order.update(values)


def _without(name: str) -> Callable[[Json], None]:
    return lambda order: order.pop(name)


def _off_by_a_cent(order: Json) -> None:
    order["total"] = round(order["total"] + 0.01, 2)
    order["total_formatted"] = f"${order['total']:,.2f}"


def _same_line_ids(order: Json) -> None:
    lines = order["line_items"]
    lines.append(copy.deepcopy(lines[0]))


def _control_characters(order: Json) -> None:
    order["customer_name"] = "Wolf\x07gang\u0000 Ein\x1bzelhandel"
    order["line_items"][0]["name"] = "Queso\x0b Cabrales\u200b"


def _emoji(order: Json) -> None:
    order["customer_name"] = "Frühstück 🥐 & Söhne"
    order["shipping_address"]["address"] = "Straße 🏠 7"


def _country(order: Json) -> None:
    for which in ("billing_address", "shipping_address"):
        order[which].update(country="Absurdistan", country_code="XZ")


CASES: dict[str, tuple[str, Callable[[Json], None]]] = {
    "unknown_sku": ("a SKU that nobody knows", _line(sku="NW-9999")),
    "no_sku": ("a line whose item has no SKU", _line(sku="")),
    "long_sku": ("a SKU of 64 characters", _line(sku="NW-" + "0" * 61)),
    "zero_quantity": ("quantity 0", _line(quantity=0)),
    "negative_quantity": ("quantity -5", _line(quantity=-5)),
    "text_quantity": ("a quantity in words", _line(quantity="a dozen")),
    "huge_quantity": ("a quantity with more digits than an ERP keeps", _line(quantity=123_456_789_012_345)),
    "fine_quantity": ("a quantity with nine decimals", _line(quantity=0.123456789)),
    "negative_rate": ("a price below zero", _line(rate=-14.0)),
    "text_rate": ("a price in words", _line(rate="fourteen")),
    "blank_date": ("no order date", _head(date="")),
    "impossible_date": ("the thirtieth of February", _head(date="2026-02-30")),
    "unknown_currency": ("a currency without a rate", _head(currency_code="XXX", currency_symbol="¤")),
    "total_off_by_a_cent": ("a total that its lines do not make", _off_by_a_cent),
    "no_lines": ("an empty list of lines", _head(line_items=[])),
    "null_lines": ("lines that are null", _head(line_items=None)),
    "duplicate_line_ids": ("one line twice", _same_line_ids),
    "unknown_delivery_method": ("a carrier nobody mapped", _head(delivery_method="Pigeon Post")),
    "unknown_payment_terms": ("terms nobody mapped", _head(payment_terms=73, payment_terms_label="Net 73")),
    "unknown_location": (
        "a warehouse nobody mapped",
        _head(location_id=identity(71, 99), location_name="Moon Base"),
    ),
    "unknown_order_status": (
        "a status outside the list",
        _head(order_status="teleported", status="teleported"),
    ),
    "unknown_country": ("a country that does not exist", _country),
    "no_customer_id": ("no customer at all", _without("customer_id")),
    "unknown_customer_id": ("a customer that was deleted", _head(customer_id=identity(82, 999_999))),
    "long_reference": ("a reference of 120 characters", _head(reference_number="R" * 120)),
    "long_number": ("an order number of 60 characters", _head(salesorder_number="SO-" + "9" * 57)),
    "control_characters": ("bells and zero bytes in names", _control_characters),
    "emoji": ("emoji in names and addresses", _emoji),
    "broken_tax": (
        "a tax rate without a tax",
        _line(tax_id="", tax_percentage="seven", line_item_taxes=[{"tax_amount": None}]),
    ),
    "discount_over_100": ("a discount of 150 %", _line(discount="150.00%")),
    "huge_notes": ("notes of 100,000 characters", _head(notes="N" * 100_000)),
}
"""Name, what is wrong, how it is done."""


def spoil(order: Json, case: str) -> Json:
    """A spoilt copy of an order document.

    Raises:
        KeyError: no such case.
    """
    if case not in CASES:
        raise KeyError(f"no case {case!r}; there are {', '.join(CASES)}")
    spoilt = copy.deepcopy(order)
    CASES[case][1](spoilt)
    return spoilt


def place_spoilt(world: World, cases: Sequence[str], *, announce: bool = True) -> list[dict[str, str]]:
    """Write one order for each case, ``SO-90001`` and on; each case has its own fixed number.

    Raises:
        KeyError: no such case.
    """
    now = world.now()
    shelf = shelf_of(now.replace(second=0))
    placed = []
    for case in cases:
        index = list(CASES).index(case) if case in CASES else 0
        whole = _whole_order(index, shelf, now)
        spoilt = spoil(whole, case)
        row = {
            name: spoilt.get(name, "") if name in whole else value
            for name, value in orderdocs.record(whole).row.items()
        }
        with world.control.database.transaction():
            world.documents.put(Record(RESOURCE, whole["salesorder_id"], spoilt, row))
            if announce:
                world.webhooks.announce("salesorder", whole["salesorder_id"], "created", dumps(spoilt))
        placed.append(
            {
                "case": case,
                "salesorder_id": whole["salesorder_id"],
                "salesorder_number": spoilt["salesorder_number"],
                "what": CASES[case][0],
            }
        )
    return placed


def _whole_order(index: int, shelf: StoryShelf, now: datetime) -> Json:
    number = FIRST_NUMBER + index
    template = northwind.orders()[index * 7]
    shelf.ids = counting(LINES, FIRST_LINE + index * 100)
    order = orderdocs.new_order(identity(ORDERS, number), f"SO-{number}", now, source="Client")
    move(order, "confirmed")
    orderdocs.apply(order, order_body(template), shelf, now)
    return order
