"""Northwind as Clarity's shop: the same company that Zoho and Sage know, selling on the web.

Two customers of three are in Sage; every fifth of these says so (``externalIds``), the others have to be
found there. SKUs are as people type them; Sage's own codes stand in ``externalIds`` of every second product.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from include.sandbox import northwind
from include.sandbox.clarity.drafts import Draft, Tender, Wanted, payments_of
from include.sandbox.clarity.kinds import CUSTOMERS, INVENTORY, ORDERS, PAYMENTS, PRODUCTS
from include.sandbox.clarity.orders import available
from include.sandbox.clarity.routes_catalogue import WAREHOUSES, new_product
from include.sandbox.clarity.routes_customers import new_customer
from include.sandbox.clarity.wire import Json, rounded, stamp
from include.sandbox.sage100.story import customer_numbers

if TYPE_CHECKING:
    from datetime import datetime

    from include.sandbox.clarity.world import World

STEP = timedelta(minutes=5)
CUSTOMER_IDS, PRODUCT_IDS, ORDER_IDS = 10_001, 20_000, 100_000
TERMS = ("NET30", "NET15", "NET60", None)
TAX_RATE = Decimal("0.0825")
TENDERS = (
    Tender(),
    Tender("PayPal", "wallet"),
    Tender("Stripe", "card", "authorized"),
    Tender("AuthorizeNet", "card"),
    Tender("OnAccount", "on_account", "authorized"),
)
CODES = {"Speedy Express": "SPX", "United Package": "UPK", "Federal Shipping": "FDS"}
CODE_LENGTH = 3


def address(place: northwind.Place, *, attention: str, phone: str | None, email: str | None) -> Json:
    """A Northwind place in Clarity's members."""
    short = len(place.region) <= CODE_LENGTH and place.region.isupper()
    return {
        "company": place.name,
        "attention": attention,
        "line1": place.street,
        "line2": None,
        "city": place.city,
        "region": place.region or None,
        "regionCode": place.region if short and place.region else None,
        "postalCode": place.postal_code or None,
        "countryCode": northwind.COUNTRIES[place.country][0],
        "phone": phone,
        "email": email,
        "isResidential": False,
    }


def customer(index: int, known: northwind.Customer, now: datetime) -> Json:
    """A Northwind customer; ``index`` counts from 0."""
    number = CUSTOMER_IDS + index
    first, _, last = known.contact.partition(" ")
    where = address(known.place, attention=known.contact, phone=known.phone, email=known.email)
    person = {
        "id": number * 10 + 1, "firstName": first, "lastName": last, "email": known.email,
        "phone": known.phone, "role": "buyer", "isPrimary": True, "isActive": True,
    }  # fmt: skip
    stamped = stamp(now - timedelta(days=30))
    told = known.in_sage and index % 5 == 0
    return new_customer(number) | {
        "company": known.company,
        "email": known.email,
        "phone": known.phone,
        "priceLevel": "A" if index % 4 == 0 else None,
        "paymentTerms": TERMS[index % len(TERMS)],
        "creditLimit": Decimal(25_000),
        "creditAvailable": Decimal(25_000),
        "contacts": [person],
        "addresses": [
            {**where, "id": number * 10 + 2, "kind": "billing", "isDefault": True},
            {**where, "id": number * 10 + 3, "kind": "shipping", "isDefault": True},
        ],
        "attributes": {"northwindCode": known.code},
        "externalIds": {"sage100CustomerNo": f"00-{customer_numbers()[known.code]}"} if told else {},
        "createdDate": stamped,
        "updatedDate": stamped,
        "rowVersion": 1,
    }


