"""Sales orders, customers and addresses as Tradebridge understands them.

Money and quantities are ``Decimal`` with declared digits (they become Arrow decimals in frames);
blank text is ``""``, never ``None``; identifiers are text, however numeric they look.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Quantity = Annotated[Decimal, Field(max_digits=18, decimal_places=6)]
Price = Annotated[Decimal, Field(max_digits=18, decimal_places=6)]
Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=2)]
Percent = Annotated[Decimal, Field(max_digits=9, decimal_places=6)]
Rate = Annotated[Decimal, Field(max_digits=20, decimal_places=10)]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
CountryCode = Annotated[str, Field(pattern=r"^([A-Z]{2})?$")]

ZERO = Decimal(0)


class OrderStatus(StrEnum):
    """Where an order stands as a promise between merchant and customer."""

    DRAFT = "draft"
    OPEN = "open"
    ON_HOLD = "on_hold"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


class PaymentStatus(StrEnum):
    """How much of an order has been paid."""

    NONE = "none"
    UNPAID = "unpaid"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"


class ShipmentStatus(StrEnum):
    """How much of an order has left the warehouse."""

    NONE = "none"
    PENDING = "pending"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"


class Canonical(BaseModel):
    """Base of what we own: immutable, and nothing undeclared gets in."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Address(Canonical):
    """One postal address, standardised, with the words as they came kept in ``original``."""

    attention: str = ""
    company: str = ""
    street1: str = ""
    street2: str = ""
    street3: str = ""
    city: str = ""
    subdivision: str = Field(default="", description="state, province or county as the country writes it")
    subdivision_code: str = Field(default="", description="ISO 3166-2 without the country: WA, QC, SP")
    postal_code: str = ""
    country: CountryCode = Field(default="", description="ISO 3166-1 alpha-2")
    phone: str = ""
    original: str = Field(default="", description="the source's own words, joined by ' | '")


class OrderLine(Canonical):
    """One line of a sales order. Amounts are in the order's currency."""

    order_source_id: str
    line_id: str
    position: int = Field(ge=1)
    item_source_id: str = ""
    sku: str = ""
    barcode: str = ""
    description: str = ""
    quantity: Quantity
    unit: str = ""
    unit_price: Price
    discount_percent: Percent = ZERO
    discount_amount: Amount = ZERO
    tax_code: str = ""
    tax_amount: Amount = ZERO
    line_total: Amount
    location: str = ""
    is_kit: bool = False
    parent_line_id: str = Field(default="", description="line_id of the kit that this line is a part of")
    extensions: dict[str, str] = Field(default_factory=dict)


class SalesOrder(Canonical):
    """A customer's order, whichever system took it. Amounts are in ``currency``."""

    source_system: str
    source_id: str
    source_version: str = Field(description="the source's own version mark; compared only with itself")
    number: str
    reference: str = Field(default="", description="the customer's own purchase order or channel number")
    channel: str = ""
    status: OrderStatus
    payment_status: PaymentStatus = PaymentStatus.NONE
    shipment_status: ShipmentStatus = ShipmentStatus.NONE
    ordered_on: date
    ship_on: date | None = None
    modified_at: datetime
    customer_source_id: str
    customer_name: str = ""
    customer_email: str = ""
    customer_phone: str = ""
    customer_company: str = Field(
        default="", description="the buyer's company where the source tells it apart"
    )
    customer_erp_number: str = Field(
        default="", description="the ERP's number of the buyer as the source believes it, e.g. '01-D3600'"
    )
    is_guest: bool = Field(default=False, description="bought without an account of their own")
    currency: CurrencyCode
    exchange_rate: Rate | None = None
    payment_terms: str = Field(default="", description="the source's own word for the terms, e.g. 'Net 30'")
    ship_via: str = ""
    location: str = Field(default="", description="the source's own id of the warehouse or branch")
    salesperson: str = ""
    tax_code: str = ""
    prices_include_tax: bool = False
    subtotal: Amount
    discount_amount: Amount = ZERO
    shipping_amount: Amount = ZERO
    handling_amount: Amount = ZERO
    fees_amount: Amount = Field(default=ZERO, description="surcharges; below zero when they are given back")
    adjustment_amount: Amount = ZERO
    adjustment_reason: str = ""
    rounding_amount: Amount = Field(
        default=ZERO, description="what the source's own rounding leaves between its subtotal and its lines"
    )
    tax_amount: Amount = ZERO
    total: Amount
    payment_gateway: str = Field(default="", description="who takes the money, in our word: stripe, check")
    payment_reference: str = Field(default="", description="the gateway's own number of the payment")
    paid_amount: Amount = Field(default=ZERO, description="taken so far, less what was given back")
    bill_to: Address
    ship_to: Address
    notes: str = ""
    extensions: dict[str, str] = Field(default_factory=dict)
    lines: tuple[OrderLine, ...] = ()


class ContactPerson(Canonical):
    """Somebody who speaks for a customer."""

    customer_source_id: str
    contact_id: str
    position: int = Field(ge=1)
    salutation: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    mobile: str = ""
    department: str = ""
    job_title: str = ""


class Customer(Canonical):
    """A business or person that orders."""

    source_system: str
    source_id: str
    source_version: str = ""
    number: str = ""
    erp_number: str = Field(default="", description="the ERP's number as the source believes it: 01-D3600")
    name: str
    company: str = Field(default="", description="blank for people who buy for themselves")
    email: str = ""
    phone: str = ""
    tax_id: str = ""
    is_tax_exempt: bool = False
    payment_terms: str = ""
    price_level: str = ""
    currency: str = ""
    credit_limit: Amount | None = None
    credit_hold: bool = False
    is_active: bool = True
    modified_at: datetime | None = None
    is_person: bool = Field(default=False, description="somebody who buys for themselves")
    salutation: str = Field(default="", description="this and the names that follow: of a person")
    first_name: str = ""
    last_name: str = ""
    mobile: str = ""
    website: str = ""
    notes: str = ""
    is_deleted: bool = Field(default=False, description="taken out at the source, perhaps to be restored")
    merged_into: str = Field(default="", description="the source's id of the record that took its place")
    bill_to: Address = Address()
    ship_to: Address = Address()
    extensions: dict[str, str] = Field(default_factory=dict)
    contacts: tuple[ContactPerson, ...] = ()
