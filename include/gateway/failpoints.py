"""Places where a test may kill the gateway.

``TRADEBRIDGE_GATEWAY_FAILPOINT`` names one; the process that comes by dies as by ``kill -9``, once
if ``TRADEBRIDGE_GATEWAY_FAILPOINT_ONCE`` names a file (it is created at the first time).
Workers pass ``before_write`` and ``after_write``, the service ``before_store`` and ``before_answer``.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

VARIABLE = "TRADEBRIDGE_GATEWAY_FAILPOINT"
ONCE_VARIABLE = "TRADEBRIDGE_GATEWAY_FAILPOINT_ONCE"


def pass_by(name: str) -> None:
    """Die here if the environment says so."""
    if os.environ.get(VARIABLE) != name:
        return
    once = os.environ.get(ONCE_VARIABLE)
    if once and not _first_time(Path(once)):
        return
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def _first_time(marker: Path) -> bool:
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
