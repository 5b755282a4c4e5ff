"""Compose's worker, its command and its health check, natively: only the broker is a folder, not Redis."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from include.standalone.services import CELERY_WORKER
from include.standalone.sessions import Leader, end_sessions

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.e2e


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    queue, control = tmp_path / "queue", tmp_path / "control"
    queue.mkdir()
    control.mkdir()
    options = {"DATA_FOLDER_IN": queue, "DATA_FOLDER_OUT": queue, "CONTROL_FOLDER": control}
    return {
        "PATH": os.environ["PATH"],
        "HOSTNAME": socket.gethostname(),
        "AIRFLOW_HOME": str(tmp_path),
        "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CELERY__BROKER_URL": "filesystem://",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+sqlite:///{tmp_path / 'results.sqlite'}",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2",
        **{f"AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__{name}": str(path) for name, path in options.items()},
    }


@pytest.fixture
def worker(environment: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            CELERY_WORKER, env=environment, cwd=ROOT, stdout=output, stderr=output, start_new_session=True
        )
    leader = Leader.of(process.pid)
    try:
        deadline = time.monotonic() + 120
        while b"ready." not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield process
    finally:
        end_sessions([leader], grace=0)
        process.wait()


def test_the_worker_starts_passes_its_health_check_and_ends_in_order(
    worker: subprocess.Popen[bytes], environment: dict[str, str]
) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
    kind, written = compose["services"]["worker"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    check = written.replace("$$", "$").replace("python", shlex.quote(sys.executable), 1)

    answer = subprocess.run(
        check, shell=True, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    worker.send_signal(signal.SIGTERM)

    assert answer.returncode == 0, answer.stderr
    assert "pong" in answer.stdout
    assert worker.wait(timeout=60) == 0
