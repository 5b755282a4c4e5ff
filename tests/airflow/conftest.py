"""The web app on a small real ledger, without an Airflow around it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy
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


@pytest.fixture(scope="session")
def tokens() -> Iterator[dict[str, str]]:
    """A token for each of Airflow's roles, made and checked by Airflow's own auth manager."""
    from airflow import settings
    from airflow.api_fastapi.app import create_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.models import import_all_models
    from airflow.models.base import Base

    engine = sqlalchemy.create_engine(settings.SQL_ALCHEMY_CONN)
    import_all_models()
    Base.metadata.create_all(engine)  # it looks there for tokens that were revoked
    engine.dispose()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "a secret of these tests only, and long enough " * 2)
        manager = create_auth_manager()
        yield {
            role: manager.generate_jwt(SimpleAuthManagerUser(username=f"a {role}", role=role.upper()))
            for role in ("viewer", "user", "op", "admin")
        }


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
