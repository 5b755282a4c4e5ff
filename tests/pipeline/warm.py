"""Imported once by the server that forks our runs: it would cost each of them a second."""

from __future__ import annotations

import pandas as pd
import pyodbc  # noqa: F401, TID253 - the runs need it

from include.checks.judge import judge
from include.translation import load

for mapping in ("zoho_inventory/sales_order", "sage100/sales_order", "sage100/customer"):
    load(mapping)
judge("warm", (), pd.DataFrame({"key": ["1"], "line": [0], "label": ["1"]}))
