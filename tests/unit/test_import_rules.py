"""The rooms' walls stand, and a hole in one is seen: import-linter, tried with planted faults."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = {"PYTHONPATH": f"{tree}:{tree / 'plugins'}", "PATH": "/usr/bin:/bin", "NO_COLOR": "1"}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("include", "plugins"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "data")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_tree_keeps_the_rules() -> None:
    answer = lint(ROOT)
    assert answer.returncode == 0, answer.stdout
    assert "0 broken" in answer.stdout


@pytest.mark.parametrize(
    ("place", "planted", "contract"),
    [
        (
            "include/canonical/models.py",
            "import include.ledger",
            "canonical, errors and failpoints know nothing of ours",
        ),
        ("include/pubsub_api/__init__.py", "import include.errors", "a vendor's published contract"),
        ("include/translation/__init__.py", "import requests", "translation is pure"),
        ("include/connectors/sage100/__init__.py", "import include.ledger", "a connector knows only itself"),
        (
            "include/connectors/sage100/__init__.py",
            "import include.connectors.zoho_inventory",
            "connectors are independent of each other",
        ),
        (
            "include/connectors/clarity_ecommerce/__init__.py",
            "import include.connectors.sage100",
            "connectors are independent of each other",
        ),
        (
            "include/connectors/rest/__init__.py",
            "import include.connectors.clarity_ecommerce",
            "what connectors share knows none of them",
        ),
        ("include/checks/__init__.py", "import include.connectors", "checks judge frames and nothing else"),
        ("include/ledger/__init__.py", "import include.translation", "the ledger remembers and nothing else"),
        ("include/pipelines/__init__.py", "import airflow", "pipelines know neither Airflow nor the web"),
        ("include/sandbox/__init__.py", "import include.connectors", "the sandbox shares no code"),
        ("include/gateway/__init__.py", "import include.sandbox", "the gateway stands alone"),
        (
            "include/webhooks/__init__.py",
            "import include.ledger",
            "webhooks judge signatures and nothing else",
        ),
    ],
)
def test_a_planted_import_breaks_its_contract(copy: Path, place: str, planted: str, contract: str) -> None:
    file = copy / place
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{planted}\n", encoding="utf-8")

    answer = lint(copy)

    assert answer.returncode != 0
    broken = [line for line in answer.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(line.startswith(contract) for line in broken), answer.stdout
