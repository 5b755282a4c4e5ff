"""Before the first import of Airflow: a home of its own, and nothing of the caller's configuration."""

from __future__ import annotations

import os
import tempfile

for name in [name for name in os.environ if name.startswith(("AIRFLOW_", "TRADEBRIDGE_"))]:
    del os.environ[name]
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="tradebridge-tests-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["GX_ANALYTICS_ENABLED"] = "false"
