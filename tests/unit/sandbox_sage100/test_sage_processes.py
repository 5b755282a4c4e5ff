"""Several processes at one company: killed writers, seats and locks of the dead, numbers given once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from include.sandbox.sage100.objects import Script
from tests.unit.sandbox_sage100.desk import PASSWORD, Sage, books_balance, log_on, reopened, written

ROOT = Path(__file__).parents[3]
Run = Callable[[str], AbstractContextManager[subprocess.Popen[str]]]


@pytest.fixture
def run(home: Path) -> Run:
    @contextmanager
    def running(what: str) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-m", "tests.unit.sandbox_sage100.programs", what, str(home)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    return running


def await_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def test_a_writer_killed_before_its_commit_leaves_nothing(run: Run, home: Path) -> None:
    with run("die_before_commit") as process:
        assert process.wait(30) == -signal.SIGKILL
    sage = log_on(home)
    assert books_balance(sage) == 0
    assert not sage.rows("SELECT * FROM sandbox_effect")
    written(sage)
    sage.session.nCleanup()


def test_a_writer_killed_after_its_commit_leaves_one_whole_order(run: Run, sage: Sage) -> None:
    sage.tell("INSERT INTO sandbox_fault (kind, seconds, times) VALUES ('hang_after_commit', 9, 1)")
    with run("die_after_commit") as process:
        assert process.wait(30) == -signal.SIGKILL
    assert books_balance(sage) == 1
    assert len(sage.rows("SELECT * FROM SO_SalesOrderDetail")) == 2


def test_a_writer_killed_anywhere_leaves_whole_orders_only(run: Run, sage: Sage) -> None:
    for _ in range(3):
        with run("write_for_ever") as process:
            await_ready(process)
            before = len(sage.rows("SELECT SalesOrderNo FROM SO_SalesOrderHeader"))
            while len(sage.rows("SELECT SalesOrderNo FROM SO_SalesOrderHeader")) < before + 3:
                assert process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.wait(30)
        assert books_balance(sage) >= before + 3


def test_two_writers_at_once_share_the_numbers_and_the_stock(run: Run, sage: Sage) -> None:
    with run("write_some") as one, run("write_some") as two:
        await_ready(one)
        await_ready(two)
    assert books_balance(sage) == 40
    sage.row("SELECT 1 FROM SO_SalesOrderHeader WHERE SalesOrderNo = '0000040'")


def test_the_seat_of_a_killed_process_is_free_again(run: Run, sage: Sage, home: Path) -> None:
    sage.switch(seats=2)
    script = Script()
    script.Init(str(home))
    session = script.NewObject("SY_Session")
    with run("hold_seat") as process:
        await_ready(process)
        assert session.nSetUser("tradebridge", PASSWORD) == 0
        assert "maximum number of users" in session.sLastErrorMsg
        process.kill()
        process.wait(30)
    assert session.nSetUser("tradebridge", PASSWORD) == 1
    session.nCleanup()


def test_an_order_that_another_process_has_open_is_locked_until_it_dies(run: Run, sage: Sage) -> None:
    number = written(sage)
    order = sage.orders
    with run("hold_order") as process:
        await_ready(process)
        assert order.nSetKey(number) == 0
        assert order.sLastErrorMsg == "The record is in use by another user."
        assert order.nWrite() == 0
        process.kill()
        process.wait(30)
    assert order.nSetKey(number) == 1


def test_two_sessions_of_one_process_lock_each_other_too(sage: Sage, more_sages: Callable[[], Sage]) -> None:
    number = written(sage)
    held = reopened(sage, number)
    other = more_sages().orders
    assert other.nSetKey(number) == 0
    held.nClear()
    assert other.nSetKey(number) == 1


def test_a_write_frees_the_record(sage: Sage, more_sages: Callable[[], Sage]) -> None:
    number = written(sage)
    reopened(sage, number).nWrite()
    assert more_sages().orders.nSetKey(number) == 1


def test_an_expired_lock_goes_to_the_next_and_the_late_write_is_refused(
    sage: Sage, more_sages: Callable[[], Sage]
) -> None:
    number = written(sage)
    late = reopened(sage, number)
    sage.tell("UPDATE sandbox_lock SET expires = 0")
    assert more_sages().orders.nSetKey(number) == 1
    assert late.nWrite() == 0
    assert "locked" in late.sLastErrorMsg


def test_a_session_that_ends_lets_go_of_its_records(sage: Sage, more_sages: Callable[[], Sage]) -> None:
    number = written(sage)
    other = more_sages()
    reopened(other, number)
    other.session.nCleanup()
    assert sage.orders.nSetKey(number) == 1
