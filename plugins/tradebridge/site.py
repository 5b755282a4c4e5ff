"""What differs from site to site and is neither a connection nor a mapping.

Read when asked, from Airflow Variables (``AIRFLOW_VAR_...`` works too):

* ``tradebridge_staging``: where record sets wait between tasks; any ObjectStoragePath
  (``file:///...``, ``s3://conn@bucket/...``). Default: ``tradebridge/staging`` under AIRFLOW_HOME.
* ``tradebridge_data_docs``: folder of the pages that show what the checks found; it must be one that
  the API server sees. Default: ``tradebridge/data_docs`` under AIRFLOW_HOME.
* ``tradebridge_site``: JSON object of settings that the mappings read (company currency, default
  division, tax schedule, ...), laid over :data:`DEFAULTS`.
"""

from __future__ import annotations

import os
from pathlib import Path

from airflow.sdk import Variable

DEFAULTS = {
    "company_currency": "USD",
    "ar_division": "00",
    "default_warehouse": "000",
    "default_tax_schedule": "NONTAX",
    "carry_from": "",
    "customer_not_found": "create",
    "guest_customer": "",
    "credit_check": "ignore",
    "credit_hold_reason": "",
    "out_of_stock": "back_order",
    "stock_hold_days": "",
}
"""``carry_from`` is an ISO date: orders of before it that never reached Sage are not carried (go-live).
``customer_not_found`` is ``create`` or ``flag``; ``guest_customer`` the house account (``01-GUEST``).
``credit_check``: ``ignore``, ``hold``, ``refuse``; ``out_of_stock``: ``back_order``, ``part``, ``hold``."""


def settings() -> dict[str, str]:
    """Site constants for the mappings."""
    return {**DEFAULTS, **Variable.get("tradebridge_site", default={}, deserialize_json=True)}


def staging_root() -> str:
    """Address of the staging area."""
    root: str = Variable.get("tradebridge_staging", default=f"file://{_home()}/tradebridge/staging")
    return root


def data_docs() -> str:
    """Folder of the published Data Docs."""
    folder: str = Variable.get("tradebridge_data_docs", default=f"{_home()}/tradebridge/data_docs")
    return folder


def _home() -> str:
    return os.environ.get("AIRFLOW_HOME", str(Path.home() / "airflow"))
