"""How much text the ERP's columns hold at this site."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.pipelines.ports import ErpReads

ORDER_TABLES = ("SO_SalesOrderHeader", "SO_SalesOrderDetail", "AR_Customer")
ITEM_TABLES = ("CI_Item",)
CUSTOMER_TABLES = ("AR_Customer",)
"""Sage tables that flows write."""


def text_widths(reads: ErpReads, tables: Iterable[str]) -> dict[tuple[str, str], int]:
    """Characters of every text column we may write, as this site's dictionary has them."""
    columns = reads.widths(tables)
    return {name: spec.width for name, spec in columns.items() if spec.width}
