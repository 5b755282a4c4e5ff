"""What writes may carry, with the widths of the contract. Members are camelCase on the wire."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel


def _number(value: Any) -> Any:
    if isinstance(value, (str, bool)):
        raise ValueError("Must be a number.")  # noqa: TRY004 - pydantic reads ValueError
    return value


Number = Annotated[Decimal, BeforeValidator(_number)]
Price = Annotated[Number, Field(ge=0, decimal_places=4)]
Money = Annotated[Number, Field(decimal_places=4)]
Quantity = Annotated[Number, Field(decimal_places=6)]
Some = Annotated[Number, Field(gt=0, decimal_places=6)]


class Asked(BaseModel):
    """A body or a part of one. Whether unknown members are refused is said where it is read."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True)

    def given(self) -> dict[str, Any]:
        """Only what was sent, under the wire's names."""
        return self.model_dump(by_alias=True, exclude_unset=True, mode="python")


class Note(Asked):
    """A remark on an order."""

    visibility: Literal["internal", "warehouse", "customer"] = "internal"
    text: str = Field(max_length=4000)


class OrderPatch(Asked):
    """What an integration may change of an order."""

    status: str | None = None
    external_ids: dict[str, str | int | None] | None = None
    attributes: dict[str, Any] | None = None
    notes: list[Note] | None = None


class Acknowledgement(Asked):
    """Who took the order, and what it is called there."""

    consumer: str = Field(min_length=1, max_length=40, pattern=r"^[a-z][A-Za-z0-9]*$")
    external_number: str = Field(min_length=1, max_length=40)


class Reason(Asked):
    """Why."""

    reason: str = Field(default="", max_length=500)


class Address(Asked):
    """An address."""

    company: str | None = Field(default=None, max_length=120)
    attention: str | None = Field(default=None, max_length=120)
    line1: str = Field(max_length=120)
    line2: str | None = Field(default=None, max_length=120)
    line3: str | None = Field(default=None, max_length=120)
    city: str = Field(max_length=80)
    region: str | None = Field(default=None, max_length=80)
    region_code: str | None = Field(default=None, max_length=3)
    postal_code: str | None = Field(default=None, max_length=20)
    country_code: str = Field(pattern=r"^[A-Z]{2}$")
    phone: str | None = Field(default=None, max_length=40)
    email: str | None = Field(default=None, max_length=254)
    is_residential: bool = False
    kind: Literal["billing", "shipping"] = "shipping"
    is_default: bool = False
    external_ids: dict[str, str | int | None] = {}


class Contact(Asked):
    """A person at a customer."""

    first_name: str = Field(default="", max_length=60)
    last_name: str = Field(max_length=60)
    email: str | None = Field(default=None, max_length=254)
    phone: str | None = Field(default=None, max_length=40)
    role: str = "buyer"
    is_primary: bool = False
    is_active: bool = True


class CustomerPatch(Asked):
    """What may be changed of a customer."""

    type: Literal["consumer", "business"] | None = None
    status: Literal["active", "inactive", "pending_approval"] | None = None
    company: str | None = Field(default=None, max_length=120)
    email: str | None = Field(default=None, max_length=254)
    phone: str | None = Field(default=None, max_length=40)
    website: str | None = None
    tax_exempt: bool | None = None
    tax_exempt_certificate: str | None = None
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    price_level: str | None = Field(default=None, max_length=10)
    payment_terms: str | None = Field(default=None, max_length=20)
    credit_limit: Money | None = None
    credit_available: Money | None = None
    credit_hold: bool | None = None
    sales_rep_code: str | None = None
    default_warehouse_code: str | None = Field(default=None, max_length=10)
    attributes: dict[str, Any] | None = None
    external_ids: dict[str, str | int | None] | None = None


class CustomerNew(CustomerPatch):
    """A customer who comes from elsewhere."""

    customer_number: str | None = Field(default=None, max_length=20)
    email: str = Field(max_length=254)
    contacts: list[Contact] = []
    addresses: list[Address] = []


class Tier(Asked):
    """A quantity break."""

    min_quantity: Some
    unit_price: Price


class AccountPrice(Asked):
    """One customer's own price."""

    customer_number: str = Field(max_length=20)
    unit_price: Price


class Prices(Asked):
    """What a product costs."""

    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    base_price: Price
    sale_price: Price | None = None
    msrp: Price | None = None
    tiers: list[Tier] = []
    account_prices: list[AccountPrice] = []


