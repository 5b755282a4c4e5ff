"""A Salesforce org without a wire, and one on real ports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.sandbox_salesforce.salesforce_world import Org, Site, serving


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Org]:
    """An org that nobody has used."""
    made = Org(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all tests; they tidy up by ``reset``."""
    with serving(tmp_path_factory.mktemp("salesforce")) as site:
        yield site


@pytest.fixture
def site(running: Site) -> Site:
    """The same org on real ports."""
    running.token = ""
    running.tell("/reset")
    return running
