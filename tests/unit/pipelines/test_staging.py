"""Record sets between two tasks: kept as they are, published, and removed when their time is over."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from include.pipelines.check import RESULTS
from include.pipelines.data_docs import publish
from include.pipelines.site import SNAPSHOT, snapshots_named
from include.pipelines.staging import Staging, prune, prune_snapshots

FLOW = "flow"


def a_batch(root: Path, run_id: str = "manual__2026-11-21T01:02:03+00:00", batch_id: str = "b1") -> Staging:
    return Staging(root, flow=FLOW, run_id=run_id, batch_id=batch_id)


def test_a_frame_comes_back_with_its_types_and_its_cents(tmp_path: Path) -> None:
    money = pa.decimal128(18, 2)
    table = pa.table(
        {"key": ["é"], "total": pa.array([Decimal("0.10")], money), "gone": pa.array([None], money)}
    )
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    a_batch(tmp_path).write("orders", frame)
    back = a_batch(tmp_path).read("orders")
    assert pa.Table.from_pandas(back, preserve_index=False).equals(table)


def test_what_no_stage_has_written_is_not_there(tmp_path: Path) -> None:
    assert not a_batch(tmp_path).has("orders")
    with pytest.raises(FileNotFoundError):
        a_batch(tmp_path).read("orders")


def test_a_run_id_cannot_leave_the_staging_area(tmp_path: Path) -> None:
    staging = a_batch(tmp_path, run_id="../../etc/passwd")
    staging.write("orders", pd.DataFrame({"key": ["1"]}))
    assert [path.name for path in tmp_path.iterdir()] == [FLOW]


def test_only_batches_past_their_time_are_removed(tmp_path: Path) -> None:
    for batch_id in ("old", "new"):
        a_batch(tmp_path, batch_id=batch_id).write("orders", pd.DataFrame({"key": ["1"]}))
    past = (datetime.now(UTC) - timedelta(days=100)).timestamp()
    for file in Path(str(a_batch(tmp_path, batch_id="old"))).iterdir():
        os.utime(file, (past, past))
    assert prune(tmp_path, FLOW, older_than=datetime.now(UTC) - timedelta(days=90)) == 1
    assert not a_batch(tmp_path, batch_id="old").has("orders")
    assert a_batch(tmp_path, batch_id="new").has("orders")


def aged(staging: Staging, days: int) -> None:
    past = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    for file in Path(str(staging)).iterdir():
        os.utime(file, (past, past))


def test_what_an_exception_refers_to_stays_and_empty_runs_go(tmp_path: Path) -> None:
    for run in ("needed", "done"):
        a_batch(tmp_path, run).write("orders", pd.DataFrame({"key": ["1"]}))
        aged(a_batch(tmp_path, run), 100)
    removed = prune(
        tmp_path,
        FLOW,
        older_than=datetime.now(UTC) - timedelta(days=90),
        needed={str(a_batch(tmp_path, "needed"))},
    )
    assert removed == 1
    assert [path.name for path in (tmp_path / FLOW).iterdir()] == ["needed"]


def test_shared_tables_go_when_no_batch_names_them(tmp_path: Path) -> None:
    """By who names them, not by age alone: an old table may serve a batch of today."""
    staging = a_batch(tmp_path)
    named, unnamed, young = (staging.share("terms", pd.DataFrame({"code": [code]})) for code in "abc")
    staging.write(SNAPSHOT, pd.DataFrame({"name": ["terms"], "digest": [named]}))
    past = (datetime.now(UTC) - timedelta(days=100)).timestamp()
    for digest in (named, unnamed):
        os.utime(tmp_path / "snapshots" / f"terms-{digest}.parquet", (past, past))
    in_use = snapshots_named(tmp_path, [FLOW])
    assert in_use == {named}
    older_than = datetime.now(UTC) - timedelta(days=90)
    assert prune_snapshots(tmp_path, older_than=older_than, in_use=in_use) == 1
    left = {path.name for path in (tmp_path / "snapshots").iterdir()}
    assert left == {f"terms-{named}.parquet", f"terms-{young}.parquet"}


def test_staged_results_become_pages(tmp_path: Path) -> None:
    result = {
        "suite_name": "orders",
        "success": True,
        "results": [],
        "meta": {},
        "statistics": {
            "evaluated_expectations": 0,
            "successful_expectations": 0,
            "unsuccessful_expectations": 0,
            "success_percent": None,
        },
    }
    a_batch(tmp_path / "staging").write(RESULTS, pd.DataFrame({"result": [json.dumps(result)]}))
    docs = tmp_path / "docs"
    assert publish(tmp_path / "staging", FLOW, docs, [FLOW, "quiet"]) == 1
    assert publish(tmp_path / "staging", "quiet", docs, [FLOW, "quiet"]) == 0
    assert "all records pass" in (docs / f"{FLOW}.html").read_text()
    assert "all records pass" not in (docs / "quiet.html").read_text()
    contents = (docs / "index.html").read_text()
    assert f'href="{FLOW}.html"' in contents
    assert 'href="quiet.html"' in contents


def test_a_shared_table_is_kept_once_per_content(tmp_path: Path) -> None:
    """Rule 7: what a batch was translated with can be found again."""
    terms = pd.DataFrame({"key": ["Net 30"], "value": ["01"]})
    first = a_batch(tmp_path).share("terms", terms)
    again = a_batch(tmp_path, batch_id="b2").share("terms", terms)
    other = a_batch(tmp_path).share("terms", terms.assign(value="02"))
    assert first == again != other
    assert len(list((tmp_path / "snapshots").iterdir())) == 2
