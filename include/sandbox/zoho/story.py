"""The story "northwind": 77 items, 91 contacts and 830 confirmed sales orders, as Zoho would hold them.

Ids are made from Northwind's own numbers, so two runs hold the same records. Dates are Northwind's;
the times of creation lie in the last days before the sandbox's present, one order every five
minutes, so that a sweep over a window finds something.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from include.sandbox import northwind
from include.sandbox.zoho import contactdocs, itemdocs, orderdocs
from include.sandbox.zoho.catalogue import MAIN, WEST
from include.sandbox.zoho.orders import RESOURCE, move
from include.sandbox.zoho.wire import Json, decimal, identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.sandbox.zoho.world import World

STEP = timedelta(minutes=5)
RUSH_DAYS = 14
TERMS = ("Net 30", "Net 15", "Net 60", "Due on Receipt")
ITEMS, CONTACTS, ADDRESSES, PERSONS, ORDERS, LINES = 118, 82, 83, 84, 209, 210
"""Blocks of ids."""

COUNTRIES = {"USA": "U.S.A", "UK": "United Kingdom"}
"""Where Zoho's name of a country is not Northwind's."""
STATES = {
    "AK": "Alaska",
    "BC": "British Columbia",
    "CA": "California",
    "DF": "Distrito Federal",
    "ID": "Idaho",
    "MT": "Montana",
    "NM": "New Mexico",
    "OR": "Oregon",
    "RJ": "Rio de Janeiro",
    "SP": "São Paulo",
    "WA": "Washington",
    "WY": "Wyoming",
}
"""Northwind's region codes; its other regions are names, and Zoho has no code for what was typed."""


@dataclass(slots=True)
class StoryShelf:
    """The story's records while it is told, and ids in a row."""

    documents: dict[str, Json] = field(default_factory=dict)
    ids: Iterator[str] = field(default_factory=lambda: iter(()))

    def get(self, resource: str, record_id: str) -> Json | None:
        """One document."""
        return self.documents.get(record_id)

    def new_id(self) -> str:
        """The next id of the record that is being made."""
        return next(self.ids)


def counting(block: int, first: int) -> Iterator[str]:
    """Ids from a number on."""
    while True:
        yield identity(block, first)
        first += 1


def address(place: northwind.Place, *, attention: str, phone: str = "", fax: str = "") -> Json:
    """A Northwind place in Zoho's fields."""
    coded = place.region in STATES
    return {
        "address": place.street,
        "street2": "",
        "city": place.city,
        "state": STATES.get(place.region, place.region),
        "state_code": place.region if coded else "",
        "zip": place.postal_code,
        "country": COUNTRIES.get(place.country, place.country),
        "country_code": northwind.COUNTRIES[place.country][0],
        "fax": fax,
        "phone": phone,
        "attention": attention,
    }


def contact_id(customer: northwind.Customer) -> str:
    """The id of a customer's contact."""
    return identity(CONTACTS, 1 + list(northwind.customers()).index(customer.code))


def item_id(product: northwind.Product) -> str:
    """The id of a product's item."""
    return identity(ITEMS, product.number)


@cache
def other_places() -> dict[str, list[northwind.Place]]:
    """By customer's code, the places that orders go to and that are not the customer's own."""
    found: dict[str, list[northwind.Place]] = {}
    for order in northwind.orders():
        places = found.setdefault(order.customer.code, [])
        if order.ship_to != order.customer.place and order.ship_to not in places:
            places.append(order.ship_to)
    return found


def address_id(order: northwind.Order) -> str:
    """The id of the address that an order goes to: the contact's shipping address or a further one."""
    number = 1 + list(northwind.customers()).index(order.customer.code)
    if order.ship_to == order.customer.place:
        return identity(ADDRESSES, number * 100 + 2)
    return identity(ADDRESSES, number * 100 + 10 + other_places()[order.customer.code].index(order.ship_to))


def items(now: datetime) -> list[Json]:
    """All products as items, with opening stock in the main warehouse."""
    return [_item(product, now) for product in northwind.products().values()]


def _item(product: northwind.Product, now: datetime) -> Json:
    item = itemdocs.new_item(item_id(product), now)
    body = {
        "name": product.name,
        "sku": product.sku,
        "description": product.unit,
        "unit": "pcs",
        "rate": product.price,
        "purchase_rate": (product.price * Decimal("0.6")).quantize(Decimal("0.01")),
        "reorder_level": 10,
        "is_taxable": False,
        "custom_fields": [
            {"api_name": "cf_category", "value": product.category},
            {"api_name": "cf_pack_size", "value": product.unit},
        ],
    }
    itemdocs.apply(item, body, now)
    item["status"] = "inactive" if product.discontinued else "active"
    itemdocs.open_stock(item, [(MAIN.id, Decimal(product.in_stock))])
    return item


def contacts(now: datetime) -> list[Json]:
    """All customers as contacts, with every place their orders go to."""
    places = other_places()
    return [
        _contact(number, customer, places.get(customer.code, []), now)
        for number, customer in enumerate(northwind.customers().values(), start=1)
    ]


