"""Every tag a DAG may carry. The integrity test refuses any other."""

from __future__ import annotations

from enum import StrEnum


class Tag(StrEnum):
    """``key:value``, so that the UI's filter reads like a sentence."""

    ORDERS = "entity:orders"
    SHIPMENTS = "entity:shipments"
    INVOICES = "entity:invoices"
    PAYMENTS = "entity:payments"
    STOCK = "entity:stock"
    PRODUCTS = "entity:products"
    CUSTOMERS = "entity:customers"
    EXCEPTIONS = "entity:exceptions"
    ZOHO_INVENTORY = "system:zoho_inventory"
    CLARITY_ECOMMERCE = "system:clarity_ecommerce"
    SALESFORCE = "system:salesforce"
    SAGE_100 = "system:sage100"
    EVENT_DRIVEN = "runs:on_webhook"
    SCHEDULED = "runs:on_schedule"
    BY_HAND = "runs:by_hand"
