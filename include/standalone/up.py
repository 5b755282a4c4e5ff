"""Bring one machine up and keep it up; look at it; take it down."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING

from include.errors import IntegrationError
from include.standalone import services
from include.standalone import state as states
from include.standalone.environment import ROOT, Machine, environment, lay_out
from include.standalone.ports import Ports, choose, read
from include.standalone.postgres import embedded_server, stand_in_of
from include.standalone.processes import (
    StartError,
    StopRequestedError,
    Supervisor,
    end_leftovers,
    sole_supervisor,
    state_file,
)
from include.standalone.secret_store import secrets_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

DOWN_LIMIT = 90.0


def run_folder() -> Path:
    """The folder of everything mutable: ``TRADEBRIDGE_RUN``, else ``.run`` in the project."""
    return (ROOT / os.environ.get("TRADEBRIDGE_RUN", ".run")).resolve()


def machine_of(run: Path) -> Machine:
    """The machine of a run folder as its supervisor last set it up."""
    return Machine(run, read(run) or Ports(), secrets_of(run / "secrets"))


def supervise(run: Path, say: Callable[[str], None], wished: Mapping[str, int] | None = None) -> int:
    """Start everything and keep it running until a signal; the process's exit code.

    Args:
        run: the run folder.
        say: takes lines of progress.
        wished: ports by service name that differ from the usual ones.
    """
    with sole_supervisor(run):
        end_leftovers(states.read(state_file(run)))
        machine = Machine(run, choose(run, wished), secrets_of(run / "secrets"))
        lay_out(machine)
        supervisor = Supervisor(run, environment(machine), say)
        supervisor.catch_signals()
        failed = ""
        try:
            _start(machine, supervisor)
            supervisor.watch()
        except StopRequestedError:
            pass
        except (StartError, OSError) as problem:
            failed = str(problem)
            say(failed)
        finally:
            supervisor.stop(failed=failed)
        return 1 if failed else 0


def _start(machine: Machine, supervisor: Supervisor) -> None:
    ports, secrets = machine.ports, machine.secrets
    server = embedded_server(
        machine.run / "postgres", port=ports.postgres, password=secrets.postgres_password
    )
    supervisor.begin([services.database(server)])
    supervisor.await_ready()
    server.create_databases()
    sandbox, gateway = services.outside_world(machine)
    supervisor.begin([sandbox])
    supervisor.run_jobs(services.jobs(machine))
    supervisor.await_ready()
    services.raise_call_limits(machine)
    services.fill_clarity(machine)
    services.subscribe_to_clarity(machine)
    supervisor.begin([gateway, *services.airflow(machine)])
    supervisor.await_ready()
    # Without the login: what is said here stands in a log.
    supervisor.ready(f"everything is ready: {machine.airflow_url}")


def login(machine: Machine) -> str:
    """The administrator's name and password for Airflow's UI."""
    return f"admin / {machine.secrets.admin_password}"


def up_in_background(run: Path, say: Callable[[str], None]) -> int:
    """Start a supervisor that outlives us and wait until it is ready; the exit code."""
    if states.read(state_file(run)).supervisor_lives:
        say(f"already up: {machine_of(run).airflow_url}")
        return 0
    supervisor = spawn_supervisor(run)
    for line in progress(run, supervisor):
        say(line)
    if states.read(state_file(run)).status != states.READY:
        return 1
    say(f"login: {login(machine_of(run))}")
    return 0


def spawn_supervisor(
    run: Path,
    *,
    before_exec: Callable[[], None] | None = None,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> subprocess.Popen[bytes]:
    """Start ``up`` as a process of its own session, its words going to ``supervisor.log``.

    Args:
        run: the run folder.
        before_exec: called in the new process.
        variables: what its environment has besides ours.
    """
    (run / "logs").mkdir(parents=True, exist_ok=True)
    with (run / "logs" / "supervisor.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "include.standalone", "up"],
            cwd=ROOT,
            env={**os.environ, **variables, "PYTHONPATH": str(ROOT), "TRADEBRIDGE_RUN": str(run)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=before_exec,  # noqa: PLW1509 - one thread, one prctl call at most
        )


def progress(run: Path, supervisor: subprocess.Popen[bytes]) -> Iterator[str]:
    """The lines a starting supervisor writes into its state file, until it is ready or gone."""
    said = 0
    while True:
        gone = supervisor.poll() is not None
        state = states.read(state_file(run))
        if state.supervisor is not None and state.supervisor.pid == supervisor.pid:
            yield from state.lines[said:]
            said = len(state.lines)
            if state.status in {states.READY, states.STOPPED, states.FAILED}:
                return
        if gone:
            return
        time.sleep(0.1)


def down(run: Path, say: Callable[[str], None]) -> int:
    """Stop the supervisor and end whatever it, or a killed one before it, left; the exit code."""
    file = state_file(run)
    state = states.read(file)
    if state.supervisor is not None and state.supervisor_lives:
        say("stopping")
        with suppress(ProcessLookupError):
            os.kill(state.supervisor.pid, signal.SIGTERM)
        deadline = time.monotonic() + DOWN_LIMIT
        while state.supervisor.is_alive() and time.monotonic() < deadline:
            time.sleep(0.1)
        if state.supervisor.is_alive():
            os.kill(state.supervisor.pid, signal.SIGKILL)
        state = states.read(file)
    end_leftovers(state)
    say("down: nothing is left running")
    return 0


def status(run: Path, say: Callable[[str], None]) -> int:
    """Say what runs where; 0 when everything is ready."""
    state = states.read(state_file(run))
    if not state.supervisor_lives:
        say("down")
        return 3
    machine = machine_of(run)
    say(f"{state.status}: {state.lines[-1] if state.lines else ''}")
    for name, leaders in state.sessions.items():
        present = leaders[0] if leaders and leaders[0].is_alive() else None
        again = f", started again {state.restarts[name]} times" if name in state.restarts else ""
        say(f"  {name:<14} {f'pid {present.pid}' if present else 'starting again'}{again}")
    say(f"  Airflow {machine.airflow_url} (login {login(machine)})")
    say(f"  sandbox {machine.sandbox_url}, gateway {machine.gateway_url}")
    say(f"  logs    {machine.logs}")
    return 0 if state.status == states.READY else 1


def forget(run: Path, say: Callable[[str], None]) -> int:
    """Delete the run folder and the database's stand-in home; only what looks like ours."""
    try:
        with sole_supervisor(run):
            stand_in = stand_in_of(run / "postgres")
            ours = [run] if (run / "logs").exists() or not any(run.iterdir()) else []
            for folder in [*ours, *([stand_in] if stand_in else [])]:
                shutil.rmtree(folder)
                say(f"deleted {folder}")
    except IntegrationError as problem:
        say(str(problem))
        return 1
    return 0
