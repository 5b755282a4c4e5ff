"""A Sage company per test, and sessions in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from include.sandbox.sage100 import database
from include.sandbox.sage100.story import load
from tests.unit.sandbox_sage100.desk import NOW, Sage, log_on


@pytest.fixture(scope="session")
def northwind_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Northwind loaded once; tests work on copies."""
    home = tmp_path_factory.mktemp("sage")
    load(home, now=NOW)
    return home


@pytest.fixture
def home(northwind_home: Path, tmp_path: Path) -> Path:
    shutil.copy(database.company_file(northwind_home), tmp_path)
    return tmp_path


@pytest.fixture
def sage(home: Path) -> Iterator[Sage]:
    opened = log_on(home)
    yield opened
    opened.session.nCleanup()


@pytest.fixture
def more_sages(home: Path) -> Iterator[Callable[[], Sage]]:
    """Further sessions beside the first."""
    opened: list[Sage] = []

    def open_one() -> Sage:
        opened.append(log_on(home))
        return opened[-1]

    yield open_one
    for each in opened:
        each.session.nCleanup()
