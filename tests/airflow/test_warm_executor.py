"""Workers of the one-machine executor are killed in every position; work goes on and no slot is lost."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from airflow.executors.base_executor import BaseExecutor
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.state import TaskInstanceState

from tradebridge import warm_executor
from tradebridge.warm_executor import MessageQueue, Sources, WarmLocalExecutor

# From Python 3.12 on, forking beside a thread of pytest-timeout warns.
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.02)


class Work(NamedTuple):
    """A workload as far as a worker looks at it."""

    key: TaskInstanceKey
    deed: str = "succeed"
    display_name: str = "work"
    running_state: None = None
    success_state: TaskInstanceState = TaskInstanceState.SUCCESS
    failure_state: TaskInstanceState = TaskInstanceState.FAILED


def work(name: str, deed: str = "succeed") -> Work:
    return Work(TaskInstanceKey("orders", name, "run", 1, -1), deed)


def carry_out(workload: Work, **_: Any) -> int:
    match workload.deed:
        case "be killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "leave an orphan and be killed":
            if os.fork() == 0:
                os.setpgid(0, 0)
                time.sleep(60)
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGKILL)
        case "fail":
            raise RuntimeError("no such order")
    return 0


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> Iterator[WarmLocalExecutor]:
    monkeypatch.setattr(warm_executor, "preload", lambda: None)
    monkeypatch.setattr(warm_executor, "LOST_AFTER", 0.5)
    monkeypatch.setattr(BaseExecutor, "run_workload", staticmethod(carry_out))
    made = WarmLocalExecutor(parallelism=3)
    made.start()
    yield made
    made.end()


def give(executor: WarmLocalExecutor, *works: Work) -> None:
    for each in works:
        executor.queued_tasks[each.key] = each  # type: ignore[assignment]
    executor._process_workloads(list(works))


def ends(executor: WarmLocalExecutor, *works: Work) -> dict[str, str]:
    """Wait until each has ended; how, by name."""

    def all_known() -> bool:
        executor.sync()
        return executor.event_buffer.keys() >= {each.key for each in works}

    until(all_known)
    return {each.key.task_id: str(executor.event_buffer[each.key][0]) for each in works}


def test_changed_code_is_imported_afresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "include_of_a_test.py"
    file.write_text("SAYS = 'before'")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(warm_executor, "ROOMS", frozenset({file.stem}))
    assert importlib.import_module(file.stem).SAYS == "before"
    sources = Sources.read()
    sources.forget_if_changed()
    assert file.stem in sys.modules
    file.write_text("SAYS = 'after, and longer'")
    os.utime(file, ns=(0, 0))
    sources.forget_if_changed()
    assert file.stem not in sys.modules
    assert importlib.import_module(file.stem).SAYS == "after, and longer"


def test_work_ends_as_it_ends(executor: WarmLocalExecutor) -> None:
    works = [work(f"order{n}") for n in range(10)] + [work("bad", "fail")]
    give(executor, *works)
    assert ends(executor, *works) == {f"order{n}": "success" for n in range(10)} | {"bad": "failed"}


def test_idle_workers_may_be_killed(executor: WarmLocalExecutor) -> None:
    """Airflow's own queue is read under a lock, and one idle worker always holds it."""
    until(lambda: all(psutil.Process(pid).status() == "sleeping" for pid in executor.workers))
    for pid in list(executor.workers)[:2]:
        os.kill(pid, signal.SIGKILL)
    works = [work(f"order{n}") for n in range(5)]
    give(executor, *works)
    assert set(ends(executor, *works).values()) == {"success"}


def test_workers_let_the_scheduler_go_first(executor: WarmLocalExecutor) -> None:
    """A13: three hundred tasks at once must not starve who hands them out."""
    works = [work(f"order{n}") for n in range(5)]
    give(executor, *works)
    ends(executor, *works)
    own = psutil.Process().nice()
    until(lambda: {psutil.Process(pid).nice() for pid in executor.workers} == {max(own, 5)})
    assert psutil.Process().nice() == own


def test_when_all_workers_are_killed_new_ones_take_the_work(executor: WarmLocalExecutor) -> None:
    for pid in executor.workers:
        os.kill(pid, signal.SIGKILL)
    last = work("last")
    give(executor, last)
    assert ends(executor, last) == {"last": "success"}


def test_a_killed_workers_task_fails_its_try_and_nothing_else(executor: WarmLocalExecutor) -> None:
    works = [work("before"), work("victim", "be killed"), work("after")]
    give(executor, *works)
    assert ends(executor, *works) == {"before": "success", "victim": "failed", "after": "success"}


def test_every_worker_can_be_lost_to_its_task_one_after_the_other(executor: WarmLocalExecutor) -> None:
    victims = [work(f"victim{n}", "be killed") for n in range(7)]
    give(executor, *victims)
    assert set(ends(executor, *victims).values()) == {"failed"}
    give(executor, work("next"))
    assert ends(executor, work("next")) == {"next": "success"}


def test_a_worker_that_finished_before_it_died_lost_nothing(executor: WarmLocalExecutor) -> None:
    done = work("done")
    give(executor, done)
    assert ends(executor, done) == {"done": "success"}
    for pid in executor.workers:
        os.kill(pid, signal.SIGKILL)
    executor.event_buffer.clear()
    until(lambda: not any(worker.is_alive() for worker in executor.workers.values()))
    executor.sync()
    assert executor.event_buffer == {}


def orphans() -> list[psutil.Process]:
    """Process groups in our session beside our own."""
    others = [process for process in psutil.process_iter() if process.pid != os.getpid()]
    return [
        process
        for process in others
        if os.getsid(process.pid) == os.getsid(0) and os.getpgid(process.pid) == process.pid
        if process.status() != psutil.STATUS_ZOMBIE
    ]


ORPHANED = """
import sys, time
from tests.airflow import test_warm_executor as these
from airflow.executors.base_executor import BaseExecutor
BaseExecutor.run_workload = staticmethod(these.carry_out)
these.warm_executor.PRELOADED = ()
executor = these.WarmLocalExecutor(parallelism=1)
executor.start()
victim = these.work("victim", "leave an orphan and be killed")
these.give(executor, victim)
these.ends(executor, victim)
these.until(lambda: not these.orphans())
"""


def test_a_task_does_not_outlive_its_worker_into_the_next_try() -> None:
    command = [sys.executable, "-c", ORPHANED]
    done = subprocess.run(
        command, start_new_session=True, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_message_goes_to_one_reader_whole() -> None:
    queue = MessageQueue()
    sent = [{"order": n, "lines": ["x" * 1000] * 5} for n in range(10)]
    for message in sent:
        queue.put(message)
    assert [queue.get() for _ in sent] == sent
    assert queue.empty()
    queue.close()


def test_what_is_missing_is_no_reason_not_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_executor, "PRELOADED", ("no_such_library", "colorsys"))
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    warm_executor.preload()
    assert "colorsys" in sys.modules


def test_everything_preloaded_is_there() -> None:
    from importlib.util import find_spec

    assert [name for name in warm_executor.PRELOADED if find_spec(name) is None] == []
