"""Alerts and their notices, hourly balances, and a count of what came in that is kept apart from it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def upgrade() -> None:
    _counted()
    _alerts()


def _counted() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", BIG_ID, nullable=False),
        _text("flow"),
        _instant("at"),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("rows > 0", name=op.f("ck_receipts_rows")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
    )
    op.create_index("ix_receipts_at", "receipts", ["flow", "at"])
    op.execute(
        "INSERT INTO receipts (flow, at, rows) "
        "SELECT flow, received_at, count(*) FROM inbox GROUP BY flow, received_at"
    )
    op.create_table(
        "balances",
        _text("flow"),
        _instant("checked_at"),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("balanced", sa.Boolean(), nullable=False),
        _text("counts", "{}"),
        _text("findings", "[]"),
        sa.PrimaryKeyConstraint("flow", "checked_at", name=op.f("pk_balances")),
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", BIG_ID, nullable=False),
        _text("key"),
        _text("flow", ""),
        _text("kind"),
        _text("severity"),
        _text("state", "pending"),
        _text("message"),
        sa.Column("count", sa.Integer(), server_default="1", nullable=False),
        _instant("first_seen"),
        _instant("last_seen"),
        _instant("opened_at", nullable=True),
        _instant("notified_at", nullable=True),
        _instant("recovered_at", nullable=True),
        sa.CheckConstraint("state IN ('pending', 'open', 'recovered')", name=op.f("ck_alerts_state")),
        sa.CheckConstraint("severity IN ('low', 'medium', 'high')", name=op.f("ck_alerts_severity")),
        sa.CheckConstraint("(state = 'pending') = (opened_at IS NULL)", name=op.f("ck_alerts_opened_when")),
        sa.CheckConstraint(
            "(state = 'recovered') = (recovered_at IS NOT NULL)", name=op.f("ck_alerts_recovered_when")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index("ix_alerts_page", "alerts", ["state", "id"])
    op.create_index("ix_alerts_opened", "alerts", ["opened_at"])
    op.create_index("uq_alerts_live", "alerts", ["key"], unique=True, **_where("state <> 'recovered'"))
    op.create_table(
        "notices",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("alert_id", BIG_ID, nullable=False),
        _text("transition"),
        _text("channel"),
        _text("message"),
        _instant("created_at"),
        _instant("not_before"),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        _instant("delivered_at", nullable=True),
        _text("error", ""),
        sa.CheckConstraint("transition IN ('opened', 'recovered')", name=op.f("ck_notices_transition")),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_notices_alert")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("alert_id", "transition", "channel", name=op.f("uq_notices_once")),
    )
    op.create_index("ix_notices_due", "notices", ["id"], **_where("delivered_at IS NULL"))


def downgrade() -> None:
    for table in ("notices", "alerts", "balances", "receipts"):
        op.drop_table(table)
