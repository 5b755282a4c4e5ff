"""The migrations make what the code expects, from nothing, together, and back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from include.ledger import Ledger, downgrade, migrate
from include.ledger.database import open_engine
from include.ledger.migration import config
from include.ledger.tables import metadata


@pytest.fixture(params=["sqlite", "postgres"])
def fresh_url(request: pytest.FixtureRequest, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/fresh.sqlite"
    return request.getfixturevalue("postgres_server")("fresh")


def tables(url: str, schema: str | None = None) -> set[str]:
    engine = open_engine(url, pooled=False)
    try:
        return set(sqlalchemy.inspect(engine).get_table_names(schema))
    finally:
        engine.dispose()


def test_migrations_and_tables_agree(url: str) -> None:
    engine = open_engine(url, pooled=False)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_checks_of_migrations_and_tables_agree(postgres_url: str) -> None:
    """Autogenerate does not look at CHECKs."""
    engine = open_engine(postgres_url, pooled=False)
    inspector = sqlalchemy.inspect(engine)
    for table in metadata.sorted_tables:
        made = {check["name"] for check in inspector.get_check_constraints(table.name)}
        meant = {str(c.name) for c in table.constraints if isinstance(c, sqlalchemy.CheckConstraint)}
        assert made == meant
    engine.dispose()


def test_many_may_start_at_once_on_an_empty_database(fresh_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate(fresh_url), range(4)))
    assert tables(fresh_url) == {*metadata.tables, "alembic_version"}


def test_a_downgrade_leaves_nothing_of_ours_and_an_upgrade_works_after_it(fresh_url: str) -> None:
    migrate(fresh_url)
    downgrade(fresh_url)
    assert tables(fresh_url) == {"alembic_version"}
    migrate(fresh_url)
    assert tables(fresh_url) > {"inbox"}


def test_a_schema_of_its_own_is_made_and_used(postgres_server, a_delivery) -> None:
    url = postgres_server("with_schema")
    migrate(url, schema="tradebridge")
    assert tables(url) == set()
    assert tables(url, "tradebridge") >= {"inbox", "alembic_version"}
    ledger = Ledger.connect(url, schema="tradebridge")
    assert ledger.inbox.keep("flow", a_delivery())
    ledger.close()


def test_rows_of_before_count_as_received(fresh_url: str) -> None:
    """An upgraded ledger balances from its first hour on."""
    migrate(fresh_url, revision="0002")
    ledger = Ledger.connect(fresh_url)
    with ledger.database.begin("keep as of old") as connection:
        for number in range(3):
            connection.exec_driver_sql(
                "INSERT INTO inbox (flow, system, event, record_key, delivery_id, payload, received_at) "
                f"VALUES ('f', 's', 'e', 'k', 'd{number}', '', '2026-11-2{number % 2} 10:00:00.000000')"
            )
    migrate(fresh_url)
    balance = ledger.balances.check("f")
    assert (balance.received, balance.balanced, balance.findings) == (3, True, [])
    ledger.close()


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(config()).get_heads()) == 1
