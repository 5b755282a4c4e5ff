"""What the organisation itself is: locations, currencies, taxes, users, terms.

Small fixed tables, the same for every story. The company is Northwind, trading in US dollars, with two
warehouses.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from include.sandbox.zoho.wire import ORGANIZATION_ID, Json, identity, shape

NAME = "Northwind Traders"
EMAIL = "sandbox@northwind.example"


@dataclass(frozen=True, slots=True)
class Location:
    """A warehouse."""

    id: str
    name: str
    city: str
    street: str
    is_primary: bool


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency and its present rate to the dollar."""

    id: str
    code: str
    name: str
    symbol: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Tax:
    """A sales tax."""

    id: str
    name: str
    percentage: Decimal


MAIN = Location(identity(71, 1), "Main Warehouse", "Seattle", "507 20th Ave. E.", is_primary=True)
WEST = Location(identity(71, 15), "West Warehouse", "Redmond", "4110 Old Redmond Rd.", is_primary=False)
LOCATIONS = {location.id: location for location in (MAIN, WEST)}

USD = Currency(identity(0, 97), "USD", "US Dollar", "$", Decimal(1))
CURRENCIES = {
    currency.id: currency
    for currency in (
        USD,
        Currency(identity(0, 103), "EUR", "Euro", "€", Decimal("1.0845")),
        Currency(identity(0, 99), "GBP", "Pound Sterling", "£", Decimal("1.2731")),
        Currency(identity(0, 101), "CAD", "Canadian Dollar", "$", Decimal("0.7184")),
    )
}
SALES_TAX = Tax(identity(35, 501), "WA Sales Tax", Decimal("7.25"))
TAXES = {SALES_TAX.id: SALES_TAX}

PAYMENT_TERMS = {"Due on Receipt": 0, "Net 15": 15, "Net 30": 30, "Net 60": 60}
DELIVERY_METHODS = ("Speedy Express", "United Package", "Federal Shipping")


def delivery_method_id(name: str) -> str:
    """Known methods have fixed ids; any other name is accepted and has none."""
    return identity(44, DELIVERY_METHODS.index(name) + 1) if name in DELIVERY_METHODS else ""


def organization() -> Json:
    """The row of ``/organizations``."""
    return shape(
        "organization",
        organization_id=ORGANIZATION_ID,
        name=NAME,
        contact_name="Nancy Davolio",
        email=EMAIL,
        plan_name="ENTERPRISE",
        state="Washington",
        state_code="WA",
        currency_id=USD.id,
    )


def location(place: Location) -> Json:
    """The row of ``/locations``."""
    found = shape("location", location_id=place.id, location_name=place.name, is_primary=place.is_primary)
    found.update(
        type="general", status="active", email=EMAIL, phone="(206) 555-9857", is_all_users_selected=True
    )
    found["address"].update(
        city=place.city, state="Washington", country="U.S.A", state_code="WA", street_address1=place.street
    )
    return found


def warehouse(place: Location) -> Json:
    """The row of the older ``/settings/warehouses``."""
    return {
        "warehouse_id": place.id,
        "warehouse_name": place.name,
        "attention": "",
        "address": place.street,
        "address1": place.street,
        "address2": "",
        "city": place.city,
        "state": "Washington",
        "zip": "",
        "country": "U.S.A",
        "phone": "(206) 555-9857",
        "email": EMAIL,
        "is_primary": place.is_primary,
        "status": "active",
        "is_fba_warehouse": False,
    }


def currency(money: Currency) -> Json:
    """The row of ``/settings/currencies``."""
    return {
        "currency_id": money.id,
        "currency_code": money.code,
        "currency_name": f"{money.code}- {money.name}",
        "currency_symbol": money.symbol,
        "price_precision": 2,
        "currency_format": "1,234,567.89",
        "is_base_currency": money is USD,
        "exchange_rate": float(money.rate) if money is not USD else 0,
        "effective_date": "",
    }


def tax(levy: Tax) -> Json:
    """The row of ``/settings/taxes``."""
    return {
        "tax_id": levy.id,
        "tax_name": levy.name,
        "tax_percentage": float(levy.percentage),
        "tax_type": "tax",
        "tax_specific_type": "",
        "is_value_added": False,
        "is_default_tax": False,
        "is_editable": True,
        "status": "Active",
    }


def user() -> Json:
    """The row of ``/users`` and the answer of ``/users/me``."""
    return {
        "user_id": identity(60, 11),
        "role_id": identity(0, 5),
        "name": "Nancy Davolio",
        "email": EMAIL,
        "user_role": "admin",
        "user_type": "zoho",
        "status": "active",
        "is_current_user": True,
        "photo_url": "",
    }
