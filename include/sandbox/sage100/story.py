"""The stories a company can tell: ``empty``, just set up, or ``northwind``, with its goods and customers.

Of Northwind's customers those whom Sage already knows are here, half under a number and half under
Northwind's own code. Most can be found by e-mail; every fifth has another one here or none, so that only
telephone or name and postal code tell who it is.
"""

from __future__ import annotations

import textwrap
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, get_args

from include.sandbox import northwind
from include.sandbox.sage100 import company, database
from include.sandbox.sage100.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

Story = Literal["empty", "northwind"]
STORIES: tuple[Story, ...] = get_args(Story)

FIRST_NUMBER = 1001
CHARGES = {
    "/FREIGHT": ("3", "Freight"),
    "/ROUND": ("5", "Rounding difference"),
    "/ADJ": ("5", "Adjustment"),
    "/TAX": ("5", "Sales tax"),
    "/HANDL": ("5", "Handling"),
    "/FEE": ("5", "Fees"),
    "/C": ("4", "Comment"),
}
"""Item code -> item type and description."""


def load(
    home: Path,
    story: Story = "northwind",
    *,
    code: str = "ABC",
    switches: Settings | None = None,
    now: datetime | None = None,
    password: str = "",
) -> Path:
    """Make a company's file, or make it anew, and fill it; gives the file.

    One transaction: who reads meanwhile sees the old company or the new one.
    """
    file = database.create(home, code)
    chosen = (switches or Settings()).model_copy(update={"story": story})
    with database.opened(file) as db, database.writing(db):
        books = company.set_up(db, chosen, now=now, password=password)
        if story == "northwind":
            _goods(books)
            _customers(books)
    return file


def line_code(category: str) -> str:
    """``"Dairy Products"`` -> ``"DAIR"``."""
    return category[:4].upper()


def _goods(books: company.Books) -> None:
    products = northwind.products().values()
    for category in sorted({product.category for product in products}):
        books.enter(
            "IM_ProductLine",
            ProductLine=line_code(category),
            ProductLineDesc=category,
            **_units(),
            AllowBackOrders="Y",
            TaxClass=company.TAXABLE,
        )
    for product in products:
        _item(books, product)
        _stock(books, product)
        if product.alias:
            alias = {"AliasItemNo": product.alias, "AliasItemDesc": product.name}
            books.enter("IM_AliasItem", ItemCode=product.item_code, Type="G", **alias)
    for item_code, (kind, words) in CHARGES.items():
        given = {"ItemCode": item_code, "ItemType": kind, "ItemCodeDesc": words, **_units()}
        books.enter("CI_Item", **given, TaxClass=company.NOT_TAXABLE, UseInSO="Y")


def _units() -> Mapping[str, str]:
    return {f"{use}UnitOfMeasure": "EACH" for use in ("Standard", "Sales", "Purchase")}


def _item(books: company.Books, product: northwind.Product) -> None:
    books.enter(
        "CI_Item",
        ItemCode=product.item_code,
        ItemType="1",
        ItemCodeDesc=product.name,
        ProductLine=line_code(product.category),
        ProductType="D" if product.discontinued else "F",
        Valuation="3",
        DefaultWarehouseCode="000",
        **_units(),
        SalesUMConvFctr=1,
        PurchaseUMConvFctr=1,
        StandardUnitPrice=product.price,
        StandardUnitCost=(product.price * Decimal("0.6")).quantize(Decimal("0.01")),
        TotalQuantityOnHand=product.in_stock,
        TaxClass=company.TAXABLE,
        UseInSO="Y",
        UseInAR="Y",
        UseInPO="Y",
        AllowTradeDiscount="Y",
        AllowBackOrders="Y",
    )


def _stock(books: company.Books, product: northwind.Product) -> None:
    """Every third product lies partly in the second warehouse."""
    west = product.in_stock // 3 if product.number % 3 == 0 else 0
    for warehouse, quantity in (("000", product.in_stock - west), ("001", west)):
        if warehouse == "000" or quantity:
            books.enter(
                "IM_ItemWarehouse",
                ItemCode=product.item_code,
                WarehouseCode=warehouse,
                QuantityOnHand=quantity,
            )


def customer_numbers() -> dict[str, str]:
    """Northwind's code -> CustomerNo, for the customers whom Sage knows."""
    known = [customer for customer in northwind.customers().values() if customer.in_sage]
    return {
        customer.code: customer.code if index % 2 else f"{FIRST_NUMBER + index:07d}"
        for index, customer in enumerate(known)
    }


def email_in_sage(index: int, email: str) -> str:
    """Every fifth differs from the shop's: another one, or none."""
    if index % 10 == 4:
        return "accounts@" + email.partition("@")[2]
    return "" if index % 10 == 9 else email


def _customers(books: company.Books) -> None:
    for index, (code, number) in enumerate(customer_numbers().items()):
        customer = northwind.customers()[code]
        place = customer.place
        streets = textwrap.wrap(place.street, books.width("AR_Customer", "AddressLine1"))
        books.enter(
            "AR_Customer",
            ARDivisionNo="00",
            CustomerNo=number,
            CustomerName=customer.company,
            **{f"AddressLine{line}": street for line, street in enumerate(streets, start=1)},
            City=place.city,
            State=place.region if len(place.region) == 2 else "",
            ZipCode=place.postal_code,
            CountryCode=northwind.COUNTRIES[place.country][1],
            TelephoneNo=customer.phone,
            FaxNo=customer.fax,
            EmailAddress=email_in_sage(index, customer.email),
            TermsCode="01",
            TaxSchedule="NONTAX",
            ShipMethod="SPEEDY",
            SortField=customer.code,
        )
