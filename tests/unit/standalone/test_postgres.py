"""The embedded server, for real: it starts, is killed, comes back with every committed row."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import NullPool, create_engine, text

from include.errors import ConfigurationError
from include.standalone import postgres
from include.standalone.postgres import PostgresServer, embedded_server, identity, stand_in_of
from include.standalone.sessions import Leader, end_sessions

AS_ROOT = os.geteuid() == 0


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def start(server: PostgresServer) -> subprocess.Popen[bytes]:
    server.prepare()
    process = subprocess.Popen(
        server.command(),
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **identity(server.account),
    )
    until(server.is_ready)
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    process.wait(30)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    # Not pytest's own folder: that is closed to others, and the server's account must be able to pass.
    with tempfile.TemporaryDirectory(prefix="tradebridge-postgres-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def server(home: Path) -> PostgresServer:
    return embedded_server(home / "cluster", port=free_port(), password="a password")


@pytest.fixture
def running(server: PostgresServer) -> Iterator[subprocess.Popen[bytes]]:
    process = start(server)
    yield process
    if process.poll() is None:
        stop(process)


def run(server: PostgresServer, statement: str, database: str = "tradebridge") -> list[object]:
    engine = create_engine(server.url(database), poolclass=NullPool)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        return [row[0] for row in result] if result.returns_rows else []


def test_both_databases_are_made_once(server: PostgresServer, running: object) -> None:
    server.create_databases()
    server.create_databases()
    names = run(server, "SELECT datname FROM pg_database")
    assert sorted(set(names) & {"airflow", "tradebridge"}) == ["airflow", "tradebridge"]


def test_what_is_committed_is_on_disk(server: PostgresServer, running: object) -> None:
    settings = {
        name: run(server, f"SHOW {name}", "postgres")
        for name in ("fsync", "synchronous_commit", "full_page_writes")
    }
    assert settings == {"fsync": ["on"], "synchronous_commit": ["on"], "full_page_writes": ["on"]}


def test_a_killed_server_comes_back_with_every_committed_row(
    server: PostgresServer, running: subprocess.Popen[bytes]
) -> None:
    server.create_databases()
    run(server, "CREATE TABLE IF NOT EXISTS kept (n int)")
    run(server, "INSERT INTO kept VALUES (1)")
    running.kill()
    running.wait()
    again = start(server)
    assert run(server, "SELECT n FROM kept") == [1]
    stop(again)


def test_a_number_given_to_a_stranger_does_not_keep_the_server_down(server: PostgresServer) -> None:
    """After a crash another process may get the postmaster's number; PostgreSQL would refuse for ever."""
    stop(start(server))
    with subprocess.Popen(["sleep", "60"], cwd="/", **identity(server.account)) as stranger:
        pid_file = server.data / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{server.data}\n0\n{server.port}\n\n127.0.0.1\n\nready\n")
        stop(start(server))
        stranger.kill()


def test_a_running_servers_file_is_left_alone(server: PostgresServer, running: object) -> None:
    server.prepare()
    assert (server.data / "postmaster.pid").exists()


def test_nobody_without_the_password_gets_in(server: PostgresServer, running: object) -> None:
    assert not PostgresServer(server.home, server.port, "a guess", server.programs).is_ready()


def test_it_listens_on_this_machine_only(server: PostgresServer, running: subprocess.Popen[bytes]) -> None:
    listening = [
        each.laddr.ip for each in psutil.Process(running.pid).net_connections() if each.status == "LISTEN"
    ]
    assert set(listening) == {"127.0.0.1"}


@pytest.mark.skipif(not AS_ROOT, reason="only root has to become somebody else")
def test_as_root_the_server_is_somebody_else(
    server: PostgresServer, running: subprocess.Popen[bytes]
) -> None:
    assert psutil.Process(running.pid).uids().effective != 0
    assert server.data.stat().st_uid == psutil.Process(running.pid).uids().effective


@pytest.mark.skipif(not AS_ROOT, reason="only root has to become somebody else")
def test_in_a_closed_home_the_cluster_lives_elsewhere_and_permissions_stay(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = home / "root"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(postgres, "STAND_IN_HOME", home / "elsewhere")
    server = embedded_server(closed / "cluster", port=free_port(), password="a password")
    assert server.home.parent == home / "elsewhere"
    assert stand_in_of(closed / "cluster") == server.home
    assert closed.stat().st_mode & 0o777 == 0o700
    stop(start(server))
    again = embedded_server(closed / "cluster", port=server.port, password="a password")
    assert again == server


def test_a_killed_initdb_leaves_no_half_cluster(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = embedded_server(home / "half", port=free_port(), password="a password")
    (server.home / "data.new").mkdir()
    (server.home / "data.new" / "PG_VERSION").write_text("18\n")
    stop(start(server))
    assert not (server.home / "data.new").exists()


def test_no_process_of_a_stopped_server_is_left(server: PostgresServer) -> None:
    process = start(server)
    leader, family = Leader.of(process.pid), psutil.Process(process.pid).children(recursive=True)
    stop(process)
    end_sessions([leader], grace=0)
    assert family
    assert not [each for each in family if each.is_running()]


def test_other_programs_than_the_wheels_can_be_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = postgres._wheel_programs()
    monkeypatch.setenv(postgres.PROGRAMS, str(installed))
    monkeypatch.setattr(postgres, "_wheel_programs", lambda: pytest.fail("the wheel was asked"))
    server = embedded_server(home / "named", port=free_port(), password="x")
    assert server.programs == installed


def test_a_folder_without_programs_is_refused_by_its_name(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(postgres.PROGRAMS, str(tmp_path))
    with pytest.raises(ConfigurationError, match="no postgres and no initdb there"):
        embedded_server(home / "named", port=free_port(), password="x")
