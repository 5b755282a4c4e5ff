"""Bulk jobs below the wire: chunks are transactions, a killed process goes on, files are read in pieces."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.sandbox.control import Control
from include.sandbox.database import Database
from include.sandbox.salesforce.bulk import csvfile
from include.sandbox.salesforce.bulk.csvfile import CsvError
from include.sandbox.salesforce.bulk.jobs import COMPLETE, INGEST, RUNNING, UPLOADED, Job, Jobs
from include.sandbox.salesforce.bulk.pace import StoppedError
from include.sandbox.salesforce.bulk.worker import Worker
from include.sandbox.salesforce.store import Commit
from include.sandbox.salesforce.world import INTEGRATION, World

ROWS = 1_000
PATIENCE = 30.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    control = Control(Database(tmp_path / "sandbox.sqlite"))
    yield World.over(control)
    control.database.close()


def uploaded(world: World, jobs: Jobs, text: str, operation: str = "insert") -> Job:
    made = jobs.add(
        INGEST,
        state=UPLOADED,
        operation=operation,
        object="Product2",
        user_id=world.user(INTEGRATION),
        client="loader",
        version="64.0",
    )
    jobs.upload(made.id, text.encode())
    return made


def worked_off(world: World, jobs: Jobs, job: Job) -> Job:
    worker = Worker(world, jobs)
    worker.start()
    deadline = time.monotonic() + PATIENCE
    while (present := jobs.get(job.id)) and present.state in {UPLOADED, RUNNING}:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    worker.stop()
    assert present is not None
    return present


FILE = "Name\n" + "".join(f"P{n}\n" for n in range(ROWS))


def test_two_hundred_rows_are_one_transaction_of_the_bulk_api(world: World) -> None:
    seen: list[Commit] = []
    world.store.listeners.append(seen.append)
    jobs = Jobs(world.store)
    done = worked_off(world, jobs, uploaded(world, jobs, FILE))
    assert (done.state, done.processed, done.failed) == (COMPLETE, ROWS, 0)
    assert [len(commit.changes) for commit in seen] == [200] * 5
    assert {(commit.origin, commit.client) for commit in seen} == {("bulkapi", "loader")}


def test_a_killed_process_goes_on_behind_the_last_row_that_it_wrote(world: World) -> None:
    commits = 0

    def kill(_: Commit) -> None:
        nonlocal commits
        commits += 1
        if commits == 3:
            raise StoppedError

    world.store.recorders.append(kill)
    jobs = Jobs(world.store)
    job = uploaded(world, jobs, FILE)
    with pytest.raises(StoppedError):
        Worker(world, jobs)._one(job.id)
    left = jobs.get(job.id)
    assert left is not None
    assert (left.state, left.processed, world.store.count("Product2")) == (RUNNING, 400, 400)
    done = worked_off(world, Jobs(world.store), job)
    assert (done.state, done.processed) == (COMPLETE, ROWS)
    written = [row["Name"] for row in world.store.rows("Product2")]
    assert written == [f"P{n}" for n in range(ROWS)]
    told = [json.loads(body) for body in jobs.results(job.id)]
    assert [(row[0], row[2]) for row in told] == [
        (row["Id"], row["Name"]) for row in world.store.rows("Product2")
    ]


def test_one_jobs_mishap_does_not_keep_the_next_from_its_turn(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def trip(commit: Commit) -> None:
        if len(commit.changes) == 1:
            raise ZeroDivisionError

    world.store.recorders.append(trip)
    jobs = Jobs(world.store)
    bad, good = uploaded(world, jobs, "Name\nA\n"), uploaded(world, jobs, "Name\nB\nC\n")
    done = worked_off(world, jobs, good)
    failed = jobs.get(bad.id)
    assert failed is not None
    assert (failed.state, failed.error) == ("Failed", "InternalServerError : Unknown error")
    assert (done.state, world.store.count("Product2")) == (COMPLETE, 2)
    assert bad.id in caplog.text


def test_a_wiped_sandbox_has_no_job_left_to_work_off(world: World) -> None:
    jobs = Jobs(world.store)
    job = uploaded(world, jobs, FILE)
    world.control.database.wipe()
    assert (jobs.get(job.id), jobs.waiting(), list(jobs.data(job.id))) == (None, [], [])


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12)


@settings(max_examples=200, deadline=None)
@given(
    table=st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=6),
    size=st.integers(1, 9),
    delimiter=st.sampled_from(sorted(csvfile.DELIMITERS)),
    ending=st.sampled_from(sorted(csvfile.LINE_ENDINGS)),
)
def test_a_file_is_read_as_it_was_written_however_it_is_cut(
    table: list[list[str]], size: int, delimiter: str, ending: str
) -> None:
    table = [["Name", "Family"], *table]
    whole = "".join(csvfile.line(row, delimiter, ending) for row in table).encode()
    parts = [whole[start : start + size] for start in range(0, len(whole), size)]
    assert list(csvfile.rows(parts, delimiter, ending)) == table
    sign = csvfile.DELIMITERS[delimiter]
    assert list(csv.reader(io.StringIO(whole.decode(), newline=""), delimiter=sign)) == table


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Name\n\xff\n", "UTF-8"),
        (b'Name\n"open\n', "Failed to parse CSV"),
        (b'Name\n"a"b\n', "Failed to parse CSV"),
        (b"Name\r\nA\r\n", "LineEnding is invalid"),
    ],
)
def test_a_file_that_is_no_csv_says_so(content: bytes, said: str) -> None:
    with pytest.raises(CsvError, match=said):
        list(csvfile.rows([content], "COMMA", "LF"))


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert list(csvfile.rows([b"\xef\xbb\xbfName\nA\n"], "COMMA", "LF")) == [["Name"], ["A"]]
