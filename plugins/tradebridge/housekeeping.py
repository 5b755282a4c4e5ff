"""What is done once a night: publish what the checks found, remove what nobody will read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import ObjectStoragePath, get_current_context

from tradebridge import site


def publish_data_docs(flow: str) -> int:
    """Render the newest validation results of ``flow``; returns pages written."""
    from include.pipelines.data_docs import publish

    return publish(ObjectStoragePath(site.staging_root()), flow, Path(site.data_docs()))


def prune_staging(flow: str) -> int:
    """Remove staged batches older than the ``keep_days`` parameter; returns how many."""
    from include.pipelines.staging import prune

    days = int(get_current_context()["params"]["keep_days"])
    root = ObjectStoragePath(site.staging_root())
    return prune(root, flow, older_than=datetime.now(UTC) - timedelta(days=days))
