"""What follows an order: shipments, invoices, payments."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from pydantic import Field

from include.canonical.models import ZERO, Amount, Canonical, CurrencyCode, PaymentStatus, Price, Quantity


class ShipmentState(StrEnum):
    """Where one shipment stands."""

    PENDING = "pending"
    """Entered, and nothing says yet that it left."""
    SHIPPED = "shipped"
    VOIDED = "voided"


class InvoiceType(StrEnum):
    """What an invoice is."""

    INVOICE = "invoice"
    CREDIT_MEMO = "credit_memo"
    DEBIT_MEMO = "debit_memo"
    ADJUSTMENT = "adjustment"
    FINANCE_CHARGE = "finance_charge"
    CASH = "cash"
    DELETED = "deleted"


class PaymentState(StrEnum):
    """Where one payment stands at its gateway."""

    AUTHORIZED = "authorized"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    VOIDED = "voided"
    REFUNDED = "refunded"
    PARTIALLY_REFUNDED = "partially_refunded"
    FAILED = "failed"


class ShipmentLine(Canonical):
    """How much of one line of an order is in a shipment."""

    shipment_source_id: str
    line_id: str
    position: int = Field(ge=1)
    order_number: str = Field(default="", description="the ERP's order, where a shipment serves several")
    order_line_id: str = Field(default="", description="the ERP's mark of the order's line")
    order_line_number: int | None = Field(default=None, description="the line's place in the shop's order")
    is_kit_part: bool = Field(default=False, description="worked out of a kit by the ERP")
    sku: str
    description: str = ""
    quantity: Quantity
    unit: str = ""
    warehouse: str = ""


class Package(Canonical):
    """One box of a shipment."""

    shipment_source_id: str
    position: int = Field(ge=1)
    number: int
    tracking_number: str = ""
    weight: Quantity | None = None
    freight_amount: Amount = ZERO
    comment: str = ""


class Shipment(Canonical):
    """Goods of an order that left, or are about to."""

    source_system: str
    source_id: str
    source_version: str = ""
    number: str = Field(description="what people call it; stays the same when it is posted")
    invoice_number: str = ""
    order_number: str = Field(default="", description="the ERP's number of the order")
    reference: str = Field(default="", description="the customer's own purchase order number")
    state: ShipmentState
    is_posted: bool = False
    shipped_on: date | None = None
    shipped_at: datetime | None = Field(default=None, description="noon of that day where the company is")
    ship_via: str = Field(default="", description="the ERP's own code of carrier and service")
    tracking_numbers: str = Field(
        default="", description="each different one once, in the packages' order, joined by U+001F"
    )
    warehouse: str = ""
    weight: Quantity | None = None
    freight_amount: Amount = ZERO
    extensions: dict[str, str] = Field(default_factory=dict)
    lines: tuple[ShipmentLine, ...] = ()
    packages: tuple[Package, ...] = ()


class InvoiceLine(Canonical):
    """One line of an invoice. Amounts are in the invoice's currency."""

    invoice_source_id: str
    line_id: str
    position: int = Field(ge=1)
    order_number: str = Field(default="", description="the ERP's order, where an invoice bills several")
    order_line_id: str = ""
    order_line_number: int | None = Field(default=None, description="the line's place in the shop's order")
    sku: str
    description: str = ""
    quantity: Quantity
    unit: str = ""
    unit_price: Price
    line_total: Amount


class Invoice(Canonical):
    """A bill of the ERP. ``total`` = ``subtotal`` - ``discount_amount`` + ``shipping_amount`` + tax."""

    source_system: str
    source_id: str
    source_version: str = ""
    number: str = Field(description="what people call it; stays the same when it is posted")
    invoice_number: str
    sequence: str = Field(default="", description="tells invoices of one number apart once they are posted")
    type: InvoiceType
    is_posted: bool = False
    customer_number: str = Field(description="the ERP's, with its division: 01-D3600")
    order_number: str = Field(default="", description="the ERP's number of the order")
    reference: str = Field(default="", description="the customer's own purchase order number")
    payment_status: PaymentStatus
    invoiced_on: date
    due_on: date | None = None
    currency: CurrencyCode
    payment_terms: str = ""
    subtotal: Amount
    discount_amount: Amount = ZERO
    shipping_amount: Amount = ZERO
    tax_amount: Amount = ZERO
    total: Amount
    paid_amount: Amount
    balance: Amount
    extensions: dict[str, str] = Field(default_factory=dict)
    lines: tuple[InvoiceLine, ...] = ()


class Payment(Canonical):
    """Money that a gateway holds or took for an order. Amounts are in ``currency``."""

    source_system: str
    source_id: str
    source_version: str = ""
    order_number: str = Field(description="the shop's number of the order")
    customer_number: str = Field(default="", description="the shop's; blank for guests")
    gateway: str
    method: str = ""
    state: PaymentState
    currency: CurrencyCode
    amount: Amount
    captured_amount: Amount = ZERO
    refunded_amount: Amount = ZERO
    fee: Amount = Field(default=ZERO, description="what the gateway kept")
    transaction_id: str = ""
    payout_id: str = ""
    captured_at: datetime | None = None
    captured_on: date | None = Field(default=None, description="the day of it where the company is")
    deposit_number: str = Field(default="", description="the ERP's deposit, as the source believes it")
    invoice_number: str = Field(default="", description="the ERP's invoice that it pays, once there is one")
    part: str = Field(default="", description="mark of a further part, where the ERP has some of it already")
    modified_at: datetime
    extensions: dict[str, str] = Field(default_factory=dict)
