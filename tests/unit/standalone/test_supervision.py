"""Real processes, small ones: they die, hang, leave orphans, and lose their supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from include.errors import TransientError
from include.standalone import processes
from include.standalone import state as states
from include.standalone.children import Child
from include.standalone.processes import StartError, Supervisor, end_leftovers, sole_supervisor, state_file
from include.standalone.services import Job, Service
from include.standalone.sessions import Leader, end_sessions

ROOT = Path(__file__).resolve().parents[3]
SLEEP = (sys.executable, "-c", "import time; time.sleep(300)")
STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").close()
time.sleep(300)
"""
BUSY_WORKER = """
import os, signal, time
worker = os.fork()
if worker == 0:
    task = os.fork()
    if task == 0:
        os.setpgid(0, 0)
    time.sleep(300)
idle = os.fork()
time.sleep(300)
"""


def service(name: str = "napper", command: tuple[str, ...] = SLEEP, **changes: object) -> Service:
    settings: dict[str, object] = {"is_ready": lambda: True, "cwd": "/", "stop_seconds": 2.0, **changes}
    return Service(name, command, **settings)  # type: ignore[arg-type]


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.02)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.setattr(processes, "TICK", 0.02)
    made = Supervisor(tmp_path, {"PATH": os.environ["PATH"]}, said.append)
    yield made
    made.stop()


def leader_of(run: Path, name: str = "napper") -> Leader:
    return states.read(state_file(run)).sessions[name][0]


def test_a_killed_child_is_started_again(supervisor: Supervisor, tmp_path: Path, said: list[str]) -> None:
    supervisor.begin([service()])
    supervisor.await_ready()
    first = leader_of(tmp_path)
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: supervisor._tick() or "napper ended (SIGKILL); starting it again" in said)
    until(lambda: supervisor._tick() or states.read(state_file(tmp_path)).sessions["napper"])
    assert leader_of(tmp_path) != first
    assert leader_of(tmp_path).is_alive()


def test_a_child_that_never_comes_up_stops_the_start_with_its_last_words(supervisor: Supervisor) -> None:
    crash = (sys.executable, "-c", "raise SystemExit('no such colour')")
    supervisor.begin([service(command=crash, is_ready=lambda: False)])
    with pytest.raises(StartError, match=r"(?s)napper ended 4 times.*no such colour"):
        supervisor.await_ready()


