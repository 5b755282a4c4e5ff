"""The order flows: whose orders they carry, and by which names each system knows what is carried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from include.canonical import OrderStatus
from include.checks.suites import Words
from include.connectors.sage100.marks import CLARITY_MARKS, ZOHO_MARKS, ShopMarks

ZOHO_INVENTORY, CLARITY_ECOMMERCE = "zoho_inventory", "clarity_ecommerce"
CLARITY_PRODUCTS, CLARITY_PAYMENTS = "clarity_products_sage100", "clarity_payments_to_sage100"
CLARITY_CUSTOMERS = "clarity_customers_sage100"
"""The flows of further events; named here because the receiver of webhooks loads no more than this."""
SALESFORCE = "salesforce"
SALESFORCE_CUSTOMERS, SALESFORCE_WON = "salesforce_customers_to_zoho", "salesforce_closed_won_to_zoho"
ZOHO_CATALOGUE, ZOHO_ORDERS_SHOWN = "zoho_catalog_to_salesforce", "zoho_orders_to_salesforce"
"""Flows into which others announce records."""
DRIFTED = "drifted"
"""In the audit trail: a system said a field differently from the one that owns it."""


@dataclass(frozen=True, slots=True)
class OrderFlow:
    """Orders of one shop on their way to the ERP.

    Attributes:
        name: of the flow, which is its DAG's id.
        source: the shop's system id, as in the crosswalk and in mapping files.
        words: by which its people know it and its fields.
        event: under which its orders are kept in the inbox.
        inbound: mapping from the shop's order to ours.
        marks: columns in which an order in the ERP says which of the shop's it is.
        not_carried: statuses in which an order that the ERP does not have is none of its business.
        tells_companies: a customer without a company is a person.
    """

    name: str
    source: str
    words: Words
    event: str
    inbound: str
    marks: ShopMarks
    tells_companies: bool = False
    not_carried: frozenset[OrderStatus] = frozenset({OrderStatus.DRAFT, OrderStatus.CANCELLED})

    batch_size: ClassVar[int] = 200
    """One list page of Zoho, one suite run of Great Expectations."""
    noun: ClassVar[str] = "orders"
    entity: ClassVar[str] = "sales_order"
    target: ClassVar[str] = "sage100"

    @property
    def shop(self) -> str:
        """The shop's name for people."""
        return self.words.shop


ZOHO_ORDERS = OrderFlow(
    name="zoho_orders_to_sage100",
    source=ZOHO_INVENTORY,
    words=Words(
        "Zoho Inventory",
        {
            "number": "salesorder_number",
            "customer_source_id": "customer_id",
            "status": "order_status",
            "currency": "currency_code",
            "line_count": "line_items",
            "line_id": "line_item_id",
            "unit_price": "rate",
            "discount_percent": "discount",
            "discount_amount": "discount",
            "shipping_amount": "shipping_charge",
            "subtotal": "sub_total",
        },
    ),
    event="salesorder",
    inbound="zoho_inventory/sales_order",
    marks=ZOHO_MARKS,
)
CLARITY_ORDERS = OrderFlow(
    name="clarity_orders_to_sage100",
    source=CLARITY_ECOMMERCE,
    words=Words(
        "Clarity eCommerce",
        {
            "number": "orderNumber",
            "customer_source_id": "customer.id",
            "line_count": "lines",
            "line_id": "lineId",
            "unit_price": "unitPrice",
            "discount_percent": "discountAmount",
            "discount_amount": "totals.discount",
            "shipping_amount": "totals.shipping",
            "subtotal": "totals.subtotal",
            "total": "totals.grandTotal",
        },
    ),
    event="order",
    inbound="clarity_ecommerce/sales_order",
    marks=CLARITY_MARKS,
    tells_companies=True,
    # What the shop has shipped without us would be shipped a second time.
    not_carried=frozenset({OrderStatus.DRAFT, OrderStatus.CANCELLED, OrderStatus.COMPLETED}),
)
ORDER_FLOWS = {flow.name: flow for flow in (ZOHO_ORDERS, CLARITY_ORDERS)}
