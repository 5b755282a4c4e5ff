"""Set up the virtual environment and the ODBC driver; run by the system's Python, stdlib only.

``make setup`` calls this file. It is quick when there is nothing to do: a stamp in the virtual
environment is named after the hash of the lock files, so only a changed lock installs anything.
Bytecode is compiled at install time, because Airflow's processes would otherwise pay three
seconds of compiling at every start.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = (ROOT / "requirements.txt",)
DEVELOPMENT = (*RUNTIME, ROOT / "requirements-dev.txt")
DRIVER = "SQLite3"
DEBIAN_PACKAGES = ("unixodbc", "libsqliteodbc")
DRIVER_IS_REGISTERED = f"import pyodbc, sys; sys.exit({DRIVER!r} not in pyodbc.drivers())"


class SetupError(Exception):
    """Something a person must install first; the message is the whole instruction."""


def main(arguments: list[str] | None = None) -> int:
    """Set up what is asked for; 0 when all of it is there afterwards."""
    parser = argparse.ArgumentParser(description="Set up Tradebridge's virtual environment.")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    parser.add_argument("--dev", action="store_true", help="also what tests and linters need")
    parser.add_argument(
        "--odbc", action="store_true", help="also the ODBC driver the sandbox is read through"
    )
    options = parser.parse_args(arguments)
    try:
        install_requirements(options.venv, DEVELOPMENT if options.dev else RUNTIME)
        if options.odbc:
            install_driver(options.venv)
    except SetupError as problem:
        say(f"setup: {problem}")
        return 1
    return 0


def install_requirements(environment: Path, locks: tuple[Path, ...]) -> None:
    """Install these lock files, unless they, or more, already are.

    Raises:
        SetupError: pip failed.
    """
    if any(stamp(environment, present).exists() for present in (locks, DEVELOPMENT)):
        return
    if not (environment / "bin" / "python").exists():
        create_environment(environment)
    say(f"Installing {', '.join(lock.name for lock in locks)} into {environment} (once, a minute or two)")
    wanted = [argument for lock in locks for argument in ("--requirement", lock)]
    # Itself too: Airflow finds our connection types through the project's entry point.
    if not (pip(environment, *wanted) and pip(environment, "--no-deps", "--editable", ROOT)):
        raise SetupError("pip could not install the pinned requirements; its message stands above")
    for old in environment.glob(".installed-*"):
        old.unlink()
    stamp(environment, locks).touch()


def pip(environment: Path, *arguments: str | Path) -> bool:
    """Let the environment's pip install something, bytecode compiled; whether it could."""
    python = environment / "bin" / "python"
    return run([python, "-m", "pip", "install", "--quiet", "--compile", *arguments]).returncode == 0


def create_environment(environment: Path) -> None:
    """Make the virtual environment, with Debian's extra package for it where that is missing."""
    try:
        import ensurepip  # noqa: F401, PLC0415
    except ImportError:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        if not install_packages((package,)):
            raise SetupError(f"this Python has no venv module: sudo apt-get install {package}") from None
    if run([sys.executable, "-m", "venv", "--clear", environment]).returncode != 0:
        raise SetupError(f"could not make a virtual environment in {environment}")


def install_driver(environment: Path) -> None:
    """Make sure that unixODBC knows the SQLite driver, by apt when we may.

    Raises:
        SetupError: it is missing and we may not install it.
    """
    if driver_is_registered(environment):
        return
    say(f"Installing {' '.join(DEBIAN_PACKAGES)}: the sandbox's Sage tables are read through ODBC")
    if not install_packages(DEBIAN_PACKAGES) or not driver_is_registered(environment):
        raise SetupError(
            f"the ODBC driver {DRIVER!r} is not registered: sudo apt-get install {' '.join(DEBIAN_PACKAGES)}"
        )


def driver_is_registered(environment: Path) -> bool:
    """Ask the very library that will open the connections."""
    command: list[str | Path] = [environment / "bin" / "python", "-c", DRIVER_IS_REGISTERED]
    return run(command, quiet=True).returncode == 0


def install_packages(packages: tuple[str, ...]) -> bool:
    """Install Debian packages as root or through a sudo that asks nothing; False when we may not."""
    if shutil.which("apt-get") is None:
        return False
    prefix: list[str] = []
    if os.geteuid() != 0:
        if shutil.which("sudo") is None or run(["sudo", "-n", "true"], quiet=True).returncode != 0:
            return False
        prefix = ["sudo", "-n"]
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]
    run([*apt, "update"], quiet=True)
    return run([*apt, "install", "--yes", "--no-install-recommends", *packages], quiet=True).returncode == 0


def stamp(environment: Path, locks: tuple[Path, ...]) -> Path:
    """The empty file that says these locks are installed; named after them and Python's version."""
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for file in (*locks, ROOT / "pyproject.toml"):
        digest.update(file.read_bytes())
    return environment / f".installed-{digest.hexdigest()[:12]}"


def run(command: list[str | Path], *, quiet: bool = False) -> subprocess.CompletedProcess[bytes]:
    """Run a command; its errors are shown unless asked to be quiet."""
    sink = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)


def say(line: str) -> None:
    """One line for the person at the terminal."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
