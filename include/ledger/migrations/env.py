"""Alembic's entry: runs inside the transaction that :mod:`include.ledger.migration` has opened."""

from __future__ import annotations

from alembic import context

from include.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can take DDL back, too; without this Alembic would commit table by table.
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
