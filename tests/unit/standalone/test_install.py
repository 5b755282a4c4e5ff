"""Set-up: once per lock, and one clear line when a person must do something."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from include.standalone import install

Ran = list[list[str]]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Ran:
    commands: Ran = []

    def run(command: list[str | Path], *, quiet: bool = False) -> subprocess.CompletedProcess[bytes]:
        commands.append([str(part) for part in command])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(install, "run", run)
    return commands


def test_what_is_installed_is_not_installed_again(tmp_path: Path, ran: Ran) -> None:
    install.install_requirements(tmp_path, install.RUNTIME)
    assert any("--requirement" in command for command in ran)
    ran.clear()
    install.install_requirements(tmp_path, install.RUNTIME)
    assert ran == []


def test_the_development_set_covers_the_runtime_set_but_not_the_other_way_round(
    tmp_path: Path, ran: Ran
) -> None:
    install.install_requirements(tmp_path, install.RUNTIME)
    ran.clear()
    install.install_requirements(tmp_path, install.DEVELOPMENT)
    assert ran
    ran.clear()
    install.install_requirements(tmp_path, install.RUNTIME)
    assert ran == []


def test_a_changed_lock_is_installed(tmp_path: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("a==1\n")
    monkeypatch.setattr(install, "DEVELOPMENT", (lock,))
    install.install_requirements(tmp_path, (lock,))
    ran.clear()
    lock.write_text("a==2\n")
    install.install_requirements(tmp_path, (lock,))
    assert ran


def test_a_failed_installation_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "run", lambda command, **_: subprocess.CompletedProcess(command, 1))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    with pytest.raises(install.SetupError, match="pip"):
        install.install_requirements(tmp_path, install.RUNTIME)
    assert not install.stamp(tmp_path, install.RUNTIME).exists()


def test_a_missing_driver_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "install_requirements", lambda *_: None)
    monkeypatch.setattr(install, "driver_is_registered", lambda _: False)
    monkeypatch.setattr(install, "install_packages", lambda _: False)
    assert install.main(["--venv", str(tmp_path), "--odbc"]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == (
        "setup: the ODBC driver 'SQLite3' is not registered: sudo apt-get install unixodbc libsqliteodbc"
    )


def test_nobody_is_asked_for_a_password(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(install.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert install.install_packages(("unixodbc",))
    assert all(command[:2] == ["sudo", "-n"] for command in ran)