def _contact(number: int, customer: northwind.Customer, places: list[northwind.Place], now: datetime) -> Json:
    first, _, last = customer.contact.partition(" ")
    contact = contactdocs.new_contact(contact_id(customer), number, now)
    contact["billing_address"]["address_id"] = identity(ADDRESSES, number * 100 + 1)
    contact["shipping_address"]["address_id"] = identity(ADDRESSES, number * 100 + 2)
    person = {
        "contact_person_id": identity(PERSONS, number),
        "first_name": first,
        "last_name": last,
        "email": customer.email,
        "phone": customer.phone,
        "designation": customer.title,
        "is_primary_contact": True,
    }
    body = {
        "contact_name": customer.company,
        "company_name": customer.company,
        "payment_terms_label": TERMS[(number - 1) % len(TERMS)],
        "billing_address": address(
            customer.place, attention=customer.contact, phone=customer.phone, fax=customer.fax
        ),
        "shipping_address": address(customer.place, attention=customer.company, phone=customer.phone),
        "contact_persons": [person],
        "notes": f"Northwind customer {customer.code}",
    }
    contactdocs.apply(contact, body, now, _no_new_ids)
    contact["has_transaction"] = True
    contact["addresses"] = [
        {
            "address_id": identity(ADDRESSES, number * 100 + 10 + index),
            **address(place, attention=place.name),
        }
        for index, place in enumerate(places)
    ]
    return contact


def _no_new_ids() -> str:
    raise AssertionError("a story's ids are all told in advance")


def order_body(order: northwind.Order) -> Json:
    """An order as somebody would type it into Zoho."""
    return {
        "customer_id": contact_id(order.customer),
        "shipping_address_id": address_id(order),
        "date": order.ordered_on.isoformat(),
        "shipment_date": order.required_on.isoformat(),
        "reference_number": f"{order.customer.code}-{order.number}",
        "discount_type": "item_level",
        "shipping_charge": order.freight,
        "delivery_method": order.shipper,
        "location_id": (WEST if order.number % 2 else MAIN).id,
        "salesperson_name": "Nancy Davolio",
        "notes": f"Northwind order {order.number}",
        "custom_fields": [
            {"api_name": "cf_sync_origin", "value": "zoho"},
            {
                "api_name": "cf_rush_order",
                "value": (order.required_on - order.ordered_on).days <= RUSH_DAYS,
            },
        ],
        "line_items": [
            {
                "item_id": item_id(line.product),
                "rate": line.price,
                "quantity": line.quantity,
                "discount": f"{line.discount * 100:.2f}%" if line.discount else 0,
            }
            for line in order.lines
        ],
    }


def confirmed_order(order: northwind.Order, shelf: StoryShelf, now: datetime) -> Json:
    """A Northwind order as a confirmed sales order."""
    number = order.number
    shelf.ids = counting(LINES, (number - 10_000) * 100 + 1)
    made = orderdocs.new_order(identity(ORDERS, number), f"SO-{number}", now, source="Client")
    move(made, "confirmed")
    orderdocs.apply(made, order_body(order), shelf, now)
    return made


def shelf_of(now: datetime) -> StoryShelf:
    """The story's items and contacts, ready for orders."""
    shelf = StoryShelf()
    shelf.documents = {item["item_id"]: item for item in items(now - timedelta(days=60))}
    shelf.documents |= {contact["contact_id"]: contact for contact in contacts(now - timedelta(days=30))}
    return shelf


def tell(world: World, limit: int | None = None) -> dict[str, int]:
    """Write the story down; telling it again replaces the same records. Announces nothing."""
    now = world.now().replace(second=0)
    shelf = shelf_of(now)
    chosen = northwind.orders()[:limit]
    orders = [
        confirmed_order(order, shelf, now - STEP * (len(chosen) - index))
        for index, order in enumerate(chosen)
    ]
    found_items = [doc for doc in shelf.documents.values() if "item_id" in doc]
    found_contacts = [doc for doc in shelf.documents.values() if "contact_id" in doc]
    with world.control.database.transaction():
        world.documents.put(*map(itemdocs.record, found_items))
        world.documents.put(*map(contactdocs.record, found_contacts))
        world.documents.put(*map(orderdocs.record, orders))
        itemdocs.commit(world.documents, _together(orders), +1)
    return {"items": len(found_items), "contacts": len(found_contacts), RESOURCE: len(orders)}


def _together(orders: list[Json]) -> list[Json]:
    """All lines of one item and location as one."""
    sums: dict[tuple[str, str], Decimal] = {}
    for order in orders:
        for line in order["line_items"]:
            key = (line["item_id"], line["location_id"])
            sums[key] = sums.get(key, Decimal(0)) + decimal(line["quantity"])
    return [
        {"item_id": item, "location_id": place, "quantity": total} for (item, place), total in sums.items()
    ]
