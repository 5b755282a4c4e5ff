"""The web app on a small real ledger, without an Airflow around it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from include.ledger import Ledger, migrate
from tests.airflow.events import DOOR
from tradebridge import connections
from tradebridge.web import waker as waker_module
from tradebridge.web.app import create_app


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "empty.sqlite"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def ledger(empty_ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    book = Ledger.connect(f"sqlite:///{shutil.copy(empty_ledger, tmp_path / 'ledger.sqlite')}")
    monkeypatch.setattr(connections, "ledger", lambda *_: book)
    yield book
    book.close()


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The waker's bell, counted instead of rung."""
    heard: list[str] = []
    monkeypatch.setattr(waker_module, "waker", lambda: SimpleNamespace(ring=lambda: heard.append("ring")))
    return heard


@pytest.fixture
def client(ledger: Ledger, rings: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(connections, "doorkeeper", lambda system: DOOR)
    with TestClient(create_app(), raise_server_exceptions=False) as http:
        yield http
