"""Zoho's order as pydantic models, and each turned into ours: the first half of the naive version."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from include.canonical import OrderLine, SalesOrder
from include.canonical.models import Address
from include.translation import load
from include.translation.addresses import Postal, standardised


class ZohoAddress(BaseModel):
    """An address."""

    attention: str = ""
    address: str = ""
    street2: str = ""
    city: str = ""
    state: str = ""
    state_code: str = ""
    zip: str = ""
    country: str = ""
    country_code: str = ""
    phone: str = ""


class ZohoTax(BaseModel):
    """A tax."""

    tax_name: str = ""
    tax_amount: Decimal = Decimal(0)


class ZohoLine(BaseModel):
    """A line."""

    line_item_id: str
    item_id: str = ""
    sku: str = ""
    name: str = ""
    description: str = ""
    quantity: Decimal
    unit: str = ""
    rate: Decimal
    discount: Decimal | str = Decimal(0)
    tax_name: str = ""
    line_item_taxes: list[ZohoTax] = []
    item_total: Decimal
    location_id: str = ""
    location_name: str = ""
    is_combo_product: bool = False


class ZohoPerson(BaseModel):
    """A contact person."""

    email: str = ""
    phone: str = ""


class ZohoOrder(BaseModel):
    """A sales order."""

    salesorder_id: str
    salesorder_number: str = Field(min_length=1)
    last_modified_time: str = Field(min_length=1)
    reference_number: str = ""
    sales_channel: str = ""
    order_status: str
    paid_status: str = ""
    shipped_status: str = ""
    date: date
    shipment_date: str = ""
    customer_id: str = Field(min_length=1)
    customer_name: str = ""
    contact_person_details: list[ZohoPerson] = []
    currency_code: str
    exchange_rate: Decimal | None = None
    payment_terms_label: str = ""
    delivery_method: str = ""
    location_id: str = ""
    location_name: str = ""
    salesperson_name: str = ""
    taxes: list[ZohoTax] = []
    is_inclusive_tax: bool = False
    sub_total: Decimal
    discount_type: str = ""
    discount_amount: Decimal = Decimal(0)
    shipping_charge: Decimal = Decimal(0)
    shipping_charge_exclusive_of_tax: Decimal = Decimal(0)
    adjustment: Decimal = Decimal(0)
    roundoff_value: Decimal = Decimal(0)
    adjustment_description: str = ""
    tax_total: Decimal = Decimal(0)
    total: Decimal
    notes: str = ""
    billing_address: ZohoAddress
    shipping_address: ZohoAddress
    custom_field_hash: dict[str, bool | str] = {}
    line_items: list[ZohoLine] = Field(min_length=1)


TABLES = load("zoho_inventory/sales_order").tables


def canonical(order: ZohoOrder) -> SalesOrder:
    """Ours from theirs.

    Raises:
        ValueError: a status or a country that nobody knows, or a value that our model refuses.
        KeyError: likewise.
    """
    people = order.contact_person_details
    return SalesOrder(
        source_system="zoho_inventory",
        source_id=order.salesorder_id,
        source_version=order.last_modified_time,
        number=order.salesorder_number.strip(),
        reference=order.reference_number.strip(),
        channel=order.sales_channel,
        status=TABLES["order_status"].values[order.order_status],
        payment_status=TABLES["payment_status"].values[order.paid_status],
        shipment_status=TABLES["shipment_status"].values[order.shipped_status],
        ordered_on=order.date,
        ship_on=date.fromisoformat(order.shipment_date) if order.shipment_date else None,
        modified_at=datetime.fromisoformat(order.last_modified_time),
        customer_source_id=order.customer_id,
        customer_name=" ".join(order.customer_name.split()),
        customer_email=next((person.email for person in people if person.email), "").strip(),
        customer_phone=next(
            (person.phone for person in people if person.phone), order.billing_address.phone
        ).strip(),
        currency=order.currency_code.strip().upper(),
        exchange_rate=order.exchange_rate,
        payment_terms=order.payment_terms_label.strip(),
        ship_via=order.delivery_method.strip(),
        location=order.location_id,
        salesperson=" ".join(order.salesperson_name.split()),
        tax_code=" + ".join(dict.fromkeys(tax.tax_name.split(" (")[0] for tax in order.taxes)),
        prices_include_tax=order.is_inclusive_tax,
        subtotal=order.sub_total,
        discount_amount=order.discount_amount if order.discount_type == "entity_level" else Decimal(0),
        shipping_amount=order.shipping_charge_exclusive_of_tax
        if order.is_inclusive_tax
        else order.shipping_charge,
        adjustment_amount=order.adjustment + order.roundoff_value,
        adjustment_reason=" ".join(order.adjustment_description.split()),
        tax_amount=order.tax_total,
        total=order.total,
        notes=order.notes.strip(),
        bill_to=_address(order.billing_address),
        ship_to=_address(order.shipping_address),
        extensions=_extensions(order),
        lines=tuple(_line(order, line, position) for position, line in enumerate(order.line_items, start=1)),
    )


def _address(given: ZohoAddress) -> Address:
    parts = (given.attention, "", given.address, given.street2, "", given.city, given.state, given.state_code)
    words = (*parts, given.zip, given.country)
    done = standardised(Postal(*words), given.country_code)
    original = " | ".join(word.strip() for word in (*words, given.country_code) if word.strip())
    return Address(**done._asdict(), phone=given.phone.strip(), original=original)


def _extensions(order: ZohoOrder) -> dict[str, str]:
    rush = order.custom_field_hash.get("cf_rush_order_unformatted", "")
    found = {
        "rush_order": {True: "Y", False: "N"}.get(rush, "") if isinstance(rush, bool) else "",
        "sage_so_number": str(order.custom_field_hash.get("cf_sage_so_number", "")),
        "sync_origin": str(order.custom_field_hash.get("cf_sync_origin", "")),
        "location_name": order.location_name.strip(),
    }
    return {name: value for name, value in found.items() if value}


def _line(order: ZohoOrder, line: ZohoLine, position: int) -> OrderLine:
    by_line = order.discount_type == "item_level"
    in_percent = isinstance(line.discount, str) and line.discount.endswith("%")
    said = Decimal(str(line.discount).rstrip("%")) if by_line else Decimal(0)
    return OrderLine(
        order_source_id=order.salesorder_id,
        line_id=line.line_item_id,
        position=position,
        item_source_id=line.item_id,
        sku=line.sku,
        description=" ".join((line.description or line.name).split()),
        quantity=line.quantity,
        unit=line.unit,
        unit_price=line.rate,
        discount_percent=said if in_percent else Decimal(0),
        discount_amount=Decimal(0) if in_percent else said,
        tax_code=line.tax_name.strip(),
        tax_amount=sum((tax.tax_amount for tax in line.line_item_taxes), Decimal(0)),
        line_total=line.item_total,
        location=line.location_id,
        is_kit=line.is_combo_product,
        extensions={"location_name": line.location_name.strip()} if line.location_name.strip() else {},
    )
