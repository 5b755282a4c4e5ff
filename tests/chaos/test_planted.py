"""A check that never fails proves nothing: each planted bug is found in a short history of a real machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.checker import CENTS, DOUBLED, LOST
from tests.chaos.machine import forget
from tests.chaos.planted import BUGS, environment

SEED, SECONDS = 4, 60
FOUND_AS = {"doubled": DOUBLED, "lost": LOST, "cents": CENTS}


def test_every_bug_has_a_name_under_which_it_is_found() -> None:
    assert FOUND_AS.keys() == BUGS.keys()


def test_without_a_bug_nothing_is_put_in() -> None:
    assert environment(None) == environment("") == {}


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str) -> None:
    asked = ["--seconds", str(SECONDS), "--seed", str(SEED), "--plant", bug, "--patience", "240"]
    command = [sys.executable, "-m", "tests.chaos", *asked]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-3000:]
    account = json.loads((root / "build" / f"chaos-{SEED}-{bug}.json").read_text(encoding="utf-8"))
    forget(Path(account["machine"]))
    assert FOUND_AS[bug] in {finding["kind"] for finding in account["findings"]}