class PriceItem(Prices):
    """One line of a price list."""

    sku: str = Field(max_length=50)


class PriceBatch(Asked):
    """A price list, or a piece of one."""

    items: list[Any] = Field(max_length=500)


class Measure(Asked):
    """A weight."""

    value: Quantity
    unit: str


class ProductPatch(Asked):
    """What may be changed of a product."""

    name: str | None = Field(default=None, max_length=255)
    status: Literal["active", "inactive", "archived", "deleted"] | None = None
    type: Literal["simple", "kit", "variant_parent", "variant", "service", "digital"] | None = None
    parent_sku: str | None = Field(default=None, max_length=50)
    short_description: str | None = None
    description: str | None = None
    brand: str | None = None
    unit_of_measure: str | None = Field(default=None, max_length=10)
    tax_code: str | None = None
    is_taxable: bool | None = None
    is_discontinued: bool | None = None
    allow_backorder: bool | None = None
    prices: Prices | None = None
    weight: Measure | None = None
    dimensions: dict[str, Any] | None = None
    barcodes: list[str] | None = None
    categories: list[dict[str, Any]] | None = None
    images: list[dict[str, Any]] | None = None
    attributes: dict[str, Any] | None = None
    aliases: list[str] | None = None
    external_ids: dict[str, str | int | None] | None = None


class ProductItem(ProductPatch):
    """A product in a batch."""

    sku: str = Field(min_length=1, max_length=50)


class ProductBatch(Asked):
    """Several products."""

    items: list[Any] = Field(max_length=200)


class Stock(Asked):
    """What lies in one warehouse, as its keeper counts it."""

    quantity_on_hand: Quantity
    quantity_allocated: Quantity = Decimal(0)
    quantity_on_order: Quantity | None = None
    safety_stock: Quantity | None = None
    allow_backorder: bool | None = None


class StockItem(Stock):
    """One line of a stock batch."""

    sku: str = Field(max_length=50)
    warehouse_code: str = Field(max_length=10)


class StockBatch(Asked):
    """Absolute levels as of a moment; differences would not bear repeating."""

    as_of: str
    mode: Literal["absolute"]
    items: list[Any] = Field(max_length=500)


class ShipmentLine(Asked):
    """Which line, how much of it."""

    order_line_number: int
    sku: str = Field(max_length=50)
    quantity: Some
    lot_serials: list[str] = []


class Package(Asked):
    """One box."""

    package_number: int
    tracking_number: str | None = None
    weight: Measure | None = None
    lines: list[ShipmentLine] = []


class ShipmentNew(Asked):
    """A shipment."""

    shipment_number: str = Field(min_length=1, max_length=40)
    order_id: int | None = None
    order_number: str = Field(max_length=20)
    status: Literal["Pending", "Shipped", "InTransit", "Delivered", "Exception"] = "Shipped"
    carrier: str | None = None
    service_code: str | None = None
    tracking_numbers: list[str] = []
    tracking_url: str | None = None
    shipped_at: str | None = None
    estimated_delivery: date | None = None
    warehouse_code: str | None = Field(default=None, max_length=10)
    freight_amount: Money = Decimal(0)
    packages: list[Package] = []
    lines: list[ShipmentLine] = Field(min_length=1)
    notify_customer: bool = False
    external_ids: dict[str, str | int | None] = {}


class InvoiceLine(Asked):
    """One line of an invoice."""

    order_line_number: int | None = None
    sku: str = Field(max_length=50)
    quantity: Quantity
    unit_price: Money
    extended_price: Money


class InvoiceTotals(Asked):
    """Its sums."""

    subtotal: Money
    shipping: Money = Decimal(0)
    tax: Money = Decimal(0)
    total: Money
    amount_paid: Money = Decimal(0)
    balance_due: Money


class Invoice(Asked):
    """An invoice of the ERP."""

    invoice_number: str = Field(max_length=20)
    order_number: str | None = Field(default=None, max_length=20)
    customer_number: str = Field(max_length=20)
    invoice_date: date
    due_date: date | None = None
    status: Literal["Open", "Paid", "PartiallyPaid", "Credit"] = "Open"
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    lines: list[InvoiceLine]
    totals: InvoiceTotals
    external_ids: dict[str, str | int | None] = {}


class ReturnPatch(Asked):
    """What may be changed of a return."""

    status: Literal["requested", "approved", "received", "closed", "rejected"] | None = None
    external_ids: dict[str, str | int | None] | None = None
    notes: list[Note] | None = None
