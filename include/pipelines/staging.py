"""Where record sets wait between two tasks.

Tasks hand each other ids and counts; the records themselves lie here as Parquet, under
``<root>/<flow>/<run>/<batch>/<name>.parquet``. The root is any path object that knows ``/``,
``open``, ``mkdir`` and ``exists``: a ``pathlib.Path`` in a test, Airflow's ``ObjectStoragePath`` (a
folder, s3, gs, abfs) in a task.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from contextlib import AbstractContextManager


class StagingPath(Protocol):
    """The part of a path that staging needs."""

    def __truediv__(self, name: str, /) -> Self: ...
    def open(self, mode: str = ...) -> AbstractContextManager[Any]:  # noqa: D102
        ...
    def mkdir(self, *, parents: bool = ..., exist_ok: bool = ...) -> None: ...  # noqa: D102
    def exists(self) -> bool: ...  # noqa: D102
    def iterdir(self) -> Iterator[Self]: ...  # noqa: D102
    def unlink(self) -> None: ...  # noqa: D102
    def rmdir(self) -> None: ...  # noqa: D102
    def stat(self) -> Any: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A small frame (problems, a plan) as plain rows; record sets on the hot path stay columns."""
    plain: list[dict[str, Any]] = pa.Table.from_pandas(frame, preserve_index=False).to_pylist()
    return plain


class Staging:
    """The record sets of one batch.

    Args:
        root: the staging area.
        flow: DAG id.
        run_id: DAG run id; characters that a path cannot hold are replaced.
        batch_id: the leased batch.
    """

    def __init__(self, root: StagingPath, *, flow: str, run_id: str, batch_id: str) -> None:
        safe = re.sub(r"[^A-Za-z0-9_.=-]", "_", run_id)
        self._folder = root / flow / safe / str(batch_id)
        self._shared = root / "snapshots"

    def write(self, name: str, frame: pd.DataFrame) -> None:
        """Keep ``frame`` (Arrow-backed or convertible columns) under ``name``, replacing what was there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pandas(frame, preserve_index=False)
        with (self._folder / f"{name}.parquet").open("wb") as file:
            pq.write_table(table, file, compression="zstd")

    def read(self, name: str) -> pd.DataFrame:
        """The frame kept under ``name``, Arrow-backed.

        Raises:
            FileNotFoundError: no stage has written it.
        """
        with (self._folder / f"{name}.parquet").open("rb") as file:
            # Not read_table: that imports Arrow's data sets, once a task.
            table = pq.ParquetFile(pa.BufferReader(file.read())).read()
        frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)
        return frame

    def share(self, name: str, frame: pd.DataFrame) -> str:
        """Keep a table that many batches use, once per content; returns its digest."""
        table = pa.Table.from_pandas(frame, preserve_index=False)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table.combine_chunks())
        digest = hashlib.sha256(sink.getvalue()).hexdigest()[:32]
        self._shared.mkdir(parents=True, exist_ok=True)
        file = self._shared / f"{name}-{digest}.parquet"
        if not file.exists():
            with file.open("wb") as out:
                pq.write_table(table, out, compression="zstd")
        return digest

    def has(self, name: str) -> bool:
        """Whether a stage has written ``name``."""
        return (self._folder / f"{name}.parquet").exists()

    def __str__(self) -> str:
        """The folder, for payload references in exceptions."""
        return str(self._folder)


def batches(root: StagingPath, flow: str) -> Iterator[StagingPath]:
    """The staged batches of a flow, whatever their run."""
    folder = root / flow
    if folder.exists():
        for run in folder.iterdir():
            yield from run.iterdir()


def prune(root: StagingPath, flow: str, *, older_than: datetime, needed: Collection[str] = ()) -> int:
    """Remove batches whose newest file is older, and runs that are empty then; returns how many batches.

    Args:
        root: the staging area.
        flow: whose.
        older_than: what is younger stays.
        needed: folders that stay whatever their age: exceptions refer to them.
    """
    removed = 0
    for batch in list(batches(root, flow)):
        files = list(batch.iterdir())
        newest = max((datetime.fromtimestamp(file.stat().st_mtime, UTC) for file in files), default=None)
        if (newest is None or newest < older_than) and str(batch) not in needed:
            for file in files:
                file.unlink()
            batch.rmdir()
            removed += 1
    if (root / flow).exists():
        for run in [run for run in (root / flow).iterdir() if not any(run.iterdir())]:
            run.rmdir()
    return removed


def prune_snapshots(root: StagingPath, *, older_than: datetime, in_use: Collection[str]) -> int:
    """Remove shared tables that no batch names any more; returns how many.

    A young one stays: the batch that names it may not have been written yet.
    """
    removed = 0
    folder = root / "snapshots"
    for file in list(folder.iterdir()) if folder.exists() else []:
        old = datetime.fromtimestamp(file.stat().st_mtime, UTC) < older_than
        if old and file.name.removesuffix(".parquet").rpartition("-")[2] not in in_use:
            file.unlink()
            removed += 1
    return removed
