"""Which of a shop's records a record in Sage is: the user-defined columns that say so.

A site may name them otherwise; then its dictionary, its mappings and these constants change together.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShopMarks:
    """One shop's columns.

    Attributes:
        order_id: the shop's id of the order (SO_SalesOrderHeader).
        version: the shop's version that was written last (SO_SalesOrderHeader).
        customer_id: the shop's id of the customer (AR_Customer).
    """

    order_id: str
    version: str
    customer_id: str


ZOHO_MARKS = ShopMarks("UDF_ZOHO_ORDER_ID", "UDF_ZOHO_VERSION", "UDF_ZOHO_CONTACT_ID")
CLARITY_MARKS = ShopMarks("UDF_CLARITY_ORDER_ID", "UDF_CLARITY_VERSION", "UDF_CLARITY_CUSTOMER_ID")
MARKS = (ZOHO_MARKS, CLARITY_MARKS)
VERSION_COLUMNS = frozenset(marks.version for marks in MARKS)
SYNC_KEY = "UDF_SYNC_KEY"
"""Idempotency key of the last write."""
