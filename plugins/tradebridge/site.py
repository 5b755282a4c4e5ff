"""What differs from site to site and is neither a connection nor a mapping.

Read when asked, from Airflow Variables (``AIRFLOW_VAR_...`` works too):

* ``tradebridge_staging``: where record sets wait between tasks; any ObjectStoragePath
  (``file:///...``, ``s3://conn@bucket/...``). Default: ``tradebridge/staging`` under AIRFLOW_HOME.
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
}


def settings() -> dict[str, str]:
    """Site constants for the mappings."""
    return {**DEFAULTS, **Variable.get("tradebridge_site", default={}, deserialize_json=True)}


def staging_root() -> str:
    """Address of the staging area."""
    home = os.environ.get("AIRFLOW_HOME", str(Path.home() / "airflow"))
    root: str = Variable.get("tradebridge_staging", default=f"file://{home}/tradebridge/staging")
    return root
