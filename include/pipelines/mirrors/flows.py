"""The mirror flows: what is told to whom, through which mappings, held to which rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.checks.flows import (
    check_customers,
    check_invoices,
    check_items,
    check_payments,
    check_sales,
    check_shipments,
    check_stock,
)
from include.connectors.clarity_ecommerce.targets import NOT_SOLD
from include.connectors.sage100.changes.shipments import taken_back
from include.connectors.salesforce.targets import NOT_SOLD as NO_PRODUCT
from include.pipelines import flows as names
from include.pipelines.flows import (
    CLARITY_CUSTOMERS,
    CLARITY_ECOMMERCE,
    CLARITY_PAYMENTS,
    CLARITY_PRODUCTS,
    SALESFORCE,
    ZOHO_INVENTORY,
)
from include.pipelines.mirrors import customers, items, preparing, receipts
from include.pipelines.mirrors.preparing import as_they_are
from include.pipelines.mirrors.salesforce import catalogue, orders, won
from include.pipelines.mirrors.salesforce import customers as salesforce_customers
from include.pipelines.mirrors.salesforce.answers import mark_opportunities, nobody_asks
from include.pipelines.mirrors.salesforce.waiting import customers_came, items_came, nobody_waits
from include.pipelines.ports import CUSTOMER, ITEM, ORDER
from include.pipelines.ports import TARGET as SAGE_100

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import pandas as pd

    from include.checks.orders import Checked
    from include.pipelines.mirrors.ports import MirrorWorld
    from include.pipelines.mirrors.preparing import Prepared
    from include.pipelines.ports import Ticket


@dataclass(frozen=True, slots=True)
class MirrorFlow:
    """One kind of record on its way from one system to another.

    Attributes:
        name: of the flow, which is its DAG's id.
        noun: what it carries, in the plural; part of its tasks' names.
        entity: the same as the crosswalk calls it.
        source: system id of where it carries from.
        target: system id of where it carries to.
        inbound: mapping from the source's record to ours.
        outbound: mapping from ours to the target's.
        record: our frame that has one row for each record.
        label: its column by which people know a record.
        check: judges our frames, by name.
        prepare: see :mod:`include.pipelines.mirrors.preparing`.
        passed_over: refusals by which the target says no more than that it does not carry the record.
        batch_size: records a batch; a batch is written in as few calls as the target allows.
        back: the flow that carries the same records the other way, if one does.
        partial: of a record that it was told before, the target is told only what has changed since, so that
            what its own people did to other fields stays.
        remembers: what was told last is kept, though the target is told everything.
        tells_back: tells the source what became of records that stand in the target; gives the keys of those
            that must be told again.
        carried: wakes what waits for records of a batch, by their keys, in other flows.
        in_place: what is said of a record that the source has no longer, by its key and the version under
            which it was announced; None where nothing is.
    """

    name: str
    noun: str
    entity: str
    source: str
    target: str
    inbound: str
    outbound: str
    record: str
    label: str
    check: Callable[[Mapping[str, pd.DataFrame]], Checked]
    prepare: Callable[[MirrorWorld, Mapping[str, pd.DataFrame]], Prepared] = as_they_are
    passed_over: frozenset[str] = frozenset()
    batch_size: int = 200
    back: str = ""
    partial: bool = False
    remembers: bool = False
    tells_back: Callable[[MirrorWorld, Ticket, Collection[str]], frozenset[str]] = nobody_asks
    carried: Callable[[MirrorWorld, Ticket, Sequence[str]], None] = nobody_waits
    in_place: Callable[[str, str], bytes | None] = lambda _key, _version: None

    @property
    def event(self) -> str:
        """Under which its records are kept in the inbox."""
        return self.entity


STOCK = MirrorFlow(
    name="sage100_inventory_to_clarity",
    noun="stock",
    entity="stock_level",
    source=SAGE_100,
    target=CLARITY_ECOMMERCE,
    inbound="sage100/stock_level",
    outbound="clarity_ecommerce/stock_level",
    record="stock",
    label="sku",
    check=lambda frames: check_stock(frames["stock"], frames["stock"].warehouse.unique()),
    prepare=preparing.stock,
    passed_over=NOT_SOLD,
    batch_size=500,
)
SHIPMENTS = MirrorFlow(
    name="sage100_shipments_to_clarity",
    noun="shipments",
    entity="shipment",
    source=SAGE_100,
    target=CLARITY_ECOMMERCE,
    inbound="sage100/shipment",
    outbound="clarity_ecommerce/shipment",
    record="shipments",
    label="number",
    check=lambda frames: check_shipments(frames["shipments"], frames["shipment_lines"], frames["packages"]),
    prepare=preparing.shipments,
    in_place=taken_back,
)
INVOICES = MirrorFlow(
    name="sage100_invoices_to_clarity",
    noun="invoices",
    entity="invoice",
    source=SAGE_100,
    target=CLARITY_ECOMMERCE,
    inbound="sage100/invoice",
    outbound="clarity_ecommerce/invoice",
    record="invoices",
    label="number",
    check=lambda frames: check_invoices(frames["invoices"], frames["invoice_lines"]),
    prepare=preparing.invoices,
)
PRODUCTS = MirrorFlow(
    name=CLARITY_PRODUCTS,
    noun="products",
    entity=ITEM,
    source=CLARITY_ECOMMERCE,
    target=SAGE_100,
    inbound="clarity_ecommerce/product",
    outbound="sage100/item_write",
    record="items",
    label="sku",
    check=lambda frames: check_items(frames["items"], "Clarity eCommerce"),
    prepare=items.products,
    back="sage100_items_to_clarity",
)
ITEMS = MirrorFlow(
    name=PRODUCTS.back,
    noun="items",
    entity=ITEM,
    source=SAGE_100,
    target=CLARITY_ECOMMERCE,
    inbound="sage100/item",
    outbound="clarity_ecommerce/product_write",
    record="items",
    label="sku",
    check=lambda frames: check_items(frames["items"], "Sage 100"),
    prepare=items.items,
    back=PRODUCTS.name,
)
PAYMENTS = MirrorFlow(
    name=CLARITY_PAYMENTS,
    noun="payments",
    entity="payment",
    source=CLARITY_ECOMMERCE,
    target=SAGE_100,
    inbound="clarity_ecommerce/payment",
    outbound="sage100/cash_receipt",
    record="payments",
    label="source_id",
    check=lambda frames: check_payments(frames["payments"], "Clarity eCommerce"),
    prepare=receipts.receipts,
    batch_size=100,
)
CUSTOMERS = MirrorFlow(
    name=CLARITY_CUSTOMERS,
    noun="customers",
    entity=CUSTOMER,
    source=CLARITY_ECOMMERCE,
    target=SAGE_100,
    inbound="clarity_ecommerce/customer",
    outbound="sage100/customer_write",
    record="customers",
    label="number",
    check=lambda frames: check_customers(frames["customers"], "Clarity eCommerce"),
    prepare=customers.customers,
    batch_size=100,
)
ACCOUNTS = MirrorFlow(
    name="sage100_customers_to_clarity",
    noun="customers",
    entity=CUSTOMER,
    source=SAGE_100,
    target=CLARITY_ECOMMERCE,
    inbound="sage100/customer_record",
    outbound="clarity_ecommerce/customer_write",
    record="customers",
    label="number",
    check=lambda frames: check_customers(frames["customers"], "Sage 100"),
    prepare=customers.accounts,
)
SALESFORCE_CUSTOMERS = MirrorFlow(
    name=names.SALESFORCE_CUSTOMERS,
    noun="customers",
    entity=CUSTOMER,
    source=SALESFORCE,
    target=ZOHO_INVENTORY,
    inbound="salesforce/customer",
    outbound="zoho_inventory/customer_write",
    record="customers",
    label="name",
    check=lambda frames: check_customers(frames["customers"], "Salesforce"),
    prepare=salesforce_customers.customers,
    partial=True,
    carried=customers_came,
)
SALESFORCE_WON = MirrorFlow(
    name=names.SALESFORCE_WON,
    noun="orders",
    entity=ORDER,
    source=SALESFORCE,
    target=ZOHO_INVENTORY,
    inbound="salesforce/opportunity",
    outbound="zoho_inventory/sales_order_write",
    record="orders",
    label="number",
    check=lambda frames: check_sales(frames["orders"], frames["lines"], "Salesforce"),
    prepare=won.won,
    batch_size=100,
    partial=True,
    tells_back=mark_opportunities,
)
ZOHO_CATALOGUE = MirrorFlow(
    name=names.ZOHO_CATALOGUE,
    noun="items",
    entity=ITEM,
    source=ZOHO_INVENTORY,
    target=SALESFORCE,
    inbound="zoho_inventory/item",
    outbound="salesforce/product_write",
    record="items",
    label="sku",
    check=lambda frames: check_items(frames["items"], "Zoho Inventory"),
    prepare=catalogue.catalogue,
    batch_size=10_000,
    remembers=True,
    carried=items_came,
)
ZOHO_ORDERS = MirrorFlow(
    name=names.ZOHO_ORDERS_SHOWN,
    noun="orders",
    entity=ORDER,
    source=ZOHO_INVENTORY,
    target=SALESFORCE,
    inbound="zoho_inventory/sales_order_record",
    outbound="salesforce/order_write",
    record="orders",
    label="number",
    check=lambda frames: check_sales(frames["orders"], frames["lines"], "Zoho Inventory"),
    prepare=orders.orders,
)
ZOHO_STOCK = MirrorFlow(
    name="zoho_stock_to_salesforce",
    noun="stock",
    entity="stock_level",
    source=ZOHO_INVENTORY,
    target=SALESFORCE,
    inbound="zoho_inventory/stock_level",
    outbound="salesforce/stock_write",
    record="stock",
    label="sku",
    check=lambda frames: check_stock(frames["stock"], {"all"}, "Zoho Inventory"),
    prepare=catalogue.stock,
    passed_over=NO_PRODUCT,
    batch_size=2_000,
)
SALESFORCE_FLOWS = (SALESFORCE_CUSTOMERS, SALESFORCE_WON, ZOHO_CATALOGUE, ZOHO_ORDERS, ZOHO_STOCK)
CLARITY_FLOWS = (STOCK, SHIPMENTS, INVOICES, PRODUCTS, ITEMS, PAYMENTS, CUSTOMERS, ACCOUNTS)
MIRROR_FLOWS = {flow.name: flow for flow in (*CLARITY_FLOWS, *SALESFORCE_FLOWS)}
