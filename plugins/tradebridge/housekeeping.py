"""What is done once a night: publish what the checks found, remove what nobody will read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import ObjectStoragePath, get_current_context

from tradebridge import site


def publish_data_docs(flow: str) -> int:
    """Render the newest validation results of ``flow``; returns pages written."""
    from include.pipelines.data_docs import publish
    from tradebridge.flows import FLOWS

    return publish(ObjectStoragePath(site.staging_root()), flow, Path(site.data_docs()), FLOWS)


def prune_staging(flow: str) -> int:
    """Remove staged batches older than ``keep_days`` that no exception needs; returns how many."""
    from include.pipelines.staging import prune
    from tradebridge import connections

    root = ObjectStoragePath(site.staging_root())
    needed = connections.ledger().retention.referenced(flow)
    return prune(root, flow, older_than=_kept_since(), needed=needed)


def prune_snapshots(flows: list[str]) -> int:
    """Remove shared reference tables that no staged batch names any more; returns how many."""
    from include.pipelines.site import snapshots_named
    from include.pipelines.staging import prune_snapshots as prune

    root = ObjectStoragePath(site.staging_root())
    return prune(root, older_than=_kept_since(), in_use=snapshots_named(root, flows))


def prune_ledger(flow: str) -> dict[str, int]:
    """Forget what ended before the ``keep_days`` parameter; returns rows by kind."""
    from tradebridge import connections

    ledger = connections.ledger()
    forgotten = ledger.retention.prune(flow, _kept_since())
    return {**forgotten, "alerts": ledger.alerts.prune(_kept_since())}


def _kept_since() -> datetime:
    return datetime.now(UTC) - timedelta(days=int(get_current_context()["params"]["keep_days"]))
