"""The flows of this site: DAG ids that the watch, the books and the chores go through."""

from __future__ import annotations

FLOWS = (
    "zoho_orders_to_sage100",
    "clarity_orders_to_sage100",
    "sage100_inventory_to_clarity",
    "sage100_shipments_to_clarity",
    "sage100_invoices_to_clarity",
    "clarity_payments_to_sage100",
    "clarity_products_sage100",
    "sage100_items_to_clarity",
    "clarity_customers_sage100",
    "sage100_customers_to_clarity",
    "salesforce_customers_to_zoho",
    "salesforce_closed_won_to_zoho",
    "zoho_catalog_to_salesforce",
    "zoho_orders_to_salesforce",
    "zoho_stock_to_salesforce",
)
LEFT_OVER = ("clarity_ecommerce",)
"""Systems under whose name the receiver keeps events that no flow takes; pruned as a flow's are."""
