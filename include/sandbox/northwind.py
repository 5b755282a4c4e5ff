"""Northwind, the shop that everyone knows, as the common story of the sandbox systems.

The Zoho sandbox sells these products to these customers; the Sage 100 sandbox keeps the books of
the same company under its own codes. Neither knows the other: what they share is this file, as two
real systems share a catalogue on paper. The data set is Microsoft's sample database; e-mail
addresses are ours (it has none).
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data" / "northwind"

COUNTRIES = {
    "Argentina": ("AR", "ARG"),
    "Austria": ("AT", "AUT"),
    "Belgium": ("BE", "BEL"),
    "Brazil": ("BR", "BRA"),
    "Canada": ("CA", "CAN"),
    "Denmark": ("DK", "DNK"),
    "Finland": ("FI", "FIN"),
    "France": ("FR", "FRA"),
    "Germany": ("DE", "DEU"),
    "Ireland": ("IE", "IRL"),
    "Italy": ("IT", "ITA"),
    "Mexico": ("MX", "MEX"),
    "Norway": ("NO", "NOR"),
    "Poland": ("PL", "POL"),
    "Portugal": ("PT", "PRT"),
    "Spain": ("ES", "ESP"),
    "Sweden": ("SE", "SWE"),
    "Switzerland": ("CH", "CHE"),
    "UK": ("GB", "GBR"),
    "USA": ("US", "USA"),
    "Venezuela": ("VE", "VEN"),
}
"""Northwind's country names with ISO 3166-1 alpha-2 and alpha-3."""


@dataclass(frozen=True, slots=True)
class Place:
    """An address as the merchant typed it."""

    name: str
    street: str
    city: str
    region: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True)
class Customer:
    """One of the 91 customers."""

    code: str
    company: str
    contact: str
    title: str
    phone: str
    fax: str
    email: str
    place: Place
    in_sage: bool
    """Sage 100 already has this customer; the others are created by the first order."""


@dataclass(frozen=True, slots=True)
class Product:
    """One of the 77 products, under the code of either system."""

    number: int
    name: str
    category: str
    unit: str
    price: Decimal
    in_stock: int
    discontinued: bool
    sku: str
    """What Zoho calls it."""
    item_code: str
    """What Sage calls it."""
    alias: str
    """Set where Sage knows Zoho's SKU only through IM_AliasItem."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order; ``discount`` is a fraction (0.15 = 15 %)."""

    product: Product
    price: Decimal
    quantity: int
    discount: Decimal


@dataclass(frozen=True, slots=True)
class Order:
    """One of the 830 orders."""

    number: int
    customer: Customer
    ordered_on: date
    required_on: date
    shipper: str
    freight: Decimal
    ship_to: Place
    lines: tuple[Line, ...]


def _rows(table: str) -> list[dict[str, str]]:
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return [{k: "" if v == "NULL" else v.strip() for k, v in row.items()} for row in csv.DictReader(file)]


def _domain(company: str) -> str:
    plain = unicodedata.normalize("NFKD", company).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _sku(number: int) -> str:
    """Mostly Sage's own code; every tenth typed sloppily, every thirteenth under an old name."""
    if number % 13 == 0:
        return f"OLD/{number}"
    if number % 10 == 0:
        return f" nw-{number} "
    return f"NW-{number:04d}"


@cache
def customers() -> dict[str, Customer]:
    """All customers by Northwind's five-letter code. Two of three are already in Sage."""
    found = {}
    for index, row in enumerate(_rows("customers")):
        place = Place(
            row["companyName"], row["address"], row["city"], row["region"], row["postalCode"], row["country"]
        )
        found[row["customerID"]] = Customer(
            code=row["customerID"],
            company=row["companyName"],
            contact=row["contactName"],
            title=row["contactTitle"],
            phone=row["phone"],
            fax=row["fax"],
            email=f"orders@{_domain(row['companyName'])}.example",
            place=place,
            in_sage=index % 3 != 2,
        )
    return found


@cache
def products() -> dict[int, Product]:
    """All products by Northwind's number."""
    categories = {row["categoryID"]: row["categoryName"] for row in _rows("categories")}
    return {
        number: Product(
            number=number,
            name=row["productName"],
            category=categories[row["categoryID"]],
            unit=row["quantityPerUnit"],
            price=Decimal(row["unitPrice"]),
            in_stock=int(row["unitsInStock"]),
            discontinued=row["discontinued"] == "1",
            sku=_sku(number),
            item_code=f"NW-{number:04d}",
            alias=_sku(number) if number % 13 == 0 else "",
        )
        for row in _rows("products")
        for number in [int(row["productID"])]
    }


@cache
def shippers() -> dict[str, str]:
    """Shipper names by Northwind's number."""
    return {row["shipperID"]: row["companyName"] for row in _rows("shippers")}


@cache
def orders() -> tuple[Order, ...]:
    """All orders in the order of their numbers."""
    lines: dict[str, list[Line]] = defaultdict(list)
    for row in _rows("order_details"):
        product = products()[int(row["productID"])]
        line = Line(product, Decimal(row["unitPrice"]), int(row["quantity"]), Decimal(row["discount"]))
        lines[row["orderID"]].append(line)
    return tuple(
        Order(
            number=int(row["orderID"]),
            customer=customers()[row["customerID"]],
            ordered_on=date.fromisoformat(row["orderDate"][:10]),
            required_on=date.fromisoformat(row["requiredDate"][:10]),
            shipper=shippers()[row["shipVia"]],
            freight=Decimal(row["freight"]),
            ship_to=Place(
                row["shipName"],
                row["shipAddress"],
                row["shipCity"],
                row["shipRegion"],
                row["shipPostalCode"],
                row["shipCountry"],
            ),
            lines=tuple(lines[row["orderID"]]),
        )
        for row in _rows("orders")
    )
