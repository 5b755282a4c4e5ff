"""Bring the ledger's tables to the current revision, however many start at once."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.ledger.database import border, open_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config
    from sqlalchemy import Connection

SCRIPTS = Path(__file__).with_name("migrations")
LOCK = 7_261_849_133
"""Any number, as long as all agree on it."""


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration in code: there is no ini file that could point elsewhere."""
    from alembic.config import Config  # noqa: PLC0415 - only migrations pay for it

    settings = Config()
    settings.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def migrate(url: str, *, revision: str = "head", schema: str | None = None) -> None:
    """Upgrade to ``revision``; does nothing when the tables are current.

    Args:
        url: the ledger's database, which must exist.
        revision: an Alembic revision.
        schema: made if missing; tables go there instead of the database's default.

    Raises:
        TransientError: the database is away.
    """
    from alembic import command  # noqa: PLC0415

    with _exclusive(url, schema) as connection:
        command.upgrade(config(connection), revision)


def downgrade(url: str, *, revision: str = "base", schema: str | None = None) -> None:
    """Take revisions back; ``base`` drops every table of the ledger with what is in it."""
    from alembic import command  # noqa: PLC0415

    with _exclusive(url, schema) as connection:
        command.downgrade(config(connection), revision)


@contextmanager
def _exclusive(url: str, schema: str | None) -> Iterator[Connection]:
    """One transaction, one migrator: an advisory lock on PostgreSQL, the write lock on SQLite."""
    engine = open_engine(url, pooled=False, schema=schema, application_name="tradebridge migrate")
    try:
        with border("migrate"), engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
                if schema:
                    quoted = connection.dialect.identifier_preparer.quote(schema)
                    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {quoted}"))
            yield connection
    finally:
        engine.dispose()
