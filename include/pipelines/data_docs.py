"""Turn staged validation results into pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from include.checks import write_contents, write_data_docs
from include.pipelines.check import RESULTS
from include.pipelines.staging import batches

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from include.pipelines.staging import StagingPath


def publish(root: StagingPath, flow: str, folder: Path, flows: Iterable[str], *, newest: int = 50) -> int:
    """Write Data Docs of the newest batches of a flow.

    Flows are published side by side: each writes pages of its own, and the contents, which are the same
    whoever writes them.

    Args:
        root: the staging area.
        flow: DAG id.
        folder: where the pages go; ``<flow>.html`` lists the flow's, ``index.html`` leads to all.
        flows: DAG ids of all flows that are published.
        newest: how many batches.

    Returns:
        Pages written.
    """
    staged = [batch / f"{RESULTS}.parquet" for batch in batches(root, flow)]
    found = sorted(
        (file for file in staged if file.exists()), key=lambda file: file.stat().st_mtime, reverse=True
    )
    results: dict[str, dict[str, Any]] = {}
    for file in found[:newest]:
        with file.open("rb") as handle:
            documents = pq.read_table(handle)["result"].to_pylist()
        at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        for document in documents:
            result = json.loads(document)
            results[f"{flow}-{at:%Y-%m-%dT%H-%M-%S}_{result['suite_name']}"] = result
    write_data_docs(results, folder, flow)
    write_contents(folder, flows)
    return len(results)