def test_a_child_that_hangs_is_killed_and_started_again(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([True])
    supervisor.begin([service(is_ready=lambda: next(answers, False))])
    supervisor.await_ready()
    first = leader_of(tmp_path)
    monkeypatch.setattr(processes, "HANGS_AFTER", 0.0)
    monkeypatch.setattr(processes, "PROBE_EVERY", 0.0)
    until(lambda: supervisor._probe() or supervisor._tick() or not first.is_alive())
    assert not first.is_alive()


def test_who_hung_before_is_given_longer(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed each minute, a scheduler on a slow machine would never get anywhere."""
    answers = iter([True])
    supervisor.begin([service(is_ready=lambda: next(answers, False))])
    supervisor.await_ready()
    monkeypatch.setattr(processes, "PROBE_EVERY", 0.0)
    child = supervisor._children["napper"]
    for silence, hangs in ((50, 0), (70, 1), (110, 1), (130, 2), (230, 2)):
        until(lambda: supervisor._tick() or child.runs)
        child.answered = time.monotonic() - silence
        supervisor._probe()
        assert child.hangs == hangs
        if silence in {70, 130}:
            until(lambda: not child.runs)


def test_nobody_is_blamed_for_a_service_it_needs(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"database": True, "napper": True}
    supervisor.begin(
        [
            service("database", is_ready=lambda: answers["database"]),
            service(is_ready=lambda: answers["napper"], needs=("database",)),
        ]
    )
    supervisor.await_ready()
    answers.update(database=False, napper=False)
    monkeypatch.setattr(processes, "HANGS_AFTER", 0.0)
    monkeypatch.setattr(processes, "PROBE_EVERY", 0.0)
    napper = leader_of(tmp_path)
    supervisor._probe()
    supervisor._probe()
    assert napper.is_alive()


def test_a_failed_job_stops_the_start_with_its_last_words(supervisor: Supervisor) -> None:
    failing = Job("migrate", (sys.executable, "-c", "raise SystemExit('no such table')"))
    with pytest.raises(StartError, match=r"(?s)migrate failed \(1\).*no such table"):
        supervisor.run_jobs([failing])


def test_stopping_ends_whole_sessions(tmp_path: Path, said: list[str]) -> None:
    supervisor = Supervisor(tmp_path, {"PATH": os.environ["PATH"]}, said.append)
    supervisor.begin([service(command=(sys.executable, "-c", BUSY_WORKER))])
    leader = leader_of(tmp_path)
    until(lambda: len(leader.members()) == 4)
    members = leader.members()
    supervisor.stop()
    assert not any(member.is_running() and member.status() != "zombie" for member in members)
    assert states.read(state_file(tmp_path)).status == states.STOPPED


def test_orphans_with_work_may_finish_it_and_idle_ones_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed scheduler's task goes on; its idle workers would wait for ever."""
    from include.standalone import children

    child = Child(
        service(command=(sys.executable, "-c", BUSY_WORKER), finishes_work=True),
        tmp_path,
        {"PATH": os.environ["PATH"]},
    )
    child.start()
    [leader] = child.sessions
    until(lambda: len(leader.members()) == 4)
    os.kill(leader.pid, signal.SIGKILL)
    until(lambda: not child.runs)
    assert child.note_death() is not None
    until(lambda: len(leader.members()) == 2)
    monkeypatch.setattr(children, "ORPHANS_MAY_WORK", 0.0)
    until(lambda: child.tend_orphans() or not child.sessions)


def test_a_number_given_to_somebody_else_is_not_ours() -> None:
    stranger = Leader(os.getpid(), 1.0)
    assert not stranger.is_alive()
    assert stranger.members() == []


def test_who_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    command = [sys.executable, "-c", STUBBORN, str(ready)]
    with subprocess.Popen(command, start_new_session=True) as process:
        until(ready.exists)
        reaper = threading.Thread(target=process.wait)
        reaper.start()
        end_sessions([Leader.of(process.pid)], grace=0.2)
        reaper.join()
    assert process.returncode == -signal.SIGKILL


SUPERVISOR = """
import sys, time
from pathlib import Path
from include.standalone.processes import Supervisor
from include.standalone.services import Service
made = Supervisor(Path(sys.argv[1]), {}, lambda _: None)
nap = (sys.executable, "-c", "import time; time.sleep(300)")
stubborn = (sys.executable, "-c", sys.argv[2], sys.argv[3])
both = [Service("napper", nap, lambda: True, cwd="/"), Service("stubborn", stubborn, lambda: True, cwd="/")]
made.begin(both)
time.sleep(300)
"""


def test_nothing_survives_a_killed_supervisor_and_the_clean_up_after_it(tmp_path: Path) -> None:
    """kill -9 of the supervisor: the kernel ends its children, the state file tells of the stubborn ones."""
    ready = tmp_path / "ready"
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path), STUBBORN, str(ready)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        until(lambda: ready.exists() and len(states.read(state_file(tmp_path)).leaders) == 2)
        left = states.read(state_file(tmp_path))
        process.kill()
    [napper], [stubborn] = left.sessions["napper"], left.sessions["stubborn"]
    until(lambda: not napper.is_alive())
    assert stubborn.is_alive()
    end_leftovers(left)
    until(lambda: not stubborn.is_alive())


def test_one_folder_has_one_supervisor(tmp_path: Path) -> None:
    with (
        sole_supervisor(tmp_path),
        pytest.raises(TransientError, match="another supervisor"),
        sole_supervisor(tmp_path),
    ):
        pass
    with sole_supervisor(tmp_path):
        pass


def test_a_state_from_before_the_last_boot_says_nothing(tmp_path: Path) -> None:
    file = state_file(tmp_path)
    here = Leader.of(os.getpid())
    states.State(supervisor=here, sessions={"napper": [here]}).save(file)
    assert states.read(file).supervisor_lives
    states.State(supervisor=here, sessions={"napper": [here]}, booted=psutil.boot_time() - 86_400).save(file)
    assert states.read(file).leaders == []


def test_a_broken_state_file_is_no_reason_to_stay_down(tmp_path: Path) -> None:
    state_file(tmp_path).write_text("{", encoding="utf-8")
    assert states.read(state_file(tmp_path)).status == states.STOPPED


def test_a_long_log_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from include.standalone import children

    monkeypatch.setattr(children, "LOG_LIMIT", 10)
    log = tmp_path / "napper.log"
    log.write_text("much too long", encoding="utf-8")
    children.launch(("true",), log, {}, cwd="/")[0].wait()
    assert (tmp_path / "napper.log.1").read_text(encoding="utf-8") == "much too long"
    assert log.read_text(encoding="utf-8") == ""
