"""Imported once by the server that forks our runs: it would cost each of them a second."""

from __future__ import annotations

import pandas as pd
import pyodbc  # noqa: F401, TID253 - the runs need it
import simple_salesforce  # noqa: F401, TID253 - likewise

from include.checks.judge import judge
from include.translation import load

MAPPINGS = {
    "zoho_inventory": ("sales_order", "customer_write", "sales_order_write", "item"),
    "salesforce": ("customer", "opportunity", "product_write", "order_write"),
    "clarity_ecommerce": ("sales_order", "shipment", "stock_level", "invoice"),
    "sage100": ("sales_order", "customer", "shipment", "stock_level", "invoice"),
}
for system, nouns in MAPPINGS.items():
    for noun in nouns:
        load(f"{system}/{noun}")
judge("warm", (), pd.DataFrame({"key": ["1"], "line": [0], "label": ["1"]}))
