"""Circuit breakers, parked flows, budgets reserved for a flow, credentials that were refused."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "breakers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        _text("subject", ""),
        _flag("several"),
        _instant("failed_at", nullable=True),
        _instant("opened_at", nullable=True),
        _instant("until", nullable=True),
        sa.Column("trips", sa.Integer(), server_default="0", nullable=False),
        _text("probe", ""),
        _instant("probe_until", nullable=True),
        _text("reason", ""),
        sa.CheckConstraint(
            "(opened_at IS NULL) = (until IS NULL)", name=op.f("ck_breakers_until_when_opened")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_breakers")),
    )
    op.create_table(
        "parked_flows",
        sa.Column("flow", sa.Text(), nullable=False),
        _instant("since"),
        _instant("until"),
        _text("reason", ""),
        sa.PrimaryKeyConstraint("flow", name=op.f("pk_parked_flows")),
    )
    op.create_table(
        "token_refusals",
        sa.Column("name", sa.Text(), nullable=False),
        _instant("refused_at"),
        _text("reason", ""),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_token_refusals")),
    )
    op.add_column("budgets", _text("flows", "{}"))
    op.add_column("batches", _flag("deferred"))


def downgrade() -> None:
    op.drop_column("batches", "deferred")
    op.drop_column("budgets", "flows")
    for table in ("token_refusals", "parked_flows", "breakers"):
        op.drop_table(table)