def product(known: northwind.Product, now: datetime) -> Json:
    """A Northwind product."""
    stamped = stamp(now - timedelta(days=60))
    made = new_product(PRODUCT_IDS + known.number, known.sku, known.name)
    return made | {
        "status": "inactive" if known.discontinued else "active",
        "shortDescription": known.unit,
        "description": f"{known.name}, {known.unit}",
        "categories": [{"id": 300 + len(known.category), "path": known.category}],
        "isDiscontinued": known.discontinued,
        "allowBackorder": known.number % 3 != 0,
        "prices": {**made["prices"], "basePrice": known.price},
        "aliases": [known.alias] if known.alias else [],
        "externalIds": {"sage100ItemCode": known.item_code} if known.number % 2 == 0 else {},
        "createdDate": stamped,
        "updatedDate": stamped,
        "rowVersion": 1,
    }


def stock(known: Json, warehouse: str, on_hand: Decimal, record_id: int) -> Json:
    """One level of a product."""
    return available({
        "_id": record_id,
        "sku": known["sku"],
        "productId": known["id"],
        "warehouseCode": warehouse,
        "quantityOnHand": on_hand,
        "quantityAllocated": 0,
        "quantityAvailable": 0,
        "quantityOnOrder": 0,
        "allowBackorder": known["allowBackorder"],
        "updatedDate": known["updatedDate"],
        "rowVersion": 1,
    })  # fmt: skip


def draft(
    order: northwind.Order, record_id: int, placed: datetime, people: dict[str, Json], goods: dict[int, Json]
) -> Draft:
    """A Northwind order as a basket at checkout; a customer without terms pays at once."""
    known = people[order.customer.code]
    taxed = order.customer.place.country == "USA"
    lines = [
        Wanted(
            goods[line.product.number],
            Decimal(line.quantity),
            line.price,
            rounded(line.price * line.quantity * line.discount),
        )
        for line in order.lines
    ]
    tender = TENDERS[order.number % len(TENDERS)]
    return Draft(
        id=record_id,
        customer=known,
        wanted=lines,
        placed=placed,
        tax_rate=TAX_RATE if taxed else Decimal(0),
        shipping=order.freight,
        tenders=(tender if known["paymentTerms"] or tender.gateway != "OnAccount" else TENDERS[0],),
        method={
            "carrier": order.shipper,
            "serviceCode": CODES[order.shipper],
            "serviceName": f"{order.shipper} Ground",
            "requestedShipDate": stamp(placed + (timedelta(days=5)))[:10],
        },
        ship_to=address(order.ship_to, attention=order.ship_to.name, phone=None, email=None),
    )


def people(now: datetime) -> dict[str, Json]:
    """All customers by Northwind's code."""
    return {
        code: customer(index, known, now) for index, (code, known) in enumerate(northwind.customers().items())
    }


def goods(now: datetime) -> dict[int, Json]:
    """All products by Northwind's number."""
    return {number: product(known, now) for number, known in northwind.products().items()}


def levels(products: dict[int, Json]) -> list[Json]:
    """Stock in both warehouses: the west has half as much."""
    found = []
    for number, known in products.items():
        main = Decimal(northwind.products()[number].in_stock)
        for place, warehouse in enumerate(WAREHOUSES):
            on_hand = main if place == 0 else main // 2
            found.append(stock(known, str(warehouse["code"]), on_hand, 1_000_000 + number * 10 + place))
    return found


def tell(world: World, limit: int | None = None) -> dict[str, int]:
    """Write the story down; telling it again replaces the same records. Announces nothing."""
    now = world.now().replace(second=0, microsecond=0)
    customers, products = people(now), goods(now)
    chosen = northwind.orders()[:limit]
    orders = [
        draft(
            order, ORDER_IDS + order.number, now - STEP * (len(chosen) - index), customers, products
        ).document()
        for index, order in enumerate(chosen)
    ]
    payments = [payment for order in orders for payment in payments_of(order)]
    with world.control.database.transaction():
        world.documents.put(CUSTOMERS, customers.values())
        world.documents.put(PRODUCTS, products.values())
        world.documents.put(INVENTORY, levels(products))
        world.documents.put(ORDERS, orders)
        world.documents.put(PAYMENTS, payments)
    return {
        "customers": len(customers),
        "products": len(products),
        "orders": len(orders),
        "payments": len(payments),
    }
